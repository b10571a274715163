"""Waiting for words and for quiet, typing and pressing: on output that a test adds."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
import trio
import trio.testing

from looop.core.problem import Exit, Problem
from looop.core.sessions import Expected, Known, Meta, State
from looop.core.states import FIRST_OUTPUT, FIRST_SCREEN
from looop.session import follow
from looop.session.screen import Modes
from looop.session.terminals import Then


@dataclass
class Terminal:
    """A live generation in memory. `echo` is what each write brings forth."""

    log: bytes = b""
    cut: int = 0
    ended: bool = False
    echo: bytes = b""
    modes: Modes = field(default_factory=Modes)
    meta: Meta = field(default_factory=lambda: Meta("x", "01J", "sh", "/", 0.0))
    known: Known = field(default_factory=Known)
    writes: list[bytes] = field(default_factory=list)
    sent: list[int | None] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    thens: list[Then | None] = field(default_factory=list)
    news: trio.Event = field(default_factory=trio.Event)
    shown: Sequence[str] = ()

    def add(self, data: bytes) -> None:
        self.log += data
        self.news.set()
        self.news = trio.Event()

    def stop(self) -> None:
        self.ended = True
        self.add(b"")

    def end(self) -> int:
        return len(self.log)

    async def read(self, offset: int, limit: int = 65536) -> tuple[int, bytes]:
        begin = max(offset, self.cut)
        return begin, self.log[begin : begin + limit]

    async def grown(self, offset: int) -> None:
        while len(self.log) <= offset and not self.ended:
            await self.news.wait()

    async def type(
        self, data: bytes, once: str = "", *, sent: int | None = None, then: Then | None = None
    ) -> int:
        self.named.append(once)
        self.thens.append(then)
        offset = len(self.log)
        self.writes.append(data)
        self.sent.append(sent)
        if self.echo:
            self.add(self.echo)
        return offset

    async def rows(self) -> tuple[int, tuple[str, ...]]:
        return len(self.log), tuple(self.shown)


async def test_what_is_there_already_counts_at_once_with_its_groups_and_the_offset_behind_it() -> None:
    it = Terminal(b"\x1b[32mall 12 ok\x1b[0m\r\n$ ")
    assert await follow.expect(it, r"(\d+) ok", 0) == Expected("12 ok", ("12",), 14)


async def test_a_match_is_found_across_pieces_and_sequences_in_its_middle() -> None:
    it = Terminal(b"REA")
    found: list[Expected] = []

    async def wait() -> None:
        found.append(await follow.expect(it, "READY$", 0))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        for piece in (b"\x1b[3", b"1mD", b"\x1b[0m", b"Y\r", b"\n"):
            await trio.testing.wait_all_tasks_blocked()
            it.add(piece)
    assert found == [Expected("READY", (), 14)]


async def test_what_begins_before_never_counts_so_that_nothing_is_found_twice() -> None:
    it = Terminal(b"tick 1\r\ntick 2\r\n", ended=True)
    first = await follow.expect(it, r"tick \d", 0)
    second = await follow.expect(it, r"tick \d", first.offset)
    third = await follow.expect(it, r"tick \d", second.offset)
    assert (first.text, second.text, third.ended) == ("tick 1", "tick 2", True)
    assert (await follow.expect(it, r"ck \d", 2)).text == "ck 1"
    assert (await follow.expect(it, r"tick 1", 1)).ended


async def test_the_beginning_of_a_line_is_known_though_it_was_before() -> None:
    it = Terminal(b"prompt> ls\r\n", ended=True)
    assert (await follow.expect(it, "^ls", 8)).ended
    assert (await follow.expect(it, r"\bls", 8)).text == "ls"


async def test_a_beginning_in_the_middle_of_a_sequence_shows_nothing_of_it() -> None:
    it = Terminal(b"a\x1b[38;5;123mb", ended=True)
    assert (await follow.expect(it, "m|5", 5)).ended
    assert (await follow.expect(it, "b", 5)).offset == 13


async def test_an_end_without_a_match_says_so() -> None:
    it = Terminal(b"nothing")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_stop_soon, it)
        assert await follow.expect(it, "something", 0) == Expected(offset=7, ended=True)


async def test_a_flood_is_searched_with_a_bounded_memory_and_the_match_keeps_its_offset() -> None:
    it = Terminal(b"x" * 3_000_000 + b"\r\nneedle\r\n", ended=True)
    assert await follow.expect(it, "needle", 0) == Expected("needle", (), 3_000_008)


async def test_a_head_that_was_cut_joins_nothing_together() -> None:
    it = Terminal(b"__abcdef", cut=5, ended=True)
    assert (await follow.expect(it, "d", 0)).offset == 6
    assert (await follow.expect(it, "^d|^def", 0)).ended is False
    assert (await follow.expect(it, "_|a", 0)).ended


async def test_any_pattern_that_is_none_is_refused_before_anything_is_read() -> None:
    with pytest.raises(Problem, match="look-around"):
        await follow.expect(Terminal(), "(?=a)", 0)


async def test_a_screen_counts_as_it_is_and_again_when_it_changes(
    autojump_clock: trio.testing.MockClock,
) -> None:
    it = Terminal(b"old words", shown=("Do you want", "to go on?"))
    assert (await follow.expect(it, "want\nto", 0, screen=it)).text == "want\nto"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_show_soon, it, ("done",))
        assert await follow.expect(it, "^done$", 0, screen=it) == Expected("done", (), 10)
    it.ended = True
    assert (await follow.expect(it, "words", 0, screen=it)).ended


async def test_quiet_is_waited_for_from_now_on(autojump_clock: trio.testing.MockClock) -> None:
    it = Terminal()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_drip, it, 5, 0.3)
        began = trio.current_time()
        assert await follow.settled(it, 0.5) == "settled"
    assert trio.current_time() - began == pytest.approx(2.0)


async def test_an_end_is_an_end_of_waiting_for_quiet(autojump_clock: trio.testing.MockClock) -> None:
    it = Terminal()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_stop_soon, it)
        assert await follow.settled(it, 1000) == "ended"


async def test_enter_is_a_write_of_its_own_and_what_came_back_says_it_was_taken(
    autojump_clock: trio.testing.MockClock,
) -> None:
    it = Terminal(b"> ", echo=b".")
    typed = await follow.typed(it, "hello", enter=True, paste=False)
    assert (it.writes, typed.offset, typed.how) == ([b"hello", b"\r"], 2, "submitted")
    assert it.sent == [None, 2]  # what follows `send` begins before the text, not before Enter


async def test_enter_is_left_with_the_text_and_then_asked_for(autojump_clock: trio.testing.MockClock) -> None:
    it = Terminal()
    await follow.typed(it, "go", enter=True, paste=False)
    then, behind = it.thens
    assert then is not None
    assert (then.data, behind, it.named, it.writes) == (b"\r", None, ["", then.once], [b"go", b"\r"])
    assert then.within > 1.2  # an echo is waited for as long
    await follow.typed(it, "go", enter=True, paste=False)
    assert it.named[3] != then.once
    await follow.typed(it, "", enter=True, paste=False)
    await follow.typed(it, "go", enter=False, paste=False)
    assert (it.thens[4:], it.named[4:]) == ([None, None], ["", ""])


async def test_what_is_typed_to_a_frozen_program_is_queued_although_its_terminal_echoes() -> None:
    it = Terminal(echo=b"x", known=Known(state=State.FROZEN, frozen=True))
    assert (await follow.typed(it, "x", enter=True, paste=False)).how == "queued"


async def test_typing_returns_when_a_program_reads_nothing(autojump_clock: trio.testing.MockClock) -> None:
    class Deaf(Terminal):
        async def type(
            self, data: bytes, once: str = "", *, sent: int | None = None, then: Then | None = None
        ) -> int:
            await super().type(data, once, sent=sent, then=then)
            await trio.sleep_forever()

    it = Deaf()
    assert (await follow.typed(it, "hello", enter=True, paste=False)).how == "queued"
    assert (await follow.pressed(it, ["C-c"])).how == "queued"
    assert it.writes == [b"hello", b"\r", b"\x03"]


async def test_silence_after_enter_is_unknown_and_an_agent_at_work_queues(
    autojump_clock: trio.testing.MockClock,
) -> None:
    it = Terminal()
    assert (await follow.typed(it, "x", enter=True, paste=False)).how == "unknown"
    it.meta = Meta("x", "01J", "claude", "/", 0.0, runner="claude")
    it.known = Known(state=State.WORKING)
    assert (await follow.typed(it, "x", enter=True, paste=False)).how == "queued"


@pytest.mark.parametrize("screen", [b"> ", b""])
async def test_nothing_is_typed_before_a_starting_agent_has_drawn_its_first_screen(
    screen: bytes, autojump_clock: trio.testing.MockClock
) -> None:
    it = Terminal(meta=Meta("x", "01J", "claude", "/", 0.0, runner="claude"))
    before: list[int] = []

    async def start() -> None:
        await trio.sleep(5)
        before.append(len(it.writes))
        it.add(screen)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(start)
        await follow.typed(it, "hello", enter=True, paste=False)
    assert (before, it.writes) == ([0], [b"hello", b"\r"])
    assert trio.current_time() < 35


async def test_what_starts_has_settled_only_after_it_has_shown_something(
    autojump_clock: trio.testing.MockClock,
) -> None:
    began = trio.current_time()
    for known, agent in (
        (Known(State.STARTING), True),
        (Known(State.STARTING), False),
        (Known(State.WORKING), True),
    ):
        await follow.begun(Terminal(), known, agent=agent)
    assert trio.current_time() - began == FIRST_SCREEN + FIRST_OUTPUT


async def test_a_match_that_a_piece_cuts_off_waits_for_the_next_piece() -> None:
    it = Terminal(b"n=" + b"1" * follow.CHUNK + b"x", ended=True)
    assert (await follow.expect(it, "n=1+", 0)).text == "n=" + "1" * follow.CHUNK
    assert (await follow.expect(it, "(1+)+$", 0)).ended


async def test_several_lines_go_in_brackets_only_where_they_were_asked_for(
    autojump_clock: trio.testing.MockClock,
) -> None:
    it = Terminal()
    await follow.typed(it, "a\r\nb", enter=False, paste=False)
    it.modes = Modes(bracketed_paste=True)
    await follow.typed(it, "a\nb", enter=False, paste=False)
    await follow.typed(it, "one", enter=False, paste=False)
    await follow.typed(it, "one", enter=False, paste=True)
    assert it.writes == [b"a\rb", b"\x1b[200~a\rb\x1b[201~", b"one", b"\x1b[200~one\x1b[201~"]


async def test_nothing_but_enter_is_typed_for_an_empty_text(autojump_clock: trio.testing.MockClock) -> None:
    it = Terminal(modes=Modes(bracketed_paste=True))
    await follow.typed(it, "", enter=True, paste=True)
    assert it.writes == [b"\r"]


@pytest.mark.parametrize("text", ["\x1b[201~rm -rf /", "a\x03", "\x00", "\x9b31m", "\x7f", "a\rb", "\udc9b"])
async def test_no_control_character_is_typed(text: str) -> None:
    it = Terminal()
    with pytest.raises(Problem) as caught:
        await follow.typed(it, text, enter=True, paste=False)
    assert (caught.value.exit_code, caught.value.kind, it.writes) == (Exit.USAGE, "bad-text", [])


async def test_keys_are_pressed_at_once_and_those_behind_esc_a_moment_later(
    autojump_clock: trio.testing.MockClock,
) -> None:
    it = Terminal(b"..", modes=Modes(application_cursor=True))
    pressed = await follow.pressed(it, ["Up", "Esc", "x", "Enter"])
    assert (it.writes, pressed.offset, pressed.how) == ([b"\x1bOA\x1b", b"x\r"], 2, "pressed")
    assert it.sent == [None, 2]


async def test_no_key_is_pressed_when_one_of_them_is_none() -> None:
    it = Terminal()
    with pytest.raises(Problem, match="Enter"):
        await follow.pressed(it, ["Esc", "Entr"])
    assert it.writes == []


async def _stop_soon(it: Terminal) -> None:
    await trio.testing.wait_all_tasks_blocked()
    it.stop()


async def _show_soon(it: Terminal, rows: Sequence[str]) -> None:
    await trio.testing.wait_all_tasks_blocked()
    it.shown = rows
    it.add(b"!")


async def _drip(it: Terminal, times: int, every: float) -> None:
    for _ in range(times):
        await trio.sleep(every)
        it.add(b".")
