"""Without an engine the files still tell what was, and one sentence says what needs an engine."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from looop.core.problem import Exit, Problem
from looop.core.sessions import Known, Meta, Start, State
from looop.engine import holder
from looop.engine.offline import Offline
from looop.store import sessions
from looop.store.paths import Profile
from looop.store.sessions import Entry
from support.profiles import made_in


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def put(
    profile: Profile, name: str, known: Known, *, log: bytes = b"", end: int | None = None, number: int = 1
) -> Path:
    """Leave a generation's folder; `end` is the wait status that its keeper wrote down."""
    folder = sessions.folder(profile, name)
    folder.mkdir(mode=0o700)
    meta = Meta(name.partition("@")[0], f"01J{number}", "sh", "/", 100.0, number=number)
    sessions.write_meta(Entry(folder, meta, known))
    sessions.write_known(folder, known, durably=False)
    (folder / "output.log").write_bytes(log)
    lines = [{"at": 0, "t": 100.0, "pid": 7, "start": 1, "boot": "b"}, {"at": 0, "size": [80, 24]}]
    if end is not None:
        lines.append({"at": len(log), "t": 200.0, "end": end})
    (folder / "pty.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


OVER = Known(State.ENDED, 150.0, code=3, ended=150.0, sent=5)
LIVE = Known(State.WORKING, 150.0, source="output", said="its output goes on")


async def test_what_is_over_is_shown_read_and_searched(profile: Profile) -> None:
    put(profile, "x", OVER, log=b"old\r\n\x1b[1mnew\x1b[0m 12\r\n")
    offline = Offline(profile)
    view = offline.get("x")
    assert (view.state, view.code, view.size, view.offset) == (State.ENDED, 3, (80, 24), 21)
    assert (await offline.read("x", 5)).ended
    assert (await offline.read("x", 5, 7)).data == b"\x1b[1mnew"
    assert offline.tail("x", 1) == 5
    found = await offline.expect("x", r"new (\d+)")
    assert (found.text, found.groups, found.offset) == ("new 12", ("12",), 19)
    assert (await offline.expect("x", "old")).ended  # before the last `send`
    assert (await offline.expect("x", "old", since=0)).text == "old"
    assert (await offline.expect("x", "new", now=True)).ended
    assert (await offline.expect("x", "^new 12$", screen=True)).text == "new 12"
    assert (await offline.ended("x")).code == 3
    assert (await offline.idle("x", 1.0)).why == "ended"
    assert (await offline.shot("x")).text[:2] == ("old", "new 12")
    await offline.grown("x", 99)


async def test_an_end_that_only_keeper_saw_is_known(profile: Profile) -> None:
    put(profile, "failed", LIVE, end=5 << 8)
    put(profile, "shot", LIVE, end=9)
    views = {view.id: view for view in Offline(profile).all()}
    assert (views["failed"].state, views["failed"].code, views["failed"].ended) == (State.ENDED, 5, 200.0)
    assert views["shot"].code == 137


async def test_nobody_left_who_would_know_is_lost_and_a_living_keeper_makes_it_unknown(
    profile: Profile,
) -> None:
    put(profile, "x", LIVE)
    assert Offline(profile).get("x").state is State.LOST
    profile.keeper_lock.write_bytes(holder.myself())
    assert Offline(profile).get("x").state is State.UNKNOWN


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.ended("x"),
        lambda it: it.expect("x", "y"),
        lambda it: it.idle("x", 1.0),
        lambda it: it.kill("x"),
        lambda it: it.type("x", "y", enter=True, paste=False),
        lambda it: it.press("x", ["Enter"]),
        lambda it: it.freeze("x"),
        lambda it: it.thaw("x"),
        lambda it: it.resize("x", 1, 1),
        lambda it: it.restart("x", {}),
        lambda it: it.resume("x", {}),
        lambda it: it.start(Start("y", "z")),
        lambda it: it.detach("x"),
    ],
)
async def test_what_needs_an_engine_says_so(
    profile: Profile, ask: Callable[[Offline], Awaitable[object]]
) -> None:
    put(profile, "x", LIVE)
    profile.keeper_lock.write_bytes(holder.myself())
    with pytest.raises(Problem, match="looop up") as caught:
        await ask(Offline(profile))
    assert (caught.value.exit_code, caught.value.kind) == (Exit.UNREACHABLE, "no-engine")


