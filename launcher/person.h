/* What the person says to a verb, and reads of it. */
#ifndef PERSON_H
#define PERSON_H

#include "verb.h"

/* Heed the signals that arrived: hand them on, or end the verb where nobody else would. */
void heed_signals(struct verb *verb);

/* Send what stdin holds now. */
void read_stdin(struct verb *verb);

/* Write what the stream takes now of the text that waits. */
void write_some(struct verb *verb);

#endif
