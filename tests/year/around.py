"""What a year in minutes needs of the process: one virtual clock, no threads, the same order each time.

In: a function that tells the time. Out: everything put back afterwards. A clock that jumps when every task
waits would jump while a thread works, so file work is done in place.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import trio

from looop.core.rules import Standing
from looop.engine import purse
from looop.engine.guarding import Guarding
from looop.session import flags
from looop.store import files

RESTS = ((flags, "LOOK_AGAIN", 900.0), (flags, "_SOON", 120.0), (purse, "EVERY", 900.0))
"""Rests of seconds in which an engine only looks: longer ones show the same, at a tenth of the cost."""


async def _aside(function: Callable[..., Any], *args: Any) -> Any:
    await trio.lowlevel.checkpoint()
    return function(*args)


async def _standing(_self: Guarding, _folder: Path, _env: Mapping[str, str]) -> Standing:
    await trio.lowlevel.checkpoint()
    return Standing("off")


@contextmanager
def virtual_process(now: Callable[[], float], seed: int) -> Iterator[None]:
    """Have the whole process live by `now` (epoch seconds) and its tasks run in an order that repeats."""
    core: Any = trio._core._run
    with ExitStack() as put_back:
        changes: tuple[Any, ...] = (
            mock.patch.object(time, "time", now),
            mock.patch.object(files, "aside", _aside),
            mock.patch.object(Guarding, "standing", _standing),
            *(mock.patch.object(module, name, rest) for module, name, rest in RESTS),
            mock.patch.object(core, "_ALLOW_DETERMINISTIC_SCHEDULING", new=True),
            mock.patch.object(core, "_r", random.Random(seed)),
        )
        for change in changes:
            put_back.enter_context(change)
        yield
