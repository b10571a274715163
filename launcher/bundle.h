/* The Python program that this file carries, and becoming it. */
#ifndef BUNDLE_H
#define BUNDLE_H

#include <stdbool.h>

/* Whether this launcher lies inside an unpacked program, put there for keeper and engine to be started by:
 * they stay what they are when the outer file is replaced. It carries nothing, and LOOOP_BIN is not its own.
 */
bool bundle_inside(void);

/* Unpack the program if that has not been done, and become it with these arguments.
 * Never returns: what can't be done is said on stderr in one sentence, with exit code 1.
 */
_Noreturn void bundle_exec(char *const argv[]);

#endif
