/* Which command lines go to the engine. */
#ifndef PLACES_H
#define PLACES_H

#include <stdbool.h>

/* Whether this word alone asks for the version. */
bool asks_version(const char *word);

/* Whether the engine may run this verb: false for help, mistakes, and what only the caller's process can do. */
bool is_relayed(int count, char *const words[]);

#endif
