"""Programs started in the same moment: by one thread, each known at once, none lost."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
import trio

from looop.child import batch, scope, spawn, stray, tree

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux restricts by threads"),
]

MANY = 40
T = TypeVar("T")


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What each restricted thread that was made since has started."""
    made: list[int] = []
    within = scope.within

    def counted(start: Callable[[], T]) -> T:
        found = within(start)
        made.append(len(found) if isinstance(found, list) else 1)
        return found

    monkeypatch.setattr(scope, "within", counted)
    return made


async def run(*argv: str, deadline: float = 60) -> spawn.Ended:
    return await spawn.run(
        argv, cwd=Path("/"), env=dict(os.environ), deadline=deadline, max_out=0, scoped=True
    )


async def test_programs_of_one_moment_share_few_threads(threads: list[int]) -> None:
    told: list[bytes] = []

    async def one(number: int) -> None:
        told.append((await run("/bin/sh", "-c", f"echo {number}")).out)

    async with trio.open_nursery() as nursery:
        for number in range(MANY):
            nursery.start_soon(one, number)
    assert sorted(int(text) for text in told) == list(range(MANY))
    assert sum(threads) == MANY
    assert len(threads) <= -(-MANY // batch._AT_ONCE) + 1


async def test_one_that_cannot_start_does_not_keep_the_others_from_it(threads: list[int]) -> None:
    codes: list[int | None] = []
    failed: list[type[OSError]] = []

    async def one(program: str) -> None:
        try:
            codes.append((await run(program)).code)
        except OSError as error:
            failed.append(type(error))

    async with trio.open_nursery() as nursery:
        for program in ("/bin/true", "/there/is/none", "/bin/true"):
            nursery.start_soon(one, program)
    assert (codes, failed) == ([0, 0], [FileNotFoundError])
    assert threads


async def test_without_a_restriction_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise OSError("landlock_restrict_self")

    monkeypatch.setattr(scope, "enter", refused)
    with pytest.raises(OSError, match="landlock"):
        await run("/bin/sleep", "1000")
    assert not tree.descendants(os.getpid())


async def test_who_is_cancelled_at_the_start_leaves_nothing() -> None:
    async def one(scope: trio.CancelScope) -> None:
        with scope:
            await run("/bin/sleep", "1000")

    scopes = [trio.CancelScope() for _ in range(6)]
    async with trio.open_nursery() as nursery:
        for each in scopes:
            nursery.start_soon(one, each)
        await trio.lowlevel.checkpoint()  # some have asked for their start, none has it
        for each in scopes[::2]:
            each.cancel()
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert len(tree.descendants(os.getpid())) == len(scopes[1::2])
        for each in scopes[1::2]:
            each.cancel()
    assert not tree.descendants(os.getpid())
    assert not stray._live
