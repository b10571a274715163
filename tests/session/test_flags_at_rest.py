"""An answer that waits for its session costs the engine next to nothing, however long it waits."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from looop.core.sessions import State
from looop.session.fake_house import FakeHouse
from looop.session.flags import LOOK_AGAIN
from looop.store import files, questions
from support.desk import Desk, serving
from support.profiles import made_in

HOUR = 3600.0


async def test_an_answer_that_waits_an_hour_has_the_folders_read_no_more_often_than_at_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    looks = 0

    async def aside(function: Callable[..., Any], *args: Any) -> Any:
        nonlocal looks
        looks += function is questions.owed
        await trio.lowlevel.checkpoint()
        return function(*args)

    monkeypatch.setattr(files, "aside", aside)  # a clock that jumps would jump while a thread works
    profile = made_in(tmp_path)
    desk = Desk(profile, FakeHouse(profile))
    desk.house.start("fix")
    async with serving(desk.flags) as flags:
        number = (await flags.ask("fix", "which one?")).question.number
        await flags.answer(str(number), "red", "ann")
        await trio.sleep(HOUR)
        waited, owed = looks, flags._owing.all
        assert list(owed) == [number]
        assert HOUR / LOOK_AGAIN / 2 < waited <= HOUR / LOOK_AGAIN + 2
        desk.house.become("fix", State.IDLE)
        await trio.sleep(2)
        assert desk.how(number) == "typed"
