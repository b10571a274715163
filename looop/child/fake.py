"""A fake of `child.spawn.run` for tests on a virtual clock: no process starts, answers come at once.

In: a function for each program, chosen by a word of its command line. Out: the `Ended` of what it returns.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import trio

from looop.child.spawn import Ended

Program = Callable[[Path], bytes]
"""Gets the folder that it is run in, gives what it prints."""


class FakePrograms:
    """Answers for every program whose command line holds one of the words; counts what was run."""

    def __init__(self, programs: Mapping[str, Program]) -> None:
        self._programs = dict(programs)
        self.ran: list[str] = []

    async def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        on_out: Callable[[bytes], Awaitable[None]] | None = None,
        **_: Any,
    ) -> Ended:
        """Run the fake at once. FileNotFoundError when no word fits."""
        line = " ".join(argv)
        for word, program in self._programs.items():
            if word in line:
                await trio.lowlevel.checkpoint()
                self.ran.append(word)
                out = program(cwd)
                if on_out is not None:
                    await on_out(out)
                return Ended(0, None, timed_out=False, oversized=False, out=out, err=b"", strays=0)
        raise FileNotFoundError(line)
