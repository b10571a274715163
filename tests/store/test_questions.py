"""Flags of sessions and their answers: one open flag a generation, the first answer wins, nothing is lost."""

import errno
import os
from pathlib import Path

import msgspec
import pytest

from looop.core.problem import Exit, Problem
from looop.store import files, flags, questions
from looop.store.faults import Unreadable
from looop.store.paths import Profile
from looop.store.questions import Place
from support.profiles import made_in, session_in


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


@pytest.fixture
def fix(profile: Profile) -> Place:
    return session_in(profile, "fix", "01A")


def test_a_flag_is_numbered_together_with_the_loops_own(profile: Profile, fix: Place) -> None:
    flags.raise_flag(profile, "disk", "full")
    question, new = questions.ask(profile, fix, "which one?", now=5.0)
    assert (question.number, question.text, question.raised, new) == (2, "which one?", 5.0, True)
    raised = flags.raise_flag(profile, "money", "spent")
    assert raised is not None
    assert raised.number == 3
    assert questions.read(fix.folder) == question


def test_asking_again_changes_the_text_under_the_same_number(profile: Profile, fix: Place) -> None:
    first, _ = questions.ask(profile, fix, "which one?", now=5.0)
    again, new = questions.ask(profile, fix, "the red one?", now=9.0)
    assert not new
    assert (again.number, again.raised) == (first.number, 5.0)
    assert questions.read(fix.folder) == again
    before = (fix.folder / "flag.json").stat().st_ino
    questions.ask(profile, fix, "the red one?")
    assert (fix.folder / "flag.json").stat().st_ino == before


def test_the_first_answer_wins(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "which one?")
    made = questions.answer(profile, fix, question.number, "red", "ann", now=7.0)
    with pytest.raises(Problem) as second:
        questions.answer(profile, fix, question.number, "blue", "bob")
    assert (second.value.exit_code, second.value.kind) == (Exit.REFUSED, "answered")
    assert questions.answers(fix.folder) == (made,)
    assert (made.text, made.by, made.question, made.at) == ("red", "ann", "which one?", 7.0)


def test_an_answered_flag_is_closed_even_if_its_file_stayed(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "which one?")
    kept = (fix.folder / "flag.json").read_bytes()
    questions.answer(profile, fix, question.number, "red", "ann")
    (fix.folder / "flag.json").write_bytes(kept)  # as if killed in between
    assert questions.read(fix.folder) is None
    again, new = questions.ask(profile, fix, "and now?")
    assert new
    assert again.number == question.number + 1


def test_only_an_open_flag_is_answered(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "which one?")
    assert questions.withdraw(profile, fix) == question
    assert questions.withdraw(profile, fix) is None
    with pytest.raises(Problem) as gone:
        questions.answer(profile, fix, question.number, "red", "ann")
    assert (gone.value.exit_code, gone.value.kind) == (Exit.MISSING, "no-flag")
    assert questions.answers(fix.folder) == ()


def test_an_answer_is_delivered_once(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "which one?")
    questions.answer(profile, fix, question.number, "red", "ann")
    assert questions.is_owed(profile, fix, question.number)
    assert questions.deliver(profile, fix, question.number, "typed", 8.0)
    assert not questions.deliver(profile, fix, question.number, "prompt")
    assert not questions.is_owed(profile, fix, question.number)
    found = questions.answer_to(fix.folder, question.number)
    assert found is not None
    assert found.delivered == questions.Delivered("typed", 8.0)
    assert questions.owed(profile) == ()


def test_an_answer_follows_its_generation_when_the_next_one_takes_the_folder(profile: Profile) -> None:
    old = session_in(profile, "fix", "01A")
    question, _ = questions.ask(profile, old, "which one?")
    new = session_in(profile, "fix", "01B")
    assert new.folder == old.folder
    questions.answer(profile, old, question.number, "red", "ann")
    assert questions.answers(new.folder) == ()
    [(place, answer)] = questions.owed(profile)
    assert (place.generation, place.newest, answer.text) == ("01A", False, "red")
    assert questions.deliver(profile, old, question.number, "brief")


def test_a_flag_is_found_by_number_and_by_its_sessions_id(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "which one?")
    assert questions.find(profile, "fix") == (fix, question)
    assert questions.find(profile, str(question.number)) == (fix, question)


