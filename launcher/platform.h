/* What differs between Linux and macOS. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stddef.h>

#define ROOM_FOR_PATH 4096 /* bytes, the final NUL included; longer ones are left to the Python program */

/* Write the path of the file that this program was started from; false when nobody knows it. */
bool own_path(char *path, size_t room);

/* Whether the process at the other end of a connection belongs to our own user. */
bool is_ours(int line);

/* Connect to the socket at `path` however long that is; -1 with errno when it can't be. */
int connect_to(int line, const char *path);

#endif
