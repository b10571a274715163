"""Seeing a child's end without collecting its status, so that its pid and group stay ours until we say.

In: the pid of a child. Out: a descriptor that becomes readable at its end: a pidfd on Linux, a kqueue on
macOS (written to the documentation, untested), none on a Linux before 5.3.
"""

import os
import select
import sys
from contextlib import suppress

import trio

from looop.child import tree

_POLL = 0.02  # seconds between two looks where there is no descriptor


class Exit:
    """The end of one child."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.descriptor = _watch(pid)
        self._seen = False

    def seen(self) -> bool:
        """Whether the child has ended, or is no child of ours any more."""
        self._seen = self._seen or _ended(self._pid)
        return self._seen

    async def wait(self) -> None:
        """Return when the child has ended; its status is still there to collect. Cancel leaves no trace."""
        while not self.seen():
            if self.descriptor < 0:
                await trio.sleep(_POLL)
            else:
                await trio.lowlevel.wait_readable(self.descriptor)

    def close(self) -> None:
        """Give the descriptor back; a second call does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1


if sys.platform == "darwin":

    def _watch(pid: int) -> int:
        queue = select.kqueue()
        change = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
        with suppress(ProcessLookupError):  # it has ended already
            queue.control([change], 0)
        # A copy, because the object closes its own with it; the queue itself lives on in ours.
        return os.dup(queue.fileno())

    def _ended(pid: int) -> bool:
        found = tree.proc(pid)
        return found is None or found.dead

else:

    def _watch(pid: int) -> int:
        with suppress(OSError):
            return os.pidfd_open(pid)
        return -1

    def _ended(pid: int) -> bool:
        try:
            return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True
