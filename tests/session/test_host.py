"""Sessions over terminals in memory: started, ended, found again by the next engine, none of it twice."""

from pathlib import Path
from typing import Any

import pytest
import trio

from looop.core.problem import Exit, Problem
from looop.core.sessions import State
from looop.engine.fleet import observed
from looop.engine.sessions import Sessions
from looop.session.around import Ended
from looop.session.handing import House
from looop.session.host import Host
from looop.store import files, sessions
from support.folder import mode, names
from support.hosting import Hosting, eventually


def as_verbs_see(host: Host) -> Sessions:
    """Let the type checker compare the two."""
    return host


def as_flags_see(host: Host) -> House:
    return host


@pytest.fixture
def at(tmp_path: Path) -> Hosting:
    return Hosting(tmp_path)


async def test_a_started_session_lives_in_its_own_folder(at: Hosting) -> None:
    async with at.served() as host:
        view = await at.start("fix", prompt="repair it")
        assert not view.over
        assert [one.id for one in host.all()] == ["fix"]
        assert names(at.folder("fix"))[0] == "meta.json"
        assert host.leaders() == {view.pid: "fix"}
        assert host.living == 1


async def test_everything_written_for_a_session_is_private(at: Hosting) -> None:
    async with at.served():
        view = await at.start()
        brief = sessions.prompt_file(at.profile, "a", view.generation)
        assert [mode(path) for path in (at.folder(), at.folder() / "meta.json", brief)] == [
            0o700,
            0o600,
            0o600,
        ]


async def test_an_id_that_lives_is_refused(at: Hosting) -> None:
    async with at.served():
        await at.start()
        with pytest.raises(Problem, match=r"Session a lives: `looop restart a`") as caught:
            await at.start()
        assert (caught.value.exit_code, caught.value.kind) == (Exit.REFUSED, "live")


async def test_two_starts_of_one_id_at_once_start_one(at: Hosting) -> None:
    refused: list[str] = []

    async def start() -> None:
        try:
            await at.start()
        except Problem as problem:
            refused.append(problem.kind)

    async with at.served(), trio.open_nursery() as both:
        both.start_soon(start)
        both.start_soon(start)
    assert refused == ["live"]
    assert len(at.terminals.spawned) == 1


async def test_once_all_is_settled_the_first_process_of_each_is_known(at: Hosting) -> None:
    async with at.served() as host, trio.open_nursery() as both:
        both.start_soon(at.start)
        with trio.fail_after(30):
            while host.living == 0:
                await trio.lowlevel.checkpoint()
            early = dict(host.leaders())
            await host.settled()
        assert early == {}
        assert list(host.leaders().values()) == ["a"]


async def test_no_more_than_max_sessions_live(tmp_path: Path) -> None:
    at = Hosting(tmp_path, max_sessions=2)
    async with at.served():
        await at.start("a")
        await at.start("b")
        with pytest.raises(Problem, match="2 sessions live, and max_sessions is 2"):
            await at.start("c")
        await at.finish(0, "a")
        await at.start("c")


async def test_max_sessions_of_zero_is_no_limit(tmp_path: Path) -> None:
    at = Hosting(tmp_path, max_sessions=0)
    async with at.served():
        for name in "abcdefghij":
            await at.start(name)
    assert len(at.terminals.live) == 10


