"""Sessions that nobody watches: drawn at leisure, followed one after the other."""

from pathlib import Path

import pytest
import trio
import trio.testing

from looop.session import display, minding
from looop.session.leisure import Leisure
from looop.session.life import Life
from looop.session.scanner import Scan
from support.hosting import Hosting, eventually


@pytest.fixture
def at(tmp_path: Path) -> Hosting:
    return Hosting(tmp_path)


async def test_a_checkpoint_is_written_although_nobody_looks(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minding.Look, "_affordable", lambda _self: False)
    for name in ("EVERY", "_IDLE"):
        monkeypatch.setattr(display, name, 1024)
    async with at.served():
        await at.start()
        for _ in range(8):
            at.say(b"a line of output\r\n" * 60)
        await eventually(lambda: list(at.folder().glob("screen-*.json")), "a checkpoint")


async def test_output_that_nobody_watches_is_followed_for_one_after_the_other(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, most, take = [0], [0], Life._take

    async def slowly(self: Life, scan: Scan, offset: int) -> None:
        now[0] += 1
        most[0] = max(most[0], now[0])
        await trio.sleep(0.01)
        now[0] -= 1
        await take(self, scan, offset)

    monkeypatch.setattr(Life, "_take", slowly)
    async with at.served() as host:
        for name in "abc":
            await at.start(name)
            at.say(b"x" * 200_000, name)
        await eventually(lambda: all(life.offset == 200_000 for life in host.lives.values()), "all of it")
        assert most == [1]
        with host.lives["a"].watching(), host.lives["b"].watching():
            for name in "abc":
                at.say(b"x" * 200_000, name)
            await eventually(lambda: host.lives["b"].offset == 400_000, "what is watched")
        assert most[0] > 1


async def test_what_is_drawn_at_leisure_gets_the_smaller_part_of_the_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    leisure, began = Leisure(), trio.current_time()

    async def work() -> None:
        await trio.sleep(0.1)

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(leisure.spend, work)
    assert trio.current_time() - began > 6
