"""A slow disk holds its own caller only, and no thread outlives its call."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
import trio.testing

from looop.store import files

PATIENCE = 60.0


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Give what a slow disk waits for; it ends its waiting whatever the test does."""
    event = threading.Event()
    yield event
    event.set()


async def test_a_call_aside_gives_its_result(tmp_path: Path) -> None:
    assert await files.aside(files.scratch, tmp_path / "f", b"data") is True


async def test_an_error_aside_is_raised_to_its_caller(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await files.aside(files.read_regular, tmp_path / "f", 10)


async def test_a_slow_call_does_not_hold_the_others(release: threading.Event) -> None:
    order: list[str] = []

    async def slow() -> None:
        await files.aside(release.wait, PATIENCE)
        order.append("slow")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow)
        await trio.testing.wait_all_tasks_blocked()
        order.append("others")
        release.set()
    assert order == ["others", "slow"]


async def test_a_cancel_waits_for_the_thread(release: threading.Event) -> None:
    order: list[str] = []

    async def slow() -> None:
        try:
            await files.aside(release.wait, PATIENCE)
        finally:
            order.append("left")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
        with trio.CancelScope(shield=True):
            await trio.testing.wait_all_tasks_blocked()
        order.append("still there")
        release.set()
    assert order == ["still there", "left"]


async def test_at_most_four_threads_work_for_all_callers_together(release: threading.Event) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(files.aside, release.wait, PATIENCE)
        await trio.testing.wait_all_tasks_blocked()
        waiting = files._limiter().statistics()
        release.set()
    assert (waiting.borrowed_tokens, waiting.tasks_waiting) == (4, 4)
