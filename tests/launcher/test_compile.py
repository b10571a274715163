"""How the launcher is made: the same bytes each time, static where it can be, else it says so."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import compile as making
from launcher import table
from launcher.compile import STUB, Compiled, compile_launcher, find_compiler
from looop import __version__

pytestmark = pytest.mark.process


def made(folder: Path, compiler: tuple[str, ...] = ()) -> Compiled:
    folder.mkdir(parents=True)
    return compile_launcher(folder / "looop", work=folder, compiler=compiler, extra_sources=[STUB])


def test_the_same_sources_make_the_same_bytes_wherever_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made(tmp_path / "a")
    shutil.copytree(making.HERE, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(making, "HERE", tmp_path / "elsewhere")
    second = made(tmp_path / "b" / "deeper")
    assert first.path.read_bytes() == second.path.read_bytes()
    assert str(tmp_path).encode() not in first.path.read_bytes()


@pytest.mark.needs("musl-gcc")
def test_with_musl_it_is_static_and_says_so(tmp_path: Path) -> None:
    it = made(tmp_path / "a", ("musl-gcc",))
    assert it.static
    assert ", static (" in str(it)
    told = subprocess.run(["ldd", it.path], capture_output=True, text=True, check=False)
    assert "not a dynamic executable" in told.stdout + told.stderr


def test_with_the_systems_compiler_it_works_and_names_what_to_install(tmp_path: Path) -> None:
    it = made(tmp_path / "a", ("cc",))
    assert not it.static
    assert "install musl-tools" in str(it)
    assert subprocess.run([it.path, "--version"], capture_output=True, check=True).stdout.startswith(
        b"looop "
    )


@pytest.mark.needs("musl-gcc")
def test_another_c_library_makes_no_difference_to_what_it_answers(tmp_path: Path) -> None:
    answers = {
        subprocess.run(
            [made(tmp_path / name, (name,)).path, "version"], capture_output=True, check=True
        ).stdout
        for name in ("cc", "musl-gcc")
    }
    assert len(answers) == 1


@pytest.mark.needs("aarch64-linux-gnu-gcc", "qemu-aarch64-static")
def test_for_another_machine_it_is_compiled_across_and_knows_the_same_verbs(tmp_path: Path) -> None:
    it = made(tmp_path / "a", ("aarch64-linux-gnu-gcc", "-static"))
    image = it.path.read_bytes()
    assert it.static
    assert int.from_bytes(image[18:20], "little") == 183, "an ELF file for aarch64"
    assert [verb for verb in table.relayed() if verb.encode() + b"\0" not in image] == []
    for argv, code in (("version", 0), ("up", 77), ("shot", 77)):  # the last one finds no engine
        ran = subprocess.run(["qemu-aarch64-static", it.path, argv], capture_output=True, check=False, env={})
        assert ran.returncode == code
        assert ran.stdout == (f"looop {__version__}\n".encode() if code == 0 else b"")


def test_cc_is_believed_then_musl_then_the_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CC", "zig cc -target x86_64-linux-musl")
    assert find_compiler() == ("zig", "cc", "-target", "x86_64-linux-musl")
    monkeypatch.delenv("CC")
    for name in ("cc", "musl-gcc"):
        (tmp_path / name).touch(0o700)
        assert find_compiler() == (name,)


def test_without_a_compiler_it_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(SystemExit, match=r"apt-get install musl-tools.*xcode-select --install"):
        find_compiler()


def test_the_command_line_makes_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "launcher.compile", "--stub", "-o", str(tmp_path / "looop")]
    told = subprocess.run(command, cwd=making.HERE.parent, capture_output=True, text=True, check=True)
    assert told.stdout.startswith(f"{tmp_path / 'looop'}: ")
    assert subprocess.run([tmp_path / "looop", "up"], check=False, env={}).returncode == 77


def test_no_c_file_is_longer_than_its_limit() -> None:
    files = [*making.HERE.glob("*.[ch]")]
    assert [file.name for file in files if len(file.read_text().splitlines()) > 400] == []
    assert len(files) > 10
