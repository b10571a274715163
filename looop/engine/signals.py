"""The caller's signals as bytes on a descriptor, so that one `select` waits for everything.

In: INT, TERM, HUP and WINCH of this process. Out: their numbers, in order. For `engine.client` and
`engine.keeper`; imports nothing that costs time.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # see core.wire
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Iterable
else:
    import _signal  # `signal` itself imports enum, which takes longer than all the rest of a relayed verb

INT, TERM, HUP, CHLD, WINCH, QUIT, TSTP, CONT, STOP = (
    int(_signal.SIGINT),
    int(_signal.SIGTERM),
    int(_signal.SIGHUP),
    int(_signal.SIGCHLD),
    int(_signal.SIGWINCH),
    int(_signal.SIGQUIT),
    int(_signal.SIGTSTP),
    int(_signal.SIGCONT),
    int(_signal.SIGSTOP),
)


class Signals:
    """Some signals of this process, from now until `restore`. Main thread only."""

    def __init__(self, numbers: Iterable[int], *, keep_ignored: bool = True) -> None:
        self.fd, self._write = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._write, False)
        self._before_fd = _signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        # What was ignored at our start (nohup, a background job) shall not reach us now.
        self._before = {
            number: _signal.signal(number, _noticed)
            for number in numbers
            if not (keep_ignored and _signal.getsignal(number) == _signal.SIG_IGN)
        }

    def arrived(self) -> bytes:
        """Give the numbers of the signals since the last call, one byte each."""
        try:
            return os.read(self.fd, 256)
        except BlockingIOError:
            return b""

    def restore(self) -> None:
        """Put everything back as it was found. Nothing on a second call."""
        if self.fd < 0:
            return
        for number, handler in self._before.items():
            _signal.signal(number, handler)
        _signal.set_wakeup_fd(self._before_fd)
        os.close(self.fd)
        os.close(self._write)
        self.fd = -1


def _noticed(_number: int, _frame: object) -> None:
    """Stand in the place of the default action; the byte on the descriptor does the work."""
