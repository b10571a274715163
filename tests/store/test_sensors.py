"""A sensor is listed whatever is wrong with it; its trouble becomes its reading."""

import os
from pathlib import Path

import pytest

from looop.core.digest import digest_bytes
from looop.store import memory
from looop.store.paths import Profile
from looop.store.sensors import Header, SensorFile, header
from support.ordinary_user import as_ordinary_user
from support.profiles import made_in, sensor

SCRIPT = "#!/bin/sh\necho 1\n"


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def only_sensor(profile: Profile) -> SensorFile:
    (found,) = memory.list_sensors(profile)
    return found


def test_a_sensor_is_listed_with_its_digest(profile: Profile) -> None:
    path = sensor(profile, "today", SCRIPT)
    assert only_sensor(profile) == SensorFile("today", path, digest_bytes(SCRIPT.encode()), executable=True)


def test_sensors_come_sorted_and_switched_off_ones_do_not(profile: Profile) -> None:
    for name in ("b", "a"):
        sensor(profile, name, SCRIPT)
    sensor(profile, "c", SCRIPT).rename(profile.sensors / "c.sh.off")
    assert [it.name for it in memory.list_sensors(profile)] == ["a", "b"]


def test_a_header_gives_deadline_cadence_and_trust(profile: Profile) -> None:
    sensor(profile, "mail", "#!/bin/sh\n# looop: timeout=20s\n#looop: interval=10m, untrusted\n")
    found = only_sensor(profile)
    assert (found.timeout, found.interval, found.untrusted) == (20.0, 600.0, True)
    assert found.trouble is None


def test_without_a_header_config_decides() -> None:
    assert header(SCRIPT.encode()) == Header(timeout=None, interval=0.0, untrusted=False)


def test_a_deadline_of_nothing_is_no_limit_not_configs() -> None:
    assert header(b"# looop: timeout=0").timeout == 0.0


def test_only_the_first_lines_are_a_header() -> None:
    early = b"#!/bin/sh\n" + b"\n" * 18 + b"# looop: timeout=1\n"
    assert header(early).timeout == 1.0
    assert header(b"\n" + early).timeout is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("# looop: timeout=soon", "`timeout=soon`"),
        ("# looop: timeout=-5", "`timeout=-5`"),
        ("# looop: timeot=5s", "did you mean timeout?"),
        ("# looop: untrusted=perhaps", "`untrusted=perhaps`"),
        ("# looop:", "is no key"),
    ],
)
def test_a_header_with_a_mistake_is_told(profile: Profile, line: str, said: str) -> None:
    sensor(profile, "mail", f"#!/bin/sh\n{line}\n")
    assert said in (only_sensor(profile).trouble or "")


def test_a_script_that_is_not_executable_is_told_with_the_remedy(profile: Profile) -> None:
    sensor(profile, "today", SCRIPT).chmod(0o600)
    found = only_sensor(profile)
    assert not found.executable
    assert "chmod +x sensors/today.sh" in (found.trouble or "")


@pytest.mark.parametrize("script", ["", "echo 1\n", "\n#!/bin/sh\n"])
def test_a_script_without_an_interpreter_is_told(profile: Profile, script: str) -> None:
    sensor(profile, "today", script)
    assert "does not start with #!" in (only_sensor(profile).trouble or "")


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_what_is_no_file_is_listed_with_trouble(profile: Profile, kind: str) -> None:
    path = profile.sensors / "today.sh"
    if kind == "pipe":
        os.mkfifo(path, 0o700)
    elif kind == "link":
        path.symlink_to("/bin/sh")
    else:
        path.mkdir()
    found = only_sensor(profile)
    assert "not a regular file" in (found.trouble or "")
    assert not found.executable


def test_a_script_without_rights_is_a_sensor_with_trouble_not_a_beat_that_idles() -> None:
    def case(folder: Path) -> None:
        profile = made_in(folder)
        sensor(profile, "today", SCRIPT).chmod(0)
        sensor(profile, "other", SCRIPT)
        other, today = memory.list_sensors(profile)
        assert (today.name, today.trouble) == ("today", "can't be read (Permission denied)")
        assert other.trouble is None
        assert list(memory.policy_digests(profile)) == ["sensors/other.sh"]

    as_ordinary_user(case)


def test_a_name_with_a_newline_is_shown_escaped(profile: Profile) -> None:
    sensor(profile, "a\nb", SCRIPT)
    assert only_sensor(profile).name == r"a\nb"
    assert "rename it" in (only_sensor(profile).trouble or "")


def test_a_name_that_leaves_no_room_for_its_reading_is_told(profile: Profile) -> None:
    sensor(profile, "x" * 240, SCRIPT)
    assert "rename it" in (only_sensor(profile).trouble or "")


def test_a_binary_is_judged_like_a_script(profile: Profile) -> None:
    path = sensor(profile, "today", "")
    path.write_bytes(b"\x7fELF" + bytes(range(256)) * 1000)
    assert "does not start with #!" in (only_sensor(profile).trouble or "")
