"""`history` and `diff` tell what became of the policy files; `undo` asks before it drops anybody's edit."""

import pytest

from looop.cli.console import FakeCall
from looop.core.edits import By
from looop.core.problem import Exit
from looop.engine.call import Caller, Kind, RunLocally, Tty
from looop.store import history
from looop.store.paths import Profile
from support.lived import RUN, live_in
from support.verbs import FakeEngine, Looop, Said

TERMINAL = Tty(stdin=True, stdout=True, stderr=True)


@pytest.fixture(autouse=True)
def _a_morning(profile: Profile) -> None:
    live_in(profile)


async def undo(looop: Looop, *argv: str, says: str | None = None) -> Said:
    tty = Tty() if says is None else TERMINAL
    return await looop("undo", *argv, call=FakeCall(tty=tty, answers=[says or ""]))


def tea(profile: Profile) -> str:
    return (profile.goals / "tea.md").read_text()


def journal(profile: Profile) -> str:
    return profile.journal.read_text().splitlines()[-1]


async def test_a_persons_verbs_are_kept_by_their_names(looop: Looop, profile: Profile) -> None:
    for argv in (
        ("goal", "new", "cake", "There is cake"),
        ("goal", "archive", "cake"),
        ("sensor", "off", "today"),
        ("sensor", "on", "today"),
    ):
        assert (await looop(*argv)).code == 0
    said = (await looop("history", "--tail", "5", "--json")).value["edits"]
    assert [(edit["by"], edit["said"]) for edit in said if edit["by"] == "verb"] == [
        ("verb", "goal new"),
        ("verb", "goal archive"),
        ("verb", "sensor off"),
        ("verb", "sensor on"),
    ]
    text = (await looop("history")).out
    assert "`looop goal archive`  goals/cake.md removed, goals/archive/cake.md created" in text


async def test_a_verb_that_cant_be_kept_changes_nothing(looop: Looop, profile: Profile) -> None:
    index = profile.history / "index.jsonl"
    index.unlink()
    index.mkdir()
    said = await looop("goal", "new", "cake", "There is cake", "--json")
    assert said.problem == (Exit.NO, "disk")
    assert not (profile.goals / "cake.md").exists()


async def test_an_edit_in_an_editor_is_kept_with_what_was_there(looop: Looop, profile: Profile) -> None:
    def edits(_: object) -> int:
        (profile.goals / "tea.md").write_text("---\ngoal: coffee\n---\n")
        return 0

    (profile.goals / "tea.md").write_text("---\ngoal: changed by hand\n---\n")
    await looop("goal", "edit", "tea", call=FakeCall(tty=TERMINAL, on_run=edits))
    *_, by_hand, by_verb = history.read(profile).edits
    assert (by_hand.by, by_verb.by, by_verb.said) == (By.OUTSIDE, By.VERB, "goal edit")
    assert "+goal: coffee\n" in (await looop("diff")).out


async def test_a_file_is_named_as_people_name_it(looop: Looop) -> None:
    for name in ("tea", "tea.md", "goals/tea", "goals/tea.md"):
        assert RUN in (await looop("history", name)).out
        assert "+- 2026-01-01 two bags left" in (await looop("diff", name)).out
    assert (await looop("history", "teas", "--json")).problem == (Exit.MISSING, "no-edit")
    assert 'did you mean "goals/tea.md"?' in (await looop("diff", "goals/tee.md")).err


async def test_a_diff_shows_no_control_character_as_it_is(looop: Looop, profile: Profile) -> None:
    (profile.goals / "tea.md").write_text("---\ngoal: x\n---\n\x1b[2J\u202e\n")
    history.seen(profile, ["goals/tea.md"], 1.0)
    assert "+<U+001B>[2J<U+202E>" in (await looop("diff")).out


async def test_lost_bytes_and_damaged_lines_are_said_plainly(looop: Looop, profile: Profile) -> None:
    for path in (profile.history / "objects").iterdir():
        path.unlink()
    said = await looop("diff", RUN)
    assert (said.code, said.err) == (0, "")
    assert "goals/tea.md: The bytes of the version" in said.out
    (profile.history / "index.jsonl").write_text("{\n")
    assert "1 line of the index can't be read" in (await looop("history")).out
    assert (await looop("diff", "--json")).problem == (Exit.MISSING, "no-edit")


async def test_a_fresh_profile_has_no_history_and_says_so(looop: Looop, profile: Profile) -> None:
    (profile.history / "index.jsonl").unlink()
    assert "Nothing was kept yet" in (await looop("history")).out
    assert (await undo(looop, "--json")).problem == (Exit.MISSING, "no-edit")


async def test_undo_takes_back_the_last_landing_with_a_line_in_the_journal(
    looop: Looop, profile: Profile
) -> None:
    said = await undo(looop)
    assert (said.code, said.err) == (0, "")
    assert "two bags" not in tea(profile)
    assert journal(profile).endswith(f"undid {RUN}: goals/tea.md")
    again = (await undo(looop, said.out.rpartition("`looop undo ")[2].partition("`")[0], "--json")).value
    assert (again["files"], "two bags left" in tea(profile)) == (["goals/tea.md"], True)


async def test_a_newer_edit_is_shown_and_dropped_only_on_a_yes(looop: Looop, profile: Profile) -> None:
    (profile.goals / "tea.md").write_text("mine\n")
    no = await undo(looop, says="n")
    assert (no.code, tea(profile)) == (Exit.NO, "mine\n")
    assert "1 file was changed after" in no.err
    assert "-mine\n" in no.err
    assert "Nothing was changed." in no.err
    assert (await undo(looop, says="y")).code == 0
    assert tea(profile) != "mine\n"


async def test_without_a_terminal_a_newer_edit_needs_a_flag(looop: Looop, profile: Profile) -> None:
    (profile.goals / "tea.md").write_text("mine\n")
    assert (await undo(looop, "--json")).problem == (Exit.USAGE, "not-agreed")
    assert tea(profile) == "mine\n"
    assert (await undo(looop, "--yes")).code == 0
    assert tea(profile) != "mine\n"
    assert (await looop("history", "tea", "--json")).value["edits"][-2]["by"] == "outside"


@pytest.mark.parametrize("kind", [Kind.TICK, Kind.CHILD])
async def test_only_a_person_undoes(looop: Looop, profile: Profile, kind: Kind) -> None:
    before = tea(profile)
    said = await looop("undo", "--json", call=FakeCall(caller=Caller(kind, 1)))
    assert said.problem == (Exit.REFUSED, "not-yours")
    assert tea(profile) == before


async def test_in_an_engine_history_is_read_and_undo_is_left_to_the_caller(
    profile: Profile, engine: FakeEngine
) -> None:
    assert RUN in (await Looop(profile, engine)("history")).out
    with pytest.raises(RunLocally):
        await Looop(profile, engine)("undo")
