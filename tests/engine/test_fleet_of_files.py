"""The fleet of a tick by hand, which has the files alone: housekeeping, and answers that nobody heard."""

import time
from pathlib import Path

import pytest

from looop.core.sessions import Known, Meta, State
from looop.engine import holder
from looop.engine.fleet import FilesFleet
from looop.store import claims, questions, sessions
from looop.store.paths import Profile
from looop.store.questions import Place
from looop.store.sessions import Entry
from support.profiles import made_in

_DAYS = 4 * 86400.0


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def put(profile: Profile, name: str, known: Known) -> Place:
    """Leave a session as an engine left it."""
    folder = sessions.folder(profile, name)
    folder.mkdir(mode=0o700)
    sessions.write_meta(Entry(folder, Meta(name, f"01J{name.upper()}", "sh", "/", 100.0), known))
    sessions.write_known(folder, known, durably=False)
    return Place(folder, name, f"01J{name.upper()}", newest=True)


def over(ago: float) -> Known:
    return Known(State.ENDED, 150.0, code=0, ended=time.time() - ago)


async def test_what_ended_long_ago_is_retired_and_what_may_live_is_not(profile: Profile) -> None:
    put(profile, "old", over(_DAYS))
    put(profile, "late", over(60.0))
    put(profile, "works", Known(State.WORKING, 150.0))
    await FilesFleet(profile, {}).tidy()
    assert [entry.id for entry in sessions.listed(profile)] == ["late", "works"]


async def test_what_no_tick_was_told_of_stays(profile: Profile) -> None:
    for name in ("told", "untold"):
        put(profile, name, over(_DAYS))
    await FilesFleet(profile, {}).tidy({"untold"})
    assert [entry.id for entry in sessions.listed(profile)] == ["untold"]


async def test_claims_of_the_dead_are_dropped_and_those_of_what_may_live_stay(profile: Profile) -> None:
    profile.keeper_lock.write_bytes(holder.myself())
    for place in (put(profile, "late", over(60.0)), put(profile, "works", Known(State.WORKING, 150.0))):
        claims.take(profile, f"of-{place.session}", place.session, place.generation)
    await FilesFleet(profile, {}).tidy()
    assert [claim.session for claim in claims.read(profile)] == ["works"]


async def test_an_answer_to_a_session_that_went_with_its_keeper_is_told(profile: Profile) -> None:
    place = put(profile, "works", Known(State.WORKING, 150.0))
    question, _ = questions.ask(profile, place, "Which one?")
    questions.answer(profile, place, question.number, "the blue one", "a person")
    fleet = FilesFleet(profile, {})
    assert [(answer.session, answer.text) for answer in fleet.answers()] == [("works", "the blue one")]
    profile.keeper_lock.write_bytes(holder.myself())
    assert fleet.answers() == ()
