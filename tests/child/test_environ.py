"""What a child's environment keeps of ours, and what it gets."""

import os
import sys
from pathlib import Path

import pytest

from looop import __version__
from looop.child.environ import build, environment, own_binary, own_command, pinned, restored

DIGEST = "0123456789abcdef" * 4


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Be a program that was unpacked there, with the launcher that is in it."""
    folder = tmp_path / DIGEST
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "looop").touch(mode=0o700)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(folder / "looop"))
    return folder


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, unpacked: Path) -> Path:
    """Be frozen in a file of that name."""
    outer = tmp_path / "app" / "looop"
    outer.parent.mkdir()
    outer.touch(mode=0o700)
    monkeypatch.setenv("LOOOP_BIN", str(outer))
    return outer


def test_none_of_looops_own_names_reaches_a_child_by_accident() -> None:
    env = environment({"LOOOP_DATA_DIR": "/a", "LOOOP_SESSION_ID": "x", "HOME": "/h"}, LOOOP_RUN_ID="r")
    assert {name for name in env if name.startswith("LOOOP_")} == {"LOOOP_BIN", "LOOOP_RUN_ID"}
    assert env["HOME"] == "/h"


def test_what_the_bootloader_set_is_gone() -> None:
    env = environment({"_PYI_ARCHIVE_FILE": "x", "PYINSTALLER_RESET_ENVIRONMENT": "1"})
    assert not [name for name in env if "PYI" in name]


def test_the_users_library_path_is_restored() -> None:
    env = environment({"LD_LIBRARY_PATH": "/bundle", "LD_LIBRARY_PATH_ORIG": "/mine"})
    assert env["LD_LIBRARY_PATH"] == "/mine"
    assert "LD_LIBRARY_PATH_ORIG" not in env


def test_a_frozen_programs_own_library_path_is_dropped(frozen: Path, unpacked: Path) -> None:
    assert "LD_LIBRARY_PATH" not in environment({"LD_LIBRARY_PATH": f"{unpacked}/lib"})


def test_a_frozen_program_leaves_the_users_library_path_alone(frozen: Path) -> None:
    assert environment({"LD_LIBRARY_PATH": "/mine"})["LD_LIBRARY_PATH"] == "/mine"


def test_an_unfrozen_program_leaves_the_users_library_path_alone() -> None:
    assert environment({"LD_LIBRARY_PATH": "/mine"})["LD_LIBRARY_PATH"] == "/mine"


def test_a_frozen_program_is_the_outer_file(frozen: Path) -> None:
    assert own_binary() == str(frozen)
    assert own_command("tick", "--force") == [str(frozen), "tick", "--force"]


def test_an_unfrozen_one_is_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOOP_BIN", "/evil")
    assert own_command("tick") == [sys.executable, "-P", "-m", "looop", "tick"]
    assert own_binary() != "/evil"


def test_when_the_outer_file_has_gone_the_launcher_inside_takes_its_place(
    frozen: Path, unpacked: Path
) -> None:
    frozen.unlink()
    assert own_binary() == f"{unpacked}/bin/looop"


def test_keeper_starts_engines_of_its_own_build(frozen: Path, unpacked: Path) -> None:
    assert pinned([str(frozen), "__engine"]) == [f"{unpacked}/bin/looop", "__engine"]


def test_without_an_unpacked_program_the_outer_file_is_started(frozen: Path, unpacked: Path) -> None:
    (unpacked / "bin" / "looop").unlink()
    assert pinned([str(frozen), "__engine"]) == [str(frozen), "__engine"]


def test_unfrozen_nothing_is_pinned() -> None:
    assert pinned([sys.executable, "-m", "looop"]) == [sys.executable, "-m", "looop"]


def test_two_builds_of_a_version_differ(frozen: Path) -> None:
    assert build() == f"{__version__}+{DIGEST[:12]}"


def test_unfrozen_a_version_is_a_build() -> None:
    assert build() == __version__


def test_a_person_keeps_all_variables_but_the_bootloaders() -> None:
    given = {"LOOOP_DATA_DIR": "/a", "_PYI_ARCHIVE_FILE": "x", "EDITOR": "vi"}
    assert restored(given) == {"LOOOP_DATA_DIR": "/a", "EDITOR": "vi"}


def test_where_path_knows_no_looop_its_folder_comes_last(frozen: Path) -> None:
    assert environment({"PATH": "/nowhere"})["PATH"] == f"/nowhere:{frozen.parent}"


def test_where_path_knows_looop_it_stays_as_it_is(frozen: Path, tmp_path: Path) -> None:
    (tmp_path / "looop").touch(mode=0o755)
    assert environment({"PATH": str(tmp_path)})["PATH"] == str(tmp_path)


def test_without_a_path_a_child_gets_one(frozen: Path) -> None:
    assert environment({})["PATH"] == f"{os.defpath}:{frozen.parent}"


def test_our_own_environment_is_not_changed() -> None:
    base = {"LOOOP_X": "1", "LD_LIBRARY_PATH_ORIG": "/a"}
    environment(base)
    assert base == {"LOOOP_X": "1", "LD_LIBRARY_PATH_ORIG": "/a"}
