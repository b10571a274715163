/* Where the engine listens. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Write the path of the profile's socket; false where the Python program has a problem to tell. */
bool socket_path(char *path, size_t room, const char *cwd);

/* Connect to an engine of our own user, non-blocking; -1 when none listens there. Waits up to `patience` ms
 * while its queue of callers is full, the sign of one that is busy or hung. */
int dial(const char *path, int64_t patience);

#endif
