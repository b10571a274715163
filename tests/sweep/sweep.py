"""The kill sweep: a story is told again and again, and each time a process ends one change later.

In: a story. Out: for each point, what was hit and what did not hold afterwards. A point is the N-th
state-changing system call, of all that count for the story, in the order in which they happen; the sweep ends
with the first telling that needs fewer than N. Two tellings may order the calls of two threads differently:
each is still one real crash.
"""

import os
import shutil
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from looop.child import tree
from support.person import Person, person
from support.supervised import Answer, Change, Go, Kill, Supervised

Strike = Callable[[Change], Answer]


@dataclass(frozen=True, slots=True)
class Point:
    """One telling: which change was struck (None: the story ended before), and what did not hold."""

    at: int
    hit: str | None
    seconds: float
    violations: tuple[str, ...]
    calls: Mapping[str, int]


class Trap:
    """A judge that lets all go but the N-th change that counts while it is armed.

    One may judge several programs, each in a thread of its own.
    """

    def __init__(self, at: int, counts: Callable[[Change], bool], strike: Strike = lambda _: Kill()) -> None:
        """Say which change to strike (1 is the first; 0 strikes none), which count, and what befalls it."""
        self.at = at
        self.armed = True
        self.count = 0
        self.hit: str | None = None
        self.struck = (0, 0)  # pid and start of who made that change
        self.calls = Counter[str]()
        self._counts, self._strike = counts, strike
        self._lock = threading.Lock()

    def __call__(self, change: Change) -> Answer:
        """Judge one change."""
        if not self._counts(change) or _changes_nothing(change):
            return Go()
        with self._lock:
            if not self.armed:
                return Go()
            self.count += 1
            self.calls[change.name] += 1
            if self.count != self.at:
                return Go()
            self.hit = f"{change.name} {change.path}".strip()
            self.struck = (change.pid, tree.start_time(change.pid) or 0)
        return self._strike(change)

    def disarm(self) -> None:
        """Let all go from now on. Who was struck may live a moment longer: see `buried`."""
        with self._lock:
            self.armed = False

    def buried(self) -> bool:
        """Whether nobody lives who was struck with death."""
        return self.hit is None or not tree.alive(*self.struck)


class Story(ABC):
    """A profile as it was before, what is done while the trap is set, and what must hold after."""

    name: ClassVar[str]
    points: ClassVar[int] = 6
    """At how many changes the tests strike it, which have seconds: `make sweep` does at all."""

    @abstractmethod
    def prepare(self, looop: Person) -> None:
        """Make the profile as it is before each telling. Nothing may live afterwards."""

    def counts(self, looop: Person, change: Change) -> bool:  # noqa: ARG002 - stories say more
        """Whether this change is one that the sweep strikes."""
        return True

    @abstractmethod
    def tell(self, looop: Person, trap: Trap) -> None:
        """Do it, with all that matters below `Supervised(…, trap)`. A struck process is no error here."""

    @abstractmethod
    def broken(self, looop: Person) -> Iterator[str]:
        """Start again as a person would, and say, one sentence each, what does not hold."""


class Stage:
    """A profile that is put back before each telling."""

    def __init__(self, story: Story, looop: Person, folder: Path) -> None:
        """Prepare the story in the profile of `looop`, which lies in `folder`."""
        self._story, self._looop = story, looop
        self._folder, self._kept = folder, folder.with_name(folder.name + ".kept")
        story.prepare(looop)
        looop.call("down", "--all")
        shutil.copytree(folder, self._kept, symlinks=True, ignore=_sockets)

    def at(self, number: int, strike: Strike = lambda _: Kill()) -> Point:
        """Tell the story with this point struck, and look at what is left."""
        began = time.monotonic()
        for path in self._folder.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        shutil.copytree(self._kept, self._folder, symlinks=True, dirs_exist_ok=True)
        trap = Trap(number, lambda change: self._story.counts(self._looop, change), strike)
        self._story.tell(self._looop, trap)
        broken = tuple(self._story.broken(self._looop))
        if self._looop.lives():
            self._looop.call("down", "--all")
        return Point(number, trap.hit, time.monotonic() - began, broken, dict(trap.calls))


@contextmanager
def staged(story: Story) -> Iterator[Stage]:
    """Give a stage for a story, in a folder of its own that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"sweep-{story.name}-") as temp:
        folder = Path(temp) / "stage"
        folder.mkdir()
        with person(folder) as looop:
            yield Stage(story, looop, folder)


def sweep(stage: Stage, numbers: Iterable[int], strike: Strike = lambda _: Kill()) -> Iterator[Point]:
    """Tell a story once for each number, until one of them is past its end."""
    for number in numbers:
        point = stage.at(number, strike)
        yield point
        if point.hit is None:
            return


def supervised(looop: Person, judge: Strike, *argv: str) -> Supervised:
    """Give a verb, to be run below a judge: the trap, above all."""
    return Supervised([*looop.program, *argv], judge, env=looop.env, cwd=looop.profile.data.parent)


def _changes_nothing(change: Change) -> bool:
    """Whether a kill before it is the same as one before the change that follows.

    So it is with the byte by which Trio wakes its own loop, with a folder or a lock file that is there, and
    with a file to be removed that is not.
    """
    match change.name:
        case "sendto":
            return change.asked.args[2] == 1
        case "unlink" | "rmdir":
            return not os.path.lexists(change.path)
        case "mkdir":
            return os.path.lexists(change.path)
        case "openat":
            return not change.asked.args[2] & os.O_TRUNC and os.path.lexists(change.path)
    return False


def _sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(folder, name).is_socket()]
