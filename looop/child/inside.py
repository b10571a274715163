"""The first program in a cell with a terminal: it takes the foreground, then becomes the command.

Run as a script by any Python, without imports of looop: `inside.py COMMAND…`. Around it, the programs that
make the cell stay in their own group, where Ctrl-C and Ctrl-Z of the terminal don't reach them. The launcher
does the same (`looop __inside COMMAND…`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

TYPE_CHECKING = False  # see core.wire
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

# The shell outlives Ctrl-C and Ctrl-\, which are meant for the program; what it runs has them by default
# again. It stays above what it runs, as the parent of all that forks itself away.
SHELL = ("/bin/sh", "-c", 'trap : INT QUIT; eval "$1"; exit $?', "sh")
"""What a session's command is run by, in a cell and without."""


def main(argv: Sequence[str]) -> NoReturn:
    """Become a command, as the leader of the terminal's foreground group."""
    os.setpgid(0, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})  # else to take it from the background stops us
    with contextlib.suppress(OSError):  # no terminal
        os.tcsetpgrp(0, os.getpid())
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTTOU):
        signal.signal(number, signal.SIG_DFL)  # the first two are what Python changed
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        os.execvp(argv[0], list(argv))  # noqa: S606 - that is what it is for
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
