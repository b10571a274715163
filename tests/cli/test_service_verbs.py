"""`up --install` and `--uninstall`, and which PATH an `up` gives to the pulse; the pulse itself is a fake."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from looop.child import environ
from looop.cli import doctor_machine, service
from looop.cli.console import FakeCall
from looop.cli.findings import Grade
from looop.core.problem import Exit
from looop.engine import ask, holder, startup
from looop.engine.ask import Answer
from looop.engine.call import Kind, Tty
from looop.engine.startup import Seen
from looop.store import files, searchpath
from looop.store.paths import Profile
from support.managed import Managed
from support.verbs import Looop, Said

TERMINAL = Tty(stdin=True)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, str]]:
    """Give the environments of the pulses that were started, none of which is real."""
    envs: list[Mapping[str, str]] = []

    async def up(profile: Profile, *, env: Mapping[str, str]) -> Seen:
        envs.append(env)
        return Seen(already=False)

    async def nobody(*_: object) -> Answer | None:
        return None

    monkeypatch.setattr(startup, "up", up)
    monkeypatch.setattr(ask, "ask", nobody)
    return envs


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "own_binary", lambda: "/opt/looop")
    assert environ.own_binary() != "/opt/looop"


def lingering(monkeypatch: pytest.MonkeyPatch, *, lingers: bool) -> None:
    monkeypatch.setattr(doctor_machine, "lingers", lambda *_: lingers)
    advice = Grade.NOTE, "a logout may end it: `loginctl enable-linger ann`"
    monkeypatch.setattr(doctor_machine, "linger_of", lambda _: advice)


@pytest.fixture
def managed(tmp_path: Path) -> Managed:
    return Managed(tmp_path)


async def typed(profile: Profile, managed: Managed, *argv: str, tty: Tty = TERMINAL) -> Said:
    return await Looop(profile)(*argv, call=FakeCall(env=managed.env, tty=tty))


async def test_install_writes_a_unit_has_it_read_and_starts_the_pulse(
    profile: Profile, managed: Managed, started: list[Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lingering(monkeypatch, lingers=False)
    said = await typed(profile, managed, "up", "--install")
    unit = managed.unit(profile)
    assert said.code == 0
    assert f"Written: {unit}" in said.out
    assert "first login after a boot" in said.out
    assert "The pulse is up" in said.out
    assert "`loginctl enable-linger ann`" in said.err
    assert (managed.asked, len(started)) == (["daemon-reload"], 1)


async def test_who_lingers_has_the_manager_start_it_so_that_no_logout_ends_it(
    profile: Profile, managed: Managed, started: list[Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lingering(monkeypatch, lingers=True)
    said = await typed(profile, managed, "up", "--install", "--json")
    unit = managed.unit(profile)
    assert managed.asked == ["daemon-reload", f"restart {unit.name}"]
    assert said.value["service"] == {"file": str(unit), "written": True, "managed": True, "lingers": True}
    assert "enable-linger" not in said.err
    assert len(started) == 1


async def test_a_pulse_that_runs_is_not_started_anew_by_the_manager(
    profile: Profile, managed: Managed, started: list[Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lingering(monkeypatch, lingers=True)
    with files.lock(profile.keeper_lock) as held:
        held.write_holder(holder.myself())
        await typed(profile, managed, "up", "--install")
    assert managed.asked == ["daemon-reload"]


@pytest.mark.parametrize("systemctl", [True, False])
async def test_without_a_manager_the_unit_waits_for_one(
    profile: Profile,
    tmp_path: Path,
    started: list[Mapping[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    systemctl: bool,
) -> None:
    lingering(monkeypatch, lingers=True)
    managed = Managed(tmp_path, answers=1)
    if not systemctl:
        managed.env["PATH"] = "/nowhere"
    said = await typed(profile, managed, "up", "--install")
    assert said.code == 0
    assert "No service manager of yours answers now" in said.out
    assert managed.asked == (["daemon-reload"] if systemctl else [])
    assert len(started) == 1
    assert [link.resolve() for link in (managed.units / "default.target.wants").iterdir()] == [
        managed.unit(profile)
    ]


async def test_a_unit_that_was_edited_stops_the_install_before_anything_starts(
    profile: Profile, managed: Managed, started: list[Mapping[str, str]]
) -> None:
    await typed(profile, managed, "up", "--install")
    unit = managed.unit(profile)
    unit.write_text(unit.read_text() + "# mine\n")
    said = await typed(profile, managed, "up", "--install", "--json")
    assert said.problem == (Exit.REFUSED, "not-ours")
    assert len(started) == 1


async def test_uninstall_removes_what_was_written_and_leaves_the_pulse(
    profile: Profile, managed: Managed, started: list[Mapping[str, str]]
) -> None:
    await typed(profile, managed, "up", "--install")
    unit = managed.unit(profile)
    said = await typed(profile, managed, "up", "--uninstall")
    assert said.code == 0
    assert f"Removed: {unit}" in said.out
    assert "A pulse that runs goes on" in said.out
    assert managed.asked == ["daemon-reload", "daemon-reload"]
    assert len(started) == 1
    again = await typed(profile, managed, "up", "--uninstall", "--json")
    assert (again.code, again.value) == (0, {"v": 1, "removed": [], "kept": []})
    assert len(managed.asked) == 2


async def test_uninstall_says_what_was_edited_and_so_stays(
    profile: Profile, managed: Managed, started: list[Mapping[str, str]]
) -> None:
    await typed(profile, managed, "up", "--install")
    unit = managed.unit(profile)
    unit.write_text(unit.read_text() + "# mine\n")
    said = await typed(profile, managed, "up", "--uninstall")
    assert said.code == Exit.NO
    assert f"{unit} was edited" in said.out


async def test_uninstall_needs_no_profile_and_makes_none(no_profile: Profile, managed: Managed) -> None:
    assert (await typed(no_profile, managed, "up", "--uninstall")).code == 0
    assert not no_profile.data.exists()


async def test_both_at_once_and_no_home_are_usage_mistakes(profile: Profile, managed: Managed) -> None:
    assert (await typed(profile, managed, "up", "--install", "--uninstall", "--json")).problem == (
        2,
        "bad-value",
    )
    managed.env.pop("HOME")
    assert (await typed(profile, managed, "up", "--uninstall", "--json")).problem == (2, "no-home")


@pytest.mark.parametrize("kind", [Kind.CHILD, Kind.TICK])
async def test_only_a_person_may(looop: Looop, kind: Kind) -> None:
    assert (await looop("up", "--install", "--json", kind=kind)).problem == (Exit.REFUSED, "not-yours")


async def up(profile: Profile, path: str, tty: Tty) -> None:
    await Looop(profile)("up", call=FakeCall(env={"PATH": path, "HOME": "/h"}, tty=tty))


async def test_the_path_of_a_terminal_is_what_unattended_ups_get(
    profile: Profile, started: list[Mapping[str, str]]
) -> None:
    await up(profile, "/rich", TERMINAL)
    await up(profile, "/poor", Tty(stdout=True))
    await up(profile, "/richer", TERMINAL)
    await up(profile, "/poor", Tty())
    assert [env["PATH"] for env in started] == ["/rich", "/rich", "/richer", "/richer"]
    assert searchpath.recall(profile) == "/richer"


async def test_an_up_that_never_saw_a_terminal_keeps_its_own_path(
    profile: Profile, started: list[Mapping[str, str]]
) -> None:
    await up(profile, "/cron", Tty())
    await up(profile, "/poor", Tty())
    assert [env["PATH"] for env in started] == ["/cron", "/cron"]
