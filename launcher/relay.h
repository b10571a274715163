/* A verb on its way to the engine and back. */
#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>

/* Run a verb in the engine, if one listens; false when it must run in this process instead.
 *
 * False means that nothing has started: no engine, one that took nothing for 5 s, or a verb that it leaves to
 * its caller. The code is 4 when the engine was lost in the middle, after looking for its successor for 10 s
 * if the verb can go on there, and when it speaks no protocol of ours. It is 0 when stdout's reader left
 * early: it has seen what it wanted. */
bool relay(int count, char *const words[], int *code);

#endif
