"""The shims for real: scripts before fake programs on a private PATH, and before the real git."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from looop.core.guarded import Added, Guard
from looop.guard import shims
from looop.store.paths import Profile
from support.profiles import made_in

pytestmark = pytest.mark.process

SHOW = '#!/bin/sh\necho "real $0"\nfor word; do echo "<$word>"; done\n'
ASKED = '#!/bin/sh\necho asked\nfor word; do echo "<$word>"; done\necho "$LOOOP_DATA_DIR"\n'


@dataclass
class Desk:
    """A profile with shims, a folder of programs behind them, and a looop that shows what it is asked."""

    profile: Profile
    programs: Path
    looop: Path
    shims: Path

    @property
    def path(self) -> str:
        return f"{self.shims}:{self.programs}"

    def program(self, name: str, text: str = SHOW) -> Path:
        place = self.programs / name
        place.write_text(text)
        place.chmod(0o755)
        return place

    def run(
        self,
        *argv: str,
        path: str | None = None,
        stdin: bytes = b"",
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> tuple[int, str, str]:
        """Run a command as a shell would find it: the shim, if it comes first in PATH."""
        found = {"PATH": path if path is not None else self.path, **(env or {})}
        program = shutil.which(argv[0], path=found["PATH"]) or str(self.shims / argv[0])
        ended = subprocess.run(
            [program, *argv[1:]],
            env=found,
            cwd=cwd or self.programs,
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return ended.returncode, os.fsdecode(ended.stdout), os.fsdecode(ended.stderr)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    profile = made_in(tmp_path)
    programs = tmp_path / "programs with a blank"
    programs.mkdir()
    looop = tmp_path / "it's looop"
    looop.write_text(ASKED)
    looop.chmod(0o755)
    folder = shims.write(profile, Guard(), str(looop))
    assert folder is not None
    return Desk(profile, programs, looop, folder)


def test_what_can_be_no_rules_business_is_run_at_once_with_its_words_as_they_are(desk: Desk) -> None:
    place = desk.program("git")
    words = ["status", "", "a b", "*", "line\nline", "'\"$x`\\", "--", "-f", os.fsdecode(b"\xff")]
    code, out, err = desk.run("git", *words)
    assert (code, err) == (0, "")
    assert out == "".join([f"real {place}\n", *(f"<{word}>\n" for word in words)])


def test_stdin_environment_and_exit_code_are_the_programs_own(desk: Desk) -> None:
    desk.program("git", '#!/bin/sh\n/bin/cat\necho "[$A] [$PATH] [${looop_it-}${looop_left-}]"\nexit 7\n')
    code, out, _ = desk.run("git", "status", stdin=b"in", env={"A": "x y"})
    assert (code, out) == (7, f"in[x y] [{desk.path}] []\n")


def test_what_may_be_held_is_handed_to_looop_with_its_profile(desk: Desk) -> None:
    desk.program("git")
    code, out, _ = desk.run("git", "push", "-f", "a b", env={"LOOOP_DATA_DIR": "/elsewhere"})
    said = "".join(f"<{word}>\n" for word in ["guard", "run", "--", "git", "push", "-f", "a b"])
    assert (code, out) == (0, f"asked\n{said}{desk.profile.data}\n")


@pytest.mark.parametrize(
    "argv",
    [
        ["git", "-c", "alias.x=push -f", "x"],
        ["git", "-c", "ALIAS.x=push", "x"],
        ["sudo", "ls"],
        ["shutdown"],
        ["kubectl", "-n", "x", "delete", "pod"],
        ["docker", "system", "prune"],
        ["rm", "-fr", "/x"],
        ["rm", "x", "--rec"],
        ["rm", "-r", ".."],
        ["rm", "-r", "x"],
    ],
)
def test_looop_is_asked_about_whatever_a_rule_may_hold(desk: Desk, argv: list[str]) -> None:
    desk.program(argv[0])
    assert desk.run(*argv)[1].startswith("asked\n")


@pytest.mark.parametrize(
    "argv", [["git", "log"], ["rm", "-f", "x"], ["docker", "ps"], ["kubectl", "get", "pods"]]
)
def test_looop_is_not_asked_about_what_none_can_hold(desk: Desk, argv: list[str]) -> None:
    desk.program(argv[0])
    assert desk.run(*argv)[1].startswith("real ")


def test_plain_names_in_a_sandbox_are_cleared_without_asking_and_nothing_else_is(desk: Desk) -> None:
    desk.program("rm")
    box = desk.profile.sandboxes / "tea-1"
    (box / "mail").mkdir(parents=True)
    (box / "out").symlink_to(desk.programs)
    for cwd in (box, box / "mail"):
        assert desk.run("rm", "-rf", "build", "dist", cwd=cwd)[1].startswith("real ")
        for target in (".", "..", "", "../x", "a/b", "/x"):
            assert desk.run("rm", "-rf", "build", target, cwd=cwd)[1].startswith("asked\n"), target
    for cwd in (desk.profile.sandboxes, box / "out", desk.profile.data):
        env = {"PWD": str(cwd)}  # as a shell has it that went there through a link
        assert desk.run("rm", "-rf", "build", cwd=cwd, env=env)[1].startswith("asked\n")
        assert desk.run("rm", "-rf", "build", cwd=cwd)[1].startswith("asked\n")


def test_a_shim_never_takes_another_shim_for_the_program(desk: Desk, tmp_path: Path) -> None:
    other = made_in(tmp_path / "other")
    theirs = shims.write(other, Guard(), str(desk.looop))
    place = desk.program("git")
    link = tmp_path / "link"
    link.symlink_to(desk.shims)
    path = f"{desk.shims}:{theirs}:{link}:{desk.shims}/:{desk.programs}"
    code, out, _ = desk.run("git", "status", path=path)
    assert (code, out) == (0, f"real {place}\n<status>\n")
    assert shims.real("git", path, "/") == str(place)


def test_a_program_that_is_not_there_is_a_127_and_no_endless_loop(desk: Desk) -> None:
    assert desk.run("git", "status") == (127, "", "git: not found\n")
    (desk.programs / "git").mkdir()
    assert desk.run("git", "status")[0] == 127
    assert shims.real("git", desk.path, "/") is None


def test_an_empty_part_of_path_is_the_folder_one_is_in(desk: Desk) -> None:
    desk.program("git")
    assert desk.run("git", "status", path=f"{desk.shims}:")[1].startswith("real ./git\n")
    assert shims.real("git", f"{desk.shims}:", str(desk.programs)) == str(desk.programs / "git").replace(
        "/git", "/./git"
    )


def test_without_looop_what_may_be_held_is_not_run(desk: Desk) -> None:
    desk.program("git")
    desk.looop.unlink()
    code, out, err = desk.run("git", "push")
    assert (code, out) == (126, "")
    assert "held, since looop can't be asked" in err
    assert desk.run("git", "status")[0] == 0


@pytest.mark.parametrize(
    "env",
    [
        {"IFS": "/:abc"},
        {"LOOOP_BIN": "/bin/true"},
        {"LOOOP_CONFIG": "/x", "LOOOP_GUARD": '{"off": ["*"]}'},
        {"looop_it": "x", "looop_left": "y", "looop_plain": "1"},
        {"ENV": "/dev/null", "BASH_ENV": "/dev/null", "POSIXLY_CORRECT": "1", "CDPATH": "/"},
        {"SHELLOPTS": "noexec", "PS4": "x", "OPTIND": "3"},
    ],
)
def test_no_variable_turns_a_shim_off(desk: Desk, env: Mapping[str, str]) -> None:
    place = desk.program("git")
    assert desk.run("git", "push", "-f", env=env)[1].startswith("asked\n")
    assert desk.run("git", "status", env=env)[1] == f"real {place}\n<status>\n"


def test_what_is_missing_changed_or_not_wanted_any_more_is_put_right(desk: Desk) -> None:
    (desk.shims / "git").write_text("#!/bin/sh\nexec true\n")
    (desk.shims / "rm").unlink()
    (desk.shims / "left").write_text("x")
    shims.write(desk.profile, Guard(off=("root",)), str(desk.looop))
    assert "guard run" in (desk.shims / "git").read_text()
    assert (desk.shims / "rm").stat().st_mode & 0o777 == 0o700
    assert desk.shims.stat().st_mode & 0o777 == 0o700
    assert not (desk.shims / "left").exists()
    assert not (desk.shims / "sudo").exists()
    assert shims.rules(desk.profile) == Guard(off=("root",))


def test_with_all_rules_off_there_are_no_shims_and_an_added_rule_makes_one(desk: Desk) -> None:
    assert shims.write(desk.profile, Guard(off=("*",)), str(desk.looop)) is None
    assert not desk.shims.exists()
    added = Guard(off=("*",), add=(Added("s3", ("aws", "s3", "rm", "*")),))
    assert shims.write(desk.profile, added, str(desk.looop)) == desk.shims
    assert sorted(it.name for it in desk.shims.iterdir()) == [".looop-guard", "aws"]
    desk.program("aws")
    assert desk.run("aws", "s3", "rm", "x")[1].startswith("asked\n")
    assert desk.run("aws", "s3", "ls")[1].startswith("real ")


def test_in_a_cell_the_hidden_program_is_run_even_where_its_name_leads_to_the_shim(desk: Desk) -> None:
    hidden = desk.programs.parent / "hidden"
    hidden.mkdir()
    place = desk.program("git")
    cell = shims.write(desk.profile, Guard(), str(desk.looop), hidden=hidden)
    assert cell is not None
    place.rename(hidden / "git")
    shutil.copy(cell / "git", place)  # in a cell, a bind mount
    assert desk.run("git", "status", path=str(desk.programs))[1] == f"real {hidden / 'git'}\n<status>\n"
    asked = desk.run("git", "push", path=str(desk.programs))[1]
    assert f"<run>\n<--hidden>\n<{hidden}>\n<-->\n<git>" in asked
    assert shims.real("git", str(desk.programs), "/", str(hidden)) == str(hidden / "git")
    assert shims.real("git", str(desk.programs), "/") is None


def test_only_native_programs_of_their_own_name_are_hidden_in_a_cell(desk: Desk, tmp_path: Path) -> None:
    desk.program("npm")
    shutil.copy("/bin/sh", desk.programs / "git")
    shutil.copy("/bin/sh", desk.programs / "box")
    (desk.programs / "rm").symlink_to("box")
    found = shims.bound(desk.shims, Path("/hidden"), desk.path)
    assert [(it.shim.name, it.real, it.hidden) for it in found] == [
        ("git", desk.programs.resolve() / "git", Path("/hidden/git"))
    ]


@pytest.mark.needs("bash", "zsh")
@pytest.mark.parametrize("shell", ["bash --posix", "zsh --emulate sh"])
def test_the_scripts_mean_the_same_to_other_shells(desk: Desk, shell: str) -> None:
    # macOS has bash for /bin/sh, and may have zsh.
    name, *options = shell.split()
    for program in ("git", "rm"):
        place = desk.program(program)
        run = [shutil.which(name) or name, *options, str(desk.shims / program)]
        assert desk.run(*run, "status", "a  b", "")[1] == f"real {place}\n<status>\n<a  b>\n<>\n"
        assert desk.run(*run, "push", "-r", "/")[1].startswith("asked\n")
    box = desk.profile.sandboxes / "tea-1"
    box.mkdir(parents=True)
    assert desk.run(*run, "-rf", "build", cwd=box)[1].startswith("real ")
    assert desk.run(*run, "-rf", "../x", cwd=box)[1].startswith("asked\n")


@pytest.mark.needs("git")
def test_the_real_git_works_behind_its_shim(desk: Desk, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    path = f"{desk.shims}:{os.environ['PATH']}"
    env = {"HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    assert desk.run("git", "init", "-q", str(repo), path=path, env=env)[0] == 0
    code, out, err = desk.run("git", "status", "--porcelain=v2", "--branch", cwd=repo, path=path, env=env)
    assert (code, err) == (0, "")
    assert "# branch.oid (initial)" in out


def test_what_another_start_is_writing_just_now_is_left_to_it(desk: Desk) -> None:
    written = desk.shims / ".looop-0123456789abcdef.tmp"
    written.write_text("half a shim")
    shims.write(desk.profile, Guard(), str(desk.looop))
    assert written.exists()
