"""The manual page is roff that says what help says, shown by two programs without a complaint."""

import re
import subprocess
from pathlib import Path

import pytest

from looop.cli import manpage, places
from looop.cli.examples import EXAMPLES
from looop.cli.manual import FlagHelp, HelpView, VerbHelp
from looop.core.problem import Exit
from looop.store.config import Config
from looop.store.paths import Profile
from support.verbs import Looop

SHOWN = [name for name, info in places.VERBS.items() if name not in places.GROUPS and not info.hidden]
GROFF = ("groff", "-man", "-T", "utf8", "-ww", "-z")
SECTIONS = [
    *("NAME", "SYNOPSIS", "DESCRIPTION", "A BEAT", "BEGIN", "VERBS", "WHAT HOLDS"),
    *("FILES", "EXIT STATUS", "ENVIRONMENT"),
]


@pytest.fixture
async def page(looop: Looop, tmp_path: Path) -> Path:
    path = tmp_path / "looop.1"
    path.write_text((await looop("help", "--man")).out)
    return path


def shown(path: Path) -> str:
    """Give what a person reads, as one line."""
    said = subprocess.run(
        ["mandoc", "-T", "utf8", "-O", "width=500", path], check=True, capture_output=True, text=True
    )
    return " ".join(re.sub(".\b", "", said.stdout).split())


@pytest.mark.needs("groff", "mandoc")
@pytest.mark.process
async def test_two_formatters_find_nothing_wrong(page: Path) -> None:
    groff = subprocess.run([*GROFF, page], check=True, capture_output=True, text=True)
    assert groff.stdout + groff.stderr == ""
    lint = subprocess.run(["mandoc", "-T", "lint", page], check=False, capture_output=True, text=True).stdout
    assert [line for line in lint.splitlines() if "missing date" not in line] == []


@pytest.mark.needs("groff", "mandoc")
@pytest.mark.process
async def test_every_verb_flag_example_and_exit_code_is_shown(looop: Looop, page: Path) -> None:
    text = shown(page)
    for verb in (await looop("help", "--json")).value["verbs"]:
        assert f"looop {verb['name']}".strip() in text
        assert " ".join(verb["summary"].split()) in text
        assert [it for it in verb["arguments"] if it["help"] and it["help"] not in text] == []
    assert [line for line in EXAMPLES.values() if line not in text] == []
    assert [code for code in Exit if f" {int(code)} " not in text] == []
    assert [key for key in Config.__struct_fields__ if f"LOOOP_{key.upper()}" not in text] == ["format"]


async def test_its_sections_are_those_of_a_page_in_their_order(page: Path) -> None:
    assert re.findall(r"^\.SH (.*)$", page.read_text(), re.MULTILINE) == SECTIONS
    assert re.findall(r"^\.SH NAME\nlooop \\- .*[a-z]$", page.read_text(), re.MULTILINE)


async def test_it_is_the_same_on_every_machine(looop: Looop, no_profile: Profile, page: Path) -> None:
    text = page.read_text()
    assert str(looop.profile.data) not in text
    assert "\\(ti/.local/state/looop" in text
    assert text.isascii()
    elsewhere = Profile(Path("/else/where"), no_profile.config)
    assert (await Looop(elsewhere)("help", "--man")).out == text


@pytest.mark.parametrize("more", [("goal", "show"), ("--json",)])
async def test_a_page_of_one_verb_or_for_machines_is_refused(looop: Looop, more: tuple[str, ...]) -> None:
    said = await looop("help", "--man", *more)
    assert said.code == Exit.USAGE
    assert "--man alone" in said.err


@pytest.mark.needs("groff", "mandoc")
@pytest.mark.process
@pytest.mark.parametrize(
    "text", [".SH forged", "'ne", "a\\b \\fBbold", "`x` \"y\" 'z' ~ ^ - --", "…⚑", "a\\", "\\&.x"]
)
def test_any_text_is_shown_as_it_is(tmp_path: Path, text: str) -> None:
    flag = FlagHelp(("--it",), "str", required=False, help=text)
    verbs = tuple(
        VerbHelp(name, "x.", "either", changes=False, person_only=False) for name in SHOWN if name != "up"
    )
    hostile = VerbHelp("up", text, "either", False, False, (flag,), None, text, text)  # noqa: FBT003 - unread
    path = tmp_path / "x.1"
    path.write_text(manpage.page(HelpView("0", "/d", "/c", (*verbs, hostile), {}, {})))
    groff = subprocess.run([*GROFF, path], check=True, capture_output=True, text=True)
    assert groff.stderr == ""
    said = subprocess.run(["mandoc", "-T", "utf8", path], check=True, capture_output=True, text=True).stdout
    assert re.sub(".\b", "", said).count(text) == 4
