"""A terminal on a session: what it is shown, whose keys reach the program, and whose size counts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from looop.core.problem import Exit, Problem
from looop.session import attach
from support.attending import SIZE, FakeLife, Person, on, settled


@pytest.fixture
def life(tmp_path: Path) -> Iterator[FakeLife]:
    it = FakeLife(tmp_path)
    yield it
    it.transcript.close()


async def test_a_terminal_is_painted_from_state_and_then_follows(life: FakeLife) -> None:
    life.write(b"old\r\nstate\x1b[31m")
    async with on(life, person := Person()):
        await person.sees("state")
        assert life.attached == 1
        life.write(b" and more")
        await person.sees("state and more")
        assert person.written.endswith(b" and more")
        assert person.screen().cells()[1][10].fg == "red"


async def test_what_a_program_asked_before_is_not_asked_again(life: FakeLife) -> None:
    life.write(b"\x1b[c\x1b[6n\x07text")
    async with on(life, person := Person()):
        await person.sees("text")
        assert b"\x1b[c" not in person.written
        assert b"\x1b[6n" not in person.written
        assert person.screen().replies() == b""


async def test_the_program_is_made_to_draw_itself_although_the_size_is_the_same(life: FakeLife) -> None:
    life.write(b"text")
    async with on(life, person := Person()):
        await person.sees("text")
        assert life.keeper.resizes == [(*SIZE, True)]


async def test_the_session_takes_the_terminals_size_and_every_later_one(life: FakeLife) -> None:
    life.write(b"text")
    async with on(life, person := Person((50, 12))):
        await person.sees("text")
        person.resize(30, 8)
        await settled(lambda: life.keeper.size == (30, 8))
        await person.sees("text")
    assert life.keeper.resizes == [(50, 12, True), (30, 8, True)]


async def test_keys_reach_the_program_in_order(life: FakeLife) -> None:
    async with on(life, person := Person()):
        for number in range(20):
            person.type(b"%d," % number)
        await settled(lambda: life.keeper.typed.endswith(b"19,"))
    assert life.keeper.typed == b"".join(b"%d," % number for number in range(20))
    assert life.last_typed == 1000.0


async def test_modes_are_set_on_the_terminal(life: FakeLife) -> None:
    life.write(b"\x1b[?1049h\x1b[?1h\x1b[?2004h\x1b[?1002h\x1b[?1006h\x1b[?1004h\x1b[>5utext")
    async with on(life, person := Person()):
        await person.sees("text")
        await settled(lambda: person.screen().modes == life.display.screen.modes)


async def test_an_observer_types_nothing_and_leaves_the_size_alone(life: FakeLife) -> None:
    life.write(b"text")
    async with on(life, person := Person((60, 20)), observe=True):
        await person.sees("text")
        person.type(b"\x03")
        life.write(b" more")
        await person.sees("text more")
    assert life.keeper.typed == b""
    assert life.keeper.resizes == []
    assert person.resumes == [("attach", "tea", "--observe")]


async def test_an_observer_leaves_questions_to_others(life: FakeLife) -> None:
    life.write(b"text")
    async with on(life, person := Person(), observe=True):
        await person.sees("text")
        assert life.attached == 0
        assert life.watched == 1


async def test_an_observer_of_the_same_size_gets_the_programs_own_bytes(life: FakeLife) -> None:
    async with on(life, person := Person(), observe=True):
        await person.sees("you watch")
        life.write(b"\x1b[2J\x1b[Hone\x1b]52;c;eA==\x07")
        await person.until(lambda: b"\x1b]52;c;eA==\x07" in person.written)


@pytest.mark.parametrize("size", [(20, 5), (20, 30), (100, 5), (100, 30)])
async def test_an_observer_of_another_size_sees_what_fits(life: FakeLife, size: tuple[int, int]) -> None:
    life.write(b"\x1b[2J\x1b[Hcorner\x1b[?25l\x1b[1;1H")
    async with on(life, person := Person(size), observe=True):
        await person.sees("corner")
        life.write(b"\x1b[2;3Hnext" + b"\x1b[1;1H")
        await person.sees("  next")
        assert len(person.screen().text()) == size[1]


async def test_frames_are_few_however_much_comes(life: FakeLife, autojump_clock: trio.abc.Clock) -> None:
    async with on(life, person := Person((20, 5)), observe=True):
        await person.sees("you watch")
        begun = len(person.written)
        for number in range(1000):
            life.write(b"\x1b[Hline %d\r\n" % number)
            await trio.sleep(0.001)
        await person.sees("line 999")
        assert person.written[begun:].count(b"\x1b[?2026h") <= 1 + 1.0 / attach.EVERY + 5


async def test_the_newest_terminal_types_and_the_one_before_is_told_and_watches(life: FakeLife) -> None:
    first, second = Person((50, 12)), Person((30, 8))
    async with on(life, first, second):
        await first.sees("another terminal types now")
        first.type(b"first")
        second.type(b"second")
        await settled(lambda: life.keeper.typed)
        assert life.keeper.size == (30, 8)
        assert life.attached == 1
    assert life.keeper.typed == b"second"
    assert first.resumes == [("attach", "tea"), ("attach", "tea", "--observe")]


async def test_the_one_before_types_again_when_the_newest_has_left(life: FakeLife) -> None:
    first, second = Person((50, 12)), Person((30, 8))
    async with on(life, first, second) as codes:
        await first.sees("another terminal types now")
        second.type(b"")
        await settled(lambda: codes)
        await settled(lambda: life.keeper.size == (50, 12))
        first.type(b"again")
        await settled(lambda: life.keeper.typed == b"again")
        assert life.attached == 1


async def test_a_line_of_ours_goes_away(life: FakeLife, autojump_clock: trio.abc.Clock) -> None:
    life.write(b"text")
    async with on(life, person := Person(), observe=True):
        await person.sees("you watch")
        await person.until(lambda: person.screen().text() == ("text", *[""] * (SIZE[1] - 1)))


async def test_many_may_watch(life: FakeLife) -> None:
    life.write(b"text")
    people = [Person(size) for size in (SIZE, (20, 5), (100, 30), SIZE)]
    async with on(life, *people, observe=True):
        assert len(life.audience) == 4
        life.write(b" for all")
        for person in people:
            await person.sees("text for all")
    assert len(life.audience) == 0


async def test_a_slow_terminal_is_painted_anew_instead_of_being_shown_megabytes(
    life: FakeLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attach, "BEHIND", 5000)
    async with on(life, person := Person()):
        life.write(b"begin")
        await person.sees("begin")
        person.slow = trio.Event()
        life.write(b"x" * 10)
        life.write(b"y\r\n" * 2500 + b"the end")
        before = len(person.written)
        person.slow.set()
        await person.sees("the end")
        assert len(person.written) - before < 5000


async def test_a_head_that_was_cut_is_painted_over(life: FakeLife) -> None:
    async with on(life, person := Person()):
        life.write(b"begin")
        await person.sees("begin")
        await life.display.current()
        (life.folder / "output.log").rename(life.folder / "output-5000.log")
        life.display.offset = 5000
        life.write(b"\x1b[2;1Hbehind the cut")
        await person.sees("behind the cut")


async def test_coming_from_the_alternate_screen_the_main_one_is_painted(life: FakeLife) -> None:
    life.write(b"the shell\x1b[?1049h\x1b[Hfull")
    async with on(life, person := Person()):
        await person.sees("full")
        life.write(b"\x1b[?104")
        life.write(b"9l")
        await person.sees("the shell")


async def test_the_end_gives_the_programs_code_after_its_last_words(life: FakeLife) -> None:
    async with on(life, person := Person()) as codes:
        life.write(b"last words")
        life.end(7)
        await settled(lambda: codes)
    assert codes == [7]
    assert "last words" in person.screen().text()[0]
    assert person.said == "looop: tea ended with exit code 7; `looop log tea` has its output.\n"


async def test_a_session_that_ends_with_an_error_of_keeper_says_no_more_than_that(life: FakeLife) -> None:
    life.keeper.trouble = Problem(Exit.MISSING, "no-terminal", "It has ended.")
    async with on(life, person := Person()) as codes:
        person.type(b"x")
        life.end(0)
        await settled(lambda: codes)
    assert codes == [0]


async def test_keys_that_a_program_never_reads_ring_the_bell(life: FakeLife) -> None:
    life.keeper.trouble = Problem(Exit.NO, "input-full", "It reads nothing.")
    async with on(life, person := Person()):
        person.type(b"x")
        await person.until(lambda: b"\x07" in person.written)


async def test_detach_throws_everybody_off(life: FakeLife) -> None:
    people = [Person(), Person((20, 5))]
    async with on(life, *people) as codes:
        assert life.audience.throw_off() == 2
        await settled(lambda: len(codes) == 2)
    assert codes == [0, 0]
    assert all("thrown off tea by `looop detach`" in person.said for person in people)
    assert life.attached == 0


async def test_a_cancel_leaves_nobody_attached(life: FakeLife) -> None:
    async with on(life, person := Person()):
        life.write(b"text")
        await person.sees("text")
        assert life.attached == 1
    assert life.attached == 0
    assert life.watched == 0
    assert len(life.audience) == 0


async def test_a_wish_to_be_painted_paints_although_the_size_is_the_same(life: FakeLife) -> None:
    life.write(b"text")
    async with on(life, person := Person()):
        await person.sees("text")
        person.written = b""
        person.resize(*SIZE)
        await person.sees("text")
    assert life.keeper.resizes == [(*SIZE, True)] * 2


async def test_a_size_that_somebody_else_set_is_shown_in_frames_and_keys_still_work(life: FakeLife) -> None:
    life.write(b"text")
    async with on(life, person := Person()):
        await person.sees("text")
        await life.keeper.resize("key", 20, 5)
        life.write(b" in twenty columns\x1b[?2004h")
        await person.sees("text in twenty colum")
        await settled(lambda: person.screen().modes.bracketed_paste)
        assert life.attached == 0
        person.type(b"x")
        await settled(lambda: life.keeper.typed == b"x")
