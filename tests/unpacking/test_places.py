"""Where a program is unpacked to: the first place that is its user's alone and takes programs."""

import os
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from support.ordinary_user import NOBODY, as_ordinary_user
from support.packing import Home, Ran
from support.tested import digest

pytestmark = [pytest.mark.process, pytest.mark.slow]

ROOT = os.geteuid() == 0
APART = ("unshare", "-m") if ROOT else ("unshare", "-r", "-m")
MOUNTS = subprocess.run([*APART, "true"], check=False, capture_output=True).returncode == 0


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """Give the second place's folder, as a login makes it."""
    folder = tmp_path / "runtime"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def two(home: Home, runtime: Path) -> Home:
    return replace(home, env={"XDG_RUNTIME_DIR": str(runtime)})


def falls_back(it: Home, ran: Ran) -> None:
    """See that it ran from the second place, and that the first was left as it was."""
    runtime = Path(it.env["XDG_RUNTIME_DIR"])
    assert (ran.code, ran.err, ran.folder) == (0, "", runtime / "looop" / digest(it.file))


def refused(it: Home, ran: Ran, why: str) -> None:
    """See that it said where it could not go, and why."""
    assert ran.code == 1
    assert ran.lines == ()
    assert ran.err.startswith(f"looop: there is no place to unpack the program to ({it.cache}: {why}")
    assert ran.err.endswith("free, where programs may run.\n")
    assert ran.err.count("\n") == 1


def test_xdg_cache_home_comes_first(home: Home, tmp_path: Path) -> None:
    ran = home.run("doctor", XDG_CACHE_HOME=str(tmp_path / "far" / "away"))
    assert ran.folder == tmp_path / "far" / "away" / "looop" / digest(home.file)
    assert not home.cache.exists()


@pytest.mark.parametrize("given", ["", "relative/cache", "."])
def test_a_cache_home_that_is_no_full_path_does_not_count(home: Home, given: str) -> None:
    assert home.run("doctor", XDG_CACHE_HOME=given).folder == home.unpacked


@pytest.mark.parametrize("home_is", ["", "relative", "/dev/null/home", "/nonexistent/looop-test"])
def test_without_a_home_the_runtime_folder_is_next(two: Home, home_is: str) -> None:
    assert not Path("/nonexistent").exists()
    if ROOT and home_is.startswith("/nonexistent"):
        return  # root can make it
    falls_back(two, two.run("doctor", HOME=home_is))


@pytest.mark.parametrize("sign", [":", ";", "$"])
def test_a_place_whose_path_the_loader_would_take_apart_is_passed_over(
    two: Home, tmp_path: Path, sign: str
) -> None:
    falls_back(two, two.run("doctor", XDG_CACHE_HOME=str(tmp_path / f"a{sign}b")))


@pytest.mark.parametrize(
    "kind", ["link", "link to nothing", "file", "group", "world", *["owner", "owner above"] * ROOT]
)
def test_a_place_that_is_not_ours_alone_is_refused(two: Home, tmp_path: Path, kind: str) -> None:
    two.cache.parent.mkdir(mode=0o700)
    trap = tmp_path / "trap"
    match kind:
        case "link":
            trap.mkdir()
            two.cache.symlink_to(trap)
        case "link to nothing":
            two.cache.symlink_to(trap)
        case "file":
            two.cache.write_text("mine\n")
        case "owner" | "owner above":
            two.cache.mkdir(mode=0o700)
            os.chown(two.cache if kind == "owner" else two.cache.parent, NOBODY, NOBODY)
        case _:
            two.cache.mkdir(mode=0o700)
            two.cache.chmod(0o770 if kind == "group" else 0o707)
    falls_back(two, two.run("doctor"))
    assert not trap.exists() or list(trap.iterdir()) == []
    assert two.cache.is_file() or kind.startswith("link") or list(two.cache.iterdir()) == []


@pytest.mark.parametrize(("mode", "trusted"), [(0o777, False), (0o1777, True), (0o775, True), (0o755, True)])
def test_a_place_in_a_folder_where_anybody_can_put_another_is_refused(
    two: Home, mode: int, trusted: bool
) -> None:
    two.cache.parent.mkdir()
    two.cache.parent.chmod(mode)
    ran = two.run("doctor")
    if trusted:
        assert ran.folder == two.unpacked
    else:
        falls_back(two, ran)


