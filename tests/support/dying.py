"""A process that dies at a chosen one of its changes to the disk, and the one that comes after it.

In: how many moments it has left to live. Out: `KilledError` for a call of `store.files`, before it or behind
it, and for every later one: the dead write nothing more, whatever their `finally` says. It is the process
that dies, not the machine: nothing waits for a disk here.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from looop.core.problem import Problem
from looop.store import files
from looop.store.files import logs, writing
from support.profiles import made_in

CHANGES = (
    *("append", "append_durable", "copy_regular", "durable", "durable_remove", "durable_remove_tree"),
    *("durable_rename", "empty_dir", "exclusive", "mend_tail", "private_dir", "remove_temps", "remove_tree"),
    *("rotate", "scratch", "scratch_dir", "settle"),
)
"""What changes the disk; `durable_set` is taken apart, since some of its files may stand without the last."""

MOMENTS = st.sampled_from([None, *range(10)])
"""When a process dies: never, or at this moment. Each change has one before it and one behind it."""

T = TypeVar("T")


class KilledError(BaseException):
    """The process died here. Nothing in the product knows it, so nothing there handles it."""


@dataclass(frozen=True, slots=True)
class Tried(Generic[T]):
    """What came of it: a value, a Problem, or nobody knows."""

    value: T | None = None
    problem: Problem | None = None
    died: bool = False

    @property
    def done(self) -> bool:
        """Whether it was acknowledged."""
        return not self.died and self.problem is None


class Disk:
    """The doors to the disk, which a process may die at."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._left: int | None = None
        self.dead = False
        for name in CHANGES:
            patch.setattr(files, name, self._door(getattr(files, name)))
        patch.setattr(files, "durable_set", self._set)
        patch.setattr(writing, "sync", lambda _fd: None)
        for module in (writing, logs):
            patch.setattr(module, "sync_folder", lambda _path: None)

    def live(self, moments: int | None = None) -> None:
        """Begin a process, which has so many moments to live; None: it lives on."""
        self._left, self.dead = moments, False

    def _door(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def change(*args: Any, **more: Any) -> Any:
            self._moment()
            result = real(*args, **more)
            self._moment()
            return result

        return change

    def _moment(self) -> None:
        if self._left == 0:
            self.dead = True
        if self.dead:
            raise KilledError
        if self._left is not None:
            self._left -= 1

    def _set(self, many: Sequence[tuple[Path, bytes]]) -> None:
        for path, data in many:
            files.durable(path, data)


class Dying(RuleBasedStateMachine):
    """A machine whose processes die now and then. What it did must be told from what it may have done."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="looop-machine-"))
        self.profile = made_in(self.folder)
        self._patch = pytest.MonkeyPatch()
        self.disk = Disk(self._patch)

    def teardown(self) -> None:
        self._patch.undo()
        shutil.rmtree(self.folder)

    def tries(self, moments: int | None, action: Callable[[], T]) -> Tried[T]:
        """Do something in a process of its own that may die; afterwards another one lives."""
        self.disk.live(moments)
        try:
            value = action()
        except Problem as problem:
            if not self.disk.dead:
                return Tried(problem=problem)
        except BaseException:  # a group with KilledError in it, or what the dead still tried
            if not self.disk.dead:
                raise
        else:
            if not self.disk.dead:
                return Tried(value=value)
        finally:
            dead = self.disk.dead
            self.disk.live()
        return Tried(died=dead)


def bounds(examples: int, steps: int = 25) -> settings:
    """Give a machine's bounds: so many examples in CI and in `make test`, `MACHINES` times as many if set.

    Without `MACHINES` the examples are the same each time.
    """
    times = int(os.environ.get("MACHINES", "0"))
    return settings(
        max_examples=examples * max(1, times),
        stateful_step_count=steps,
        deadline=None,
        derandomize=times == 0,
        database=None,
        suppress_health_check=[*HealthCheck],
        phases=[Phase.generate] if times == 0 else tuple(Phase),
    )
