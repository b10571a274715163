"""A plain conversation on a terminal: one line out, one line in. No colours, no cursor, nothing to repaint.

In: two descriptors. Out: the lines that a person typed, bounded. Whatever was not written by us is made
visible before it is shown. `session.interview` talks through it; Ctrl-C and Ctrl-D end it in good order.
"""

import os
import select
import termios

from looop.core.quote import visible

LONGEST_LINE = 16 << 10
"""Bytes of one line that are kept; a terminal's own limit is lower, a pipe has none."""


class Left(Exception):  # noqa: N818 - the person's wish, not a failure
    """The person ended the conversation: the input has ended."""


class Dialogue:
    """One conversation. Sync: nothing else happens in its process. OSError when the terminal is gone."""

    def __init__(self, source: int = 0, target: int = 1) -> None:
        self._source = source
        self._target = target
        self._rest = b""

    def say(self, text: str = "") -> None:
        """Show text of ours or anybody's: control characters are spelled out."""
        data = memoryview(f"{visible(text)}\n".encode(errors="replace"))
        while data:
            data = data[os.write(self._target, data) :]

    def ask(self, prompt: str) -> str:
        """Show a prompt and give the next line, without its end. Left when there is none."""
        os.write(self._target, visible(prompt).encode(errors="replace"))
        return self._line().decode(errors="replace").strip()

    def forget(self) -> None:
        """Throw away what was typed and not read: it was meant for something else."""
        self._rest = b""
        try:
            termios.tcflush(self._source, termios.TCIFLUSH)
        except termios.error:  # no terminal but a pipe
            while select.select([self._source], [], [], 0)[0] and os.read(self._source, 4096):
                pass

    def _line(self) -> bytes:
        while b"\n" not in self._rest:
            data = os.read(self._source, 4096)
            if not data:
                raise Left
            self._rest = (self._rest + data)[-2 * LONGEST_LINE :]
        line, _, self._rest = self._rest.partition(b"\n")
        return line[:LONGEST_LINE]
