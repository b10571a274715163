"""The program that `nix run` starts: made by nix/venv.sh as in a build, then put through nix/smoke.sh."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

import looop
from support.source import ROOT

pytestmark = pytest.mark.process

SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
INTERPRETER = Path(sys.executable).resolve()
WHEELS_SCRIPT = "#!/of/the/wheel\nimport sys\nfrom looop.__main__ import main\nsys.exit(main())\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay out what installing the wheel leaves, and run the script that a build by Nix runs on it."""
    out = tmp_path_factory.mktemp("out")
    shutil.copytree(ROOT / "looop", out / SITE / "looop", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "seeds", out / SITE / "looop/seeds")
    (out / "bin").mkdir()
    (out / "bin/looop").write_text(WHEELS_SCRIPT)
    made = {"out": str(out), "python": str(INTERPRETER), "site": SITE}
    env = {"PATH": os.environ["PATH"], "modules": sysconfig.get_path("purelib")} | made
    subprocess.run(["bash", ROOT / "nix/venv.sh", "looop"], env=env, check=True)
    return out


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def run(installed: Path, home: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{installed}/bin:/usr/bin:/bin", "HOME": str(home), "TMPDIR": str(home)}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=100)


def test_it_beats_starts_sessions_and_ends(installed: Path, home: Path) -> None:
    done = run(installed, home, "bash", ROOT / "nix/smoke.sh", looop.__version__)
    assert done.returncode == 0, done.stderr


def test_the_smoke_test_fails_for_another_version(installed: Path, home: Path) -> None:
    done = run(installed, home, "bash", ROOT / "nix/smoke.sh", "9.9.9")
    assert (done.returncode, "looop version did not say '9.9.9'" in done.stderr) == (1, True)


def test_it_finds_itself_again_by_its_interpreter_and_by_its_file(installed: Path, home: Path) -> None:
    own = "from looop.child.environ import own_binary, own_command; print(*own_command(), own_binary())"
    python = installed / "libexec/looop/bin/python3"
    done = run(installed, home, python, "-P", "-c", own)
    assert done.stdout.split() == [str(python), "-P", "-m", "looop", str(python.parent / "looop")]


def test_it_takes_modules_from_the_store_alone_and_sets_no_variable(installed: Path, home: Path) -> None:
    python = installed / "libexec/looop/bin/python3"
    show = "import os, site, sys; print(site.ENABLE_USER_SITE, sorted(os.environ), sys.prefix)"
    done = run(installed, home, python, "-P", "-c", show)
    assert done.stdout.startswith("False ['HOME', ")
    assert "PYTHON" not in done.stdout
    assert done.stdout.rstrip().endswith(str(python.parents[1]))
