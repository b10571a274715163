"""Logs are shown, and followed until the caller leaves; at each step the call says how to go on elsewhere."""

import json

import pytest
import trio

from looop.cli.console import FakeCall
from looop.core.problem import Exit
from looop.store import events, files
from looop.store.paths import Profile
from support.verbs import Looop


async def until(call: FakeCall, words: str) -> None:
    """Wait for words on the call's stdout."""
    with trio.fail_after(30):
        while words not in call.stdout:
            await trio.sleep(0.01)


@pytest.mark.parametrize(
    "argv", [("log", "pulse", "-f"), ("log", "--follow"), ("watch",), ("watch", "pulse")]
)
async def test_following_shows_the_last_lines_and_what_comes(
    looop: Looop, profile: Profile, nursery: trio.Nursery, argv: tuple[str, ...]
) -> None:
    for number in range(3):
        files.append(profile.pulse_log, f"old {number}")
    call = FakeCall()
    nursery.start_soon(lambda: looop(*argv, call=call))
    await until(call, "old 2\n")
    files.append(profile.pulse_log, "\x1b]0;evil\x07new")
    await until(call, "new\n")
    assert call.stdout == "old 0\nold 1\nold 2\nnew\n"
    nursery.cancel_scope.cancel()


async def test_a_follower_in_an_engine_reads_in_a_thread_and_sees_the_same(
    relayed: Looop, profile: Profile, nursery: trio.Nursery
) -> None:
    call = FakeCall()
    nursery.start_soon(lambda: relayed("log", "-f", call=call))
    files.append(profile.pulse_log, "one")
    await until(call, "one\n")
    nursery.cancel_scope.cancel()


async def test_a_follower_says_where_to_go_on_so_that_nothing_is_lost_or_shown_twice(
    looop: Looop, profile: Profile, nursery: trio.Nursery
) -> None:
    files.append(profile.pulse_log, "one")
    call = FakeCall()
    nursery.start_soon(lambda: looop("log", "-f", "--tail", "1", call=call))
    await until(call, "one\n")
    await trio.testing.wait_all_tasks_blocked(0.05)
    nursery.cancel_scope.cancel()
    assert call.resumes == [("log", "pulse", "-f", "--since", str(offset)) for offset in (0, 4, 4)]
    assert call.handed == [("one\n", call.resumes[-1])]
    files.append(profile.pulse_log, "two")
    again = FakeCall()
    async with trio.open_nursery() as second:
        second.start_soon(lambda: looop(*call.resumes[-1], call=again))
        await until(again, "two\n")
        second.cancel_scope.cancel()
    assert again.stdout == "two\n"


async def test_a_log_of_machines_gives_lines_and_the_next_offset(looop: Looop, profile: Profile) -> None:
    for number in range(3):
        files.append(profile.pulse_log, f"line {number}")
    value = (await looop("log", "pulse", "--tail", "2", "--json")).value
    assert (value["lines"], value["next_offset"]) == (["line 1", "line 2"], 21)
    assert (await looop("log", "--since", "7")).out == "line 1\nline 2\n"
    assert (await looop("log", "--since", "21")).out == ""


async def test_a_rotated_log_is_shown_across_its_rotation(looop: Looop, profile: Profile) -> None:
    files.append(profile.pulse_log, "before")
    files.rotate(profile.pulse_log, 1, keep_all=False)
    files.append(profile.pulse_log, "after")
    assert (await looop("log")).out == "before\nafter\n"


async def test_raw_gives_the_bytes_as_they_are(looop: Looop, profile: Profile) -> None:
    files.append(profile.pulse_log, "\x1b[31mred")
    assert (await looop("log", "--raw")).out == "\x1b[31mred\n"
    assert (await looop("log")).out == "red\n"


async def test_lines_are_chosen_by_a_pattern(looop: Looop, profile: Profile) -> None:
    for text in ("tea", "\x1b[1mcoffee", "teapot", "water"):
        files.append(profile.pulse_log, text)
    assert (await looop("log", "--grep", "^(tea|cof)")).out == "tea\ncoffee\nteapot\n"
    assert (await looop("log", "--grep", "tea", "--tail", "1")).out == "teapot\n"


async def test_a_log_of_no_session_is_missing(looop: Looop) -> None:
    said = await looop("log", "pluse", "--json")
    assert said.problem == (Exit.MISSING, "no-session")


async def test_events_are_followed_as_one_object_a_line(
    looop: Looop, profile: Profile, nursery: trio.Nursery
) -> None:
    events.emit(profile, "first", text="\u202e\x1b[2J", at=1.0)
    call = FakeCall()
    nursery.start_soon(lambda: looop("events", "-f", "--json", call=call))
    await until(call, "first")
    events.emit(profile, "second", at=2.0, number=3)
    await until(call, "second")
    nursery.cancel_scope.cancel()
    first, second = map(json.loads, call.stdout.splitlines())
    assert first == {"v": 1, "at": 1.0, "event": "first", "text": "\u202e\x1b[2J"}
    assert second == {"v": 1, "at": 2.0, "event": "second", "number": 3}
    assert "\x1b" not in call.stdout
    assert call.resumes[0] == ("events", "-f", "--json", "--since", "0")


async def test_a_torn_event_is_passed_over(looop: Looop, profile: Profile) -> None:
    events.emit(profile, "first", at=1.0)
    with profile.events.open("a") as file:
        file.write('{"v":1,"at":')
    assert [event["event"] for event in (await looop("events", "--json")).value["events"]] == ["first"]
