"""A fresh profile is seeded once; what is there is never touched."""

from pathlib import Path

import pytest

from looop.core.problem import Problem
from looop.store import memory, paths, seed
from looop.store.paths import Profile
from support.folder import mode
from support.profiles import profile_in


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    made = profile_in(tmp_path)
    paths.create(made)
    return made


def tree(profile: Profile) -> dict[str, tuple[bytes, int]]:
    paths_ = [profile.playbook, *profile.goals.rglob("*"), *profile.sensors.rglob("*")]
    return {
        str(path.relative_to(profile.data)): (path.read_bytes(), mode(path))
        for path in paths_
        if path.is_file()
    }


def test_a_fresh_profile_gets_the_seeds(profile: Profile) -> None:
    assert seed.seed(profile)
    source = seed.source_folder()
    assert {name: data for name, (data, _) in tree(profile).items()} == {
        str(path.relative_to(source)): path.read_bytes() for path in source.rglob("*") if path.is_file()
    }


def test_the_seeds_are_private_and_the_sensors_run(profile: Profile) -> None:
    seed.seed(profile)
    modes = {name: bits for name, (_, bits) in tree(profile).items()}
    assert modes["PLAYBOOK.md"] == 0o600
    assert modes["sensors/today.sh"] == 0o700
    assert {mode(it) for it in (profile.goals, profile.archive, profile.sensors)} == {0o700}


def test_what_is_seeded_has_no_trouble(profile: Profile) -> None:
    seed.seed(profile)
    goals = {it.name: it.trouble for it in memory.read_goals(profile)}
    sensors = {it.name: it.trouble for it in memory.list_sensors(profile)}
    assert goals == {"playbook-daily.md": None, "setup.md": None}
    assert sensors == {"today": None}


def test_a_second_seeding_plants_nothing(profile: Profile) -> None:
    seed.seed(profile)
    profile.playbook.unlink()
    assert not seed.seed(profile)
    assert not profile.playbook.exists()


@pytest.mark.parametrize("sign", ["PLAYBOOK.md", "goals", "sensors", "journal.md"])
def test_any_memory_at_all_means_that_this_profile_is_not_fresh(profile: Profile, sign: str) -> None:
    path = profile.data / sign
    if "." in sign:
        path.write_text("mine")
    else:
        path.mkdir()
    assert not seed.seed(profile)
    assert set(tree(profile)) <= {"PLAYBOOK.md"}
    assert profile.goals.is_dir()
    assert profile.sensors.is_dir()


def test_a_seeding_that_was_interrupted_is_finished_and_replaces_nothing(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted: list[Path] = []
    real = seed._plant

    def dies(source: Path, target: Path) -> None:
        if planted:
            raise KeyboardInterrupt
        planted.append(target)
        real(source, target)

    monkeypatch.setattr(seed, "_plant", dies)
    with pytest.raises(KeyboardInterrupt):
        seed.seed(profile)
    monkeypatch.setattr(seed, "_plant", real)
    profile.playbook.write_text("edited meanwhile")
    assert seed.seed(profile)
    assert profile.playbook.read_text() == "edited meanwhile"
    assert (profile.sensors / "today.sh").exists()
    assert not seed.seed(profile)


def test_an_installation_without_seeds_says_so_and_seeds_nothing(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("looop.__file__", str(tmp_path / "elsewhere" / "looop" / "__init__.py"))
    with pytest.raises(Problem, match="install looop again") as caught:
        seed.seed(profile)
    assert caught.value.kind == "no-seeds"
    assert not profile.goals.exists()


def test_seeds_that_were_installed_as_links_become_files(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "looop" / "seeds"
    folder.mkdir(parents=True)
    (tmp_path / "store.md").write_text("from the store")
    (folder / "PLAYBOOK.md").symlink_to(tmp_path / "store.md")
    monkeypatch.setattr("looop.__file__", str(tmp_path / "looop" / "__init__.py"))
    assert seed.seed(profile)
    assert not profile.playbook.is_symlink()
    assert profile.playbook.read_text() == "from the store"


def test_seeds_within_the_package_come_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for folder in (tmp_path / "seeds", tmp_path / "looop" / "seeds"):
        folder.mkdir(parents=True)
        (folder / "PLAYBOOK.md").write_text("")
    monkeypatch.setattr("looop.__file__", str(tmp_path / "looop" / "__init__.py"))
    assert seed.source_folder() == tmp_path / "looop" / "seeds"