async def test_what_is_over_is_neither_typed_into_nor_killed_again(profile: Profile) -> None:
    put(profile, "x", OVER)
    with pytest.raises(Problem, match="exit code 3") as caught:
        await Offline(profile).type("x", "y", enter=True, paste=False)
    assert caught.value.kind == "over"
    assert (await Offline(profile).kill("x")).code == 3


@pytest.mark.parametrize("name", ["y", "../x", "", "pulse", "x@2", "a\nb", "\u202e", "x" * 300])
def test_an_unknown_id_is_missing_and_shown_without_harm(profile: Profile, name: str) -> None:
    put(profile, "x", OVER)
    with pytest.raises(Problem) as caught:
        Offline(profile).get(name)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.MISSING, "no-session")
    assert caught.value.text.isprintable()


def test_the_order_is_what_waits_then_what_lives_then_what_ended_last(profile: Profile) -> None:
    put(profile, "first", OVER)
    put(profile, "last", Known(State.ENDED, 160.0, code=0, ended=160.0))
    put(profile, "live", LIVE)
    profile.keeper_lock.write_bytes(holder.myself())
    asks = put(profile, "asks", LIVE)
    (asks / "flag.json").write_text('{"number":1,"text":"?","raised":1.0}')
    assert [view.id for view in Offline(profile).all()] == ["asks", "live", "last", "first"]


def test_stray_folders_are_no_sessions(profile: Profile) -> None:
    put(profile, "x", OVER)
    (profile.sessions / "half").mkdir()
    (profile.sessions / "file").write_text("")
    (profile.sessions / "wrong").mkdir()
    (profile.sessions / "wrong" / "meta.json").write_bytes(b"\xff{")
    os.mkfifo(profile.sessions / "fifo")
    assert [view.id for view in Offline(profile).all()] == ["x"]


async def test_ended_generations_are_removed_but_for_those_that_somebody_waits_for(profile: Profile) -> None:
    put(profile, "x@1", OVER)
    put(profile, "x", OVER, number=2)
    asks = put(profile, "asks", OVER)
    (asks / "flag.json").write_text('{"number":1,"text":"?","raised":1.0}')
    put(profile, "lives", LIVE)
    profile.keeper_lock.write_bytes(holder.myself())
    assert await Offline(profile).prune(None) == ("x@1", "x")
    assert [view.id for view in Offline(profile).all()] == ["asks", "lives"]


def test_a_start_is_checked_as_far_as_the_files_tell(profile: Profile) -> None:
    put(profile, "x", LIVE)
    profile.keeper_lock.write_bytes(holder.myself())
    offline = Offline(profile)
    offline.check_start(Start("y", "", command="sh"))
    for order, kind in (
        (Start("x", "", command="sh"), "live"),
        (Start("../x", "", command="sh"), "bad-name"),
        (Start("y", "", command="sh", env={"LOOOP_MAX_SESSIONS": "1"}), "too-many"),
    ):
        with pytest.raises(Problem) as caught:
            offline.check_start(order)
        assert caught.value.kind == kind


async def test_changes_are_told_at_once(profile: Profile) -> None:
    changes = Offline(profile).changes()
    await anext(changes)
    await changes.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_an_engine_that_lives_and_does_not_answer_is_named(profile: Profile) -> None:
    put(profile, "x", LIVE)
    profile.lock.write_bytes(holder.myself())
    profile.keeper_lock.write_bytes(holder.myself())
    with pytest.raises(Problem, match=rf"x can't be ended, for its engine \(pid {os.getpid()}\) does not"):
        await Offline(profile).kill("x")


async def test_an_end_that_only_keeper_saw_is_explained_with_its_last_output(profile: Profile) -> None:
    put(profile, "x", LIVE, log=b"hello", end=0)
    explained = await Offline(profile).explain("x")
    assert (explained.state, explained.output is None) == (State.ENDED, False)


def test_a_log_that_became_a_link_hides_no_session(profile: Profile) -> None:
    log = put(profile, "x", OVER, log=b"hello") / "output.log"
    log.unlink()
    log.symlink_to("/dev/null")
    assert [view.id for view in Offline(profile).all()] == ["x"]


def test_a_check_that_no_engine_runs_any_more_is_not_known(profile: Profile) -> None:
    put(profile, "x", Known(State.ENDED, 150.0, code=0, ended=150.0, verdict="being checked"))
    assert Offline(profile).get("x").verdict == "not known"
    profile.lock.write_bytes(holder.myself())
    assert Offline(profile).get("x").verdict == "being checked"
