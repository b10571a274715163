/* The first program in a cell with a terminal: it takes the foreground, then becomes the command.
 *
 * In: a command. Out: that command, in a group of its own that the terminal's Ctrl-C and Ctrl-Z go to; the
 * programs that make the cell stay behind. Neighbours: `looop/child/inside.py` does the same without us.
 */
#include "inside.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Noreturn void inside(char *command[])
{
    sigset_t stopping, none;
    sigemptyset(&none);
    sigemptyset(&stopping);
    sigaddset(&stopping, SIGTTOU);
    setpgid(0, 0);
    sigprocmask(SIG_BLOCK, &stopping, NULL); /* else to take it from the background stops us */
    (void)!tcsetpgrp(STDIN_FILENO, getpid());
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(command[0], command);
    dprintf(STDERR_FILENO, "%s: %s\n", command[0], strerror(errno));
    _exit(127);
}