def test_a_prepared_program_in_anothers_place_is_not_run(two: Home, tmp_path: Path) -> None:
    evil = tmp_path / "evil" / digest(two.file)
    evil.mkdir(parents=True)
    (evil / "looop").write_text("#!/bin/sh\necho evil\n")
    (evil / "looop").chmod(0o755)
    (evil / "files").write_text(f"{(evil / 'looop').stat().st_size} looop\n.\n")
    two.cache.parent.mkdir()
    two.cache.symlink_to(evil.parent)
    falls_back(two, two.run("doctor"))


def test_a_program_that_is_a_link_to_elsewhere_is_made_anew(home: Home, tmp_path: Path) -> None:
    home.run("doctor")
    home.unpacked.rename(tmp_path / "moved")
    home.unpacked.symlink_to(tmp_path / "moved")
    assert home.run("doctor").code == 0
    assert not home.unpacked.is_symlink()
    assert (tmp_path / "moved" / "looop").exists()


def test_a_folder_that_takes_nothing_is_passed_over(file: Path) -> None:
    def case(folder: Path) -> None:
        (folder / "home" / ".cache").mkdir(parents=True)
        (folder / "home" / ".cache").chmod(0o500)
        (folder / "run").mkdir(mode=0o700)
        own = folder / "looop"
        own.write_bytes(program)
        own.chmod(0o700)
        it = Home(folder / "home", own, {"XDG_RUNTIME_DIR": str(folder / "run")})
        falls_back(it, it.run("doctor"))

    program = file.read_bytes()
    as_ordinary_user(case)


@pytest.mark.skipif(not MOUNTS, reason="neither this user nor a namespace of theirs may mount anything")
@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("noexec", "Permission denied"),
        ("ro", "Read-only file system"),
        ("size=8m", "No space left on device"),
        ("size=8m,noexec", "Permission denied"),
    ],
)
def test_a_file_system_that_is_no_place_for_programs_is_passed_over(
    two: Home, options: str, why: str
) -> None:
    falls_back(two, mounted(two, (two.folder, options)))
    nowhere = [
        (folder, options) for folder in (two.folder, Path(two.env["XDG_RUNTIME_DIR"]), Path("/var/tmp"))
    ]
    refused(two, mounted(two, *nowhere), why)


@pytest.mark.skipif(not MOUNTS, reason="neither this user nor a namespace of theirs may mount anything")
def test_the_last_place_is_in_var_tmp_and_named_by_the_user(home: Home) -> None:
    ran = mounted(home, (Path("/var/tmp"), "mode=1777"), HOME="")
    assert ran.folder == Path("/var/tmp/looop-0") / digest(home.file)  # in there everybody is root


@pytest.mark.skipif(not MOUNTS, reason="neither this user nor a namespace of theirs may mount anything")
def test_what_was_unpacked_before_its_place_became_read_only_is_used(home: Home) -> None:
    home.run("doctor")
    script = f'mount --bind "{home.folder}" "{home.folder}" && mount -o remount,ro,bind "{home.folder}"'
    assert apart(home, script).folder == home.unpacked


@pytest.mark.skipif(not MOUNTS, reason="neither this user nor a namespace of theirs may mount anything")
def test_a_limit_on_the_size_of_files_is_a_reason_and_no_crash(two: Home) -> None:
    ran = apart(two, "mount -t tmpfs tmpfs /var/tmp && ulimit -f 1")
    refused(two, ran, "File too large")
    assert two.left() == []


def mounted(it: Home, *mounts: tuple[Path, str], **env: str) -> Ran:
    """Run it where these folders are file systems of their own."""
    each = [f"mount -t tmpfs -o {options} tmpfs {shlex.quote(str(path))}" for path, options in mounts]
    return apart(it, " && ".join(each), **env)


def apart(it: Home, script: str, **env: str) -> Ran:
    """Run it after a script, both in a mount namespace that ends with them."""
    ran = subprocess.run(
        [*APART, "/bin/sh", "-c", f'{script} && exec "$0" doctor', it.file],
        env=it.environment(**env),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(ran.returncode, tuple(ran.stdout.splitlines()), ran.stderr)
