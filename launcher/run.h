/* What a verb's first frame tells the engine: arguments, folder, environment, terminal. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "wire.h"

/* Arguments as they travel: each ended by a NUL. */
struct words {
    int count;
    size_t size;
    char bytes[LARGEST];
};

/* Take over arguments; false when they are too long to travel, or are none. */
bool words_from(struct words *words, int count, char *const argv[]);
bool words_from_bytes(struct words *words, const void *bytes, size_t size);

/* Queue RUN on a fresh line, in this protocol; false when it is too large for a frame. */
bool run_queue(struct line *line, int protocol, const struct words *words, const char *cwd);

/* Queue the terminal's present size. */
void size_queue(struct line *line);

#endif
