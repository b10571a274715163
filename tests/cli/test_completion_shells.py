"""Tab in the real shells: verbs, flags and the names of what is there; and nothing that is typed is run."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from looop.store.paths import Profile
from support.shells import House, house_in, shell, tab, tabs
from support.terminal import Terminal
from support.things import things_in

pytestmark = [pytest.mark.process, pytest.mark.needs("bash", "zsh", "fish")]

COMPINIT = "autoload -Uz compinit; compinit -u -D"
OTHER = """#!/bin/sh
[ "$1 $2" = 'complete goals' ] && printf '%s\\n' theirs '$(touch owned)' 'a b' -rf
"""
PACKAGE = "/usr/share/bash-completion/bash_completion"

LINES = {
    "looop stat": "looop status ",
    "looop start": "looop start-session ",
    "looop goal arch": "looop goal archive ",
    "looop goal show te": "looop goal show tea ",
    "looop goal show --js": "looop goal show --json ",
    "looop tick --dr": "looop tick --dry-run ",
    "looop sensor off to": "looop sensor off today ",
    "looop sensor on q": "looop sensor on quiet ",
    "looop shot ov": "looop shot over ",
    "looop shot --ansi ov": "looop shot --ansi over ",
    "looop send rev": "looop send review ",
    "looop log pu": "looop log pulse ",
    "looop log --grep pu ov": "looop log --grep pu over ",
    "looop key review Pag": "looop key review Page",
    "looop key review C-c Ins": "looop key review C-c Insert ",
    "looop approve dr": "looop approve drafts ",
    "looop unclaim in": "looop unclaim inbox ",
    "looop runs tick-20260101-115": "looop runs tick-20260101-115000-abc123 ",
    "looop why goals/te": "looop why goals/tea.md ",
    "looop why sessions/ov": "looop why sessions/over ",
    "looop init --runner reh": "looop init --runner rehearsal ",
    "looop start-session new text rehe": "looop start-session new text rehearsal ",
    "looop start-session new --goal te": "looop start-session new --goal tea ",
    "looop start-session new --goal=te": "looop start-session new --goal=tea ",
    "looop flag --session rev": "looop flag --session review ",
    "looop config fi": "looop config fish ",
    "looop help sensor sh": "looop help sensor show ",
    "looop --vers": "looop --version ",
    # what must offer nothing
    "looop send ov": "looop send ov",
    "looop send review te": "looop send review te",
    "looop send review -- --pas": "looop send review -- --pas",
    "looop complet": "looop complet",
    "looop nonsense te": "looop nonsense te",
    "looop help shot ov": "looop help shot ov",
}
"""What is typed before Tab, and the line after it."""

FEW = {
    typed: LINES[typed]
    for typed in ("looop goal show te", "looop start-session new --goal=te", "looop tick --dr")
}


@pytest.fixture
def house(tmp_path: Path, profile: Profile) -> House:
    things_in(profile)
    return house_in(tmp_path / "home", profile)


def bash(house: House, begin: str) -> AbstractContextManager[Terminal]:
    return shell(house, "bash", "--norc", "--noprofile", "-i", begin=f"cd {house.home}; {begin}")


def zsh(house: House, begin: str = "") -> AbstractContextManager[Terminal]:
    begin = begin or f"{COMPINIT}; source {house.script('zsh')}"
    return shell(house, "zsh", "-f", "-i", begin=f"cd {house.home}; {begin}")


def test_bash_alone_completes_what_was_begun_and_lists_what_there_is(house: House) -> None:
    with bash(house, f"source {house.script('bash')}") as it:
        for typed, becomes in LINES.items():
            tab(it, typed, becomes)
        tabs(it, "looop goal show ", "playbook-daily", "setup", "tea", "odd")
        tabs(it, "looop answer ", "2", "3", "asks", "drafts")
        tabs(it, "looop tick --", "--dry-run", "--force", "--help")


@pytest.mark.needs(PACKAGE)
@pytest.mark.parametrize("saved", [False, True], ids=["sourced", "saved where the package looks"])
def test_bash_with_its_package_completes_too(house: House, saved: bool) -> None:
    script = house.script("bash")
    if saved:
        place = house.home / "share" / "bash-completion" / "completions"
        place.mkdir(parents=True)
        script.rename(place / "looop")
    with bash(house, f"source {PACKAGE}" + ("" if saved else f"; source {script}")) as it:
        for typed, becomes in FEW.items():
            tab(it, typed, becomes)


def test_zsh_completes_what_was_begun_and_says_what_verbs_and_flags_are_for(house: House) -> None:
    with zsh(house) as it:
        for typed, becomes in LINES.items():
            tab(it, typed, becomes)
        tabs(it, "looop sensor ", "off", "Switch a sensor on again.")
        tabs(it, "looop shot --", "--trim", "Without the empty lines at the end.")
        tabs(it, "looop goal show ", "playbook-daily", "setup", "tea")


def test_zsh_finds_the_script_in_fpath(house: House) -> None:
    folder = house.home / "functions"
    folder.mkdir()
    house.script("zsh").rename(folder / "_looop")
    with zsh(house, f"fpath=({folder} $fpath); {COMPINIT}") as it:
        for typed, becomes in FEW.items():
            tab(it, typed, becomes)


def test_zsh_without_compinit_says_what_is_needed(house: House) -> None:
    with zsh(house, f"source {house.script('zsh')}") as it:
        it.shows("completions need compinit first")


def test_fish_completes_what_was_begun(house: House) -> None:
    for typed, becomes in LINES.items():
        word = becomes.rpartition(" ")[0].rpartition(" ")[2] if becomes.endswith(" ") else None
        begun = typed.rpartition(" ")[2]
        found = [it for it in house.fish(typed) if it.startswith(begun)]  # it looks into descriptions too
        assert found == ([word] if word else ["PageDown", "PageUp"] if "Pag" in typed else []), typed


def test_fish_lists_what_there_is_with_what_it_is_for(house: House) -> None:
    assert set(house.fish("looop goal show ")) == {"odd", "playbook-daily", "setup", "tea"}
    assert set(house.fish("looop goal ")) == {"new", "show", "edit", "archive"}
    assert set(house.fish("looop tick ")) == {"--dry-run", "--force", "--help"}
    assert "hook" not in house.fish("looop ")


@pytest.mark.parametrize("word", ["$(touch owned)", "a;touch owned", "*"])
def test_no_shell_runs_what_was_typed(house: House, word: str) -> None:
    typed, becomes = f"looop shot '{word}' --tri", f"looop shot '{word}' --trim "
    with bash(house, f"source {house.script('bash')}") as it:
        tab(it, typed, becomes)
    with zsh(house) as it:
        tab(it, typed, becomes)
    assert house.fish(typed) == ["--trim"]
    assert not (house.home / "owned").exists()


def test_the_looop_that_was_typed_is_asked_and_not_trusted(house: House) -> None:
    other = house.home / "other" / "looop"
    other.parent.mkdir()
    other.write_text(OTHER)
    other.chmod(0o755)
    for opened in (bash(house, f"source {house.script('bash')}"), zsh(house)):
        with opened as it:
            tab(it, "other/looop goal show ", "other/looop goal show theirs ")
            tab(it, "~/other/looop goal show ", "~/other/looop goal show theirs ")
    for typed in (f"{other} goal show ", "~/other/looop goal show "):
        assert house.fish(typed) == ["theirs"]
    assert not (house.home / "owned").exists()


def test_a_looop_that_fails_offers_nothing_and_says_nothing(house: House) -> None:
    opened = (bash(house, f"source {house.script('bash')}"), zsh(house))
    assert house.fish("looop shot rev", before=f"mv {house.home}/bin/looop {house.home}/away") == []
    for at in opened:
        with at as it:
            tab(it, "looop shot rev", "looop shot rev")
