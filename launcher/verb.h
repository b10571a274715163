/* One verb on its way: what `relay.c` follows, `engine.c` hears and `person.c` heeds. */
#ifndef VERB_H
#define VERB_H

#include <stdbool.h>
#include <stdint.h>

#include "output.h"
#include "run.h"
#include "wire.h"

#define NEVER INT64_MAX
#define NO_CODE (-1)

/* There is one object of this for the whole program, and it is large: see `struct line`. */
struct verb {
    const char *name, *path, *cwd;
    struct words words; /* the next RUN's */
    struct line line;
    struct output writing;
    int signals;
    int speaks;        /* the protocol of the next RUN */
    bool started;      /* some engine has taken it */
    bool resumable;    /* the next engine can go on with it */
    bool left_to_us;   /* the engine says that it must run in the caller's process */
    bool wants_stdin;  /* the engine reads our stdin, which has not ended */
    bool piped;        /* our stdout is a pipe, whose reader may leave */
    int signalled;     /* the signal that was handed on */
    int code;          /* the exit code, once it is known */
    int64_t until;     /* when it must have been taken, or must have ended after a signal */
    int64_t reconnect; /* ms to find the next engine */
};

/* Whether its end is known. */
static inline bool verb_over(const struct verb *verb)
{
    return verb->code != NO_CODE || verb->left_to_us;
}

/* End it without what it still had to say. */
static inline void verb_end(struct verb *verb, int code)
{
    verb->writing.size = 0;
    verb->code = code;
}

#endif
