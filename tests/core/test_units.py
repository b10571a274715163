"""A unit's name, its words, and what no service manager could be told; systemd itself reads it in `child`."""

import plistlib

import pytest

from looop.core import units
from looop.core.problem import Exit, Problem
from looop.core.signed import Whose, whose
from looop.core.units import Service


def test_a_profiles_name_can_be_read_and_is_its_own() -> None:
    names = [units.name_of(data) for data in ("/home/ann/work", "/home/bob/work", "/home/ann/my work!")]
    assert [name.rpartition("-")[0] for name in names] == ["looop-work", "looop-work", "looop-my-work"]
    assert len(set(names)) == 3
    assert units.name_of("/home/ann/work") == names[0]


@pytest.mark.parametrize("data", ["/", "/…", "/\udcff", "/a b%\\x\n", "/-@.service", f"/{'x' * 255}", "/.."])
def test_any_path_gives_a_safe_name(data: str) -> None:
    name = units.name_of(data)
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    assert name.startswith("looop-")
    assert len(name) < 60


def test_a_unit_remains_and_leaves_sessions_alone() -> None:
    lines = units.systemd(Service("/opt/looop")).decode().splitlines()
    for line in (
        "Type=oneshot",
        "RemainAfterExit=yes",
        'ExecStart=:"/opt/looop" up',
        'ExecStop=:"/opt/looop" down',
        "KillMode=process",
        "OOMPolicy=continue",
        "WantedBy=default.target",
    ):
        assert line in lines
    assert not any(line.startswith("Environment") for line in lines)


def test_an_agent_of_launchd_starts_at_login_with_its_variables() -> None:
    data = units.launchd(Service("/opt/looop", {"LOOOP_DATA_DIR": "/a <b> & c"}), "looop-x")
    assert whose(data) is Whose.OURS
    told = plistlib.loads(data)
    assert (told["Label"], told["ProgramArguments"], told["RunAtLoad"]) == (
        "looop-x",
        ["/opt/looop", "up"],
        True,
    )
    assert told["EnvironmentVariables"] == {"LOOOP_DATA_DIR": "/a <b> & c"}


@pytest.mark.parametrize(
    "service",
    [
        Service("looop"),
        Service('/a"b/looop'),
        Service("/a\\b/looop"),
        Service("/a\nb/looop"),
        Service("/a\udcff/looop"),
        Service("/looop", {"LOOOP_DATA_DIR": "/a\nExecStart=/bin/evil"}),
        Service("/looop", {"LOOOP_CONFIG": "/a\udcff"}),
    ],
)
def test_what_can_not_be_told_is_refused_with_advice(service: Service) -> None:
    with pytest.raises(Problem) as found:
        units.check(service)
    assert (found.value.exit_code, found.value.kind) == (Exit.USAGE, "bad-path")


def test_a_path_with_spaces_and_quotes_is_no_trouble_for_a_variable() -> None:
    units.check(Service("/my programs/100%/$x/looop", {"LOOOP_DATA_DIR": "/a \"b\" 'c' \\d %h $e"}))
