"""Starting a session again while its end is being written down."""

from pathlib import Path

import pytest
import trio
import trio.testing

from support.hosting import Hosting, eventually


@pytest.fixture
def at(tmp_path: Path) -> Hosting:
    return Hosting(tmp_path)


@pytest.mark.parametrize("anew", ["start", "restart"])
async def test_what_is_shown_as_over_can_be_started_again_at_once(at: Hosting, anew: str) -> None:
    written = trio.Event()

    async def write(*, durably: bool) -> None:
        if durably:
            await written.wait()

    async with at.served() as host, trio.open_nursery() as nursery:
        first = await at.start()
        host.life("a")._write = write  # type: ignore[method-assign]
        at.terminals.finish(first.generation, 0)
        await eventually(lambda: host.get("a").over, "its end to be shown")
        nursery.start_soon(at.start) if anew == "start" else nursery.start_soon(host.restart, "a", {})
        await trio.testing.wait_all_tasks_blocked()
        written.set()
        await eventually(lambda: not host.get("a").over, "its next life")
        assert host.get("a").generation != first.generation
