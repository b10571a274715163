"""Disk errors: a story is told again and again, and each time another call to the disk fails.

In: a story, an errno and a number. Out: what did not hold, while the disk failed and once it did no more. The
disk is `support.failing_disk`: no process is started, so that each call can be tried with each error.
"""

import errno
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import trio

from faults.whole import journal, written
from looop.child.spawn import Ended
from looop.cli.mistakes import TROUBLE
from looop.loop.beat import Beats, Order, Report
from looop.loop.clock import Clock
from looop.loop.tick import Outcome
from looop.store import flags, ledger
from support.failing_disk import SHORT, FailingDisk
from support.looping import Looping
from support.profiles import GOAL

ERRNOS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class How:
    """What befalls the disk: which error, whether it stays, whether reads or writes meet it."""

    number: int = errno.ENOSPC
    stays: bool = False
    reads: bool = False

    def __str__(self) -> str:
        name = "SHORT" if self.number == SHORT else errno.errorcode[self.number]
        return f"{name}{' from there on' if self.stays else ''}{' in reading' if self.reads else ''}"


@dataclass(frozen=True, slots=True)
class Failed:
    """One telling: which call failed (empty: the story ended before), and what did not hold."""

    at: int
    how: How
    hit: str
    violations: tuple[str, ...]


class Story(ABC):
    """A profile, what is done while its disk fails, and what must hold then and afterwards."""

    name: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    async def prepare(self) -> None:
        """Make the profile."""

    @abstractmethod
    async def tell(self) -> None:
        """Do it on the disk that fails. Note what was acknowledged; raise what no caller expects."""

    @abstractmethod
    async def broken(self) -> Iterator[str]:
        """Go on with a disk that is well again, and say what does not hold."""


async def attempt(make: Callable[[Path], Story], at: int, how: How) -> Failed:
    """Tell a story with one point failing."""
    with tempfile.TemporaryDirectory(prefix="disk-") as temp:
        story = make(Path(temp))
        await story.prepare()
        disk = FailingDisk(story.folder / "data", at, how.number, how.stays, how.reads)
        violations = list[str]()
        try:
            with disk.failing():
                await story.tell()
            violations += await story.broken()
        except Exception as error:  # noqa: BLE001 - it is told with the point that it belongs to
            violations.append(f"{type(error).__name__}: {error}")
        return Failed(at, how, disk.hit, tuple(violations))


async def noting(folder: Path) -> Ended:
    """Make the move of the stories' agent: a note on a goal, and a line."""
    for name, text in (("goals/a.md", "- noted\n"), ("journal.md", "- moved\n")):
        with (folder / name).open("a") as file:
            file.write(text)
    return Ended(0, None, timed_out=False, oversized=False, out=b"", err=b"", strays=0)


class Ticking(Story):
    """A tick that notes something on a goal, by an agent that is no process."""

    name = "tick"

    async def prepare(self) -> None:
        """Have a first beat, which does nothing."""
        self.moves = False
        self.loop = Looping(self.folder, edit_settle=0)
        self.loop.goal("a", GOAL)
        self.beats = self._fresh()
        await self.beats.beat(Order(by_hand=True, force=True))
        self.moves = True
        self.report: Report | None = None

    async def tell(self) -> None:
        """Beat once: it lands, it parks, or it says what is wrong."""
        try:
            self.report = await self.beats.beat(Order(by_hand=True, force=True))
        except TROUBLE as error:
            assert str(error), "an error without a sentence"  # noqa: PT017 - of the story's own

    async def broken(self) -> Iterator[str]:
        """Beat with the same process, then with a new one, whose agent does nothing."""
        return iter([*[it async for it in self._again()], *written(self.loop.profile)])

    async def _again(self):  # type: ignore[no-untyped-def]
        landed = bool(self.report and self.report.ticked and self.report.ticked.outcome is Outcome.LANDED)
        self.moves = False
        for make in (lambda: self.beats, self._fresh):  # the second is a new process, after the first
            beats = make()
            await beats.beat(Order(by_hand=True, force=True))
            report = await beats.beat(Order(by_hand=True, force=True))
            if report.exit_code:
                yield f"it goes on no more: {report.sentence()}"
        notes = (self.loop.profile.goals / "a.md").read_text().count("noted")
        lines = journal(self.loop.profile).count("moved")
        if notes != lines or notes > 1 or (landed and notes != 1):
            yield f"landed is {landed}, and there are {notes} notes and {lines} lines"
        for flag in flags.open_flags(self.loop.profile):
            yield f"a flag stays open: {flag.text}"
        running = [it.run for it in ledger.entries(self.loop.profile, 0.0) if it.outcome == ledger.RUNNING]
        if running:
            yield f"the ledger has as running still: {running}"
        if any("edited" in said for said in self.loop.said):
            yield f"what looop wrote passed for a person's edit: {self.loop.said}"

    def _fresh(self) -> Beats:
        loop = self.loop
        return Beats(
            loop.profile, env=loop.env, say=loop.said.append, fleet=loop.fleet, clock=Clock(), run=self._run
        )

    async def _run(self, *_: object, cwd: Path, **__: object) -> Ended:
        await trio.lowlevel.checkpoint()
        if self.moves:
            return await noting(cwd)
        return Ended(0, None, timed_out=False, oversized=False, out=b"", err=b"", strays=0)
