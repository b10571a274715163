"""Sessions' folders: the newest generation, the earlier ones, and whatever else lies there."""

import errno
import os
from pathlib import Path

import pytest

from looop.core.problem import Exit, Problem
from looop.core.sessions import Known, Meta, State
from looop.store import questions, sessions
from looop.store.paths import Profile
from looop.store.sessions import Asked, Entry
from support.folder import mode, names
from support.profiles import made_in

BRIEFED = "01M8E4PKMBTK533CC5E7AGFQJD"


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def _generation(profile: Profile, name: str, number: int = 0, known: Known | None = None) -> Path:
    """Make a generation by hand; 0 makes it the newest, as number 1."""
    place = profile.sessions / (f"{name}@{number}" if number else name)
    place.mkdir(mode=0o700)
    meta = Meta(name, f"G{number}", "work", "/", 5.0, number=number or 1)
    sessions.write_meta(Entry(place, meta, Known()))
    if known:
        sessions.write_known(place, known, durably=False)
    return place


def test_a_session_is_read_with_what_is_known_of_it(profile: Profile) -> None:
    _generation(profile, "a", known=Known(State.ENDED, code=3))
    (entry,) = sessions.listed(profile)
    assert (entry.id, entry.known.code) == ("a", 3)


def test_a_session_without_a_status_has_just_been_started(profile: Profile) -> None:
    _generation(profile, "a")
    entry = sessions.find(profile, "a")
    assert entry is not None
    assert entry.known == Known(since=5.0)


def test_a_status_that_is_broken_is_that_of_a_session_just_started(profile: Profile) -> None:
    (_generation(profile, "a") / "status.json").write_text('{"state":"no such"}')
    entry = sessions.find(profile, "a")
    assert entry is not None
    assert entry.known.state is State.STARTING


def test_what_is_no_session_is_not_listed(profile: Profile) -> None:
    _generation(profile, "a")
    _generation(profile, "b", 3)
    (profile.sessions / "file").write_text("x")
    (profile.sessions / "empty").mkdir()
    (profile.sessions / "half").mkdir()
    (profile.sessions / "half" / "meta.json").write_text("{")
    (profile.sessions / "pipe").mkdir()
    os.mkfifo(profile.sessions / "pipe" / "meta.json")
    (profile.sessions / "link").symlink_to(profile.data / "nowhere")
    (profile.sessions / "...json").mkdir()
    _generation(profile, "moved").rename(profile.sessions / "elsewhere")
    assert [entry.id for entry in sessions.listed(profile)] == ["a"]


def test_the_pulse_is_no_session(profile: Profile) -> None:
    sessions.write_meta(Entry(profile.pulse, Meta("pulse", "G", "", "/", 0.0), Known()))
    assert sessions.listed(profile) == ()
    assert sessions.find(profile, "pulse") is None


def test_a_profile_without_sessions_has_none(tmp_path: Path) -> None:
    assert sessions.listed(Profile(tmp_path / "none", tmp_path / "c.json")) == ()


