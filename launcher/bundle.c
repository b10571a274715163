/* The Python program: found, unpacked if need be, and become.
 *
 * In: this program's own file, and arguments. Out: the program in our place, started by the loader that lies
 * beside it and with the libraries there. Nothing of that is put into the environment, which children inherit.
 */
#include "bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache.h"
#include "payload.h"
#include "platform.h"

#define PROGRAM "looop"     /* its name in the folder */
#define INSIDE "/bin/looop" /* where in that folder a launcher without a payload lies */
#define ENTERED "-1"        /* PyInstaller's word for "the library path has been seen to" */
#define ASIDE "_LOOOP_"     /* before the name of a variable that boot.py gives back */

static _Noreturn void give_up(const char *format, ...)
{
    char said[3 * ROOM_FOR_PATH];
    va_list values;
    va_start(values, format);
    vsnprintf(said, sizeof said, format, values);
    va_end(values);
    dprintf(STDERR_FILENO, "looop: %s\n", said);
    _exit(1);
}

static int open_self(void)
{
    char path[ROOM_FOR_PATH];
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    return file < 0 && own_path(path, sizeof path) ? open(path, O_RDONLY | O_CLOEXEC) : file;
}

/* Give the folder of the program in which this launcher lies; false when it lies in none. */
static bool around_us(char folder[ROOM_FOR_PATH])
{
    if (!own_path(folder, ROOM_FOR_PATH))
        return false;
    size_t length = strlen(folder), inside = sizeof INSIDE - 1;
    if (length <= inside || strcmp(folder + length - inside, INSIDE))
        return false;
    folder[length - inside] = '\0';
    return cache_complete(AT_FDCWD, folder);
}

bool bundle_inside(void)
{
    struct payload payload;
    char folder[ROOM_FOR_PATH];
    int file = open_self();
    bool carries = file >= 0 && payload_find(file, &payload);
    if (file >= 0)
        close(file);
    return !carries && around_us(folder);
}

/* Hide from our own loader what the user would have loaded into each program: it was made for another libc. */
static void put_aside(const char *name)
{
    char aside[64];
    const char *value = getenv(name);
    snprintf(aside, sizeof aside, ASIDE "%s", name);
    if (value)
        setenv(aside, value, 1);
    else
        unsetenv(aside);
    unsetenv(name);
}

/* Tell the bootloader that it need not set LD_LIBRARY_PATH and start anew, and nothing about anybody else. */
static void prepare_environment(const char *program)
{
    static const char *const foreign[] = {
        "_PYI_APPLICATION_HOME_DIR",
        "_PYI_SPLASH_IPC",
        "PYINSTALLER_RESET_ENVIRONMENT",
        "PYINSTALLER_SUPPRESS_SPLASH_SCREEN",
        "PYINSTALLER_STRICT_UNPACK_MODE",
    };
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        unsetenv(foreign[i]);
    setenv("_PYI_ARCHIVE_FILE", program, 1);
    setenv("_PYI_PARENT_PROCESS_LEVEL", ENTERED, 1);
    setenv("_PYI_LINUX_PROCESS_NAME", PROGRAM, 1);
}

/* Become the program in `folder`; returns when that can't be done, and errno says why. */
static void become(const char *folder, char *const argv[])
{
    char program[ROOM_FOR_PATH], loader[ROOM_FOR_PATH], libraries[ROOM_FOR_PATH];
    size_t count = 0;
    while (argv[count])
        count++;
    const char **words = malloc((count + 4) * sizeof *words);
    if (!words || snprintf(program, sizeof program, "%s/" PROGRAM, folder) >= ROOM_FOR_PATH ||
        snprintf(loader, sizeof loader, "%s/" LOADER, folder) >= ROOM_FOR_PATH ||
        snprintf(libraries, sizeof libraries, "%s/lib", folder) >= ROOM_FOR_PATH) {
        errno = ENAMETOOLONG;
        return;
    }
    const char **next = words;
    if (strcmp(LOADER, PROGRAM)) { /* a loader of our own: it takes our libc, whatever the machine has */
        *next++ = loader;
        *next++ = "--library-path";
        *next++ = libraries;
    }
    *next = program;
    memcpy(next + 1, argv + 1, count * sizeof *argv); /* with the NULL at their end */
    prepare_environment(program);
    execv(loader, (char *const *)words);
    free(words);
}

_Noreturn void bundle_exec(char *const argv[])
{
    char place[ROOM_FOR_PATH], folder[ROOM_FOR_PATH], tried[2 * ROOM_FOR_PATH] = "";
    struct payload payload;
    int file = open_self();
    if (strcmp(LOADER, PROGRAM)) {
        put_aside("LD_PRELOAD");
        put_aside("LD_AUDIT");
    }
    if (file < 0 || !payload_find(file, &payload)) {
        if (around_us(folder))
            become(folder, argv);
        give_up("this file is damaged, its end is missing: download it again.");
    }
    for (int i = 0; i < CACHE_PLACES; i++) {
        if (!cache_place(i, place))
            continue;
        if (cache_ensure(place, &payload, folder))
            become(folder, argv);
        if (errno == EBADMSG)
            give_up("this file is damaged, what it carries does not match its checksum: download it again.");
        if (errno == E2BIG)
            give_up("the arguments are too long for this system.");
        size_t length = strlen(tried);
        snprintf(tried + length, sizeof tried - length, "%s%s: %s", length ? "; " : "", place, strerror(errno));
    }
    give_up("there is no place to unpack the program to (%s): "
            "set XDG_CACHE_HOME to a folder of yours with %d MB "
            "free, where programs may run.", tried, 100);
}
