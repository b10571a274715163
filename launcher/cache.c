/* The cache of unpacked programs: one folder per version, made whole or not at all.
 *
 * In: a place and a payload. Out: a folder named by the payload's digest. It is unpacked beside its name, synced
 * and renamed, by one process at a time; so whatever has the name is whole, and many first runs make one folder.
 * A program holds a shared lock on its folder while it lives.
 */
#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define SPARE (96 << 20)    /* bytes that must be free: three times what is unpacked */
#define PATIENCE 1000       /* times 20 ms: how long another process may take to unpack */
#define SETTLED 60          /* seconds after which a folder that nobody locks is not just about to be used */
#define FRESH ".new-"       /* a folder that is being filled; never used as it is */
#define STALE ".old-"       /* a folder that is being removed */
#define END "."             /* the last line of the list of files: no list that was cut short has it */

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

static const char *absolute(const char *variable)
{
    const char *value = getenv(variable);
    return value && value[0] == '/' ? value : NULL;
}

bool cache_place(int nth, char path[ROOM_FOR_PATH])
{
    const char *cache = absolute("XDG_CACHE_HOME"), *home = absolute("HOME");
    const char *run = absolute("XDG_RUNTIME_DIR");
    int length = -1;
    if (nth == 0 && cache)
        length = snprintf(path, ROOM_FOR_PATH, "%s/looop", cache);
    else if (nth == 0 && home)
        length = snprintf(path, ROOM_FOR_PATH, "%s/.cache/looop", home);
    else if (nth == 1 && run)
        length = snprintf(path, ROOM_FOR_PATH, "%s/looop", run);
    else if (nth == 2)
        length = snprintf(path, ROOM_FOR_PATH, "/var/tmp/looop-%lu", (unsigned long)geteuid());
    return length > 0 && length < ROOM_FOR_PATH;
}

/* Whether nobody but us and root can put another folder in the place of one below this. */
static bool is_safe_above(const char *path)
{
    char above[ROOM_FOR_PATH];
    struct stat about;
    snprintf(above, sizeof above, "%s", path);
    *strrchr(above, '/') = '\0';
    if (stat(above[0] ? above : "/", &about))
        return false;
    bool ours = about.st_uid == geteuid() || about.st_uid == 0;
    bool closed = !(about.st_mode & S_IWOTH) || about.st_mode & S_ISVTX;
    if (ours && closed)
        return true;
    errno = EPERM;
    return false;
}

/* Make the missing folders of a path, each private; why the first that failed could not be made, else 0. */
static int make_folders(const char *path)
{
    char part[ROOM_FOR_PATH];
    int why = 0;
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; *slash = '/', slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0700) && errno != EEXIST && !why)
            why = errno;
    }
    return !mkdir(part, 0700) || errno == EEXIST || why ? why : errno;
}

/* Open a place that is ours alone; a link, or a folder that others own or can write, is refused. */
static int open_place(const char *path)
{
    struct stat about;
    int why = make_folders(path), place = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0) {
        errno = why ? why : errno;
        return -1;
    }
    if (!fstat(place, &about) && about.st_uid == geteuid() && !(about.st_mode & (S_IWGRP | S_IWOTH)) &&
        is_safe_above(path))
        return place;
    close(place);
    errno = EPERM;
    return -1;
}

static bool may_execute(int place)
{
#ifdef ST_NOEXEC
    struct statvfs about;
    if (!fstatvfs(place, &about) && about.f_flag & ST_NOEXEC) {
        errno = EACCES;
        return false;
    }
#else
    (void)place;
#endif
    return true;
}

static bool has_room(int place)
{
    struct statvfs about;
    if (fstatvfs(place, &about) || !about.f_blocks /* one that does not count */ ||
        (uint64_t)about.f_bavail * about.f_frsize >= SPARE)
        return true;
    errno = ENOSPC;
    return false;
}

/* Read the list of a program's files: "size name" on each line, and END on the last one. */
static bool read_list(int folder, char *list, size_t room)
{
    int file = openat(folder, PAYLOAD_LIST, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, list, room - 1);
    if (file >= 0)
        close(file);
    list[size > 0 ? size : 0] = '\0';
    return size > 0;
}

static bool all_there(int folder, char *list)
{
    char *line;
    while ((line = strsep(&list, "\n")) && strcmp(line, END)) {
        struct stat about;
        char *name;
        unsigned long long size = strtoull(line, &name, 10);
        if (*name != ' ' || fstatat(folder, name + 1, &about, AT_SYMLINK_NOFOLLOW) || !S_ISREG(about.st_mode) ||
            (unsigned long long)about.st_size != size)
            return false;
    }
    return line;
}

bool cache_complete(int at, const char *name)
{
    static char list[1 << 16];
    int folder = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool complete = folder >= 0 && read_list(folder, list, sizeof list) && all_there(folder, list);
    if (folder >= 0)
        close(folder);
    return complete;
}

