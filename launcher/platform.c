/* What differs between Linux and macOS, behind one door: our own path, a peer's user, long socket paths.
 *
 * `looop.engine.address` is the same in Python. The macOS side is written from documentation. Not tested.
 */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include "table.h"

static int connect_short(int line, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    return connect(line, (const struct sockaddr *)&address, sizeof address);
}

/* Connect from a folder that is open, whose own path is too long for the kernel. */
static int connect_inside(int line, int folder, const char *name);

int connect_to(int line, const char *path)
{
    if (strlen(path) <= LONGEST_PATH)
        return connect_short(line, path);
    char folder[ROOM_FOR_PATH];
    const char *name = strrchr(path, '/') + 1; /* every path of ours is absolute */
    snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0)
        return -1;
    int result = connect_inside(line, opened, name), why = errno;
    close(opened);
    errno = why;
    return result;
}

#ifdef __linux__

#include <sys/auxv.h>

static int connect_inside(int line, int folder, const char *name)
{
    char path[LONGEST_PATH];
    snprintf(path, sizeof path, "/proc/self/fd/%d/%s", folder, name);
    return connect_short(line, path);
}

bool is_ours(int line)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return !getsockopt(line, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.uid == geteuid();
}

/* The kernel marks a file that was replaced or removed. Its path is then the new file's, or nobody's. */
static void unmark(char *path)
{
    static const char mark[] = " (deleted)";
    size_t size = strlen(path), tail = sizeof mark - 1;
    if (size > tail && !strcmp(path + size - tail, mark) && access(path, F_OK))
        path[size - tail] = '\0';
}

bool own_path(char *path, size_t room)
{
    ssize_t size = readlink("/proc/self/exe", path, room - 1);
    if (size > 0 && (size_t)size < room - 1) {
        path[size] = '\0';
        unmark(path);
        return true;
    }
    char whole[ROOM_FOR_PATH]; /* PATH_MAX is as much */
    const char *started = (const char *)getauxval(AT_EXECFN); /* all there is in a root without /proc */
    return started && realpath(started, whole) && snprintf(path, room, "%s", whole) < (int)room;
}

#else /* macOS. Not tested. */

#include <mach-o/dyld.h>

/* The working directory is the whole process's, so it is left again at once. */
static int connect_inside(int line, int folder, const char *name)
{
    int before = open(".", O_RDONLY | O_CLOEXEC), result = -1;
    if (before < 0)
        return -1;
    if (!fchdir(folder))
        result = connect_short(line, name);
    int why = errno;
    (void)!fchdir(before);
    close(before);
    errno = why;
    return result;
}

bool is_ours(int line)
{
    uid_t user;
    gid_t group;
    return !getpeereid(line, &user, &group) && user == geteuid();
}

bool own_path(char *path, size_t room)
{
    char given[ROOM_FOR_PATH], whole[ROOM_FOR_PATH]; /* PATH_MAX is 1024 there */
    uint32_t size = sizeof given;
    return !_NSGetExecutablePath(given, &size) && realpath(given, whole)
        && snprintf(path, room, "%s", whole) < (int)room;
}

#endif
