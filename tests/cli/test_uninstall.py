"""`uninstall` asks before anything is lost, goes on after a failure, and says what became of each thing."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from looop.child import users
from looop.child.proc import Proc
from looop.cli import removing
from looop.cli.console import FakeCall
from looop.core.problem import Exit, Problem
from looop.engine import ending, holder, shutdown
from looop.engine.call import Kind, Tty
from looop.engine.shutdown import Stopped
from looop.store import files, leftovers, services
from looop.store.paths import Profile
from support.managed import Managed, script
from support.verbs import Looop, Said

TERMINAL = Tty(stdin=True, stdout=True, stderr=True)
DIGEST = "ab" * 32


@pytest.fixture(autouse=True)
def _shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "_SHARED", tmp_path)


@pytest.fixture
def managed(tmp_path: Path) -> Managed:
    return Managed(tmp_path)


async def typed(profile: Profile, managed: Managed, *argv: str, says: str | None = None) -> Said:
    call = FakeCall(env=managed.env, tty=Tty() if says is None else TERMINAL, answers=[says or ""])
    return await Looop(profile)("uninstall", *argv, call=call)


def living(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(ending, "sessions", lambda _: names)


def paths_of(places: list[dict[str, str]]) -> list[str]:
    return [place["path"] for place in places]


async def test_with_nothing_to_do_it_is_well_and_names_what_stays(profile: Profile, managed: Managed) -> None:
    said = await typed(profile, managed, "--json")
    assert said.code == 0
    assert (said.value["well"], said.value["removed"], said.value["failed"]) == (True, [], [])
    assert paths_of(said.value["kept"])[:2] == [str(profile.data), str(profile.config)]
    assert profile.playbook.exists()


async def test_it_removes_unit_completion_and_cache_and_keeps_the_memory(
    profile: Profile, managed: Managed
) -> None:
    where = services.place(profile, managed.env, "linux")
    assert where is not None
    services.write(where, services.service(profile, managed.env, "/opt/looop"))
    completion = script(managed.home / ".config/fish/completions/looop.fish", "complete -c looop")
    cache = script(managed.home / ".cache/looop" / DIGEST / "looop", "x").parent
    said = await typed(profile, managed)
    assert said.code == 0
    assert [line.split()[1] for line in said.out.splitlines() if line.startswith("Removed")] == [
        str(where.link),
        str(where.file),
        str(completion),
        str(cache),
    ]
    assert not cache.parent.exists()
    assert f"Stays    {profile.data} is DATA" in said.out
    assert managed.asked == ["daemon-reload"]


async def test_units_of_other_profiles_are_named_and_stay(
    profile: Profile, managed: Managed, tmp_path: Path
) -> None:
    other = Profile(tmp_path / "other", profile.config)
    where = services.place(other, managed.env, "linux")
    assert where is not None
    services.write(where, services.service(other, managed.env, "/opt/looop"))
    said = await typed(profile, managed, "--json")
    assert str(where.file) in paths_of(said.value["kept"])
    assert where.file.exists()


async def test_live_sessions_are_listed_and_nothing_changes_without_a_yes(
    profile: Profile, managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    living(monkeypatch, "build", "review")
    ended: list[Profile] = []
    monkeypatch.setattr(ending, "end", ended.append)
    said = await typed(profile, managed, says="n")
    assert (said.code, said.out) == (Exit.NO, "")
    assert "build, review" in said.err
    assert "Nothing was changed" in said.err
    assert (await typed(profile, managed, "--json")).problem == (Exit.USAGE, "not-agreed")
    assert ended == []


async def test_a_yes_or_the_flag_ends_them(
    profile: Profile, managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    living(monkeypatch, "build")
    assert "All has ended" in (await typed(profile, managed, says="y")).out
    assert "All has ended" in (await typed(profile, managed, "--yes")).out


async def test_a_purge_asks_and_says_what_is_lost(profile: Profile, managed: Managed) -> None:
    (profile.reports / "tea.md").write_text("good")
    (profile.data / ".git").mkdir()
    assert (await typed(profile, managed, "--purge", "--json")).problem == (Exit.USAGE, "not-agreed")
    said = await typed(profile, managed, "--purge", says="")
    assert said.code == Exit.NO
    assert str(profile.data) in said.err
    assert "1 reports" in said.err
    assert "What looop did not make stays: .git." in said.err
    assert profile.playbook.exists()


async def test_a_purge_removes_the_memory_and_config(profile: Profile, managed: Managed) -> None:
    said = await typed(profile, managed, "--purge", "--yes", "--json")
    assert said.code == 0
    assert said.value["removed"] == [str(profile.data), str(profile.config)]
    assert not profile.data.exists()
    assert not profile.config.exists()
    assert (await typed(profile, managed, "--purge", "--yes")).code == 0


async def test_what_survived_is_named_and_its_memory_is_not_purged(
    profile: Profile, managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(_: Profile, **__: Any) -> Stopped:
        return Stopped(ran=True, survivors=(Proc(77, 1, 77, 77, 2, "D"),), trouble="it can't be")

    monkeypatch.setattr(shutdown, "down", down)
    monkeypatch.setattr(ending, "_anybody", lambda _: True)
    said = await typed(profile, managed, "--purge", "--yes", "--json")
    assert said.code == Exit.NO
    assert (said.value["well"], said.value["survivors"]) == (False, [77])
    assert str(profile.data) in paths_of(said.value["failed"])
    assert profile.playbook.exists()


@pytest.mark.parametrize("kind", ["still-ending", "deaf", "up-again"])
async def test_who_does_not_end_gently_is_killed(
    profile: Profile, managed: Managed, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    calls: list[dict[str, Any]] = []

    async def down(_: Profile, **how: Any) -> Stopped:
        calls.append(how)
        if not how.get("now"):
            raise Problem(Exit.NO, kind, "not yet")
        return Stopped(ran=True)

    monkeypatch.setattr(shutdown, "down", down)
    assert (await typed(profile, managed)).code == 0
    assert [(how.get("now", False), how["sessions"]) for how in calls] == [(False, True), (True, True)]


async def test_a_tick_by_hand_that_a_gentle_end_leaves_is_killed_too(
    profile: Profile, managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[bool] = []

    async def down(_: Profile, *, now: bool = False, **__: Any) -> Stopped:
        calls.append(now)
        return Stopped(ran=True)

    monkeypatch.setattr(shutdown, "down", down)
    with files.lock(profile.lock) as held:
        held.write_holder(holder.myself())
        await typed(profile, managed)
    assert calls == [False, True]


async def test_a_broken_config_a_missing_memory_and_a_missing_home_stop_nothing(
    no_profile: Profile, managed: Managed
) -> None:
    no_profile.config.write_text("{")
    assert (await typed(no_profile, managed)).code == 0
    said = await typed(no_profile, managed, "--purge", "--yes", "--json")
    assert (said.code, no_profile.config.read_text()) == (0, "{")
    managed.env.pop("HOME")
    said = await typed(no_profile, managed, "--json")
    assert (said.code, paths_of(said.value["failed"])) == (Exit.NO, ["HOME"])


async def test_a_cache_that_is_a_link_stays(profile: Profile, managed: Managed, tmp_path: Path) -> None:
    target = script(tmp_path / "elsewhere" / DIGEST / "looop", "x")
    (managed.home / ".cache").mkdir()
    (managed.home / ".cache/looop").symlink_to(target.parents[1])
    said = await typed(profile, managed, "--json")
    assert str(managed.home / ".cache/looop") in paths_of(said.value["kept"])
    assert target.exists()


async def test_a_version_that_others_run_stays_and_names_them(
    profile: Profile, managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = script(managed.home / ".cache/looop" / DIGEST / "looop", "x").parent
    monkeypatch.setattr(users, "running_from", lambda folder: (41, 42) if folder == place else ())
    said = await typed(profile, managed, "--json")
    assert said.code == Exit.NO
    assert said.value["failed"][0]["path"] == str(place)
    assert "pid 41, 42" in said.value["failed"][0]["said"]
    assert place.exists()


async def test_one_step_that_fails_stops_no_other(
    profile: Profile, managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/a/place")

    monkeypatch.setattr(services, "remove", broken)
    completion = script(managed.home / ".config/fish/completions/looop.fish", "complete -c looop")
    said = await typed(profile, managed, "--json")
    assert said.code == Exit.NO
    assert said.value["failed"][0]["path"] == "units"
    assert "/a/place: Permission denied" in said.value["failed"][0]["said"]
    assert said.value["removed"] == [str(completion)]


async def test_the_one_file_goes_with_a_purge_from_where_it_was_installed(
    profile: Profile, managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = script(managed.home / ".local/bin/looop", "x")
    monkeypatch.setattr(removing, "frozen", lambda: True)
    monkeypatch.setattr(removing, "own_binary", lambda: str(binary))
    assert f"is the program: `rm {binary}`" in (await typed(profile, managed)).out
    assert binary.exists()
    assert str(binary) in (await typed(profile, managed, "--purge", "--yes", "--json")).value["removed"]
    assert not binary.exists()


@pytest.mark.parametrize("kind", [Kind.CHILD, Kind.TICK, Kind.STRANGER])
async def test_only_a_person_may(looop: Looop, profile: Profile, kind: Kind) -> None:
    said = await looop("uninstall", "--purge", "--yes", "--json", kind=kind)
    assert said.problem == (Exit.REFUSED, "not-yours")
    assert profile.playbook.exists()


@pytest.mark.process
def test_who_runs_from_a_folder_is_found(tmp_path: Path) -> None:
    program = tmp_path / DIGEST / "sleep"
    program.parent.mkdir()
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([str(program), "1000"]) as runs:
        try:
            assert users.running_from(program.parent) == (runs.pid,)
            assert users.running_from(tmp_path / DIGEST[:-1]) == ()
        finally:
            runs.kill()
    assert users.running_from(program.parent) == ()
    assert os.getpid() not in users.running_from(Path("/"))
