/* looop, the file that a person runs: it answers what it can, hands verbs to the running engine, and is the
 * packed Python program for everything else.
 *
 * In: a command line. Out: an exit code. Neighbours: `places.c` says which verbs are handed on, `relay.c`
 * hands them on, `bundle.h` is the Python program. What is answered here must be answered alike there.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle.h"
#include "inside.h"
#include "places.h"
#include "platform.h"
#include "relay.h"
#include "table.h"

/* Open /dev/null in place of a closed stdin, stdout or stderr: otherwise the next file or socket gets that
 * number, and output is written into it. */
static void open_streams(void)
{
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++)
        if (fcntl(number, F_GETFD) < 0) {
            int flags = number == STDIN_FILENO ? O_RDONLY : O_WRONLY;
            if (open("/dev/null", flags) < 0) /* gets the lowest free number, that is this one */
                (void)!open("/", O_RDONLY);   /* in a bare root; nothing can be read from it or written to it */
        }
}

/* Print the version; false when that fails, which the Python program knows how to tell. */
static bool tell_version(void)
{
    static const char line[] = "looop " VERSION "\n";
    const ssize_t size = sizeof line - 1;
    return write(STDOUT_FILENO, line, (size_t)size) == size;
}

/* Say in LOOOP_BIN which file this is. What stood there is never believed: it may name another looop. */
static void name_this_file(void)
{
    static char path[ROOM_FOR_PATH];
    if (own_path(path, sizeof path))
        setenv("LOOOP_BIN", path, 1);
    else
        unsetenv("LOOOP_BIN");
}

int main(int argc, char *argv[])
{
    if (argc < 1) { /* `execve` allows it */
        static char *nameless[] = {"looop", NULL};
        argv = nameless;
        argc = 1;
    }
    open_streams();
    if (argc == 2 && asks_version(argv[1]) && tell_version())
        return 0;
    if (argc > 2 && !strcmp(argv[1], "__inside"))
        inside(argv + 2);
    if (!bundle_inside())
        name_this_file();
    int code;
    if (is_relayed(argc - 1, argv + 1) && relay(argc - 1, argv + 1, &code))
        return code;
    bundle_exec(argv);
}