@pytest.mark.parametrize(
    ("which", "kind"),
    [("1", "own-flag"), ("disk", "own-flag"), ("2", "answered"), ("9", "no-flag"), ("fix", "no-flag")],
)
def test_what_is_no_open_flag_is_refused_with_its_reason(
    profile: Profile, fix: Place, which: str, kind: str
) -> None:
    flags.raise_flag(profile, "disk", "full")
    question, _ = questions.ask(profile, fix, "which one?")
    questions.answer(profile, fix, question.number, "red", "ann")
    with pytest.raises(Problem) as refused:
        questions.find(profile, which)
    assert refused.value.kind == kind


def test_an_approval_is_bound_to_what_was_proposed(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "may I?", "digest-1")
    questions.ask(profile, fix, "may I?", "digest-2")
    with pytest.raises(Problem) as refused:
        questions.answer(profile, fix, question.number, "approved", "ann", approved=True, proposal="digest-1")
    assert refused.value.kind == "changed"
    made = questions.answer(
        profile, fix, question.number, "approved", "ann", approved=True, proposal="digest-2"
    )
    assert (made.approved, made.proposal) == (True, "digest-2")


def test_what_landed_is_written_down_once(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "may I?", "d")
    questions.answer(profile, fix, question.number, "approved", "ann", approved=True)
    questions.land(profile, fix, question.number, "first")
    questions.land(profile, fix, question.number, "second")
    found = questions.answer_to(fix.folder, question.number)
    assert found is not None
    assert found.landed == "first"


@pytest.mark.parametrize(
    "text", ["", "{}", "null", "[" * 5000, '{"number": 8, "text": "x", "at": 1, "by": "y"}']
)
def test_stray_files_are_no_flags_and_no_answers(profile: Profile, fix: Place, text: str) -> None:
    for name in ("answer-7.json", "answer-.json", "answer-07.json", "...json", "answer-1.json.tmp"):
        (fix.folder / name).write_text(text)
    os.mkfifo(fix.folder / "answer-9.json")
    (fix.folder / "flag.json").write_text(text)
    (profile.sessions / "stray").mkdir()
    (profile.sessions / "note.txt").write_text(text)
    assert questions.answers(fix.folder) == ()
    assert questions.read(fix.folder) is None
    assert questions.owed(profile) == ()
    question, new = questions.ask(profile, fix, "which one?")
    assert new
    assert questions.read(fix.folder) == question


def test_all_of_it_is_kept_durably(profile: Profile, fix: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    for name in ("durable", "exclusive"):
        real = getattr(files, name)

        def keep(path: Path, data: bytes, real: object = real) -> None:
            written.append(path.name)
            real(path, data)  # type: ignore[operator]

        monkeypatch.setattr(files, name, keep)
    question, _ = questions.ask(profile, fix, "which one?")
    questions.answer(profile, fix, question.number, "red", "ann")
    questions.deliver(profile, fix, question.number, "typed")
    assert written == ["flags.json", "flag.json", "answer-1.json", "answer-1.json"]


def test_a_long_question_is_cut_and_a_long_answer_refused(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "x" * 100_000)
    assert len(question.text) == 2000
    with pytest.raises(Problem) as refused:
        questions.answer(profile, fix, question.number, "x" * 100_000, "ann")
    assert refused.value.kind == "too-long"


def test_a_number_never_comes_twice_even_if_the_book_is_lost(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "which one?")
    questions.answer(profile, fix, question.number, "red", "ann")
    (profile.pulse / "flags.json").unlink()
    again, _ = questions.ask(profile, fix, "and now?")
    assert again.number == question.number + 1


def test_of_many_who_answer_at_once_one_wins(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "which one?")
    children = []
    for number in range(8):
        child = os.fork()
        if child == 0:
            try:
                questions.answer(profile, fix, question.number, str(number), "ann")
            except Problem:
                os._exit(1)
            os._exit(0)
        children.append(child)
    ends = sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
    assert ends == [0, 1, 1, 1, 1, 1, 1, 1]
    assert len(questions.answers(fix.folder)) == 1


def test_an_answer_from_a_newer_looop_is_still_one(profile: Profile, fix: Place) -> None:
    (fix.folder / "answer-4.json").write_bytes(
        msgspec.json.encode({"number": 4, "text": "yes", "at": 1.0, "by": "ann", "mood": "good", "v": 1})
    )
    assert [answer.text for answer in questions.answers(fix.folder)] == ["yes"]


def test_a_place_whose_run_was_removed_is_told(profile: Profile, fix: Place) -> None:
    files.remove_tree(fix.folder)
    with pytest.raises(Problem, match="The run of fix") as caught:
        questions.here(profile, fix)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.MISSING, "no-session")
    assert questions.answers(fix.folder) == ()


