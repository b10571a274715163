"""A new engine takes over what keeper has, and finds out how the rest ended."""

from pathlib import Path

import pytest
import trio

from looop.core.problem import Exit, Problem
from looop.core.sessions import State
from looop.session.around import Ended
from looop.session.fake import FakeTerminals
from looop.store import sessions
from support.folder import names
from support.hosting import Hosting, eventually


@pytest.fixture
def at(tmp_path: Path) -> Hosting:
    return Hosting(tmp_path)


async def test_a_session_outlives_its_engine(at: Hosting) -> None:
    async with at.served():
        view = await at.start()
        at.say(b"one ")
    key = view.generation
    at.terminals.say(key, b"two")
    async with at.served() as host:
        assert host.get("a").generation == key
        assert (await host.read("a", 0)).data == b"one two"
        assert host.get("a").news == 0
        assert (await at.finish(5)).code == 5


async def test_an_end_that_no_engine_saw_is_found_by_the_next_one(at: Hosting) -> None:
    told: list[str] = []

    async def hear(life: Ended) -> None:
        told.append(life.meta.generation)

    async with at.served():
        view = await at.start()
    at.terminals.finish(view.generation, 4)
    async with trio.open_nursery() as nursery:
        host = at.fresh()
        host.around.on_end.append(hear)
        await nursery.start(host.serve)
        assert (host.get("a").code, host.get("a").state, host.get("a").news) == (4, State.ENDED, 1)
        nursery.cancel_scope.cancel()
    assert told == [view.generation]
    async with at.served() as host:
        assert host.get("a").news == 1


async def test_a_worker_that_was_done_when_its_engine_died_is_ended_by_the_next(at: Hosting) -> None:
    async with at.served() as host:
        view = await at.start()
        await host.life("a").done("done", "all of it")
        assert (await at.terminals.alive())[0].key == view.generation
    async with at.served() as host:
        await eventually(lambda: host.get("a").over, "its end")
        assert (host.get("a").outcome, host.get("a").note) == ("done", "all of it")


async def test_what_a_killed_write_left_goes_with_the_next_engine(at: Hosting) -> None:
    async with at.served():
        await at.start()
    for folder in (at.folder(), at.profile.prompts):
        (folder / ".looop-0.tmp").write_text("x")
    async with at.served():
        assert (at.folder() / ".looop-0.tmp").exists()  # somebody may be writing it
    at.later += 100
    async with at.served():
        assert not list(at.profile.data.rglob(".looop-*.tmp"))


async def test_without_its_keeper_a_session_is_lost(at: Hosting) -> None:
    async with at.served():
        await at.start()
    at.terminals = FakeTerminals(now=at.now)
    async with at.served() as host:
        view = host.get("a")
        assert (view.state, view.code, view.news_name) == (State.LOST, None, "lost")
        assert "keeper" in view.evidence


async def test_after_another_boot_a_session_is_lost_with_its_machine(tmp_path: Path) -> None:
    at = Hosting(tmp_path)
    at.terminals = FakeTerminals(boot="another", now=at.now)
    async with at.served():
        await at.start()
    at.terminals = FakeTerminals(now=at.now)
    async with at.served() as host:
        assert "machine was started anew" in host.get("a").evidence


async def test_a_start_that_a_crash_cut_off_before_keeper_is_lost(at: Hosting) -> None:
    at.terminals.gone = False
    async with at.served():
        at.terminals.gone = True
        with pytest.raises(Problem, match="keeper has gone"):
            await at.start()
        assert at.host.living == 0
    at.terminals.gone = False
    async with at.served() as host:
        assert (host.get("a").state, "never started" in host.get("a").evidence) == (State.LOST, True)


async def test_a_start_that_a_crash_cut_off_before_its_meta_never_was(at: Hosting) -> None:
    async with at.served():
        await at.start()
        await at.finish(7)
    sessions.supersede(at.profile, "a")
    async with at.served() as host:
        assert host.get("a").code == 7
    assert names(at.profile.sessions) == ["a", "pulse"]


async def test_a_terminal_without_a_folder_is_ended(at: Hosting) -> None:
    async with at.served():
        view = await at.start()
    at.folder().rename(at.profile.data / "elsewhere")
    async with at.served() as host:
        await eventually(lambda: at.terminals.ended, "the end of the stray terminal")
        assert host.all() == ()
    assert at.terminals.ended == [(view.generation, 5.0)]


async def test_a_stray_file_in_the_place_of_a_session_is_named_and_stays(at: Hosting) -> None:
    at.folder().write_text("notes")
    async with at.served():
        with pytest.raises(Problem, match=r"sessions/a is a file .*move it away") as caught:
            await at.start()
        assert (caught.value.exit_code, caught.value.kind) == (Exit.REFUSED, "stray-file")
        assert at.folder().read_text() == "notes"


async def test_a_stray_file_in_the_place_of_a_session_that_was_keeps_no_engine_from_starting(
    at: Hosting,
) -> None:
    async with at.served():
        await at.start()
        await at.finish()
    at.folder().rename(at.folder("a@1"))
    at.folder().write_text("notes")
    async with at.served() as host:
        assert host.all() == ()
        assert (await at.start("b")).id == "b"
    assert at.folder().read_text() == "notes"
