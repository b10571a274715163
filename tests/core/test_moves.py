"""What counts as one move."""

from looop.core.act import LARGEST, Act, Write
from looop.core.digest import digest_bytes
from looop.core.moves import Kind, Landing, Leaf, Rejection, judge, proposed, subject, timer

GOAL = b"---\ngoal: learn Trio\n---\n"
SENSOR = b"#!/bin/sh\necho 1\n"
BEFORE = {"PLAYBOOK.md": Leaf(b"rules"), "goals/a.md": Leaf(GOAL), "sensors/s.sh": Leaf(SENSOR)}


def judged(act: Act | None = None, archived: tuple[str, ...] = (), **after: bytes | Leaf | None) -> object:
    """Judge edits given as path (with `__` for `/` and `_` for `.`) → bytes, None for removed."""
    leaves: dict[str, Leaf] = dict(BEFORE)
    for key, value in after.items():
        path = key.replace("__", "/").replace("_", ".")
        if value is None:
            leaves.pop(path)
        else:
            leaves[path] = value if isinstance(value, Leaf) else Leaf(value)
    return judge(BEFORE, leaves, act, archived)


def reason(verdict: object) -> str:
    assert isinstance(verdict, Rejection), verdict
    return verdict.reason


def test_an_untouched_folder_is_the_move_nothing() -> None:
    assert judged() == Landing(Kind.NOTHING, None)


def test_a_note_on_a_goal_is_one_move() -> None:
    verdict = judged(goals__a_md=GOAL + b"- noted\n")
    assert verdict == Landing(Kind.GOAL_CHANGED, "goal:a.md", (Write("goals/a.md", GOAL + b"- noted\n"),))


def test_two_goals_are_two_moves() -> None:
    verdict = judged(goals__a_md=GOAL + b"x", goals__b_md=GOAL)
    assert reason(verdict) == "two moves in one tick: goal:a.md and goal:b.md"


def test_a_goal_and_the_playbook_are_two_moves() -> None:
    assert "two moves" in reason(judged(goals__a_md=GOAL + b"x", PLAYBOOK_md=b"new"))


def test_moving_a_goal_to_the_archive_is_one_move() -> None:
    verdict = judged(goals__a_md=None, goals__archive__a_md=GOAL)
    assert isinstance(verdict, Landing)
    assert (verdict.kind, verdict.subject) == (Kind.GOAL_ARCHIVED, "goal:a.md")
    assert verdict.writes == (Write("goals/a.md", None), Write("goals/archive/a.md", GOAL))


def test_an_archived_goal_never_overwrites_an_earlier_one() -> None:
    verdict = judged(None, ("a.md", "a.2.md"), goals__a_md=None, goals__archive__a_md=GOAL)
    assert isinstance(verdict, Landing)
    assert verdict.writes[1].path == "goals/archive/a.3.md"


def test_a_deleted_goal_is_rejected_and_the_way_to_archive_is_named() -> None:
    assert "moving it to goals/archive/" in reason(judged(goals__a_md=None))


def test_the_playbook_can_not_be_removed() -> None:
    assert "PLAYBOOK.md" in reason(judged(PLAYBOOK_md=None))


def test_a_new_sensor_lands_executable() -> None:
    verdict = judged(sensors__new_sh=SENSOR)
    assert verdict == Landing(
        Kind.SENSOR_ADDED, "sensor:new", (Write("sensors/new.sh", SENSOR, executable=True),)
    )


def test_a_sensor_without_an_interpreter_line_is_rejected() -> None:
    assert "#!" in reason(judged(sensors__new_sh=b"echo 1\n"))


def test_switching_a_sensor_off_is_one_move() -> None:
    verdict = judged(sensors__s_sh=None, sensors__s_sh_off=SENSOR)
    assert isinstance(verdict, Landing)
    assert verdict.subject == "sensor:s"


def test_a_new_goal_needs_a_goal_line() -> None:
    assert "goal: line" in reason(judged(goals__b_md=b"just text"))


def test_a_goal_may_not_lose_its_goal_line() -> None:
    assert "goal: line" in reason(judged(goals__a_md=b"just text"))


def test_a_goal_that_never_had_a_goal_line_may_be_noted_on() -> None:
    before = {"goals/old.md": Leaf(b"just text")}
    verdict = judge(before, {"goals/old.md": Leaf(b"just text and more")}, None)
    assert isinstance(verdict, Landing)


