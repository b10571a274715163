"""What `doctor` sees of the machine and of the agent, from places that a test has made."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from looop.cli import doctor_agent, doctor_machine
from looop.cli.findings import Grade
from looop.core.runners import Runner
from looop.store.config import Config
from looop.store.paths import Profile
from support.profiles import made_in

PTYS = Path("/proc/sys/kernel/pty/max")
READY = {"hasCompletedOnboarding": True, "bypassPermissionsModeAccepted": True}


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def written(root: Path, path: str, text: str = "") -> Path:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target


@pytest.mark.parametrize(("used", "grade"), [("10", Grade.FINE), ("4090", Grade.BAD)])
def test_terminals_that_are_nearly_used_up_are_bad(tmp_path: Path, used: str, grade: Grade) -> None:
    written(tmp_path, "proc/sys/kernel/pty/max", "4096\n")
    written(tmp_path, "proc/sys/kernel/pty/nr", f"{used}\n")
    found, said = doctor_machine.terminals(8, tmp_path, "linux")
    assert found is grade
    assert said.startswith(f"{used} of 4096 terminals in use")


@pytest.mark.skipif(not PTYS.exists(), reason="only Linux tells of its terminals there")
def test_this_machines_own_number_of_terminals_is_read_whole() -> None:
    assert f" of {PTYS.read_text().strip()} terminals" in doctor_machine.terminals(1)[1]


def test_a_system_that_does_not_tell_of_terminals_is_only_noted(tmp_path: Path) -> None:
    assert doctor_machine.terminals(8, tmp_path, "linux")[0] is Grade.NOTE


def test_macs_terminals_are_counted_in_dev(tmp_path: Path) -> None:
    for number in range(505):
        written(tmp_path, f"dev/ttys{number:03}")
    found, said = doctor_machine.terminals(8, tmp_path, "darwin")
    assert (found, said[:10]) == (Grade.BAD, "505 of 511")


def test_without_a_limit_of_sessions_a_hundred_must_fit(tmp_path: Path) -> None:
    written(tmp_path, "proc/sys/kernel/pty/max", "100")
    written(tmp_path, "proc/sys/kernel/pty/nr", "0")
    assert doctor_machine.terminals(0, tmp_path, "linux")[0] is Grade.BAD


@pytest.mark.parametrize(("soft", "grade"), [(1024, Grade.FINE), (-1, Grade.FINE), (100, Grade.BAD)])
def test_descriptors_must_do_for_all_sessions_and_sensors(soft: int, grade: Grade) -> None:
    assert doctor_machine.descriptors(soft, 8, 16)[0] is grade


def test_the_advice_names_the_limit_to_set() -> None:
    assert "`ulimit -n 192` before `looop up`" in doctor_machine.descriptors(100, 8, 16)[1]


@pytest.mark.parametrize(("word", "limit"), [("1024", 1024), ("unlimited", -1)])
def test_a_processs_own_limit_is_read(tmp_path: Path, word: str, limit: int) -> None:
    written(
        tmp_path, "proc/7/limits", f"Limit  Soft Limit  Hard Limit\nMax open files  {word}  4096  files\n"
    )
    assert doctor_machine.soft_limit(7, tmp_path) == limit
    assert doctor_machine.soft_limit(8, tmp_path) is None


def test_a_laptop_is_told_how_to_stay_awake(tmp_path: Path) -> None:
    assert doctor_machine.sleep(tmp_path, "linux")[0] is Grade.FINE
    written(tmp_path, "sys/class/power_supply/BAT0/type")
    found, said = doctor_machine.sleep(tmp_path, "linux")
    assert found is Grade.NOTE
    assert "systemd-inhibit" in said


def test_sleep_that_is_masked_is_fine(tmp_path: Path) -> None:
    written(tmp_path, "sys/class/power_supply/BAT0/type")
    mask = tmp_path / "etc/systemd/system/sleep.target"
    mask.parent.mkdir(parents=True)
    mask.symlink_to("/dev/null")
    assert doctor_machine.sleep(tmp_path, "linux")[0] is Grade.FINE


def test_a_mac_is_told_of_caffeinate(tmp_path: Path) -> None:
    assert "caffeinate" in doctor_machine.sleep(tmp_path, "darwin")[1]


def test_who_does_not_linger_is_told_how_to(tmp_path: Path) -> None:
    assert doctor_machine.linger("ann", tmp_path, "linux")[0] is Grade.FINE
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    said = "a logout may end the engine and its sessions: "
    said += "`loginctl enable-linger ann`, then `looop up --install`, prevents it"
    assert doctor_machine.linger("ann", tmp_path, "linux") == (Grade.NOTE, said)
    written(tmp_path, "var/lib/systemd/linger/ann")
    assert doctor_machine.linger("ann", tmp_path, "linux")[0] is Grade.FINE


def asks(profile: Profile, runner: str, home: Path, **env: str) -> tuple[Grade, str]:
    return doctor_agent.dialogs(profile, Config(runner=runner), {"HOME": str(home), **env})


def claude_json(folder: Path, **keys: Any) -> None:
    written(folder, ".claude.json", json.dumps(keys))


def test_a_claude_that_was_never_set_up_is_bad(profile: Profile, tmp_path: Path) -> None:
    found, said = asks(profile, "claude", tmp_path)
    assert found is Grade.BAD
    assert "run `claude` once" in said


def test_a_claude_that_trusts_data_asks_nothing(profile: Profile, tmp_path: Path) -> None:
    trusted = {str(profile.data.resolve()): {"hasTrustDialogAccepted": True}}
    claude_json(tmp_path, **READY, projects=trusted)
    assert asks(profile, "claude", tmp_path) == (Grade.FINE, "claude has nothing to ask first")


def test_claude_asks_nothing_that_was_answered_in_a_cell_or_in_its_settings(
    profile: Profile, tmp_path: Path
) -> None:
    trusted = {str(profile.data.resolve()): {"hasTrustDialogAccepted": True}}
    claude_json(tmp_path, hasCompletedOnboarding=True)
    claude_json(tmp_path / ".claude", hasCompletedOnboarding=True, projects=trusted)
    assert asks(profile, "claude", tmp_path)[0] is Grade.BAD
    written(tmp_path, ".claude/settings.json", '{"skipDangerousModePermissionPrompt": true}')
    assert asks(profile, "claude", tmp_path)[0] is Grade.FINE


def test_claudes_folder_may_be_elsewhere_and_its_key_counts(profile: Profile, tmp_path: Path) -> None:
    trusted = {str(profile.data.resolve()): {"hasTrustDialogAccepted": True}}
    claude_json(tmp_path / "else", **READY, projects=trusted)
    env = {"CLAUDE_CONFIG_DIR": str(tmp_path / "else"), "ANTHROPIC_API_KEY": "k" * 30}
    found, said = asks(profile, "claude", tmp_path, **env)
    assert (found, said.count("claude will ask")) == (Grade.BAD, 1)


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"projects": 3}', "[" * 5000])
def test_a_broken_file_of_an_agent_is_no_trouble_of_ours(profile: Profile, tmp_path: Path, text: str) -> None:
    written(tmp_path, ".claude.json", text)
    assert asks(profile, "claude", tmp_path)[0] is Grade.BAD


def test_the_agents_file_is_only_read(profile: Profile, tmp_path: Path) -> None:
    claude_json(tmp_path, **READY)
    before = (tmp_path / ".claude.json").stat()
    asks(profile, "claude", tmp_path)
    assert (tmp_path / ".claude.json").stat().st_mtime_ns == before.st_mtime_ns


def test_pi_asks_about_a_folder_with_a_pi_folder(profile: Profile, tmp_path: Path) -> None:
    assert asks(profile, "pi", tmp_path)[0] is Grade.FINE
    (profile.data / ".pi").mkdir()
    assert asks(profile, "pi", tmp_path)[0] is Grade.BAD


def test_what_other_agents_ask_is_not_guessed(profile: Profile, tmp_path: Path) -> None:
    settings = Config(runner="mine", runners={"mine": Runner("mine")})
    assert doctor_agent.dialogs(profile, settings, {})[0] is Grade.NOTE
    assert asks(profile, "auto", tmp_path)[0] is Grade.FINE


def path_of(profile: Profile, env: Mapping[str, str], runner: str = "auto") -> tuple[Grade, str]:
    return doctor_agent.path(profile, Config(runner=runner), env)


def program(folder: Path, name: str) -> None:
    written(folder, name, "#!/bin/sh\n").chmod(0o700)


def test_an_agent_that_the_engine_can_not_find_is_bad(profile: Profile, tmp_path: Path) -> None:
    program(tmp_path / "bin", "claude")
    env = {"PATH": str(tmp_path / "bin")}
    assert path_of(profile, env, "claude")[0] is Grade.NOTE
    profile.up.write_text(json.dumps({"v": 1, "path": "/nowhere"}))
    found, said = path_of(profile, env, "claude")
    assert found is Grade.BAD
    assert "yours: claude;" in said


def test_a_sensors_program_that_the_engine_can_not_find_is_noted(profile: Profile, tmp_path: Path) -> None:
    program(tmp_path / "bin", "gh")
    profile.up.write_text(json.dumps({"v": 1, "path": "/nowhere"}))
    assert path_of(profile, {"PATH": str(tmp_path / "bin")})[0] is Grade.NOTE
    assert path_of(profile, {"PATH": "/elsewhere"})[0] is Grade.FINE
