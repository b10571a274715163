/* What the engine says of a verb. */
#ifndef ENGINE_H
#define ENGINE_H

#include "verb.h"

/* Do what its frames say, as far as they were heard and nothing waits to be written. */
void hear_engine(struct verb *verb);

#endif
