"""The pulse's voice: each line goes to its log, and to everyone who follows a beat right now.

In: one line. Out: `sessions/pulse/output.log`, with the local time, and the followers' channels.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import trio

from looop.core.quote import visible
from looop.loop.clock import Clock
from looop.store import files
from looop.store.paths import Profile

ROTATE_AT = 8 << 20
"""Bytes of the pulse's log; one predecessor is kept."""

BEHIND = 1000
"""Lines that a slow follower may be behind; it misses what comes then, the log has it."""


class Voice:
    """Says lines. A disk that takes no more loses log lines, never a beat."""

    def __init__(self, profile: Profile, clock: Clock) -> None:
        self._log = profile.pulse_log
        self._clock = clock
        self._followers: set[trio.MemorySendChannel[str]] = set()

    def say(self, line: str) -> None:
        """Say one line now. What can't be seen is spelled out: followers and the log go to terminals."""
        flat = visible(" ".join(line.split("\n")))
        with suppress(OSError):
            files.append(self._log, f"{self._clock.local():%Y-%m-%d %H:%M:%S} {flat}")
        for follower in tuple(self._followers):
            with suppress(trio.WouldBlock, trio.BrokenResourceError):
                follower.send_nowait(flat)

    def rotate(self) -> None:
        """Set a large log aside; call between beats."""
        with suppress(OSError):
            files.rotate(self._log, ROTATE_AT, keep_all=False)

    @contextmanager
    def followed(self) -> Iterator[trio.MemoryReceiveChannel[str]]:
        """Hear every line that is said inside the block."""
        send, receive = trio.open_memory_channel[str](BEHIND)
        self._followers.add(send)
        try:
            with send, receive:
                yield receive
        finally:
            self._followers.discard(send)
