"""A session that ended while nobody looked stays until a tick that ended well has seen what it came to."""

from pathlib import Path

from looop.core.world import Session
from support.looping import NOTE, Looping

ENDED = Session("fix", "01A", "ended", news=3, news_name="ended", exit_code=0, ended=True)


async def test_the_end_of_a_session_is_told_before_it_may_go(tmp_path: Path) -> None:
    loop = Looping(tmp_path, NOTE)
    await loop.beat()
    loop.fleet.shown = (ENDED, Session("works", "01B", "working"))
    loop.agent("exit 1")
    await loop.beat()
    loop.agent(NOTE)
    await loop.beat(force=True)
    await loop.beat()
    assert loop.fleet.spared == [frozenset(), {"fix"}, {"fix"}, frozenset()]


async def test_without_a_baseline_nobody_has_been_told_of_anything(tmp_path: Path) -> None:
    loop = Looping(tmp_path, NOTE)
    loop.fleet.shown = (ENDED,)
    await loop.beat()
    assert loop.fleet.spared == [{"fix"}]
