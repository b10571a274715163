/* The first program in a cell with a terminal, as `looop/child/inside.py` is without a launcher. */
#ifndef INSIDE_H
#define INSIDE_H

/* Take the terminal's foreground, then become a command; ends with 127 when that can't be started. */
_Noreturn void inside(char *command[]);

#endif
