"""Sensors are listed with what they said, tried, and switched without losing a byte."""

import os
import stat

import pytest

from looop.cli.console import FakeCall
from looop.core.problem import Exit
from looop.store.paths import Profile
from support.profiles import sensor
from support.verbs import Looop


async def test_a_sensor_that_is_off_keeps_its_script_and_comes_back_executable(
    looop: Looop, profile: Profile
) -> None:
    before = (profile.sensors / "today.sh").read_bytes()
    await looop("sensor", "off", "today")
    assert not (profile.sensors / "today.sh").exists()
    (profile.sensors / "today.sh.off").chmod(0o600)
    assert (await looop("sensor", "on", "today")).code == 0
    assert (profile.sensors / "today.sh").read_bytes() == before
    assert stat.S_IMODE((profile.sensors / "today.sh").stat().st_mode) == 0o700


@pytest.mark.parametrize(("verb", "word"), [("on", "is on already"), ("off", "is off already")])
async def test_switching_twice_says_so(looop: Looop, verb: str, word: str) -> None:
    await looop("sensor", verb, "today")
    said = await looop("sensor", verb, "today")
    assert said.code == Exit.REFUSED
    assert word in said.err


async def test_two_scripts_of_one_name_are_left_to_the_person(looop: Looop, profile: Profile) -> None:
    (profile.sensors / "today.sh.off").write_text("#!/bin/sh\n")
    for verb in ("on", "off"):
        said = await looop("sensor", verb, "today")
        assert said.code == Exit.REFUSED
        assert "both there" in said.err


async def test_a_script_without_an_interpreter_is_not_switched_on(looop: Looop, profile: Profile) -> None:
    (profile.sensors / "odd.sh.off").write_text("echo 1\n")
    assert (await looop("sensor", "on", "odd", "--json")).problem == (Exit.REFUSED, "no-interpreter")


async def test_a_missing_sensor_is_answered_with_the_nearest(looop: Looop) -> None:
    for verb in ("show", "run", "off", "on"):
        said = await looop("sensor", verb, "todya")
        assert said.code == Exit.MISSING
        assert 'did you mean "today"?' in said.err


async def test_a_damaged_snapshot_is_only_unknown(looop: Looop, profile: Profile) -> None:
    (profile.snapshots / "sensor-today.json").write_bytes(b"\xff{")
    profile.state.write_text("no json")
    assert "not run yet" in (await looop("sensors")).out


@pytest.mark.process
async def test_trying_a_sensor_shows_its_reading_and_writes_nothing(looop: Looop, profile: Profile) -> None:
    sensor(profile, "tea", '#!/bin/sh\npwd >&2\necho \'{"signal": 2, "detail": "\\u001b[2J"}\'\n')
    before = sorted(profile.data.rglob("*"))
    said = await looop("sensor", "run", "tea")
    assert (said.code, said.out) == (0, 'signal  2\ndetail  "\\u001b[2J"\n')
    assert sorted(profile.data.rglob("*")) == before


@pytest.mark.process
async def test_a_sensor_that_fails_says_why_and_shows_its_stderr(looop: Looop, profile: Profile) -> None:
    sensor(profile, "tea", "#!/bin/sh\necho broken >&2\nexit 3\n")
    said = await looop("sensor", "run", "tea")
    assert said.code == Exit.NO
    assert said.out == "tea ended with exit code 3\nbroken\n"
    value = (await looop("sensor", "run", "tea", "--json")).value
    assert (value["error"], value["signal"]) == ("ended with exit code 3", None)


@pytest.mark.process
async def test_a_sensor_that_can_not_run_says_what_to_do(looop: Looop, profile: Profile) -> None:
    sensor(profile, "tea", "echo 1\n")
    assert "#!" in (await looop("sensor", "run", "tea")).out
    sensor(profile, "tea", "#!/bin/sh\necho 1\n").chmod(0o600)
    assert "chmod +x" in (await looop("sensor", "run", "tea")).out


@pytest.mark.process
async def test_in_a_ticks_folder_its_draft_is_tried(looop: Looop, profile: Profile) -> None:
    drafts = profile.tick / "sensors"
    drafts.mkdir(parents=True)
    (drafts / "tea.sh").write_text("#!/bin/sh\npwd | sed 's/.*/\"&\"/'\n")
    said = await looop("sensor", "run", "tea", "--json", call=FakeCall(cwd=str(drafts)))
    assert said.value["signal"] == os.fspath(profile.data)
    assert not (profile.sensors / "tea.sh").exists()
