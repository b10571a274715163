/* The folders that hold unpacked programs, each under the digest of what it was packed as. */
#ifndef CACHE_H
#define CACHE_H

#include <stdbool.h>

#include "payload.h"
#include "platform.h"

enum { CACHE_PLACES = 3 };

/* Give the path of the nth place where programs may be unpacked; false where this machine has no such place. */
bool cache_place(int nth, char path[ROOM_FOR_PATH]);

/* Have the program unpacked in this place, and old ones that nobody uses removed. Its folder is `path` then.
 * On failure errno says why; EBADMSG: the payload is damaged.
 */
bool cache_ensure(const char *place, const struct payload *payload, char path[ROOM_FOR_PATH]);

/* Whether a whole program lies in the folder `name` below the open folder `at`: all of its list, by sizes. */
bool cache_complete(int at, const char *name);

#endif
