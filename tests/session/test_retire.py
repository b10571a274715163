"""What is over goes after its time or by hand, but for what somebody waits for."""

from pathlib import Path

import pytest

from looop.store import questions
from support.folder import names
from support.hosting import Hosting

DAY = 86400.0


@pytest.fixture
def at(tmp_path: Path) -> Hosting:
    return Hosting(tmp_path)


def _ask(at: Hosting, name: str) -> int:
    place = questions.place_of(at.profile, name)
    assert place is not None
    return questions.ask(at.profile, place, "May I?")[0].number


async def test_what_ended_long_ago_goes_with_all_its_generations(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        await at.finish()
        await at.start()
        await at.finish()
        at.later = 3 * DAY + 60
        assert await host.retire() == ("a",)
        assert host.all() == ()
    assert (names(at.profile.sessions), names(at.profile.prompts)) == (["pulse"], [])


async def test_what_nobody_was_told_of_stays_however_long_ago_it_ended(at: Hosting) -> None:
    async with at.served() as host:
        for name in ("told", "untold"):
            await at.start(name)
            await at.finish(0, name)
        at.later = 30 * DAY
        assert await host.retire({"untold"}) == ("told",)
        assert await host.retire() == ("untold",)


async def test_a_session_that_begins_anew_each_day_keeps_the_generations_of_three_days(at: Hosting) -> None:
    async with at.served() as host:
        for day in range(10):
            at.later = day * DAY
            await at.start()
            await host.retire()
            await at.finish()
    assert names(at.profile.sessions) == ["a", "a@8", "a@9", "pulse"]
    assert len(names(at.profile.prompts)) == 3


async def test_an_open_flag_keeps_old_generations_of_a_session_that_lives(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        await at.finish()
        await at.start()
        _ask(at, "a")
        at.later = 9 * DAY
        assert await host.retire() == ()
    assert names(at.profile.sessions) == ["a", "a@1", "pulse"]


async def test_a_flag_that_nobody_answers_keeps_its_own_generation_alone(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        _ask(at, "a")
        await at.finish()
        for _ in range(2):
            await at.start()
            await at.finish()
        await at.start()
        at.later = 9 * DAY
        assert await host.retire() == ("a@2", "a@3")
    assert names(at.profile.sessions) == ["a", "a@1", "pulse"]


async def test_what_ended_lately_or_lives_stays(at: Hosting) -> None:
    async with at.served() as host:
        await at.start("lives")
        at.later = 3 * DAY
        await at.start("a")
        await at.finish(0, "a")
        at.later = 5 * DAY
        assert await host.retire() == ()
        assert {view.id for view in host.all()} == {"a", "lives"}


async def test_a_time_to_live_of_zero_keeps_everything(tmp_path: Path) -> None:
    at = Hosting(tmp_path, session_ttl=0)
    async with at.served() as host:
        await at.start()
        await at.finish()
        at.later = 1000 * DAY
        assert await host.retire() == ()


async def test_an_open_flag_keeps_a_session(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        _ask(at, "a")
        await at.finish()
        at.later = 9 * DAY
        assert await host.retire() == ()
        assert await host.prune(None) == ()
        assert host.get("a").flag is not None


async def test_an_answer_that_nobody_heard_keeps_a_session(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        number = _ask(at, "a")
        place = questions.place_of(at.profile, "a")
        assert place is not None
        questions.answer(at.profile, place, number, "yes", "person")
        await at.finish()
        at.later = 9 * DAY
        assert await host.retire() == ()
        questions.deliver(at.profile, place, number, "prompt")
        assert await host.retire() == ("a",)


async def test_an_answer_of_an_earlier_generation_keeps_them_all(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        _ask(at, "a")
        await at.finish()
        await at.start()
        await at.finish()
        at.later = 9 * DAY
        assert await host.retire() == ()
    assert names(at.profile.sessions) == ["a", "a@1", "pulse"]


async def test_an_open_flag_keeps_the_earlier_generations_too(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        await at.finish()
        await at.start()
        _ask(at, "a")
        await at.finish()
        at.later = 9 * DAY
        assert await host.retire() == ()
    assert names(at.profile.sessions) == ["a", "a@1", "pulse"]


async def test_prune_removes_what_is_over_and_nothing_that_lives(at: Hosting) -> None:
    async with at.served() as host:
        await at.start("lives")
        await at.finish(0, "lives")
        await at.start("lives")
        await at.start("over")
        await at.finish(0, "over")
        assert await host.prune(None) == ("lives@1", "over")
        assert [view.id for view in host.all()] == ["lives"]
    assert names(at.profile.sessions) == ["lives", "pulse"]


async def test_prune_of_one_id_touches_no_other(at: Hosting) -> None:
    async with at.served() as host:
        for name in ("a", "b"):
            await at.start(name)
            await at.finish(0, name)
        assert await host.prune("a") == ("a",)
        assert [view.id for view in host.all()] == ["b"]


async def test_a_retired_name_can_be_used_again(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        await at.finish()
        await host.prune("a")
        assert not (await at.start()).over
        assert names(at.profile.sessions) == ["a", "pulse"]
