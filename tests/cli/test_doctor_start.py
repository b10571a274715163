"""`doctor` starts the agreed agent as a night would: with the PATH that was kept, and no more of a shell."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from looop.child import tree
from looop.cli import doctor_start
from looop.cli.findings import Grade
from looop.core import runners
from looop.core.runners import Runner
from looop.store import searchpath
from looop.store.config import Config
from looop.store.paths import Profile
from support.leftovers import below
from support.managed import script
from support.profiles import made_in

pytestmark = pytest.mark.process


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


@pytest.fixture
def bin_(tmp_path: Path, profile: Profile) -> Path:
    """Give the folder that the kept PATH begins with."""
    searchpath.remember(profile, f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path / "bin"


async def started(profile: Profile, runner: str = "claude", **env: str) -> tuple[Grade, str]:
    return await doctor_start.start(profile, Config(runner=runner), {"HOME": "/h", "PATH": "/poor", **env})


@pytest.mark.parametrize("name", [name for name, program in runners.PROGRAMS.items() if program])
async def test_each_agent_is_asked_for_its_version_and_nothing_else(
    profile: Profile, bin_: Path, tmp_path: Path, name: str
) -> None:
    script(bin_ / name, f'echo "$@" >>{tmp_path}/asked; pwd >>{tmp_path}/asked; echo 1.2.3; echo more')
    assert await started(profile, name) == (Grade.FINE, f"{name} starts unattended: 1.2.3")
    assert (tmp_path / "asked").read_text().splitlines() == ["--version", str(profile.data)]


async def test_it_gets_the_kept_path_the_runners_variables_and_nothing_of_the_shell(
    profile: Profile, bin_: Path, tmp_path: Path
) -> None:
    script(bin_ / "claude", f"env >{tmp_path}/env")
    await started(profile, NODE_OPTIONS="--broken", LD_LIBRARY_PATH="/x", LC_ALL="C", LOOOP_RUNNER="claude")
    given = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert given["PATH"].startswith(f"{bin_}:/usr/bin:/bin")
    assert (given["HOME"], given["LC_ALL"], given["DISABLE_AUTOUPDATER"]) == ("/h", "C", "1")
    assert not {"NODE_OPTIONS", "LD_LIBRARY_PATH", "LOOOP_RUNNER"} & given.keys()


async def test_an_agent_that_only_the_shell_finds_is_bad(
    profile: Profile, bin_: Path, tmp_path: Path
) -> None:
    script(tmp_path / "shells" / "claude", "echo 1")
    found, said = await started(profile, PATH=str(tmp_path / "shells"))
    assert found is Grade.BAD
    assert said.startswith("claude is not on the PATH of unattended work: `looop up` from a terminal")


async def test_without_a_kept_path_it_is_the_shells(profile: Profile, tmp_path: Path) -> None:
    script(tmp_path / "shells" / "claude", "echo 1")
    assert (await started(profile, PATH=f"{tmp_path}/shells:/bin"))[0] is Grade.FINE


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            "echo 'libssl.so.3: cannot open shared object file' >&2; exit 127",
            "exit 127 unattended: libssl.so.3",
        ),
        ("exit 3", "ended with exit 3 unattended"),
        ("kill -SEGV $$", "ended by signal 11"),
        ("printf 'first\\nthe last\\n'; exit 1", "exit 1 unattended: the last"),
    ],
)
async def test_how_it_failed_is_told(profile: Profile, bin_: Path, body: str, told: str) -> None:
    script(bin_ / "claude", body)
    found, said = await started(profile)
    assert found is Grade.BAD
    assert told in said


async def test_a_missing_interpreter_is_told_in_words(profile: Profile, bin_: Path) -> None:
    script(bin_ / "claude", "").write_text("#!/usr/bin/env no-such-node\n")
    found, said = await started(profile)
    assert found is Grade.BAD
    assert "exit 127" in said
    assert "no-such-node" in said


async def test_one_that_hangs_is_ended_with_all_it_started(
    profile: Profile, bin_: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_start, "DEADLINE", 1.0)
    body = f"trap '' TERM; (setsid sh -c 'echo $$ >>{tmp_path}/pids; exec sleep 1000' &); sleep 1000"
    script(bin_ / "claude", body)
    found, said = await started(profile)
    assert (found, said) == (Grade.BAD, "`claude --version` did not end within 1 s unattended")
    (pid,) = (tmp_path / "pids").read_text().split()
    assert tree.proc(int(pid)) is None
    assert [row for row in below(os.getpid()) if "sleep 1000" in row.command] == []


async def test_nothing_runs_before_a_person_agreed(profile: Profile, bin_: Path, tmp_path: Path) -> None:
    script(bin_ / "claude", f"touch {tmp_path}/ran")
    for runner in ("auto", "rehearsal"):
        assert (await started(profile, runner))[0] is Grade.FINE
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("command", "grade"),
    [
        ("mine --ask", Grade.FINE),
        ("KEY=1 mine", Grade.FINE),
        ("theirs --ask", Grade.NOTE),
        ("$AGENT --ask", Grade.NOTE),
        ("cd x && mine", Grade.NOTE),
        ("'", Grade.NOTE),
    ],
)
async def test_a_command_of_ones_own_is_looked_for_and_never_run(
    profile: Profile, bin_: Path, tmp_path: Path, command: str, grade: Grade
) -> None:
    script(bin_ / "mine", f"touch {tmp_path}/ran")
    settings = Config(runner="own", runners={"own": Runner(command)})
    assert (await doctor_start.start(profile, settings, {"PATH": "/poor"}))[0] is grade
    changed = Config(runner="claude", runners={"claude": Runner(command)})
    assert (await doctor_start.start(profile, changed, {"PATH": "/poor"}))[0] is grade
    assert not (tmp_path / "ran").exists()


async def test_its_words_can_not_move_a_cursor(profile: Profile, bin_: Path) -> None:
    script(bin_ / "claude", "printf '\\033[2Jv\\0331\\n'")
    assert "\x1b" not in (await started(profile))[1]


def test_the_environment_is_the_units_own(profile: Profile) -> None:
    env: Mapping[str, str] = {"HOME": "/h", "PATH": "/p", "LANG": "C", "LC_TIME": "x", "FOO": "1"}
    given = doctor_start.surroundings(profile, env, Runner("x", env={"FOO": "2"}))
    assert json.loads(json.dumps(given)).keys() == {"HOME", "PATH", "LANG", "LC_TIME", "FOO", "LOOOP_BIN"}
    assert given["FOO"] == "2"
