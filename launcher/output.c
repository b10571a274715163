/* What is written to the person's streams, without ever waiting for who reads them.
 *
 * A blocking descriptor that `poll` calls ready takes a whole piece at once; only a file takes any amount.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table.h"

static size_t most_at_once(int stream)
{
    struct stat what;
    return !fstat(stream, &what) && S_ISREG(what.st_mode) ? CHUNK : PIECE;
}

enum written output_write(struct output *output)
{
    size_t most = most_at_once(output->stream);
    ssize_t size = write(output->stream, output->data, output->size < most ? output->size : most);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? GOING_ON : errno == EPIPE ? READER_LEFT : FAILED;
    output->data += size;
    output->size -= (size_t)size;
    return GOING_ON;
}

bool write_only_pipe(int stream)
{
    struct stat what;
    int flags = fcntl(stream, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) == O_WRONLY && !fstat(stream, &what) && S_ISFIFO(what.st_mode);
}

void say(const char *sentence, ...)
{
    char line[512] = "looop: ";
    const int name = 7, room = sizeof line - 1; /* room for the newline */
    va_list values;
    va_start(values, sentence);
    int size = vsnprintf(line + name, (size_t)(room - name), sentence, values);
    va_end(values);
    size = size < room - name ? size + name : room - 1;
    line[size++] = '\n';
    (void)!write(STDERR_FILENO, line, (size_t)size);
}
