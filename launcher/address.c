/* Where the engine listens, and a connection to it: the caller's half of `looop.engine.address`.
 *
 * In: the environment and the folder of this process. Out: a connected socket. `platform.c` knows what the
 * kernel wants of paths and tells of peers.
 */
#include "address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "platform.h"
#include "table.h"

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

bool socket_path(char *path, size_t room, const char *cwd)
{
    const char *data = variable("LOOOP_DATA_DIR"), *state = variable("XDG_STATE_HOME"), *home = variable("HOME");
    int size;
    if (data[0] == '/')
        size = snprintf(path, room, "%s/.sock", data);
    else if (data[0])
        size = snprintf(path, room, "%s/%s/.sock", cwd, data);
    else if (state[0] == '/')
        size = snprintf(path, room, "%s/looop/.sock", state);
    else if (home[0] == '/')
        size = snprintf(path, room, "%s/.local/state/looop/.sock", home);
    else
        return false;
    return size > 0 && (size_t)size < room;
}

/* Connect once; -1 with errno. */
static int try(const char *path)
{
    int line = socket(AF_UNIX, SOCK_STREAM, 0);
    if (line < 0)
        return -1;
    fcntl(line, F_SETFD, FD_CLOEXEC);
    fcntl(line, F_SETFL, O_NONBLOCK);
    if (!connect_to(line, path)) {
        if (is_ours(line))
            return line;
        errno = EACCES;
    }
    int why = errno;
    close(line);
    errno = why;
    return -1;
}

int dial(const char *path, int64_t patience)
{
    int64_t until = now() + patience;
    for (;;) {
        int line = try(path);
        if (line >= 0 || errno != EAGAIN || now() >= until)
            return line;
        nanosleep(&(struct timespec){.tv_nsec = REDIAL_MS * 1000000}, NULL);
    }
}