def test_a_session_that_can_not_be_read_is_not_absent(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    _generation(profile, "a")

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("looop.store.files.read_regular", broken)
    with pytest.raises(OSError, match="Input/output"):
        sessions.listed(profile)


@pytest.mark.parametrize("name", ["../a", "a/b", "a@0", "a@x", "", ".", "a@1@2"])
def test_a_hostile_name_finds_nothing(profile: Profile, name: str) -> None:
    _generation(profile, "a")
    assert sessions.find(profile, name) is None


def test_earlier_generations_come_oldest_first(profile: Profile) -> None:
    for number in (10, 2, 1):
        _generation(profile, "a", number)
    _generation(profile, "a")
    _generation(profile, "ab", 1)
    assert [place.name for place in sessions.earlier(profile, "a")] == ["a@1", "a@2", "a@10"]


def test_an_earlier_generation_is_found_by_its_number(profile: Profile) -> None:
    _generation(profile, "a", 2)
    entry = sessions.find(profile, "a@2")
    assert entry is not None
    assert entry.meta.generation == "G2"


def test_the_first_generation_needs_no_room(profile: Profile) -> None:
    assert sessions.supersede(profile, "a") == 1
    assert (names(profile.sessions), mode(profile.sessions / "a")) == (["a", "pulse"], 0o700)


def test_the_newest_makes_way_for_the_next(profile: Profile) -> None:
    _generation(profile, "a")
    assert sessions.supersede(profile, "a") == 2
    assert names(profile.sessions) == ["a", "a@1", "pulse"]
    assert names(profile.sessions / "a") == []


def test_no_number_is_used_twice(profile: Profile) -> None:
    _generation(profile, "a", 7)
    _generation(profile, "a")
    assert sessions.supersede(profile, "a") == 9
    assert names(profile.sessions) == ["a", "a@7", "a@8", "pulse"]


def test_a_number_is_not_used_again_when_earlier_generations_are_gone(profile: Profile) -> None:
    _generation(profile, "a", 5).rename(profile.sessions / "a")
    assert sessions.supersede(profile, "a") == 6
    assert names(profile.sessions) == ["a", "a@5", "pulse"]


def test_a_folder_that_never_was_a_generation_is_replaced(profile: Profile) -> None:
    (profile.sessions / "a").mkdir()
    (profile.sessions / "a" / "output.log").write_text("half")
    assert sessions.supersede(profile, "a") == 1
    assert names(profile.sessions / "a") == []


def test_a_generation_whose_meta_is_broken_is_kept(profile: Profile) -> None:
    (_generation(profile, "a") / "meta.json").write_text("{")
    assert sessions.supersede(profile, "a") == 2
    assert names(profile.sessions) == ["a", "a@1", "pulse"]


def test_making_room_can_be_taken_back(profile: Profile) -> None:
    _generation(profile, "a", 1)
    _generation(profile, "a", known=Known(code=4))
    sessions.supersede(profile, "a")
    sessions.take_back(profile, "a")
    entry = sessions.find(profile, "a")
    assert entry is not None
    assert (entry.known.code, names(profile.sessions)) == (4, ["a", "a@1", "pulse"])


@pytest.mark.parametrize("made", [True, False])
def test_a_start_that_was_cut_off_is_mended(profile: Profile, made: bool) -> None:
    _generation(profile, "a")
    _generation(profile, "b")
    sessions.supersede(profile, "a")
    if not made:
        (profile.sessions / "a").rmdir()
    sessions.mend(profile)
    sessions.mend(profile)
    assert names(profile.sessions) == ["a", "b", "pulse"]


def test_a_finished_start_is_not_mended(profile: Profile) -> None:
    _generation(profile, "a", 1)
    _generation(profile, "a")
    sessions.mend(profile)
    assert names(profile.sessions) == ["a", "a@1", "pulse"]


def test_a_first_start_that_was_cut_off_leaves_nothing(profile: Profile) -> None:
    sessions.supersede(profile, "a")
    (profile.sessions / "a" / "task.md").write_text("x")
    for name in ("a", "b"):
        sessions.prompt_file(profile, name, BRIEFED).write_text("x")
    _generation(profile, "b")
    sessions.mend(profile)
    assert names(profile.sessions) == ["b", "pulse"]
    assert names(profile.prompts) == []


def test_no_brief_goes_whose_generation_may_be_there(profile: Profile) -> None:
    earlier = _generation(profile, "a", 1)
    sessions.write_meta(Entry(earlier, Meta("a", BRIEFED, "work", "/", 5.0), Known()))
    _generation(profile, "a")
    _generation(profile, "b").joinpath("meta.json").write_text("{")
    newest = Entry(_generation(profile, "c"), Meta("c", BRIEFED, "work", "/", 5.0), Known())
    sessions.write_meta(newest)
    kept = [sessions.prompt_file(profile, name, BRIEFED) for name in ("a", "b", "c")]
    kept.append(profile.prompts / "mine.md")
    for path in kept:
        path.write_text("x")
    sessions.mend(profile)
    assert names(profile.prompts) == sorted(path.name for path in kept)


@pytest.mark.parametrize("made", ["output.log", "pty.jsonl", "mine.txt", "a-session-moved-here"])
def test_no_folder_goes_that_holds_more_than_a_start_makes(profile: Profile, made: str) -> None:
    (profile.sessions / "archive").mkdir()
    (profile.sessions / "archive" / made).write_text("x")
    sessions.mend(profile)
    assert names(profile.sessions / "archive") == [made]


def test_no_folder_goes_that_nobody_may_look_into(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    place, listdir = profile.sessions / "archive", os.listdir
    place.mkdir()

    def closed(path: Path) -> list[str]:
        if path == place:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listdir(path)

    monkeypatch.setattr(os, "listdir", closed)
    sessions.mend(profile)
    assert place.is_dir()


def test_each_generation_is_read_once_however_many_briefs_there_are(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 9):
        place = _generation(profile, "a", number)
        sessions.write_meta(Entry(place, Meta("a", f"{number:026}", "work", "/", 5.0), Known()))
        sessions.prompt_file(profile, "a", f"{number:026}").write_text("x")
    _generation(profile, "a")
    looked: list[Path] = []
    read = sessions.read

    def noted(place: Path) -> Entry | None:
        looked.append(place)
        return read(place)

    monkeypatch.setattr(sessions, "read", noted)
    sessions.mend(profile)
    assert len(looked) == len(set(looked)) == len(names(profile.sessions)) - 1
    assert len(names(profile.prompts)) == 8


def test_an_equal_status_is_not_written_again(profile: Profile) -> None:
    place = _generation(profile, "a", known=Known(news=1))
    before = (place / "status.json").stat().st_ino
    sessions.write_known(place, Known(news=1), durably=False)
    assert (place / "status.json").stat().st_ino == before


def test_flag_and_answers_are_counted(profile: Profile) -> None:
    folder = _generation(profile, "a")
    place = questions.place_of(profile, "a")
    assert place is not None
    question, _ = questions.ask(profile, place, "May I?")
    assert sessions.asked(folder) == Asked(question)
    questions.answer(profile, place, question.number, "yes", "person")
    assert sessions.asked(folder) == Asked(None, 1, 1)
    assert sessions.asked(folder).pending
    questions.deliver(profile, place, question.number, "typed")
    assert sessions.asked(folder) == Asked(None, 1, 0)


def test_removing_a_generation_takes_its_brief_along(profile: Profile) -> None:
    place = _generation(profile, "a")
    brief = sessions.prompt_file(profile, "a", "G0")
    brief.write_text("do")
    assert sessions.remove(profile, place)
    assert (names(profile.prompts), names(profile.sessions)) == ([], ["pulse"])


def test_a_generation_with_an_open_flag_is_not_removed(profile: Profile) -> None:
    folder = _generation(profile, "a")
    place = questions.place_of(profile, "a")
    assert place is not None
    questions.ask(profile, place, "May I?")
    assert not sessions.remove(profile, folder)
    assert folder.exists()


def test_one_generation_is_found_by_its_own_name_wherever_it_lies(profile: Profile) -> None:
    _generation(profile, "a", 1)
    _generation(profile, "a")
    for generation, name in (("G0", "a"), ("G1", "a@1")):
        entry = sessions.find(profile, sessions.exact("a", generation))
        assert entry is not None
        assert (entry.folder.name, entry.meta.generation) == (name, generation)
    assert sessions.find(profile, sessions.exact("a", "G2")) is None


def test_a_file_in_the_place_of_a_session_is_named_and_stays(profile: Profile) -> None:
    (profile.sessions / "a").write_text("mine")
    with pytest.raises(Problem, match="move it away") as caught:
        sessions.supersede(profile, "a")
    assert (caught.value.exit_code, caught.value.kind) == (Exit.REFUSED, "stray-file")
    assert (profile.sessions / "a").read_text() == "mine"


def test_a_first_start_that_is_taken_back_leaves_nothing(profile: Profile) -> None:
    sessions.supersede(profile, "a")
    sessions.take_back(profile, "a")
    assert names(profile.sessions) == ["pulse"]


def test_a_generation_that_can_not_be_understood_is_removed_all_the_same(profile: Profile) -> None:
    place = _generation(profile, "a")
    (place / "meta.json").write_text("{")
    assert sessions.remove(profile, place)
    assert names(profile.sessions) == ["pulse"]


def test_a_view_shows_what_is_known_with_what_was_asked(profile: Profile) -> None:
    place = _generation(profile, "a", known=Known(State.ENDED, code=3, ended=9.0, note="so"))
    entry = sessions.find(profile, "a")
    assert entry is not None
    shown = sessions.view(entry, Asked(None, 2, 1), size=(80, 24), title="t")
    assert (shown.id, shown.generation, shown.state, shown.code, shown.note) == (
        "a",
        "G0",
        State.ENDED,
        3,
        "so",
    )
    assert (shown.answers, shown.undelivered, shown.size, shown.title) == (2, 1, (80, 24), "t")
    sessions.write_known(place, Known(State.IDLE), durably=True)
    after = sessions.find(profile, "a")
    assert after is not None
    assert after.known.state is State.IDLE
