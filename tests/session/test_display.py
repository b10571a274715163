"""The display: it shows what feeding the whole log would show, or says that it can't."""

from dataclasses import replace
from pathlib import Path

import pytest
import trio

from looop.session import display as module
from looop.session.display import Display
from looop.session.pyte_screen import PyteScreen
from looop.session.records import Records
from looop.session.transcript import Transcript


class Stage:
    """A session's folder, its log and its records, as a test wants them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = Transcript(folder)
        self.sizes: tuple[tuple[int, int, int], ...] = ((0, 20, 4),)
        self.display = self.another()

    def another(self) -> Display:
        return Display(self.folder, self.log, lambda: Records(sizes=self.sizes))

    def write(self, data: bytes) -> None:
        with (self.folder / "output.log").open("ab") as file:
            file.write(data)

    def rotate(self, base: int, *, cut: bool = True) -> None:
        for old in self.folder.glob("output-*.log") if cut else ():
            old.unlink()
        (self.folder / "output.log").rename(self.folder / f"output-{base}.log")

    def checkpoints(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("screen-*.json"))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """All limits a thousandth of what they are."""
    for name, value in {
        "FAR": 1024,
        "EVERY": 4096,
        "_NEAR": 256,
        "_IDLE": 64,
        "_READ": 64,
        "_PIECE": 16,
    }.items():
        monkeypatch.setattr(module, name, value)


def filler(size: int) -> bytes:
    return b"".join(b"line %07d\r\n" % number for number in range(size // 14))


async def test_an_empty_log_shows_an_empty_screen_of_the_right_size(stage: Stage) -> None:
    screen = await stage.display.current()
    assert (screen.size, screen.text(), stage.display.stale) == ((20, 4), ("",) * 4, False)


async def test_it_shows_the_end_of_the_log_each_time_it_is_asked(stage: Stage) -> None:
    for count in (1, 2):
        stage.write(b"hello\r\n")
        assert (await stage.display.current()).text()[:count] == ("hello",) * count
    assert stage.display.offset == 14


async def test_a_size_holds_from_its_offset_on(stage: Stage) -> None:
    stage.sizes = ((0, 4, 3), (6, 8, 3))
    stage.write(b"abcdefghijklmn")
    assert (await stage.display.current()).text() == ("abcd", "efghijkl", "mn")


async def test_a_size_at_the_very_end_is_shown_before_any_byte_follows(stage: Stage) -> None:
    stage.write(b"abc")
    await stage.display.current()
    stage.sizes = (*stage.sizes, (3, 2, 2))
    assert ((await stage.display.current()).size, stage.display.offset) == ((2, 2), 3)


async def test_sizes_cut_what_was_written_before_them_in_a_rebuild_too(stage: Stage) -> None:
    stage.sizes = ((0, 8, 2), (6, 3, 2), (6, 8, 2))
    stage.write(b"abcdef")
    assert (await stage.display.current()).text() == ("abc", "")


async def test_up_to_an_offset_it_draws_no_more(stage: Stage) -> None:
    stage.write(b"abcdef")
    assert (await stage.display.upto(3)).cursor.column == 3
    assert (await stage.display.upto(1)).cursor.column == 3


async def test_callers_at_once_share_one_catching_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.write(filler(100_000))
    fed, feed = [0], PyteScreen.feed

    def counted(self: PyteScreen, data: bytes) -> None:
        fed[0] += len(data)
        feed(self, data)

    monkeypatch.setattr(PyteScreen, "feed", counted)
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(stage.display.current)
    assert fed == [stage.log.end()]


async def test_a_cancelled_caller_leaves_it_usable(stage: Stage) -> None:
    stage.write(filler(200_000) + b"end")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.display.current)
        await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert (await stage.display.current()).text()[-1] == "end"


async def test_others_run_while_it_catches_up(stage: Stage) -> None:
    stage.write(filler(500_000))
    turns = [0]

    async def other() -> None:
        while True:
            turns[0] += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        await stage.display.current()
        nursery.cancel_scope.cancel()
    assert turns[0] >= 8


async def test_idle_draws_a_little_at_a_time(stage: Stage, small: None) -> None:
    stage.write(b"x")
    await stage.display.current()
    stage.write(filler(600))
    await stage.display.idle()
    assert stage.display.offset == 65


async def test_idle_says_whether_there_is_more(stage: Stage, small: None) -> None:
    stage.write(filler(200))
    assert not await stage.display.idle()
    stage.write(filler(150))
    assert [await stage.display.idle() for _ in range(3)] == [True, False, False]


async def test_idle_does_nothing_while_little_came(stage: Stage) -> None:
    stage.write(filler(1000))
    assert not await stage.display.idle()
    assert stage.display.offset == 0


async def test_what_a_program_asked_is_answered_as_it_was_then(stage: Stage) -> None:
    stage.write(b"abc\x1b[6n\r\nde\x1b[06n\r\n" + filler(300))
    await stage.display.current()
    assert [await stage.display.answer(end) for end in (7, 16)] == [b"\x1b[1;4R", b"\x1b[2;3R"]


async def test_a_question_that_was_cut_in_two_is_answered_as_it_was_then(stage: Stage) -> None:
    for piece in (b"abc\x1b[", b"6n\r\nmore"):
        stage.write(piece)
        await stage.display.current()
    assert await stage.display.answer(7) == b"\x1b[1;4R"


async def test_a_question_that_is_not_drawn_yet_is_answered_as_it_will_be(stage: Stage) -> None:
    stage.write(b"abc\x1b[6n\r\nde")
    assert await stage.display.answer(7) == b"\x1b[1;4R"
    assert stage.display.offset == 7


async def test_lines_are_counted_from_the_region_in_origin_mode(stage: Stage) -> None:
    stage.write(b"\x1b[2;4r\x1b[?6h\x1b[2;5H\x1b[6n")
    assert await stage.display.answer(stage.log.end()) == b"\x1b[2;5R"


async def test_only_so_many_answers_are_remembered(stage: Stage) -> None:
    stage.write(b"\x1b[6n" * 1000)
    await stage.display.current()
    assert len(stage.display._answers) == module._ANSWERS


async def test_a_screen_of_any_size_is_drawn_in_pieces_that_fit_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed, feed = list[tuple[int, int]](), PyteScreen.feed

    def noted(self: PyteScreen, data: bytes) -> None:
        fed.append((self.size[0] * self.size[1], len(data)))
        feed(self, data)

    monkeypatch.setattr(PyteScreen, "feed", noted)
    stage.sizes = ((0, 20, 4), (5000, 500, 500), (6000, 100, 40))
    stage.write(filler(8000))
    await stage.display.current()
    assert max(cells * size for cells, size in fed) <= module._PIECE * module._MIDDLING


@pytest.mark.usefixtures("small")
class TestFarBehind:
    async def test_it_jumps_to_the_last_clear_and_is_sure(self, stage: Stage) -> None:
        await stage.display.current()
        stage.write(b"\x1b[?2004h" + filler(5000) + b"\x1b[H\x1b[2J\x1b[Hafter" + b"\0" * 500)
        screen = await stage.display.current()
        assert (screen.text()[0], stage.display.stale, screen.modes.bracketed_paste) == ("after", False, True)

    async def test_without_a_clear_it_is_stale(self, stage: Stage) -> None:
        stage.write(b"first" + b"\x1b[1;1Hx\x1b[K" * 500)
        await stage.display.current()
        assert stage.display.stale

    async def test_it_is_sure_again_after_a_clear(self, stage: Stage) -> None:
        stage.write(b"first" + b"\x1b[1;1Hx\x1b[K" * 500)
        await stage.display.current()
        stage.write(b"\x1b[2Jhi")
        assert (await stage.display.current()).text()[0] == " hi"
        assert not stage.display.stale

    async def test_it_is_sure_once_every_row_has_scrolled_in(self, stage: Stage) -> None:
        stage.write(filler(5000) + b"end")
        assert (await stage.display.current()).text()[-1] == "end"
        assert not stage.display.stale

    async def test_the_screen_below_the_one_that_was_cleared_stays_in_doubt(self, stage: Stage) -> None:
        stage.write(b"below" + b"\x1b[1;1Hx\x1b[K" * 500 + b"\x1b[?1049hvim")
        await stage.display.current()
        assert not stage.display.stale
        stage.write(b"\x1b[?1049l")
        await stage.display.current()
        assert stage.display.stale

    async def test_a_title_and_modes_from_long_ago_are_known(self, stage: Stage) -> None:
        stage.write(b"\x1b]2;mine\x07\x1b[?1h" + filler(9000))
        screen = await stage.display.current()
        assert (screen.title, screen.modes.application_cursor) == ("mine", True)

    async def test_a_checkpoint_is_written_and_a_new_display_begins_there(self, stage: Stage) -> None:
        for _ in range(5):
            stage.write(filler(1000))
            await stage.display.current()
        wanted = (await stage.display.current()).text()
        assert stage.checkpoints() == ["screen-4970.json"]
        (stage.folder / "output.log").write_bytes(b"?" * stage.log.end())
        assert (await stage.another().current()).text() == wanted

    async def test_the_two_newest_checkpoints_are_kept(self, stage: Stage) -> None:
        for _ in range(20):
            stage.write(filler(1000))
            await stage.display.current()
        assert stage.checkpoints() == ["screen-14910.json", "screen-19880.json"]

    async def test_a_broken_checkpoint_gives_way_to_the_one_before(self, stage: Stage) -> None:
        for _ in range(10):
            stage.write(filler(1000))
            await stage.display.current()
        wanted = (await stage.display.current()).text()
        (stage.folder / stage.checkpoints()[-1]).write_bytes(b'{"resizes": 1, "screen": {}}')
        other = stage.another()
        assert ((await other.current()).text(), other.stale) == (wanted, False)


@pytest.mark.usefixtures("small")
class TestCutHead:
    async def test_before_the_head_is_cut_a_checkpoint_is_there(self, stage: Stage) -> None:
        stage.write(b"\x1b[1;1Hheader\x1b[2;4r\x1b[4;1H" + filler(700))
        await stage.display.current()
        base = stage.log.end()
        stage.rotate(0)
        stage.write(filler(100))
        wanted = (await stage.display.current()).text()
        stage.rotate(base)
        stage.write(b"")
        other = stage.another()
        assert stage.log.start() == base
        assert ((await other.current()).text(), other.stale) == (wanted, False)

    async def test_right_after_the_cut_without_a_checkpoint_it_says_stale(self, stage: Stage) -> None:
        (stage.folder / "output-5000.log").write_bytes(b"\x1b[1;1Htail")
        stage.write(b"!")
        assert (await stage.display.current()).text()[0] == "tail!"
        assert (stage.display.stale, stage.display.offset) == (True, 5011)

    async def test_a_cut_past_what_was_drawn_begins_anew(self, stage: Stage) -> None:
        stage.write(b"old")
        await stage.display.current()
        (stage.folder / "output.log").unlink()
        (stage.folder / "output-90.log").write_bytes(b"new")
        stage.write(b"er")
        assert (await stage.display.current()).text()[0] == "newer"
        assert stage.display.stale


async def test_an_emulator_that_raises_begins_anew_and_says_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = PyteScreen.feed

    def raising(self: PyteScreen, data: bytes) -> None:
        if b"bad" in data:
            raise RuntimeError
        feed(self, data)

    monkeypatch.setattr(PyteScreen, "feed", raising)
    stage.write(b"bad")
    await stage.display.current()
    stage.write(b"good")
    assert ((await stage.display.current()).text()[0], stage.display.stale) == ("good", True)


async def test_a_shot_holds_the_whole_screen(stage: Stage) -> None:
    stage.write(b"\x1b]2;t\x07a\x1b[1;31mb\x1b[m c")
    shot = await stage.display.shot()
    assert (shot.columns, shot.lines, shot.text[0], shot.cursor) == (20, 4, "ab c", (4, 0))
    assert shot.cells[0] == (("a", {}), ("b", {"fg": "red", "bold": True}), (" c", {}))
    assert (shot.title, shot.alternate, shot.stale, shot.offset) == ("t", False, False, stage.log.end())
    assert await stage.display.shot(styled=False) == replace(shot, cells=())


async def test_a_hidden_cursor_is_nowhere(stage: Stage) -> None:
    stage.write(b"\x1b[?25l")
    assert (await stage.display.shot()).cursor is None


@pytest.mark.parametrize(
    ("written", "runs"),
    [
        ("", ()),
        ("a  ", (("a", {}),)),
        ("\x1b[44m \x1b[m", ((" ", {"bg": "blue"}),)),
        ("a字b", (("a", {}), ("字", {"width": 2}), ("b", {}))),
        ("字字", (("字字", {"width": 4}),)),
        ("ae\u0301b", (("ae\u0301b", {"width": 3}),)),
        ("\x1b[7m字\x1b[m字", (("字", {"reverse": True, "width": 2}), ("字", {"width": 2}))),
    ],
)
async def test_runs_have_one_look_and_one_width(stage: Stage, written: str, runs: tuple[object, ...]) -> None:
    stage.write(written.encode())
    assert (await stage.display.shot()).cells[0] == runs