def test_what_is_no_regular_file_is_rejected_with_its_reason() -> None:
    verdict = judged(goals__a_md=Leaf(trouble="is not a regular file"))
    assert reason(verdict) == "goals/a.md is not a regular file"


def test_text_that_is_not_utf8_and_files_that_are_too_large_are_rejected() -> None:
    assert "UTF-8" in reason(judged(goals__a_md=GOAL + b"\xff"))
    assert "bytes" in reason(judged(goals__a_md=GOAL + b"x" * (1 << 20)))


def test_a_file_in_goals_that_is_no_goal_is_rejected_by_name() -> None:
    assert "goals/notes.txt" in reason(judge({}, {"goals/notes.txt": Leaf(b"x")}, None))


def test_a_verb_on_a_goal_and_a_note_on_it_are_one_move() -> None:
    act = Act(("start-session", "a", "do it"), "goal:a.md")
    verdict = judged(act, goals__a_md=GOAL + b"- started\n")
    assert isinstance(verdict, Landing)
    assert (verdict.kind, verdict.act) == (Kind.GOAL_CHANGED, act)


def test_a_verb_on_one_subject_and_an_edit_of_another_are_two_moves() -> None:
    act = Act(("start-session", "b", "do it"), "goal:b.md")
    assert "two moves" in reason(judged(act, goals__a_md=GOAL + b"x"))


def test_a_file_verb_lands_its_writes_and_nothing_is_left_to_perform() -> None:
    write = Write("goals/b.md", GOAL)
    verdict = judged(Act(("goal", "new", "b"), "goal:b.md", (write,)))
    assert verdict == Landing(Kind.GOAL_CREATED, "goal:b.md", (write,))


def test_a_file_verb_and_an_edit_of_the_same_file_are_not_merged_silently() -> None:
    act = Act(("goal", "archive", "a"), "goal:a.md", (Write("goals/a.md", None),))
    assert "both" in reason(judged(act, goals__a_md=GOAL + b"x"))


def test_equal_moves_leave_equal_digests() -> None:
    one, same, other = (judged(goals__a_md=GOAL + text) for text in (b"x", b"x", b"y"))
    assert isinstance(one, Landing)
    assert isinstance(same, Landing)
    assert isinstance(other, Landing)
    assert one.after == same.after != other.after


def test_the_timer_takes_whole_seconds_within_its_range() -> None:
    assert [timer(text)[0] for text in (b"60\n", b"1", b"99999", None)] == [60, 5, 3600, None]


def test_a_timer_that_says_soon_sets_none_and_is_told() -> None:
    seconds, trouble = timer(b"soon")
    assert seconds is None
    assert trouble is not None
    assert "'soon'" in trouble
    assert timer("٣".encode())[0] is None


def test_steering_two_generations_of_a_session_alike_is_the_same_move() -> None:
    acts = [Act(("restart", f"build@{it * 26}"), "session:build") for it in "AB"]
    first, second = (Landing(Kind.VERB, "session:build", act=act) for act in acts)
    assert (first.after, first.did) == (second.after, "called `looop restart build`")


def test_a_move_says_which_verb_it_called() -> None:
    act = Act(("send", "build", "a long text"), "session:build")
    note = Write("goals/build.md", b"x")
    assert Landing(Kind.VERB, "session:build", act=act).did == "called `looop send build`"
    begin = Act(("start-session", "--goal=a.md", "--", "build", "a long text"), "goal:a.md")
    assert Landing(Kind.VERB, "goal:a.md", act=begin).did == "called `looop start-session build`"
    assert Landing(Kind.GOAL_CHANGED, "goal:build.md", (note,), act).did == (
        "changed a goal, called `looop send build`"
    )
    assert Landing(Kind.GOAL_CHANGED, "goal:build.md", (note,)).did == "changed a goal"


def test_a_name_that_can_not_be_shown_is_none() -> None:
    assert subject("goals/a\x1b[2J.md") is None
    assert subject("goals/a.md") == "goal:a.md"


