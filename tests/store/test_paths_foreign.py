"""A folder that holds somebody's other things is never made into a profile."""

from pathlib import Path

import pytest

from looop.core.problem import Exit, Problem
from looop.store import paths
from support.folder import mode
from support.profiles import profile_in


@pytest.mark.parametrize("name", [".bashrc", "src", "bin"])
def test_a_folder_of_other_things_is_refused_and_left_as_it_was(tmp_path: Path, name: str) -> None:
    profile = profile_in(tmp_path)
    profile.data.mkdir()
    profile.data.chmod(0o755)
    precious = profile.tick / "thesis.txt"
    precious.parent.mkdir()
    precious.write_text("years of work\n")
    (profile.data / name).write_text("")
    with pytest.raises(Problem, match=rf"holds other things \({name}\)") as caught:
        paths.create(profile)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.REFUSED, "not-empty")
    assert mode(profile.data) == 0o755
    assert sorted(path.name for path in profile.data.iterdir()) == sorted([name, "tick"])
    assert precious.read_text() == "years of work\n"


@pytest.mark.parametrize("memory", ["PLAYBOOK.md", "journal.md"])
def test_a_memory_that_came_without_its_dot_files_is_taken_up(tmp_path: Path, memory: str) -> None:
    profile = profile_in(tmp_path)
    profile.data.mkdir(mode=0o700)
    (profile.data / memory).write_text("")
    (profile.data / ".git").mkdir()
    paths.create(profile)
    paths.check(profile)


def test_the_root_of_an_empty_disk_can_be_a_profile(tmp_path: Path) -> None:
    profile = profile_in(tmp_path)
    profile.data.mkdir(mode=0o700)
    (profile.data / "lost+found").mkdir()
    paths.create(profile)
    paths.check(profile)
