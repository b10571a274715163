"""Where a profile is, and when its folder is refused."""

import os
import socket
from functools import partial
from pathlib import Path

import pytest

from looop.core.problem import Exit, Problem
from looop.store import files, migrate, paths
from looop.store.paths import Profile
from support.folder import mode
from support.ordinary_user import as_ordinary_user
from support.profiles import made_in, profile_in


def refusal(profile: Profile) -> Problem:
    with pytest.raises(Problem) as caught:
        paths.check(profile)
    assert caught.value.exit_code == Exit.REFUSED
    return caught.value


def test_without_overrides_the_profile_is_below_home() -> None:
    assert paths.locate({"HOME": "/home/ada"}, "/") == Profile(
        Path("/home/ada/.local/state/looop"), Path("/home/ada/.config/looop.json")
    )


def test_the_xdg_folders_come_before_home() -> None:
    env = {"HOME": "/home/ada", "XDG_STATE_HOME": "/state", "XDG_CONFIG_HOME": "/config"}
    assert paths.locate(env, "/") == Profile(Path("/state/looop"), Path("/config/looop.json"))


def test_a_relative_xdg_folder_is_ignored() -> None:
    env = {"HOME": "/home/ada", "XDG_STATE_HOME": "state"}
    assert paths.locate(env, "/work").data == Path("/home/ada/.local/state/looop")


def test_a_relative_override_is_made_absolute_once() -> None:
    env = {"LOOOP_DATA_DIR": "data", "LOOOP_CONFIG": "sub/looop.json"}
    assert paths.locate(env, "/work") == Profile(Path("/work/data"), Path("/work/sub/looop.json"))


def test_an_empty_override_counts_as_not_given() -> None:
    env = {"HOME": "/home/ada", "LOOOP_DATA_DIR": ""}
    assert paths.locate(env, "/work").data == Path("/home/ada/.local/state/looop")


@pytest.mark.parametrize("home", [{}, {"HOME": ""}, {"HOME": "relative"}])
def test_a_home_that_is_needed_and_missing_is_a_usage_error(home: dict[str, str]) -> None:
    with pytest.raises(Problem, match="HOME is not set") as caught:
        paths.locate(home | {"LOOOP_CONFIG": "/c"}, "/")
    assert caught.value.exit_code == Exit.USAGE


def test_home_is_not_needed_when_both_places_are_named() -> None:
    assert paths.locate({"LOOOP_DATA_DIR": "/d", "LOOOP_CONFIG": "/c"}, "/") == Profile(
        Path("/d"), Path("/c")
    )


def test_a_missing_profile_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"There is no profile at .*looop init") as caught:
        paths.check(profile_in(tmp_path))
    assert (caught.value.exit_code, caught.value.kind) == (Exit.MISSING, "no-profile")


def test_a_relative_data_is_refused() -> None:
    assert "relative path" in refusal(Profile(Path("data"), Path("/c"))).text


def test_a_data_that_is_a_link_is_refused_even_to_a_good_folder(tmp_path: Path) -> None:
    made_in(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "data")
    assert "symbolic link" in refusal(Profile(tmp_path / "link", tmp_path / "c")).text


def test_a_link_is_refused_with_a_slash_behind_it_too(tmp_path: Path) -> None:
    made_in(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "data")
    env = {"LOOOP_DATA_DIR": f"{tmp_path}/link/", "LOOOP_CONFIG": "/c"}
    assert "symbolic link" in refusal(paths.locate(env, "/")).text


