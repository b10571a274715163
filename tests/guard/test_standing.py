"""Whether the shims come first in a login shell, asked of real shells with start files of their own."""

import os
from pathlib import Path

import pytest

from looop.core.guarded import Guard
from looop.core.rules import Standing
from looop.guard import shims, standing
from support.profiles import made_in

pytestmark = pytest.mark.process


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = shims.write(made_in(tmp_path), Guard(), "/bin/looop")
    assert made is not None
    return made


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    place = tmp_path / "programs"
    place.mkdir()
    for name in ("git", "npm", "rm", "sudo", "ls"):
        (place / name).write_text("#!/bin/sh\n")
        (place / name).chmod(0o755)
    return place


def _env(folder: Path, home: Path, shell: str) -> dict[str, str]:
    return {"PATH": f"{folder}:{os.defpath}", "HOME": str(home), "SHELL": shell, "ZDOTDIR": str(home)}


@pytest.mark.needs("bash", "zsh")
@pytest.mark.parametrize(("shell", "start"), [("/bin/bash", ".bash_profile"), ("/bin/zsh", ".zprofile")])
async def test_a_start_file_that_puts_programs_first_bypasses_the_guard(
    folder: Path, programs: Path, tmp_path: Path, shell: str, start: str
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    keep = f"export PATH={folder}:$PATH\n"  # whatever the machine's own start files do
    (home / start).write_text(keep)
    assert await standing.look(folder, _env(folder, home, shell), tmp_path) == Standing("on")
    (home / start).write_text(f"{keep}echo looop-path:/x; export PATH={programs}:$PATH\n")
    found = await standing.look(folder, _env(folder, home, shell), tmp_path)
    assert found == Standing(
        "bypassed", f"{shell} -l finds {programs} before looop's shims: git, npm, rm and 1 more"
    )


@pytest.mark.needs("fish")
async def test_fish_tells_its_path_too(folder: Path, tmp_path: Path) -> None:
    env = _env(folder, tmp_path, "/usr/bin/fish") | {"XDG_CONFIG_HOME": str(tmp_path)}
    assert (await standing.look(folder, env, tmp_path)).word in {"on", "bypassed"}


async def test_a_path_without_the_shims_is_bypassed_by_every_program_that_is_there(
    folder: Path, programs: Path
) -> None:
    found = standing.judged(folder, str(programs), "x")
    assert (found.word, found.said.split(": ")[1]) == ("bypassed", "git, npm, rm and 1 more")
    assert standing.judged(folder, f"{folder}/:{programs}", "x") == Standing("on")
    assert standing.judged(folder, "", "x") == Standing("on")


async def test_what_a_shell_does_not_tell_is_unknown(folder: Path, tmp_path: Path) -> None:
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\n")
    silent.chmod(0o755)
    found = await standing.look(folder, _env(folder, tmp_path, str(silent)), tmp_path)
    assert found == Standing("unknown", f"{silent} -l did not tell its PATH")
    missing = tmp_path / "missing"
    found = await standing.look(folder, _env(folder, tmp_path, str(missing)), tmp_path)
    assert found.word == "unknown"
    assert "can't be started" in found.said


async def test_a_shell_that_hangs_is_not_waited_for_long(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "DEADLINE", 0.2)
    hangs = tmp_path / "hangs"
    hangs.write_text("#!/bin/sh\nsleep 1000\n")
    hangs.chmod(0o755)
    found = await standing.look(folder, _env(folder, tmp_path, str(hangs)), tmp_path)
    assert found == Standing("unknown", f"{hangs} -l has not answered within 0.2 s")
