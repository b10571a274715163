/* Our signals as bytes on a descriptor, so that one `poll` waits for everything. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <stddef.h>

/* Hear INT, TERM, HUP and WINCH from now on, and survive a broken pipe; a descriptor to wait for, or -1. */
int signals_listen(void);

/* Read the numbers of the signals since the last call, one byte each; how many there are. */
size_t signals_arrived(unsigned char numbers[], size_t most);

/* Put everything back as it was found, for the program that takes our place. */
void signals_restore(void);

#endif
