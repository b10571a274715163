"""Goals are written, shown, edited and archived; nothing that is there is ever overwritten."""

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from looop.cli.console import FakeCall
from looop.core.goal import is_goal
from looop.core.problem import Exit
from looop.engine.call import Tty
from looop.store.paths import Profile
from support.verbs import Looop

TERMINAL = Tty(stdin=True, stdout=True, stderr=True)
WHOLE = "---\ngoal: be whole\n---\n\n- a note\n"


async def test_a_sentence_becomes_a_goal_with_frontmatter_and_the_rest_its_notes(
    looop: Looop, profile: Profile
) -> None:
    said = await looop("goal", "new", "tea", "There is always tea\nbuy on Mondays")
    assert (said.code, said.out) == (0, "Goal tea.md written.\n")
    text = (profile.goals / "tea.md").read_text()
    assert text == "---\ngoal: There is always tea\n---\n\nbuy on Mondays\n"
    assert is_goal(text)


@pytest.mark.parametrize("name", ["tea", "tea.md", "goals/tea.md"])
async def test_a_goal_has_three_names(looop: Looop, profile: Profile, name: str) -> None:
    await looop("goal", "new", name, "text")
    assert (profile.goals / "tea.md").exists()


async def test_a_dash_reads_the_goal_from_stdin(looop: Looop, profile: Profile) -> None:
    await looop("goal", "new", "tea", "-", given=WHOLE.encode())
    assert (profile.goals / "tea.md").read_text() == WHOLE


async def test_a_text_may_begin_with_a_dash(looop: Looop, profile: Profile) -> None:
    await looop("goal", "new", "tea", "- a list")
    assert "goal: - a list" in (profile.goals / "tea.md").read_text()


@pytest.mark.parametrize(
    ("text", "given", "kind"),
    [
        ("", b"", "bad-value"),
        (" \n ", b"", "bad-value"),
        ("---\nno goal line\n---\n", b"", "bad-value"),
        ("\udcff", b"", "bad-value"),
        ("-", b"\xff\xfe", "bad-value"),
        ("-", b"", "bad-value"),
        ("-", b"x" * (1 << 20) + b"y", "too-much-stdin"),
    ],
)
async def test_what_is_no_goal_is_refused_and_nothing_written(
    looop: Looop, profile: Profile, text: str, given: bytes, kind: str
) -> None:
    said = await looop("goal", "new", "tea", text, "--json", given=given)
    assert said.problem == (Exit.USAGE, kind)
    assert not (profile.goals / "tea.md").exists()


async def test_a_goal_is_private_whatever_the_umask(looop: Looop, profile: Profile) -> None:
    await looop("goal", "new", "tea", "text")
    assert stat.S_IMODE((profile.goals / "tea.md").stat().st_mode) == 0o600


async def test_a_goal_that_is_there_is_never_overwritten(looop: Looop, profile: Profile) -> None:
    await looop("goal", "new", "tea", "first")
    assert (await looop("goal", "new", "tea", "second", "--json")).problem == (Exit.REFUSED, "exists")
    assert "first" in (profile.goals / "tea.md").read_text()


async def test_a_goal_that_appears_while_the_verb_runs_is_not_overwritten(
    looop: Looop, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def appeared(path: Path, data: bytes, mode: int) -> None:
        raise FileExistsError(17, "File exists", str(path))

    monkeypatch.setattr("looop.store.files.exclusive", appeared)
    said = await looop("goal", "new", "tea", "text", "--json")
    assert said.problem == (Exit.REFUSED, "exists")


async def test_showing_a_goal_finds_archived_ones_and_cleans_what_others_wrote(
    looop: Looop, profile: Profile
) -> None:
    (profile.goals / "tea.md").write_text("---\ngoal: \x1b]0;evil\x07tea \u202e\n---\n")
    assert (await looop("goal", "show", "tea")).out == "---\ngoal: tea <U+202E>\n---\n"
    await looop("goal", "archive", "tea")
    shown = await looop("goal", "show", "tea", "--json")
    assert shown.value["archived"] is True
    assert "\x1b]0;evil\x07" in shown.value["text"]


async def test_a_missing_goal_is_answered_with_the_nearest(looop: Looop) -> None:
    said = await looop("goal", "show", "setpu")
    assert said.code == Exit.MISSING
    assert 'did you mean "setup.md"?' in said.err


async def test_a_fifo_in_a_goals_place_blocks_nobody(looop: Looop, profile: Profile) -> None:
    import os

    os.mkfifo(profile.goals / "pipe.md")
    assert (await looop("goal", "show", "pipe")).code == Exit.NO
    assert "named pipe" in (await looop("goals")).out


async def test_a_goal_with_a_newline_in_its_name_is_listed_on_one_line(
    looop: Looop, profile: Profile
) -> None:
    (profile.goals / "a\nb.md").write_text(WHOLE)
    said = await looop("goals")
    assert said.code == 0
    assert sum("a" in line.split(" ")[0] and "nb" in line for line in said.out.splitlines()) == 1


async def test_archiving_keeps_every_earlier_goal_of_that_name(looop: Looop, profile: Profile) -> None:
    for text in ("one", "two", "three"):
        await looop("goal", "new", "tea", text)
        await looop("goal", "archive", "tea")
    assert {path.name for path in profile.archive.iterdir()} == {"tea.md", "tea.2.md", "tea.3.md"}
    assert "three" in (profile.archive / "tea.3.md").read_text()
    assert not (profile.goals / "tea.md").exists()


async def test_editing_opens_the_persons_own_editor_on_the_file(looop: Looop, profile: Profile) -> None:
    run: list[Sequence[str]] = []

    def edit(argv: Sequence[str]) -> int:
        run.append(argv)
        return 0

    call = FakeCall(env={"VISUAL": "code --wait", "EDITOR": "vi"}, tty=TERMINAL, on_run=edit)
    assert (await looop("goal", "edit", "setup", call=call)).code == 0
    assert run == [["code", "--wait", str(profile.goals / "setup.md")]]
    assert call.stderr == "unchanged\n"


async def test_editing_warns_of_a_goal_that_is_none_any_more(looop: Looop, profile: Profile) -> None:
    def spoil(argv: Sequence[str]) -> int:
        Path(argv[-1]).write_text("no frontmatter\n")
        return 0

    said = await looop("goal", "edit", "setup", call=FakeCall(tty=TERMINAL, on_run=spoil))
    assert "no goal: line" in said.err


async def test_an_editor_needs_a_terminal_and_a_goal(looop: Looop) -> None:
    assert (await looop("goal", "edit", "setup")).code == Exit.USAGE
    assert (await looop("goal", "edit", "nothing", call=FakeCall(tty=TERMINAL))).code == Exit.MISSING
