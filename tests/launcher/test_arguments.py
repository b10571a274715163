"""What reaches the engine from whoever typed: any bytes, any length, the environment, the file's own name."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from looop.core import wire
from support.launching import RUN_IT_HERE, Launchers, into
from support.scripted import Scripted, client, output, scripted

pytestmark = pytest.mark.process

HOSTILE = (
    "".join(map(chr, range(1, 128))) + "\udc80\udcff\udcc3("
)  # every byte but NUL; the last are no UTF-8


def ran(engine: Scripted, sock: Path, *argv: str, env: dict[str, str] | None = None) -> wire.Run:
    """Run a launcher to its end; what the engine was told."""
    with client(sock, *argv, env=env) as process, engine.accept() as line:
        run = line.run()
        line.end(0)
        assert output(process) == (0, b"", b"")
    return run


def test_64_kib_of_arguments_pass_unharmed(launcher: Path, engine: Scripted, sock: Path) -> None:
    argv = ("answer", "7", "x" * 60_000, *["yes"] * 2000)
    assert ran(engine, sock, *argv).argv == argv


def test_bytes_that_are_no_text_pass_unharmed(launcher: Path, engine: Scripted, sock: Path) -> None:
    argv = ("send", "tea", "--", HOSTILE, "", "\n")
    run = ran(engine, sock, *argv, env={"LC_HOSTILE": HOSTILE, "TZ": ""})
    assert run.argv == argv
    assert (run.env["LC_HOSTILE"], run.env["TZ"]) == (HOSTILE, "")


def test_an_environment_larger_than_a_frame_runs_here(launcher: Path, engine: Scripted, sock: Path) -> None:
    env = {f"LOOOP_{n}": "x" * 100_000 for n in range(12)}
    with client(sock, "journal", env=env) as process:
        assert output(process) == (RUN_IT_HERE, b"", b"")


def test_of_a_name_that_stands_twice_in_the_environment_the_first_travels(
    launcher: Path, engine: Scripted, sock: Path
) -> None:
    code = """if 1:
    import ctypes, sys
    def strings(*words): return (ctypes.c_char_p * (len(words) + 1))(*(word.encode() for word in words), None)
    env = strings("TZ=first", "TZ=second", "TZX=other", "nonsense", f"LOOOP_DATA_DIR={sys.argv[2]}")
    ctypes.CDLL(None).execve(sys.argv[1].encode(), strings("looop", "journal"), env)
    """
    with (
        subprocess.Popen([sys.executable, "-c", code, launcher, sock.parent]) as process,
        engine.accept() as line,
    ):
        run = line.run()
        line.end(0)
        assert process.wait(60) == 0
    assert run.env == {"TZ": "first", "LOOOP_DATA_DIR": str(sock.parent), "LOOOP_BIN": str(launcher)}


def test_the_file_names_itself_whatever_it_was_told(launcher: Path, engine: Scripted, sock: Path) -> None:
    assert ran(engine, sock, "journal", env={"LOOOP_BIN": "/somewhere/else"}).env["LOOOP_BIN"] == str(
        launcher
    )


def test_python_is_told_the_files_name_too(launcher: Path) -> None:
    env = {"LOOOP_BIN": "/somewhere/else", "LAUNCHER_TEST_PYTHON": "/usr/bin/env"}
    told = subprocess.run([launcher, "up"], env=env, capture_output=True, text=True, check=False)
    assert "/usr/bin/env" in told.stderr  # it knows no option -P: the stub's own, and it was run
    shell = {**env, "LAUNCHER_TEST_PYTHON": str(_printer(launcher))}
    told = subprocess.run([launcher, "up"], env=shell, capture_output=True, text=True, check=True)
    assert told.stdout == f"{launcher}\n"


def _printer(launcher: Path) -> Path:
    script = launcher.with_name("printer")
    script.write_text('#!/bin/sh\necho "$LOOOP_BIN"\n')
    script.chmod(0o700)
    return script


def test_a_link_is_followed_to_the_file(launcher: Path, engine: Scripted, sock: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(launcher)
    with subprocess.Popen([link, "journal"], env=into(sock, os.environ)) as process, engine.accept() as line:
        assert line.run().env["LOOOP_BIN"] == str(launcher)
        line.end(0)
        process.wait(60)


@pytest.mark.parametrize("replaced", [True, False])
def test_a_file_that_was_replaced_keeps_its_name(
    launcher: Path, engine: Scripted, sock: Path, tmp_path: Path, replaced: bool
) -> None:
    copy = tmp_path / "looop"
    shutil.copy(launcher, copy)
    old = os.open(copy, os.O_RDONLY)
    copy.unlink()
    if replaced:
        shutil.copy(launcher, copy)
    try:
        with (
            subprocess.Popen(
                [f"/proc/self/fd/{old}", "journal"], env=into(sock, os.environ), pass_fds=(old,)
            ) as it,
            engine.accept() as line,
        ):
            assert line.run().env["LOOOP_BIN"] == str(copy)
            line.end(0)
            it.wait(60)
    finally:
        os.close(old)


def test_a_name_that_only_looks_replaced_is_kept(
    launcher: Path, engine: Scripted, sock: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "looop (deleted)"
    shutil.copy(launcher, copy)
    with subprocess.Popen([copy, "journal"], env=into(sock, os.environ)) as process, engine.accept() as line:
        assert line.run().env["LOOOP_BIN"] == str(copy)
        line.end(0)
        process.wait(60)


@pytest.mark.parametrize(
    ("env", "where"),
    [
        ({"HOME": "{}"}, ".local/state/looop"),
        ({"HOME": "{}/x", "XDG_STATE_HOME": "{}"}, "looop"),
        ({"HOME": "{}", "XDG_STATE_HOME": "relative"}, ".local/state/looop"),
        ({"HOME": "{}", "XDG_STATE_HOME": "{}/y", "LOOOP_DATA_DIR": "mine"}, "mine"),
        ({"LOOOP_DATA_DIR": "{}/z", "HOME": ""}, "z"),
    ],
)
def test_the_engine_is_looked_for_where_the_profile_is(
    launcher: Path, tmp_path: Path, env: dict[str, str], where: str
) -> None:
    data = tmp_path / where
    data.mkdir(parents=True)
    told = {name: value.format(tmp_path) for name, value in env.items()}
    with (
        scripted(data / ".sock") as engine,
        subprocess.Popen([launcher, "journal"], env=told, cwd=tmp_path) as process,
        engine.accept() as line,
    ):
        assert line.run().cwd == str(tmp_path)
        line.end(8)
        assert process.wait(60) == 8


@pytest.mark.parametrize("env", [{}, {"HOME": "relative"}])
def test_without_a_home_the_verb_runs_here(launcher: Path, env: dict[str, str]) -> None:
    assert subprocess.run([launcher, "journal"], env=env, check=False).returncode == RUN_IT_HERE


def test_in_a_folder_that_was_removed_the_verb_runs_here(
    launcher: Path, engine: Scripted, sock: Path, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'cd "$2" && rmdir "$2" && exec "$1" journal'
    command = ["/bin/sh", "-c", script, "sh", str(launcher), str(gone)]
    assert subprocess.run(command, env=into(sock, os.environ), check=False).returncode == RUN_IT_HERE
    assert not engine.asked()


def test_another_users_engine_is_none(
    launchers: Launchers, engine: Scripted, sock: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.c"
    other.write_text(
        "#include <unistd.h>\nuid_t other_user(void);\nuid_t other_user(void) { return getuid() + 1; }\n"
    )
    suspicious = launchers.made_of(other, geteuid="other_user")
    ran = subprocess.run([suspicious, "journal"], env=into(sock, os.environ), check=False)
    assert ran.returncode == RUN_IT_HERE
    with engine.accept() as line:
        assert line.hear() is None
