"""A release is put together by what people run too; the workflow's file only says where, and may little."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from looop import __version__
from support.releases import MACHINE, PROGRAM, served
from support.source import ROOT

WORKFLOW = (ROOT / ".github" / "workflows" / "release.yml").read_text()
JOBS = dict(
    re.findall(r"^  (\w+):\n((?:    .*\n|  +#.*\n|\n)+)", WORKFLOW.partition("\njobs:\n")[2], re.MULTILINE)
)


def test_the_jobs_are_built_tested_and_published_in_this_order() -> None:
    assert list(JOBS) == ["version", "linux", "macos", "publish"]
    for job in ("linux", "macos"):
        ran = re.findall(r"run: (make .*)", JOBS[job])
        assert ran == ["make binary", "make test-binary"]
        assert "needs: version" in JOBS[job]
    assert "needs: [version, linux, macos]" in JOBS["publish"]
    for machine in ("linux-x86_64", "linux-aarch64", "macos-x86_64", "macos-aarch64"):
        assert f"machine: {machine} }}" in WORKFLOW


def test_the_targets_scripts_and_files_it_names_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([\w-]+)$", WORKFLOW, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for path in re.findall(r"launcher/[\w.]+|CHANGELOG\.md", WORKFLOW):
        assert (ROOT / path).exists(), path


def test_only_the_job_that_publishes_may_write_and_runs_nothing_that_was_downloaded_elsewhere() -> None:
    assert re.findall(r"^permissions:\n((?:  .*\n)+)", WORKFLOW, re.MULTILINE) == ["  contents: read\n"]
    assert [job for job, text in JOBS.items() if "permissions:" in text] == ["publish"]
    assert re.findall(r"^      ([\w-]+): write", JOBS["publish"], re.MULTILINE) == [
        "contents",
        "id-token",
        "attestations",
    ]
    assert "make" not in JOBS["publish"]


def test_every_action_is_pinned_by_its_major_version() -> None:
    used = re.findall(r"uses: (\S+)", WORKFLOW)
    assert used
    assert [it for it in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", it)] == []


def test_no_word_from_outside_is_put_into_a_shell_line() -> None:
    lines = re.findall(r"run: \|?\n?((?:.|\n {10})*)", WORKFLOW)
    assert [line for line in lines if "${{" in line] == []


def test_it_is_indented_as_yaml_wants_it() -> None:
    for line in WORKFLOW.splitlines():
        assert "\t" not in line
        assert line == line.rstrip()
        assert (len(line) - len(line.lstrip())) % 2 == 0


def _tag(*words: str) -> subprocess.CompletedProcess[str]:
    script = ROOT / "launcher" / "tag.py"
    return subprocess.run(
        [sys.executable, "-S", script, *words], check=False, capture_output=True, text=True, cwd="/"
    )


@pytest.mark.process
def test_a_tag_must_name_the_version_that_the_program_names() -> None:
    said = _tag(f"v{__version__}")
    assert (said.returncode, said.stdout) == (0, f"{__version__}\n")
    for words in ((), (__version__,), (f"v{__version__}.1",), (f"v{__version__}", "more"), ("main",)):
        said = _tag(*words)
        assert (said.returncode, said.stdout) == (1, "")
        assert f"v{__version__}" in said.stderr


def _gather(folder: Path, repository: str) -> subprocess.CompletedProcess[str]:
    script = ROOT / "launcher" / "gather.sh"
    return subprocess.run(["sh", script, folder, repository], check=False, capture_output=True, text=True)


@pytest.mark.needs("curl")
@pytest.mark.process
def test_what_is_gathered_is_what_the_installer_finds(tmp_path: Path) -> None:
    with served(tmp_path / "releases") as releases:
        folder = releases.root / "download" / "v1.2.0"
        folder.mkdir(parents=True)
        for machine in (MACHINE, "macos-aarch64"):
            (folder / f"looop-1.2.0-{machine}").write_text(PROGRAM.replace("{version}", "1.2.0"))
        assert _gather(folder, "someone/looop").returncode == 0
        shutil.copytree(folder, releases.root / "latest" / "download")
        said = releases.install(tmp_path / "home", script=folder / "install.sh")
        assert (said.returncode, said.stderr) == (0, "")
        assert "looop 1.2.0 is" in said.stdout
    text = (folder / "install.sh").read_text()
    assert "releases=${LOOOP_RELEASES:-https://github.com/someone/looop/releases}" in text
    assert (folder / "looop.1").read_text() == "looop printed help --man\n"
    named = {line.split()[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert named == {path.name for path in folder.iterdir()} - {"SHA256SUMS"}


@pytest.mark.process
@pytest.mark.parametrize("repository", ["", "someone", "a/b/c", "a b/c", "a|b/c", "/b", "$(x)/y", "a/"])
def test_a_repository_that_is_none_stops_it(tmp_path: Path, repository: str) -> None:
    (tmp_path / f"looop-1.2.0-{MACHINE}").write_text(PROGRAM)
    assert _gather(tmp_path, repository).returncode == 1
    assert not (tmp_path / "SHA256SUMS").exists()


@pytest.mark.process
def test_a_binary_that_fails_stops_it(tmp_path: Path) -> None:
    (tmp_path / f"looop-1.2.0-{MACHINE}").write_text("#!/bin/sh\nexit 1\n")
    assert _gather(tmp_path, "a/b").returncode != 0
    assert not (tmp_path / "SHA256SUMS").exists()


@pytest.mark.needs("shellcheck")
@pytest.mark.process
def test_shellcheck_has_nothing_to_say() -> None:
    script = ROOT / "launcher" / "gather.sh"
    said = subprocess.run(["shellcheck", script], check=False, capture_output=True, text=True)
    assert said.stdout + said.stderr == ""