def test_of_many_open_flags_the_one_that_was_named_is_found(profile: Profile, fix: Place) -> None:
    other = session_in(profile, "tea", "01T")
    asked = [questions.ask(profile, place, "?")[0] for place in (fix, other)]
    assert questions.find(profile, "tea") == (other, asked[1])
    assert questions.find(profile, str(asked[1].number)) == (other, asked[1])
    with pytest.raises(Problem, match=rf"open are {asked[0].number} \(fix\), {asked[1].number} \(tea\)"):
        questions.find(profile, "99")


def test_an_earlier_generations_flag_is_found_by_its_number_alone(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "which one?")
    session_in(profile, "fix", "01B")
    assert questions.find(profile, str(question.number))[0].generation == "01A"
    with pytest.raises(Problem) as caught:
        questions.find(profile, "fix")
    assert caught.value.kind == "no-flag"


def test_a_flag_that_replaces_another_does_so_only_while_that_is_open(profile: Profile, fix: Place) -> None:
    first, _ = questions.ask(profile, fix, "run ls?", "digest-1", command=True)
    second, new = questions.ask(profile, fix, "run ls -l?", "digest-2", command=True, replaces=first.number)
    assert new
    assert second.replaces == (first.number,)
    with pytest.raises(Problem) as caught:
        questions.ask(profile, fix, "run rm?", "digest-3", command=True, replaces=first.number)
    assert caught.value.kind == "no-flag"
    assert questions.read(fix.folder) == second


def test_a_person_is_told_of_a_flag_until_somebody_wrote_that_down(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "which one?")
    session_in(profile, "quiet", "01Q")
    assert questions.unnotified(profile) == ((fix, question),)
    questions.notified(profile, fix, question.number + 1)
    assert questions.unnotified(profile) == ((fix, question),)
    questions.notified(profile, fix, question.number)
    assert questions.unnotified(profile) == ()
    before = (fix.folder / "flag.json").stat().st_ino
    questions.notified(profile, fix, question.number)
    assert (fix.folder / "flag.json").stat().st_ino == before


def test_a_command_is_approved_or_denied_and_never_merely_answered(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "run ls?", "digest", command=True)
    with pytest.raises(Problem, match="looop deny") as caught:
        questions.answer(profile, fix, question.number, "sure", "ann")
    assert (caught.value.exit_code, caught.value.kind) == (Exit.REFUSED, "command")
    assert questions.answer(profile, fix, question.number, "approved", "ann", approved=True).command


def test_an_answer_is_handed_over_until_it_was_delivered(profile: Profile, fix: Place) -> None:
    question, _ = questions.ask(profile, fix, "which one?")
    assert not questions.hand(profile, fix, question.number)
    questions.answer(profile, fix, question.number, "red", "ann")
    assert questions.hand(profile, fix, question.number)
    assert questions.hand(profile, fix, question.number)  # the call that asked was cut off before it had it
    found = questions.answer_to(fix.folder, question.number)
    assert found is not None
    assert found.handed
    questions.deliver(profile, fix, question.number, "call")
    assert not questions.hand(profile, fix, question.number)


def test_a_flag_of_the_loops_own_that_asks_for_approval_names_the_verbs(profile: Profile) -> None:
    flags.offer(profile, "waiting run", "may it?", "digest", "diff")
    (own,) = flags.open_flags(profile)
    with pytest.raises(Problem, match=f"looop approve {own.number}") as caught:
        questions.find(profile, str(own.number))
    assert caught.value.kind == "own-flag"


def test_a_flag_that_can_not_be_read_is_not_absent(
    profile: Profile, fix: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(files, "read_regular", broken)
    with pytest.raises(Unreadable, match=r"flag\.json can't be read \(Input/output error\)"):
        questions.read(fix.folder)