def test_a_link_further_up_is_nobodys_business(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    made_in(tmp_path / "real")
    (tmp_path / "home").symlink_to(tmp_path / "real")
    paths.check(profile_in(tmp_path / "home"))


def test_a_data_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "is not a folder" in refusal(profile_in(tmp_path)).text


def test_a_data_below_a_file_is_refused_not_missing(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "Not a directory" in refusal(Profile(tmp_path / "data" / "inner", tmp_path / "c")).text


@pytest.mark.parametrize("bits", [0o770, 0o720, 0o707, 0o702, 0o1777])
def test_a_data_that_others_can_write_is_refused_with_the_remedy(tmp_path: Path, bits: int) -> None:
    profile = made_in(tmp_path)
    profile.data.chmod(bits)
    assert f"chmod 700 '{profile.data}'" in refusal(profile).text


def test_a_data_that_others_can_only_read_passes(tmp_path: Path) -> None:
    profile = made_in(tmp_path)
    profile.data.chmod(0o755)
    paths.check(profile)


def test_a_data_of_another_owner_is_refused() -> None:
    def case(folder: Path) -> None:
        assert "belongs to user 0" in refusal(Profile(Path("/usr"), folder / "c")).text

    as_ordinary_user(case)


def test_a_data_that_cannot_be_looked_at_is_refused_not_missing() -> None:
    def case(folder: Path) -> None:
        made_in(folder)
        folder.chmod(0)
        try:
            assert "Permission denied" in refusal(profile_in(folder)).text
        finally:
            folder.chmod(0o700)

    as_ordinary_user(case)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_everything_made_is_private_whatever_the_umask(umask: int) -> None:
    def case(folder: Path) -> None:
        os.umask(umask)
        profile = profile_in(folder / "new" / "parents")
        assert paths.create(profile)
        every = [profile.data, *profile.data.rglob("*")]
        assert {mode(path) for path in every if path.is_dir()} == {0o700}
        assert {mode(path) for path in every if path.is_file()} == {0o600}

    as_ordinary_user(case)


def test_a_made_profile_passes_the_check(tmp_path: Path) -> None:
    paths.create(profile_in(tmp_path))
    paths.check(profile_in(tmp_path))


def test_creating_leaves_the_policy_folders_to_the_seed(tmp_path: Path) -> None:
    profile = profile_in(tmp_path)
    paths.create(profile)
    assert not profile.goals.exists()
    assert not profile.sensors.exists()


def test_creating_again_changes_nothing_and_says_so(tmp_path: Path) -> None:
    profile = profile_in(tmp_path)
    paths.create(profile)
    before = {path: path.lstat().st_mtime_ns for path in profile.data.rglob("*")}
    assert not paths.create(profile)
    assert {path: path.lstat().st_mtime_ns for path in profile.data.rglob("*")} == before


def test_a_folder_that_a_person_made_is_used_and_made_private(tmp_path: Path) -> None:
    profile = profile_in(tmp_path)
    profile.data.mkdir(mode=0o755)
    assert not paths.create(profile)
    assert mode(profile.data) == 0o700


def test_a_folder_that_others_can_write_is_not_taken_over(tmp_path: Path) -> None:
    profile = profile_in(tmp_path)
    profile.data.mkdir()
    profile.data.chmod(0o777)
    with pytest.raises(Problem, match="chmod 700"):
        paths.create(profile)
    assert list(profile.data.iterdir()) == []


def test_a_place_that_may_not_be_written_is_named() -> None:
    def case(folder: Path) -> None:
        folder.chmod(0o500)
        with pytest.raises(Problem, match=r"could not be made .*Permission denied") as caught:
            paths.create(profile_in(folder))
        assert caught.value.exit_code == Exit.REFUSED

    as_ordinary_user(case)


def test_a_newer_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    profile = made_in(tmp_path)
    profile.format.write_text("99\n")
    before = {path: path.lstat().st_mtime_ns for path in [profile.data, *profile.data.rglob("*")]}
    for action in (paths.check, paths.create):
        with pytest.raises(Problem, match=r"newer looop .format 99") as caught:
            action(profile)
        assert (caught.value.exit_code, caught.value.kind) == (Exit.REFUSED, "newer-format")
    assert {path: path.lstat().st_mtime_ns for path in [profile.data, *profile.data.rglob("*")]} == before


@pytest.mark.parametrize("text", ["", "one", "-1", "٣", "1.5", "0"])
def test_a_format_that_is_no_number_is_refused(tmp_path: Path, text: str) -> None:
    profile = made_in(tmp_path)
    profile.format.write_text(text)
    assert "should hold the number" in refusal(profile).text


def test_a_format_that_cannot_be_read_is_not_a_missing_one(tmp_path: Path) -> None:
    profile = made_in(tmp_path)
    profile.format.unlink()
    os.mkfifo(profile.format)
    assert "could not be read" in refusal(profile).text


def test_a_folder_can_be_judged_whatever_its_format(tmp_path: Path) -> None:
    profile = made_in(tmp_path)
    profile.format.write_text("99\n")
    assert paths.check_folder(profile)


def test_an_older_format_is_migrated_step_by_step_and_a_copy_is_kept(tmp_path: Path) -> None:
    profile = made_in(tmp_path)
    files.durable(profile.playbook, b"judgment")
    (profile.goals / "a.md").write_text("a goal")
    steps = {
        1: lambda it: files.durable(it.playbook, b"judgment of 2"),
        2: lambda it: files.durable(it.playbook, it.playbook.read_bytes() + b" and 3"),
    }
    migrate.migrate(profile, 1, 3, steps)
    assert profile.playbook.read_text() == "judgment of 2 and 3"
    assert profile.format.read_text() == "3\n"
    backup = profile.data / "backup-format-1"
    assert (backup / "PLAYBOOK.md").read_text() == "judgment"
    assert (backup / "goals" / "a.md").read_text() == "a goal"
    assert {mode(path) for path in [backup, backup / "goals"]} == {0o700}


def test_a_migration_that_was_interrupted_goes_on_and_keeps_the_first_copy(tmp_path: Path) -> None:
    profile = made_in(tmp_path)
    files.durable(profile.playbook, b"first")

    def dies(it: Profile) -> None:
        files.durable(it.playbook, b"half way")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        migrate.migrate(profile, 1, 2, {1: dies})
    assert profile.format.read_text() == "1\n"
    migrate.migrate(profile, 1, 2, {1: lambda it: files.durable(it.playbook, b"done")})
    assert profile.playbook.read_text() == "done"
    assert (profile.data / "backup-format-1" / "PLAYBOOK.md").read_text() == "first"


def test_a_second_program_that_waited_for_the_migration_repeats_no_step(tmp_path: Path) -> None:
    profile = made_in(tmp_path)
    done: list[int] = []
    steps = {1: lambda _: done.append(1)}
    migrate.migrate(profile, 1, 2, steps)
    migrate.migrate(profile, 1, 2, steps)
    assert done == [1]


def test_a_backup_leaves_out_what_is_no_regular_file(tmp_path: Path) -> None:
    profile = made_in(tmp_path)
    os.mkfifo(profile.goals / "pipe.md")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(profile.reports / "s"))
        migrate.migrate(profile, 1, 2, {1: lambda _: None})
    assert list((profile.data / "backup-format-1").rglob("*.md")) == []


def test_a_profile_of_an_older_format_is_brought_up_to_date_when_it_is_next_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = made_in(tmp_path)
    files.durable(profile.playbook, b"old")
    steps = {1: lambda it: files.durable(it.playbook, b"new")}
    monkeypatch.setattr(paths, "FORMAT", 2)
    monkeypatch.setattr(migrate, "migrate", partial(migrate.migrate, steps=steps))
    assert not paths.create(profile)
    assert (profile.format.read_text(), profile.playbook.read_text()) == ("2\n", "new")
    assert (profile.data / "backup-format-1" / "PLAYBOOK.md").read_text() == "old"


def test_of_two_who_make_a_profile_at_once_one_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = made_in(tmp_path)
    monkeypatch.setattr(paths, "check_folder", lambda _: False)  # looked before the other one made it
    assert not paths.create(profile)
    assert profile.format.read_text() == "1\n"


def test_a_profile_is_made_below_folders_that_are_not_there_yet(tmp_path: Path) -> None:
    profile = profile_in(tmp_path / "new" / "parents")
    assert paths.create(profile)
    assert mode(profile.data.parent) == 0o700


def test_each_door_has_a_folder_of_its_own(tmp_path: Path) -> None:
    profile = profile_in(tmp_path)
    assert paths.door(profile, paths.PERSONS) == profile.doors / "person"
