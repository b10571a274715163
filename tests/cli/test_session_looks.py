"""The verbs that look at sessions and wait for them: what each shows, and how waiting goes on elsewhere."""

import json
import time

import pytest
import trio
import trio.testing

from looop.cli import session_log
from looop.cli.console import FakeCall
from looop.cli.show import encode
from looop.core.problem import Exit
from looop.core.sessions import State
from looop.engine.call import Tty
from support.verbs import FakeEngine, Looop


@pytest.fixture
def screen() -> FakeCall:
    return FakeCall(tty=Tty(stdout=True, columns=60, lines=14))


async def until(call: FakeCall, words: str) -> None:
    with trio.fail_after(30):
        while words not in call.stdout:
            await trio.sleep(0.01)


@pytest.mark.parametrize("flags", [("--tail", "0"), ("--since", "0")])
async def test_a_whole_log_for_machines_is_one_value_told_in_pieces(
    relayed: Looop, engine: FakeEngine, flags: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = list[int]()

    def noted(value: object) -> str:
        text = encode(value)
        told.append(len(text))
        return text

    monkeypatch.setattr(session_log, "encode", noted)
    lines = [f"line {number}" for number in range(30_000)] + ["v", '"'] + ["end"] * 30_000
    engine.sessions.add("x", log="\n".join(lines).encode() + b"\n")
    value = (await relayed("log", "x", *flags, "--json")).value
    assert value["lines"] == lines
    assert max(told) < 200_000
    assert (value["id"], value["v"], value["cut"]) == ("x", 1, None)


async def test_sessions_are_listed_flagged_ones_first(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("done", note="\x1b[2Jall \u202ewell").end_with(0)
    engine.sessions.add("works")
    engine.sessions.add("asks").flag(3, "which one?\nthe red one?")
    said = await relayed("ls")
    rows = said.out.splitlines()
    assert [row.split()[2 if "⚑" in row else 0] for row in rows] == ["asks", "works", "done"]
    assert "which one? the red one?" in rows[0]
    assert "\x1b" not in said.out
    assert "\u202e" not in said.out


async def test_no_sessions_is_no_mistake(relayed: Looop) -> None:
    assert (await relayed("ls")).out == "No sessions: `looop start-session` starts one.\n"


async def test_a_screen_is_shown_at_its_own_size(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x", size=(10, 4)).rows = ("one", "", "three")
    assert (await relayed("shot", "x")).out == "one\n\nthree\n\n"
    assert (await relayed("shot", "x", "--trim")).out == "one\n\nthree\n"
    assert (await relayed("shot", "x", "--ansi", "--trim")).out == "one\n\nthree\n"
    assert (await relayed("shot", "x", "--svg")).out.startswith("<svg ")
    assert (await relayed("shot", "x", "--svg", "--json")).problem == (Exit.USAGE, "bad-value")


async def test_a_log_is_plain_text_unless_it_is_wanted_raw(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x", log=b"\x1b[31mred\x1b[0m\r\n\x1b]0;t\x07two \xe2\x80\xaex\r\nrest")
    assert (await relayed("log", "x")).out == "red\ntwo <U+202E>x\nrest\n"
    assert (await relayed("log", "x", "--raw", "--tail", "1")).out == "rest"
    assert (await relayed("log", "x", "--grep", "^t|es")).out == "two <U+202E>x\nrest\n"
    value = (await relayed("log", "x", "--tail", "2", "--json")).value
    assert value == {"v": 1, "id": "x", "lines": ["two <U+202E>x", "rest"], "next_offset": 34, "cut": None}
    assert (await relayed("log", "x", "--since", "14")).out == "two <U+202E>x\nrest\n"


async def test_a_log_whose_head_was_cut_says_so_where_it_was_asked_for(
    relayed: Looop, engine: FakeEngine
) -> None:
    engine.sessions.add("x", log=b"0123456789\nkept\n").cut = 11
    assert (await relayed("log", "x", "--tail", "1")).out == "kept\n"
    assert (await relayed("log", "x", "--tail", "0")).out == (
        "[looop: 11 bytes of output before this were cut (session_log_max_bytes)]\nkept\n"
    )
    assert (await relayed("log", "x", "--since", "0", "--json")).value["cut"] == 11
    raw = await relayed("log", "x", "--tail", "0", "--raw")
    assert (raw.out, "11 bytes" in raw.err) == ("kept\n", True)


@pytest.mark.parametrize(
    "argv", [("log", "x", "--grep", "(?=a)"), ("expect", "x", "(a"), ("log", "pulse", "--grep", "*")]
)
async def test_a_bad_pattern_is_a_usage_mistake(
    relayed: Looop, engine: FakeEngine, argv: tuple[str, ...]
) -> None:
    engine.sessions.add("x", log=b"a\n")
    assert (await relayed(*argv, "--json")).problem == (Exit.USAGE, "bad-pattern")


async def test_a_followed_log_shows_half_lines_goes_on_elsewhere_and_ends_with_its_session(
    relayed: Looop, engine: FakeEngine
) -> None:
    it = engine.sessions.add("x", log=b"one\r\nName? ")
    call = FakeCall()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: relayed("log", "x", "-f", call=call))
        await until(call, "Name? ")
        it.add(b"\x1b[1mAnna\r")
        await until(call, "Anna")
        it.add(b"\nbye")
        it.end_with(0)
    assert call.stdout == "one\nName? Anna\nbye\n"
    assert call.resumes[0] == ("log", "x@01JX", "-f", "--since", "0")
    assert ("log", "x@01JX", "-f", "--since", "19") in call.resumes  # before the \r, whose \n has not come
    assert "".join(text for text, _ in call.handed) == call.stdout, "text that is told without its offset"


async def test_what_is_expected_is_printed_with_what_scripts_need(relayed: Looop, engine: FakeEngine) -> None:
    it = engine.sessions.add("x", log=b"old ok 1\r\n", sent=10)
    it.add(b"new ok 2\r\n")
    assert (await relayed("expect", "x", r"ok \d")).out == "ok 2\n"
    value = (await relayed("expect", "x", r"ok (\d)(x)?", "--since", "0", "--json")).value
    assert value == {"v": 1, "id": "x", "text": "ok 1", "groups": ["1", None], "offset": 8}
    it.rows = ("on screen",)
    assert (await relayed("expect", "x", "^on", "--screen")).out == "on\n"
    assert (await relayed("expect", "x", "y", "--screen", "--from-now", "--json")).problem == (
        Exit.USAGE,
        "bad-value",
    )


async def test_expecting_goes_on_elsewhere_from_the_same_offset_to_the_same_moment(
    relayed: Looop, engine: FakeEngine
) -> None:
    engine.sessions.add("x", log=b"0123456789")
    call, before = FakeCall(), time.time()
    said = await relayed("expect", "x", "-a", "--from-now", "--timeout", "300ms", call=call)
    assert said.code == Exit.TIMEOUT
    (again,) = call.resumes
    assert again[:4] == ("expect", "--since", "10", "--deadline")
    assert before <= float(again[4]) - 0.3 <= time.time()
    assert again[5:] == ("--", "x@01JX", "-a")
    second = FakeCall()
    assert (await relayed(*again, call=second)).code == Exit.TIMEOUT
    assert second.resumes == [again]


async def test_what_does_not_come_before_the_end_is_a_no(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x", log=b"log").end_with(7)
    said = await relayed("expect", "x", "never", "--json")
    assert said.problem == (Exit.NO, "ended")
    assert "ended(7)" in said.err
    assert (await relayed("expect", "x", "log")).code == 0


@pytest.mark.parametrize(("code", "given"), [(0, 0), (7, 7), (143, 143), (255, 255)])
async def test_wait_has_the_exit_code_of_the_session(
    relayed: Looop, engine: FakeEngine, code: int, given: int
) -> None:
    engine.sessions.add("x").end_with(code)
    assert (await relayed("wait", "x")).code == given


async def test_wait_returns_when_it_ends(relayed: Looop, engine: FakeEngine) -> None:
    it = engine.sessions.add("x")
    codes: list[int] = []

    async def wait() -> None:
        codes.append((await relayed("wait", "x")).code)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        it.end_with(9)
    assert codes == [9]


async def test_waits_own_failures_are_124_and_125_with_a_kind(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x")
    engine.sessions.add("gone").end_with(None, State.LOST)
    assert (await relayed("wait", "x", "--timeout", "10ms", "--json")).problem == (124, "timeout")
    assert (await relayed("wait", "gone", "--json")).problem == (125, "no-code")
    assert (await relayed("wait", "nobody", "--json")).problem == (125, "no-session")
    assert (await relayed("wait", "x", "--timeout", "soon", "--json")).problem == (125, "bad-value")


async def test_quiet_is_waited_for_and_its_reason_told(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x")
    assert (await relayed("wait-idle", "x", "--settle", "10ms")).out.startswith("settled: x is working")
    engine.sessions.there["x"].end_with(0)
    assert (await relayed("wait-idle", "x", "--json")).value["why"] == "ended"
    engine.sessions.add("y")
    said = await relayed("wait-idle", "y", "--settle", "1h", "--timeout", "10ms", "--json")
    assert said.problem == (124, "timeout")


async def test_a_session_is_watched_as_a_picture_on_a_terminal(
    relayed: Looop, engine: FakeEngine, screen: FakeCall
) -> None:
    it = engine.sessions.add("x", size=(80, 20))
    it.rows = tuple(f"row {number} {'.' * 80}" for number in range(17))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: relayed("watch", "x", call=screen))
        await until(screen, "row 16")
        assert "row 2 " not in screen.stdout  # the lower rows are what fits
        it.rows = ("news",)
        it.add(b".")
        await until(screen, "news")
        it.end_with(0)
    assert "\x1b[?" not in screen.stdout  # nothing that would have to be taken back
    assert max(len(row.split("\x1b[K")[0]) for row in screen.stdout.split("\r\n")[1:]) <= 60


async def test_elsewhere_a_session_is_watched_as_its_log(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("x", log=b"\x1b[1mhello\r\n").end_with(0)
    assert (await relayed("watch", "x")).out == "hello\n"


async def test_a_bare_watch_is_everything_at_a_glance(
    relayed: Looop, engine: FakeEngine, screen: FakeCall, nursery: trio.Nursery
) -> None:
    engine.sessions.add("one")
    nursery.start_soon(lambda: relayed("watch", call=screen))
    await until(screen, "one  working")
    engine.sessions.add("two")
    await until(screen, "two  working")
    assert "pulse " in screen.stdout
    nursery.cancel_scope.cancel()


async def test_a_list_is_told_again_when_it_changed(
    relayed: Looop, engine: FakeEngine, nursery: trio.Nursery
) -> None:
    call = FakeCall()
    nursery.start_soon(lambda: relayed("ls", "--watch", "--json", call=call))
    await until(call, "\n")
    engine.sessions.add("new")
    await until(call, '"new"')
    nursery.cancel_scope.cancel()
    lists = [json.loads(text)["sessions"] for text in call.stdout.splitlines()]
    assert [len(found) for found in lists] == [0, 1]
