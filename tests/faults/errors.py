"""Disk errors: a story is told again and again, and each time another call to the disk fails.

In: a story, an errno and a number. Out: what did not hold, while the disk failed and once it did no more. The
disk is `support.failing_disk`: no process is started, so that each call can be tried with each error.
"""

import errno
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
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
    """One telling: which of its calls failed first (empty: it made fewer), and what did not hold."""

    at: int
    how: How
    hit: str
    calls: tuple[str, ...]
    violations: tuple[str, ...]


_ERRNOS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT)
HOWS = (
    *(How(number, stays) for number in _ERRNOS for stays in (False, True)),
    How(SHORT),
    How(SHORT, stays=True),
    How(errno.EIO, reads=True),
    How(errno.EIO, stays=True, reads=True),
)
"""All that is tried."""


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
    def broken(self) -> AsyncIterator[str]:
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
            violations += [violation async for violation in story.broken()]
        except Exception as error:  # noqa: BLE001 - it is told with the point that it belongs to
            violations.append(f"{type(error).__name__}: {error}")
        return Failed(at, how, disk.hit, tuple(disk.calls), tuple(violations))


_WELL = Ended(0, None, timed_out=False, oversized=False, out=b"", err=b"", strays=0)


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
        with suppress(*TROUBLE):
            self.report = await self.beats.beat(Order(by_hand=True, force=True))

    async def broken(self) -> AsyncIterator[str]:
        """Beat with the same process, then with a new one, whose agent does nothing."""
        self.moves = False
        makes: tuple[Callable[[], Beats], ...] = (lambda: self.beats, self._fresh)
        for make in makes:  # the second is a new process, after the first
            beats = make()
            await beats.beat(Order(by_hand=True, force=True))
            report = await beats.beat(Order(by_hand=True, force=True))
            if report.exit_code:
                yield f"it goes on no more: {report.sentence()}"
        for violation in (*self._landed(), *written(self.loop.profile)):
            yield violation

    def _landed(self) -> Iterator[str]:
        landed = bool(self.report and self.report.ticked and self.report.ticked.outcome is Outcome.LANDED)
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
            _append(cwd / "goals" / "a.md", "- noted\n")
            _append(cwd / "journal.md", "- moved\n")
        return _WELL


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:  # as an agent would, who meets the disk's errors by itself
        file.write(text)