static bool is_dots(const char *name)
{
    return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Remove a folder and all below it, as far as that is possible. */
static void remove_tree(int at, const char *name)
{
    int folder = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = folder < 0 ? NULL : fdopendir(folder);
    for (struct dirent *entry; list && (entry = readdir(list));) {
        if (!is_dots(entry->d_name) && unlinkat(folder, entry->d_name, 0))
            remove_tree(folder, entry->d_name);
    }
    if (list)
        closedir(list);
    else if (folder >= 0)
        close(folder);
    unlinkat(at, name, AT_REMOVEDIR);
}

/* Whether the folder was neither used nor made a moment ago, and no living program locks it. */
static bool is_unused(int place, const char *name)
{
    struct stat about;
    if (fstatat(place, name, &about, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(about.st_mode) ||
        about.st_mtime > time(NULL) - SETTLED)
        return false;
    int folder = openat(place, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool unused = folder >= 0 && !flock(folder, LOCK_EX | LOCK_NB);
    if (folder >= 0)
        close(folder);
    return unused;
}

static bool has_our_name(const char *name)
{
    return !strncmp(name, FRESH, sizeof FRESH - 1) || !strncmp(name, STALE, sizeof STALE - 1) ||
           (strlen(name) == DIGEST_LENGTH && strspn(name, "0123456789abcdef") == DIGEST_LENGTH);
}

/* Remove a folder; it gets a new name first, so that nobody finds half of it under the old one. */
static void discard(int place, const char *name)
{
    char stale[64];
    snprintf(stale, sizeof stale, STALE "%ld", (long)getpid());
    remove_tree(place, renameat(place, name, place, stale) ? name : stale);
}

/* Remove the versions that no process uses, and what a killed process left of its unpacking. */
static void collect(int place, const char *digest)
{
    int copy = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    for (struct dirent *entry; list && (entry = readdir(list));) {
        if (has_our_name(entry->d_name) && strcmp(entry->d_name, digest) && is_unused(place, entry->d_name))
            discard(place, entry->d_name);
    }
    if (list)
        closedir(list);
}

/* Wait until nobody else unpacks here, or until that has taken too long: then two may do it, and one wins. */
static int take_turn(int place)
{
    int turn = openat(place, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    for (int i = 0; turn >= 0 && i < PATIENCE && flock(turn, LOCK_EX | LOCK_NB); i++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    return turn;
}

static bool sync_all(int folder)
{
#ifdef __linux__
    return !syncfs(folder);
#else
    (void)folder;
    sync();
    return true;
#endif
}

/* Fill a folder under a passing name, and give it its own. */
static bool unpack(int place, const struct payload *payload)
{
    char fresh[64];
    snprintf(fresh, sizeof fresh, FRESH "%ld-%lx", (long)getpid(), (unsigned long)time(NULL));
    if (mkdirat(place, fresh, 0700))
        return false;
    int folder = openat(place, fresh, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return false;
    flock(folder, LOCK_SH);
    enum unpacked result = payload_unpack(payload, folder);
    if (result == UNPACKED && !sync_all(folder))
        result = UNWRITABLE;
    if (result == DAMAGED)
        errno = EBADMSG;
    bool done = result == UNPACKED &&
                (!renameat(place, fresh, place, payload->digest) || cache_complete(place, payload->digest));
    int why = errno;
    close(folder);
    if (done)
        fsync(place);
    remove_tree(place, fresh); /* nothing, when it has been renamed */
    errno = why;
    return done;
}

static bool unpack_once(int place, const struct payload *payload)
{
    int turn = take_turn(place);
    bool done = cache_complete(place, payload->digest);
    if (!done) {
        discard(place, payload->digest); /* somebody removed a part of it */
        void (*before)(int) = signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a failed write */
        done = has_room(place) && unpack(place, payload);
        signal(SIGXFSZ, before);
    }
    int why = errno;
    if (turn >= 0)
        close(turn);
    errno = why;
    return done;
}

/* Whether the loader takes the path as one folder: in a list of folders these separate, or stand for others. */
static bool is_plain(const char *path)
{
    if (!strpbrk(path, ":;$"))
        return true;
    errno = EINVAL;
    return false;
}

bool cache_ensure(const char *path, const struct payload *payload, char found[ROOM_FOR_PATH])
{
    char canonical[ROOM_FOR_PATH];
    mode_t before = umask(077);
    int place = open_place(path);
    bool there = place >= 0 && realpath(path, canonical) && is_plain(canonical) && may_execute(place) &&
                 (cache_complete(place, payload->digest) || unpack_once(place, payload));
    umask(before);
    if (there) {
        utimensat(place, payload->digest, NULL, 0);
        collect(place, payload->digest);
        there = snprintf(found, ROOM_FOR_PATH, "%s/%s", canonical, payload->digest) < ROOM_FOR_PATH;
    }
    int why = errno;
    if (place >= 0)
        close(place);
    errno = why;
    return there;
}
