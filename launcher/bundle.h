/* The packed Python program that this file carries. */
#ifndef BUNDLE_H
#define BUNDLE_H

/* Unpack if need be and become the Python program with these arguments; returns only by _exit with a sentence on stderr. */
_Noreturn void bundle_exec(char *const argv[]);

#endif
