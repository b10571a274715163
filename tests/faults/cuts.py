"""Power cuts: a story is told once, and the power is cut before each of its changes, by each adversary.

In: a story. Out: for each state of the disk that a cut could have left, what did not hold once the program
had been started again on it. What was acknowledged by then must be there; all of it lies below the stage.
States that are equal are tried once: most cuts differ in nothing.
"""

import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

from support.person import PATIENCE, Person, person
from support.powercut import Adversary, Disk, Image
from support.supervised import Answer, Change, Go, Supervised

Acks = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cut:
    """One state that is to be tried: what was about to happen, what had been acknowledged, what is left."""

    at: int
    change: str
    adversary: Adversary
    acks: Acks
    image: Image


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one cut."""

    cut: Cut
    seconds: float
    violations: tuple[str, ...]


@dataclass
class Told:
    """One telling. `changes` are those below the stage, `states` the cuts that differ."""

    changes: int = 0
    states: list[Cut] = field(default_factory=list)


class Story(ABC):
    """A profile as it was before, what is done until the power is cut, and what must hold afterwards.

    `world` is a folder beside the stage that no power cut touches: scripts, and what happened elsewhere.
    """

    name: ClassVar[str]

    @abstractmethod
    def prepare(self, looop: Person, world: Path) -> None:
        """Make the profile as it is before. Nothing may live afterwards."""

    @abstractmethod
    def tell(self, looop: Person, world: Path, telling: "Telling") -> None:
        """Do it, all through `telling`."""

    @abstractmethod
    def broken(self, looop: Person, world: Path, acks: Acks) -> Iterator[str]:
        """Look at the files, start again as a person would, and say what does not hold."""


class Telling:
    """Runs verbs while every change is looked at; what they start lives until the block is left."""

    def __init__(self, looop: Person, world: Path, disk: Disk) -> None:
        self.told = Told()
        self._looop, self._world, self._disk = looop, world, disk
        self._root = str(looop.profile.data.parent)
        self._acks: dict[str, str] = {}
        self._tried: set[object] = set()
        self._lock = threading.Lock()
        self._running = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def __call__(self, *argv: str, ack: str = "") -> str:
        """Run a verb that must do well; from then on `ack` is acknowledged. What it printed."""
        program = Supervised(
            [*self._looop.program, *argv],
            self._judge,
            env=self._looop.env,
            cwd=self._looop.profile.data.parent,
        )
        running = self._running.enter_context(program)
        said, _ = running.process.communicate(timeout=PATIENCE)
        assert running.process.returncode == 0, f"looop {' '.join(argv)}: {said}"
        if ack:
            self.ack(ack, said)
        return said

    def ack(self, name: str, what: str = "") -> None:
        """Say that something is acknowledged, and try what a cut would leave of it."""
        with self._lock:
            self._acks[name] = what
            self._look(f"after {name}")

    def _judge(self, change: Change) -> Answer:
        path = change.path
        with self._lock:
            self._disk.see(change)
            if path.startswith(f"{self._world}/acks/"):
                self._acks[Path(path).name] = ""
            elif path == self._root or path.startswith(f"{self._root}/"):
                self.told.changes += 1
                self._look(f"{change.name} {path.removeprefix(self._root).lstrip('/')}")
        return Go()

    def _look(self, change: str) -> None:
        for adversary in Adversary:
            image = self._disk.image(adversary)
            key = (image.digest, tuple(sorted(self._acks.items())))
            if key not in self._tried:
                self._tried.add(key)
                cut = Cut(self.told.changes, change, adversary, dict(self._acks), image)
                self.told.states.append(cut)


class Stage:
    """A story that was told once, and the stage on which each state is laid."""

    def __init__(self, story: Story, looop: Person, folder: Path, world: Path, seed: int = 0) -> None:
        self._story, self._looop, self._folder, self._world = story, looop, folder, world
        (world / "acks").mkdir(parents=True)
        story.prepare(looop, world)
        looop.call("down", "--all")
        with Disk(folder, seed) as disk, Telling(looop, world, disk) as telling:
            telling.ack("begun")
            story.tell(looop, world, telling)
        self.told = telling.told

    def attempt(self, cut: Cut) -> Tried:
        """Give the power back after this cut, and look."""
        began = time.monotonic()
        cut.image.lay(self._folder)
        try:
            violations = tuple(self._story.broken(self._looop, self._world, cut.acks))
        except Exception as error:  # noqa: BLE001 - it is told with the cut that it belongs to
            violations = (f"{type(error).__name__}: {error}",)
        if self._looop.lives():
            self._looop.call("down", "--all")
        return Tried(cut, time.monotonic() - began, violations)


@contextmanager
def staged(story: Story, seed: int = 0) -> Iterator[Stage]:
    """Tell a story in a folder of its own, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"cut-{story.name}-") as temp:
        folder, world = Path(temp) / "stage", Path(temp) / "world"
        folder.mkdir()
        with person(folder) as looop:
            yield Stage(story, looop, folder, world, seed)