async def test_a_full_disk_refuses_a_start(at: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at.served():
        monkeypatch.setattr("looop.store.files.free_bytes", lambda _: (1 << 20, 1 << 40))
        with pytest.raises(Problem, match="the disk is full") as caught:
            await at.start()
        assert (caught.value.kind, at.terminals.spawned) == ("full-disk", [])


async def test_an_exit_code_is_kept(at: Hosting) -> None:
    async with at.served():
        await at.start()
        view = await at.finish(3)
        assert (view.state, view.code, view.outside, view.news_name) == (State.ENDED, 3, False, "ended")
    assert sessions.listed(at.profile)[0].known.code == 3


async def test_death_by_a_signal_is_128_and_its_number(at: Hosting) -> None:
    async with at.served():
        await at.start()
        view = await at.finish(signal=11)
        assert (view.state, view.code, view.outside) == (State.ENDED, 139, False)


@pytest.mark.parametrize("how", [{"signal": 9}, {"code": 137}])
async def test_a_sigkill_that_is_not_ours_came_from_outside(at: Hosting, how: dict[str, Any]) -> None:
    async with at.served():
        await at.start()
        view = await at.finish(**how)
        assert (view.state, view.code, view.outside) == (State.ENDED, 137, True)
        assert "killed from outside" in view.evidence


async def test_what_looop_kills_reads_killed(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        view = await host.kill("a")
        assert (view.state, view.code, view.outside) == (State.KILLED, 143, False)
        assert at.terminals.ended[0][1] == 5.0


async def test_kill_now_has_no_grace(tmp_path: Path) -> None:
    at = Hosting(tmp_path)
    at.terminals.stubborn = True
    async with at.served() as host:
        await at.start()
        view = await host.kill("a", now=True)
        assert (view.code, view.outside) == (137, False)


async def test_killing_what_has_ended_is_no_error(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        await at.finish(0)
        assert (await host.kill("a")).state is State.ENDED


async def test_every_end_is_told_to_those_who_asked_before_it_shows(at: Hosting) -> None:
    told: list[tuple[str, bool]] = []

    async def hear(life: Ended) -> None:
        told.append((life.meta.id, life.known.state.over))

    async with at.served() as host:
        host.around.on_end.append(hear)
        await at.start()
        await at.finish(0)
    assert told == [("a", False)]


async def test_an_end_counts_as_news_once_and_wakes_the_loop(at: Hosting) -> None:
    async with at.served():
        await at.start()
        before = at.pokes
        view = await at.finish(0)
        assert view.news == 1
        assert at.pokes == before + 1
    async with at.served() as host:
        assert host.get("a").news == 1


async def test_a_name_can_be_used_again_when_its_session_is_over(at: Hosting) -> None:
    async with at.served() as host:
        first = await at.start()
        at.say(b"old")
        await at.finish(7)
        second = await at.start()
        assert second.generation > first.generation
        assert names(at.profile.sessions) == ["a", "a@1", "pulse"]
        assert (host.get("a@1").code, host.get("a").code) == (7, None)
        assert (await host.read("a@1", 0)).data == b"old"


async def test_a_failed_start_changes_nothing(at: Hosting) -> None:
    async with at.served() as host:
        first = await at.start()
        await at.finish(7)
        briefs = names(at.profile.prompts)
        at.terminals.refuse = "no such shell"
        with pytest.raises(Problem, match="no such shell"):
            await at.start()
        assert (host.get("a").generation, host.living) == (first.generation, 0)
        assert names(at.profile.sessions) == ["a", "pulse"]
        assert names(at.profile.prompts) == briefs


async def test_what_on_start_refuses_is_not_started(at: Hosting) -> None:
    async def refuse(*_: object) -> None:
        raise Problem(Exit.NO, "no-draft", "There is no draft.")

    async with at.served() as host:
        host.around.on_start.append(refuse)
        with pytest.raises(Problem, match="no draft"):
            await at.start()
    assert (at.terminals.spawned, names(at.profile.sessions)) == ([], ["pulse"])


async def test_stray_things_among_the_sessions_stop_nothing(at: Hosting) -> None:
    (at.profile.sessions / "notes.txt").write_text("mine")
    (at.profile.sessions / "empty").mkdir()
    (at.profile.sessions / "broken").mkdir()
    (at.profile.sessions / "broken" / "meta.json").write_text("{")
    async with at.served() as host:
        await at.start()
        assert [view.id for view in host.all()] == ["a"]


async def test_an_unknown_name_is_told_the_nearest(at: Hosting) -> None:
    async with at.served() as host:
        await at.start("login")
        with pytest.raises(Problem, match="did you mean login") as caught:
            host.get("lgin")
        assert (caught.value.exit_code, caught.value.kind) == (Exit.MISSING, "no-session")


async def test_steering_what_is_over_says_how_it_ended(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        await at.finish(3)
        with pytest.raises(Problem, match=r"ended with exit code 3.*looop restart a") as caught:
            await host.press("a", ["Enter"])
        assert (caught.value.exit_code, caught.value.kind) == (Exit.NO, "over")


async def test_live_ones_come_before_ended_ones_newest_first(at: Hosting) -> None:
    async with at.served() as host:
        for name in "abc":
            await at.start(name)
        await at.finish(0, "a")
        at.later += 10
        await at.finish(0, "b")
        assert [view.id for view in host.all()] == ["c", "b", "a"]


async def test_the_loop_sees_each_session_without_volatile_numbers(at: Hosting) -> None:
    async with at.served() as host:
        await at.start(goal=None)
        await at.finish(2)
        (seen,) = map(observed, host.all())
    assert (seen.id, seen.state, seen.news, seen.exit_code, seen.ended) == ("a", "ended", 1, 2, True)


async def test_a_resize_shows_in_the_view(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        assert (await host.resize("a", 90, 30)).size == (90, 30)
        with pytest.raises(Problem, match="0x30 is no size"):
            await host.resize("a", 0, 30)


async def test_restart_runs_the_same_with_a_new_conversation(at: Hosting) -> None:
    async with at.served() as host:
        first = await at.start(command="work {{conversation}}")
        second = await host.restart("a", {"LANG": "C"})
        assert second.generation != first.generation
        orders = at.terminals.spawned
        assert orders[0].command != orders[1].command
        assert orders[1].env["LANG"] == "C"
        assert (host.get("a@1").state, host.living) == (State.KILLED, 1)


async def test_a_plain_command_has_nothing_to_resume(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        with pytest.raises(Problem, match="Session a lives") as caught:
            await host.resume("a", {})
        assert caught.value.kind == "no-resume"
        await at.finish(0)
        with pytest.raises(Problem, match=r"looop restart a") as caught:
            await host.resume("a", {})
        assert caught.value.kind == "no-resume"


async def test_all_can_be_ended_at_once(at: Hosting) -> None:
    async with at.served() as host:
        await at.start("a")
        await at.start("b")
        await host.end_all()
        assert {view.state for view in host.all()} == {State.KILLED}


async def test_what_is_being_started_while_all_are_ended_is_ended_too(at: Hosting) -> None:
    async with at.served() as host:
        await at.start("a")
        slow = trio.Event()
        host.around.on_start.append(lambda _meta, _folder: slow.wait())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(at.start, "b")
            await eventually(lambda: host.living == 2, "the start to begin")
            nursery.start_soon(host.end_all)
            await eventually(lambda: "a" in host.past, "the end of the first one")
            slow.set()
        assert {view.id: view.state for view in host.all()} == {"a": State.KILLED, "b": State.KILLED}


async def test_a_reader_stays_with_the_generation_that_it_began_with(at: Hosting) -> None:
    async with at.served() as host:
        name = sessions.exact("a", (await at.start()).generation)
        at.say(b"first")
        await eventually(lambda: host.get("a").offset == 5, "its output")
        assert (await host.read(name, 0)).data == b"first"
        await host.restart("a", {})
        at.say(b"second, and longer")
        await eventually(lambda: host.get("a").offset == 18, "the next one's output")
        piece = await host.read(name, 5)
        assert (piece.data, piece.ended) == (b"", True)
        assert (await host.ended(name)).state is State.KILLED
        with pytest.raises(Problem, match="no session"):
            host.get(sessions.exact("a", "01JZZ"))


async def test_pruning_all_passes_by_what_is_begun_anew_meanwhile(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at.served() as host:
        for name in "ab":
            await at.start(name)
            await at.finish(0, name)
        removed: list[str] = []
        begin, plain = trio.Event(), files.aside

        async def aside(work: Any, *given: Any) -> Any:
            if given[1:2] == ("a",) and not removed:
                removed.append("a")
                begin.set()
                await eventually(lambda: host.living == 2, "the start of the other one")
            return await plain(work, *given)

        monkeypatch.setattr(files, "aside", aside)
        slow = trio.Event()
        host.around.on_start.append(lambda _meta, _folder: slow.wait())
        async with trio.open_nursery() as nursery:

            async def again() -> None:
                await begin.wait()
                await at.start("b")

            nursery.start_soon(again)
            assert await host.prune(None) == ("a",)
            slow.set()
        assert "b" in host.lives


async def test_a_worker_that_is_done_ends_with_what_it_said(at: Hosting) -> None:
    async with at.served() as host:
        await at.start("a")
        await at.start("b")
        await host.done("a", "done", "it works")
        await host.done("b", "failed", "it does not")
        good, bad = await host.ended("a"), await host.ended("b")
    assert (good.state, good.code, good.outcome, good.note) == (State.ENDED, 0, "done", "it works")
    assert (bad.state, bad.code, bad.outcome) == (State.ENDED, 1, "failed")


async def test_changes_that_come_while_one_is_handled_are_not_missed(at: Hosting) -> None:
    seen: list[bool] = []
    async with at.served() as host:
        with trio.fail_after(30):
            async for _ in host.changes():
                seen.append(bool(host.all()))
                if seen == [False]:
                    await at.start()
                if seen[-1]:
                    break
    assert seen == [False, True]
