"""A service's files: written once, replaced and removed only as looop wrote them, one for each profile."""

from pathlib import Path

import pytest

from looop.core.problem import Exit, Problem
from looop.core.units import Service
from looop.store import paths, services
from looop.store.paths import Profile
from looop.store.services import Place


def usual(home: Path) -> Profile:
    return paths.locate({"HOME": str(home)}, "/")


def placed(home: Path, profile: Profile | None = None, platform: str = "linux", **env: str) -> Place:
    found = services.place(profile or usual(home), {"HOME": str(home), **env}, platform)
    assert found is not None
    return found


def made(home: Path, profile: Profile | None = None, binary: str = "/opt/looop") -> Service:
    return services.service(profile or usual(home), {"HOME": str(home)}, binary)


def test_the_usual_profile_has_the_plain_name_and_names_nothing(tmp_path: Path) -> None:
    where = placed(tmp_path)
    assert where.file == tmp_path / ".config/systemd/user/looop.service"
    assert made(tmp_path).env == {}


def test_another_profile_has_a_name_of_its_own_and_is_named(tmp_path: Path) -> None:
    other = Profile(tmp_path / "my work", tmp_path / "c.json")
    assert placed(tmp_path, other).file.name.startswith("looop-my-work-")
    assert placed(tmp_path, other) == placed(tmp_path, other, LOOOP_DATA_DIR="whatever")
    assert made(tmp_path, other).env == {
        "LOOOP_DATA_DIR": str(other.data),
        "LOOOP_CONFIG": str(other.config),
    }


def test_a_shells_xdg_folder_is_named_since_a_manager_may_lack_it(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    profile = paths.locate(env, "/")
    assert services.service(profile, env, "/looop").env == {"LOOOP_DATA_DIR": str(profile.data)}
    assert services.place(profile, env) != services.place(usual(tmp_path), env)


def test_writing_makes_unit_and_link_and_again_changes_nothing(tmp_path: Path) -> None:
    where = placed(tmp_path)
    assert services.write(where, made(tmp_path))
    assert where.link is not None
    assert where.link.resolve() == where.file
    before = where.file.stat().st_ino
    assert not services.write(where, made(tmp_path))
    assert where.file.stat().st_ino == before


def test_the_folders_of_other_units_keep_their_rights(tmp_path: Path) -> None:
    folder = placed(tmp_path).file.parent
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    services.write(placed(tmp_path), made(tmp_path))
    assert folder.stat().st_mode & 0o777 == 0o755


def test_an_older_unit_of_ours_is_replaced(tmp_path: Path) -> None:
    services.write(placed(tmp_path), made(tmp_path, binary="/old/looop"))
    assert services.write(placed(tmp_path), made(tmp_path))
    assert "/old" not in placed(tmp_path).file.read_text()


@pytest.mark.parametrize("text", ["[Service]\n", None])
def test_what_a_person_wrote_or_edited_is_neither_replaced_nor_removed(
    tmp_path: Path, text: str | None
) -> None:
    where = placed(tmp_path)
    services.write(where, made(tmp_path))
    kept = where.file.read_text() + "# mine\n" if text is None else text
    where.file.write_text(kept)
    with pytest.raises(Problem) as found:
        services.write(where, made(tmp_path, binary="/new/looop"))
    assert (found.value.exit_code, found.value.kind) == (Exit.REFUSED, "not-ours")
    removed = services.remove(where)
    assert removed.gone == ()
    assert [path for path, _ in removed.kept] == [where.file]
    assert where.file.read_text() == kept
    assert where.link is not None
    assert where.link.is_symlink()


def test_a_unit_that_is_a_link_is_somebody_elses(tmp_path: Path) -> None:
    where = placed(tmp_path)
    services.write(where, made(tmp_path))
    target = where.file.rename(tmp_path / "dotfiles.service")
    where.file.symlink_to(target)
    with pytest.raises(Problem):
        services.write(where, made(tmp_path))
    assert services.remove(where).gone == ()
    assert target.exists()


def test_a_link_that_leads_elsewhere_refuses_before_anything_is_written(tmp_path: Path) -> None:
    where = placed(tmp_path)
    assert where.link is not None
    where.link.parent.mkdir(parents=True)
    where.link.symlink_to("/elsewhere/looop.service")
    with pytest.raises(Problem):
        services.write(where, made(tmp_path))
    assert not where.file.exists()
    services.remove(where)
    assert where.link.is_symlink()


def test_removing_takes_both_and_again_nothing(tmp_path: Path) -> None:
    where = placed(tmp_path)
    services.write(where, made(tmp_path))
    assert set(services.remove(where).gone) == {where.file, where.link}
    assert services.remove(where) == services.Removed()


def test_a_link_that_systemctl_made_is_removed_too(tmp_path: Path) -> None:
    where = placed(tmp_path)
    services.write(where, made(tmp_path))
    assert where.link is not None
    where.link.unlink()
    where.link.symlink_to(where.file)
    assert where.link in services.remove(where).gone


def test_other_profiles_are_named_and_not_touched(tmp_path: Path) -> None:
    other = Profile(tmp_path / "work", tmp_path / "c.json")
    services.write(placed(tmp_path, other), made(tmp_path, other))
    services.write(placed(tmp_path), made(tmp_path))
    (placed(tmp_path).file.parent / "looop-mine.service").write_text("[Unit]\n")
    services.remove(placed(tmp_path))
    assert services.others(placed(tmp_path)) == (placed(tmp_path, other).file,)


def test_a_mac_gets_one_file_and_no_link(tmp_path: Path) -> None:
    where = placed(tmp_path, platform="darwin")
    assert where == Place("looop", tmp_path / "Library/LaunchAgents/looop.plist")
    services.write(where, made(tmp_path))
    assert services.remove(where).gone == (where.file,)


def test_without_a_home_there_is_no_place(tmp_path: Path) -> None:
    assert services.place(usual(tmp_path), {}) is None
    assert services.place(usual(tmp_path), {"HOME": "relative"}) is None
