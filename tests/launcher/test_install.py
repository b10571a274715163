"""`install.sh` puts one checked file in place, or nothing; and says what it did."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.releases import MACHINE, PROGRAM, SCRIPT, Releases, path_without, served
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.needs("bash", "curl", "wget")]

FILE = f"looop-1.2.0-{MACHINE}"
SHELLS = (("sh",), ("bash", "--posix"))


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[Releases]:
    with served(tmp_path / "releases") as it:
        yield it


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def installed(home: Path) -> Path:
    return home / ".local" / "bin" / "looop"


def nothing_is_there(home: Path) -> bool:
    return [path for path in home.rglob("*") if not path.is_dir()] == [] and not list(home.rglob(".looop*"))


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("missing", ["wget", "curl"])
def test_the_newest_release_is_installed(
    releases: Releases, home: Path, tmp_path: Path, shell: tuple[str, ...], missing: str
) -> None:
    digest = releases.publish()
    path = path_without(tmp_path / "bin", missing)
    (tmp_path / "bin" / shell[0]).unlink(missing_ok=True)
    (tmp_path / "bin" / shell[0]).symlink_to(shutil.which(shell[0]) or "")
    said = releases.install(home, shell=shell, PATH=path)
    assert (said.returncode, said.stderr) == (0, "")
    assert f"looop 1.2.0 is {installed(home)} now (SHA-256 {digest})." in said.stdout
    assert installed(home).read_text() == PROGRAM.replace("{version}", "1.2.0")
    assert installed(home).stat().st_mode & 0o777 == 0o755
    assert list(installed(home).parent.iterdir()) == [installed(home)]


@pytest.mark.parametrize("given", ["1.1.0", "v1.1.0", "variable"])
def test_a_version_is_named_by_argument_or_variable(releases: Releases, home: Path, given: str) -> None:
    releases.publish("1.1.0", latest=False)
    releases.publish("1.2.0")
    if given == "variable":
        said = releases.install(home, LOOOP_VERSION="1.1.0")
    else:
        said = releases.install(home, given)
    assert "looop 1.1.0 is" in said.stdout
    assert "version}" not in installed(home).read_text()
    assert "1.1.0" in installed(home).read_text()


def test_another_folder_is_named_with_a_variable_and_needs_no_home(
    releases: Releases, tmp_path: Path
) -> None:
    releases.publish()
    env = releases.env(tmp_path, LOOOP_INSTALL_DIR=str(tmp_path / "a b" / "c"))
    del env["HOME"]
    said = subprocess.run(["sh", SCRIPT], check=True, capture_output=True, text=True, env=env)
    assert f"is {tmp_path}/a b/c/looop now" in said.stdout


def test_it_says_whether_the_folder_is_on_the_path_and_what_to_type(releases: Releases, home: Path) -> None:
    releases.publish()
    said = releases.install(home)
    assert "is not on your PATH" in said.stdout
    assert said.stdout.endswith(f"Next: {installed(home)} init\n")
    on = f"{installed(home).parent}:{os.environ['PATH']}"
    again = releases.install(home, PATH=on)
    assert "It replaced an earlier one. If looop is up, 'looop up' renews it" in again.stdout
    assert again.stdout.endswith("Next: looop init\n")


def test_another_looop_that_comes_first_is_named(releases: Releases, home: Path) -> None:
    releases.publish()
    first = home / "first" / "looop"
    first.parent.mkdir()
    first.write_text("#!/bin/sh\n")
    first.chmod(0o755)
    said = releases.install(home, PATH=f"{first.parent}:{installed(home).parent}:{os.environ['PATH']}")
    assert f"Another looop comes first on your PATH, {first}" in said.stdout


def test_a_file_that_runs_is_replaced_and_runs_on(releases: Releases, home: Path) -> None:
    releases.publish()
    installed(home).parent.mkdir(parents=True)
    shutil.copy(shutil.which("sleep") or "", installed(home))
    running = subprocess.Popen([installed(home), "600"])
    try:
        assert releases.install(home).returncode == 0
        assert installed(home).read_text().startswith("#!/bin/sh")
        assert running.poll() is None
    finally:
        running.kill()
        running.wait()


@pytest.mark.parametrize(
    ("sums", "words"),
    [
        (f"{'a' * 64}  {FILE}\n", "has SHA-256"),
        ("", f"names no {FILE}"),
        (f"{'a' * 64}  {FILE}x\n", f"names no {FILE}"),
        (f"{'a' * 64}  {FILE[:-1]}", f"names no {FILE}"),
        (f"{'a' * 63}  {FILE}\n", "is broken"),
        (f"{'a' * 65}  {FILE}\n", "is broken"),
        (f"{'a' * 63}g  {FILE}\n", "is broken"),
        (f"{'A' * 64}  {FILE}\n", "is broken"),
        (f"{'a' * 64}  {FILE}\n{'b' * 64}  {FILE}\n", "is broken"),
        ("<html>Not found</html>\n", f"names no {FILE}"),
    ],
)
def test_a_file_without_its_own_digest_is_refused(
    releases: Releases, home: Path, sums: str, words: str
) -> None:
    releases.publish()
    releases.sums("1.2.0", sums)
    said = releases.install(home, "1.2.0")
    assert said.returncode == 1
    assert words in said.stderr
    assert "nothing was installed" in said.stderr
    assert nothing_is_there(home)


@pytest.mark.parametrize("missing", ["wget", "curl"])
@pytest.mark.parametrize("name", [FILE, "SHA256SUMS"])
def test_a_download_that_ends_early_is_refused(
    releases: Releases, home: Path, tmp_path: Path, missing: str, name: str
) -> None:
    releases.publish()
    releases.cut.add(name)
    said = releases.install(home, "1.2.0", PATH=path_without(tmp_path / "bin", missing))
    assert said.returncode == 1
    assert f"{name} could not be fetched whole: nothing was installed" in said.stderr
    assert nothing_is_there(home)


def test_a_file_that_was_cut_before_it_was_uploaded_is_refused(releases: Releases, home: Path) -> None:
    releases.publish()
    file = releases.root / "download" / "v1.2.0" / FILE
    file.write_bytes(file.read_bytes()[:-1])
    said = releases.install(home)
    assert "nothing was installed" in said.stderr
    assert nothing_is_there(home)


@pytest.mark.parametrize("missing", ["wget", "curl"])
def test_a_release_or_a_file_that_is_not_there_is_named(
    releases: Releases, home: Path, tmp_path: Path, missing: str
) -> None:
    releases.publish()
    path = path_without(tmp_path / "bin", missing)
    assert "/v9.9.9/SHA256SUMS could not be fetched" in releases.install(home, "9.9.9", PATH=path).stderr
    (releases.root / "download" / "v1.2.0" / FILE).unlink()
    said = releases.install(home, "1.2.0", PATH=path)
    assert said.returncode == 1
    assert f"{FILE} could not be fetched" in said.stderr
    assert nothing_is_there(home)


def test_no_server_is_an_error_and_no_hang(releases: Releases, home: Path) -> None:
    said = releases.install(home, LOOOP_RELEASES="http://127.0.0.1:9")
    assert said.returncode == 1
    assert "could not be fetched" in said.stderr


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 1\n", "not a program\x00", ""])
def test_a_file_that_does_not_run_here_is_refused(releases: Releases, home: Path, text: str) -> None:
    releases.publish(text=text or "#!/nowhere/sh\n")
    said = releases.install(home)
    assert said.returncode == 1
    assert "does not run here" in said.stderr
    assert nothing_is_there(home)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda it: it.name)
@pytest.mark.parametrize("missing", ["wget", "curl"])
def test_a_signal_in_the_middle_leaves_what_was_there(
    releases: Releases, home: Path, tmp_path: Path, missing: str, number: signal.Signals
) -> None:
    releases.publish()
    releases.hanging.add(FILE)
    installed(home).parent.mkdir(parents=True)
    installed(home).write_text("the earlier one\n")
    env = releases.env(home, PATH=path_without(tmp_path / "bin", missing))
    running = subprocess.Popen(["sh", SCRIPT], env=env, stderr=subprocess.DEVNULL)
    try:
        assert releases.hung.wait(60)
        until(lambda: any(installed(home).parent.glob(".looop-install.*/looop")), "half a file")
        running.send_signal(number)
        assert running.wait(60) == 128 + number
    finally:
        running.kill()
        running.wait()
    assert [path.name for path in installed(home).parent.iterdir()] == ["looop"]
    assert installed(home).read_text() == "the earlier one\n"


@pytest.mark.parametrize(
    ("folder", "words"),
    [("file/bin", "can't be made"), ("/proc/self", "can't be written to"), ("taken", "is a folder")],
)
def test_a_folder_that_will_not_do_is_named(
    releases: Releases, home: Path, tmp_path: Path, folder: str, words: str
) -> None:
    releases.publish()
    (tmp_path / "file").touch()
    (tmp_path / "taken" / "looop").mkdir(parents=True)
    said = releases.install(home, LOOOP_INSTALL_DIR=str(tmp_path / folder))
    assert said.returncode == 1
    assert words in said.stderr
    assert "LOOOP_INSTALL_DIR" in said.stderr
    assert list((tmp_path / "taken" / "looop").iterdir()) == []


@pytest.mark.parametrize(
    ("missing", "words"),
    [(("curl", "wget"), "neither curl nor wget"), (("sha256sum", "shasum"), "neither sha256sum nor shasum")],
)
def test_missing_tools_are_named(
    releases: Releases, home: Path, tmp_path: Path, missing: tuple[str, ...], words: str
) -> None:
    releases.publish()
    said = releases.install(home, PATH=path_without(tmp_path / "bin", *missing))
    assert said.returncode == 1
    assert words in said.stderr
    assert nothing_is_there(home)


@pytest.mark.parametrize("given", ["", "relative/home"])
def test_a_home_that_is_none_is_named(releases: Releases, given: str) -> None:
    said = releases.install(Path("/"), HOME=given)
    assert said.returncode == 1
    assert "HOME is not set to a full path" in said.stderr


@pytest.mark.parametrize("told", ["-s=Plan9", "-m=vax"])
def test_a_machine_without_a_file_is_named(releases: Releases, home: Path, tmp_path: Path, told: str) -> None:
    flag, _, name = told.partition("=")
    path = path_without(tmp_path / "bin", "uname")
    uname = tmp_path / "bin" / "uname"
    uname.write_text(f"#!/bin/sh\n[ $1 = {flag} ] && echo {name} || exec {shutil.which('uname')} $1\n")
    uname.chmod(0o755)
    said = releases.install(home, PATH=path)
    assert said.returncode == 1
    assert f"there is no file for {name}" in said.stderr


def test_a_mac_gets_its_own_file(releases: Releases, home: Path, tmp_path: Path) -> None:
    releases.publish()
    path = path_without(tmp_path / "bin", "uname")
    uname = tmp_path / "bin" / "uname"
    uname.write_text("#!/bin/sh\n[ $1 = -s ] && echo Darwin || echo arm64\n")
    uname.chmod(0o755)
    assert "names no looop-1.2.0-macos-aarch64" in releases.install(home, "1.2.0", PATH=path).stderr
    assert "no file for macos-aarch64" in releases.install(home, PATH=path).stderr


@pytest.mark.parametrize("word", ["--nonsense", "1.2.0;touch owned", "../1.2.0"])
def test_a_word_that_is_no_version_is_refused(releases: Releases, home: Path, word: str) -> None:
    assert releases.install(home, word).returncode == 1
    assert nothing_is_there(home)


def test_the_placeholder_is_no_address(home: Path, releases: Releases) -> None:
    said = releases.install(home, LOOOP_RELEASES="")
    assert said.returncode == 1
    assert "set LOOOP_RELEASES" in said.stderr


def test_help_names_every_variable(releases: Releases, home: Path) -> None:
    said = releases.install(home, "--help")
    assert said.returncode == 0
    for name in ("LOOOP_VERSION", "LOOOP_INSTALL_DIR", "LOOOP_RELEASES", "--with-completions"):
        assert name in said.stdout


def test_completions_and_the_page_are_written_where_they_are_looked_for(
    releases: Releases, home: Path
) -> None:
    releases.publish()
    said = releases.install(home, "--with-completions")
    assert said.returncode == 0
    found = {str(path.relative_to(home)): path.read_text() for path in home.rglob("*") if path.is_file()}
    del found[".local/bin/looop"]
    assert found == {
        ".local/share/bash-completion/completions/looop": "looop printed config bash\n",
        ".local/share/zsh/site-functions/_looop": "looop printed config zsh\n",
        ".config/fish/completions/looop.fish": "looop printed config fish\n",
        ".local/share/man/man1/looop.1": "looop printed help --man\n",
    }


def test_a_script_that_was_cut_off_on_its_way_does_nothing(
    releases: Releases, home: Path, tmp_path: Path
) -> None:
    releases.publish()
    lines = SCRIPT.read_text().splitlines(keepends=True)
    for kept in range(1, len(lines), 6):
        cut = tmp_path / "cut.sh"
        cut.write_text("".join(lines[:kept]))
        releases.install(home, script=cut)
        assert list(home.iterdir()) == [], kept
    assert lines[-1] == 'main "$@"\n'


@pytest.mark.needs("shellcheck")
def test_shellcheck_has_nothing_to_say() -> None:
    said = subprocess.run(["shellcheck", SCRIPT], check=False, capture_output=True, text=True)
    assert said.stdout + said.stderr == ""
