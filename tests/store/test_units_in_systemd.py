"""What systemd makes of a unit of ours: `systemd-analyze verify`, and its own reading of odd paths."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from looop.store import services
from looop.store.paths import Profile
from support.ordinary_user import as_ordinary_user

SYSTEMD = Path("/lib/systemd/systemd")
pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed"),
]
ODD = "a b%h $HOME 100%"
ODDER = "a \"b\" 'c' \\d %h $HOME ü"


def written(folder: Path) -> Path:
    """Write a unit for a program and a profile at odd places."""
    program = folder / ODD / "looop"
    program.parent.mkdir()
    shutil.copy("/bin/true", program)
    profile = Profile(folder / ODDER, folder / ODDER / "looop.json")
    env = {"HOME": str(folder)}
    where = services.place(profile, env, "linux")
    assert where is not None
    services.write(where, services.service(profile, env, str(program)))
    return where.file


def ran(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    runtime = folder / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    env = {
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(runtime),
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(argv, env=env, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def verified(folder: Path, unit: Path) -> tuple[int, str]:
    said = ran(folder, "systemd-analyze", "verify", "--user", "--man=no", str(unit))
    return said.returncode, said.stderr


def test_verify_has_nothing_to_say_of_it(tmp_path: Path) -> None:
    assert verified(tmp_path, written(tmp_path)) == (0, "")


def test_nor_when_an_ordinary_user_asks() -> None:
    def case(folder: Path) -> None:
        assert verified(folder, written(folder)) == (0, "")

    as_ordinary_user(case)


def test_verify_would_find_a_mistake(tmp_path: Path) -> None:
    unit = written(tmp_path)
    unit.write_text(unit.read_text().replace("KillMode=process", "KillMode=proces"))
    assert "proces" in verified(tmp_path, unit)[1]
    unit.write_text(unit.read_text().replace("%%", "%"))
    assert verified(tmp_path, unit)[0] == 1


@pytest.mark.skipif(not SYSTEMD.exists(), reason="systemd itself is not installed")
def test_systemd_reads_each_path_back_as_it_was() -> None:
    def case(folder: Path) -> None:
        unit = written(folder)
        said = ran(folder, str(SYSTEMD), "--user", "--test", f"--unit={unit.name}").stdout
        assert f"Environment: LOOOP_DATA_DIR={folder / ODDER}\n" in said
        program = str(folder / ODD / "looop").replace("$", "\\$")
        assert f'Command Line: "{program}" up\n' in said
        assert f'Command Line: "{program}" down\n' in said

    as_ordinary_user(case)