def test_a_changed_playbook_is_one_move() -> None:
    verdict = judged(PLAYBOOK_md=b"new")
    assert verdict == Landing(Kind.PLAYBOOK_CHANGED, "playbook", (Write("PLAYBOOK.md", b"new"),))
    assert str(verdict) == "changed the PLAYBOOK (playbook)"
    assert str(judged()) == "nothing"


def test_a_removed_sensor_is_one_move() -> None:
    verdict = judged(sensors__s_sh=None)
    assert verdict == Landing(Kind.SENSOR_REMOVED, "sensor:s", (Write("sensors/s.sh", None),))


def test_a_fleet_verb_alone_is_the_move() -> None:
    act = Act(("start-session", "tea", "--goal", "x"), "session:tea")
    verdict = judged(act)
    assert verdict == Landing(Kind.VERB, "session:tea", (), act)
    assert isinstance(verdict, Landing)
    assert verdict.did == "called `looop start-session tea`"


def test_a_draft_may_change_several_subjects_by_the_same_rules() -> None:
    after = {**BEFORE, "goals/a.md": Leaf(GOAL + b"x"), "goals/b.md": Leaf(GOAL)}
    assert proposed(BEFORE, after) == (Write("goals/a.md", GOAL + b"x"), Write("goals/b.md", GOAL))
    assert "#!" in reason(proposed(BEFORE, {**after, "sensors/t.sh": Leaf(b"echo")}))


def test_a_leaf_has_the_digest_of_its_bytes() -> None:
    assert Leaf(GOAL).digest == digest_bytes(GOAL)


def test_what_a_move_leaves_is_the_digest_of_its_bytes_and_none_where_it_removed() -> None:
    verdict = judged(goals__a_md=None, goals__archive__a_md=GOAL)
    assert isinstance(verdict, Landing)
    assert verdict.left() == {"goals/a.md": None, "goals/archive/a.md": digest_bytes(GOAL)}


def test_a_sensor_that_was_there_is_changed_and_not_added() -> None:
    verdict = judged(sensors__s_sh=SENSOR + b"echo 2\n")
    assert isinstance(verdict, Landing)
    assert verdict.kind is Kind.SENSOR_CHANGED


def test_a_draft_that_archives_a_goal_overwrites_no_earlier_one() -> None:
    after = {**BEFORE, "goals/archive/a.md": Leaf(GOAL)}
    del after["goals/a.md"]
    assert proposed(BEFORE, after, ("a.md",)) == (
        Write("goals/a.md", None),
        Write("goals/archive/a.2.md", GOAL),
    )


def test_a_refusal_is_a_sentence_for_the_agent() -> None:
    assert reason(judged(PLAYBOOK_md=None)) == "PLAYBOOK.md may be changed, not removed"


def test_a_timer_that_is_no_number_is_told_by_its_first_characters_and_never_fails() -> None:
    assert timer(b"\xff1")[0] is None
    held = f".next-interval held {'x' * 40!r}, not a whole number of seconds: no timer was set"
    assert timer(b"x" * 100) == (None, held)
    assert timer(b" " * 60 + b"123456") == (1234, None)


def test_a_file_of_exactly_the_limit_lands() -> None:
    largest = GOAL + b"x" * (LARGEST - len(GOAL))
    assert isinstance(judged(goals__a_md=largest), Landing)
    assert f"more than {LARGEST}" in reason(judged(goals__a_md=largest + b"x"))


def test_a_goal_that_never_had_a_goal_line_may_stay_without_even_if_it_was_no_text() -> None:
    before = {"goals/a.md": Leaf(b"\xff notes")}
    assert isinstance(judge(before, {"goals/a.md": Leaf(b"notes")}, None), Landing)
    assert "no frontmatter" in reason(judge({}, {"goals/a.md": Leaf(b"notes")}, None))


def test_a_goal_may_lose_its_goal_line_on_its_way_to_the_archive() -> None:
    assert isinstance(judged(goals__a_md=None, goals__archive__a_md=b"done\n"), Landing)


def test_a_change_by_hand_and_by_a_verb_is_told_with_the_verb_as_it_was_typed() -> None:
    act = Act(("goal", "note", "a.md"), "goal:a.md", (Write("goals/a.md", GOAL + b"y"),))
    said = reason(judged(act, goals__a_md=GOAL + b"x"))
    assert said == "goal:a.md was changed both by hand and by `looop goal note a.md`"
