"""The program as it is typed: real streams, real signals, closed pipes, hostile arguments."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from looop.core.problem import Exit
from looop.store import files
from looop.store.paths import Profile
from support.source import ROOT

pytestmark = pytest.mark.process

MAIN = "import sys; from looop.cli.app import main; sys.exit(main(sys.argv[1:]))"


def env_of(profile: Profile, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LOOOP_DATA_DIR": str(profile.data),
        "LOOOP_CONFIG": str(profile.config),
        "PYTHONPATH": str(ROOT),
        **more,
    }


def typed(
    profile: Profile, *argv: str | bytes, given: bytes = b"", shell: str = 'exec "$@"'
) -> subprocess.CompletedProcess[bytes]:
    """Type a verb; `shell` may wrap it."""
    command = ["/bin/sh", "-c", shell, "sh", sys.executable, "-c", MAIN, *argv]
    return subprocess.run(
        command, check=False, capture_output=True, env=env_of(profile), input=given, cwd="/", timeout=60
    )


def test_a_verb_prints_on_stdout_and_a_problem_on_stderr(profile: Profile) -> None:
    said = typed(profile, "goals")
    assert (said.returncode, said.stderr) == (0, b"")
    assert b"setup.md" in said.stdout
    said = typed(profile, "goal", "show", "nothing")
    assert (said.returncode, said.stdout) == (Exit.MISSING, b"")


def test_stdin_becomes_a_goal(profile: Profile) -> None:
    assert typed(profile, "goal", "new", "tea", "-", given="Es gibt Tee ☕\n".encode()).returncode == 0
    assert "goal: Es gibt Tee ☕" in (profile.goals / "tea.md").read_text()


@pytest.mark.parametrize("shell", ['"$@" | true', '"$@" >&-', '"$@" 2>&-', '"$@" <&-', '"$@" >&- 2>&- <&-'])
def test_a_closed_stream_ends_quietly(profile: Profile, shell: str) -> None:
    for number in range(3000):
        files.append(profile.pulse_log, f"line {number} {'x' * 50}")
    said = typed(
        profile, "log", "--tail", "0", shell=f"({shell}); echo $? >&2" if "2>&-" not in shell else shell
    )
    assert b"Traceback" not in said.stderr + said.stdout
    assert said.stderr.strip() in {b"", b"0"}


def test_a_closed_stdout_is_not_mistaken_for_the_file_that_is_written(profile: Profile) -> None:
    said = typed(profile, "goal", "new", "tea", "There is tea", shell='"$@" >&-')
    assert said.returncode == 0
    assert (profile.goals / "tea.md").read_text() == "---\ngoal: There is tea\n---\n"


def test_a_full_stdout_is_a_problem_and_not_a_traceback(profile: Profile) -> None:
    if not Path("/dev/full").exists():
        return
    said = typed(profile, "help", shell='"$@" >/dev/full')
    assert said.returncode == Exit.NO
    assert said.stderr.startswith(b"looop: ")
    assert said.stderr.count(b"\n") == 1


@pytest.mark.parametrize("argv", [(b"\xff\xfe",), ("goal", "show", b"\xff"), ("goal", "new", "x", b"\xff")])
def test_arguments_that_are_not_utf8_are_a_usage_error(
    profile: Profile, argv: tuple[str | bytes, ...]
) -> None:
    said = typed(profile, *argv)
    assert said.returncode == Exit.USAGE
    assert said.stderr.decode("ascii").count("\n") == 1


def test_an_argument_of_64_kb_is_a_goal_or_a_short_refusal(profile: Profile) -> None:
    assert typed(profile, "goal", "new", "long", "x" * 65536).returncode == 0
    said = typed(profile, "x" * 65536)
    assert said.returncode == Exit.USAGE
    assert len(said.stderr) < 400


def test_ctrl_c_ends_a_follower_quietly(profile: Profile) -> None:
    files.append(profile.pulse_log, "one")
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env_of(profile),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"one\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_a_removed_working_folder_stops_nobody(profile: Profile, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    said = typed(profile, "goals", shell=f'cd {gone} && rmdir {gone} && exec "$@"')
    assert (said.returncode, said.stderr) == (0, b"")


def test_help_works_without_a_home_and_the_rest_says_what_to_set(profile: Profile) -> None:
    bare = 'exec env -i PYTHONPATH="$PYTHONPATH" "$@"'
    assert typed(profile, "help", shell=bare).returncode == 0
    said = typed(profile, "status", "--json", shell=bare)
    assert (said.returncode, json.loads(said.stderr)["kind"]) == (Exit.USAGE, "no-home")


def test_a_fault_of_our_own_says_that_it_is_one(profile: Profile) -> None:
    broken = "import looop.cli.goals as goals; goals.headline = goals.front = None; " + MAIN
    said = subprocess.run(
        [sys.executable, "-c", broken, "goals"], check=False, capture_output=True, env=env_of(profile)
    )
    assert said.returncode == Exit.NO
    assert said.stderr.endswith(b"looop: a fault of looop's own; the lines above belong into a report.\n")


def test_an_editor_gets_the_terminal_and_its_own_signals(profile: Profile) -> None:
    script = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    editor = (
        'test -t 0 && test -t 1 && sh -c \'trap "exit 7" PIPE; kill -PIPE $$\' ; echo "$? $1" >"$1.seen"; :'
    )
    env = env_of(profile, EDITOR=f"sh -c '{_quoted(editor)}' sh")
    said = subprocess.run(
        [sys.executable, "-c", script, sys.executable, "-c", MAIN, "goal", "edit", "setup"],
        check=False,
        capture_output=True,
        env=env,
        stdin=subprocess.DEVNULL,
    )
    assert said.returncode == 0, said.stdout
    assert (profile.goals / "setup.md.seen").read_text() == f"7 {profile.goals / 'setup.md'}\n"


def _quoted(text: str) -> str:
    return text.replace("'", "'\\''")


def test_an_editor_that_is_not_there_is_named(profile: Profile) -> None:
    script = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    said = subprocess.run(
        [sys.executable, "-c", script, sys.executable, "-c", MAIN, "goal", "edit", "setup"],
        check=False,
        capture_output=True,
        env=env_of(profile, VISUAL="no-such-editor"),
        stdin=subprocess.DEVNULL,
    )
    assert said.returncode == Exit.NO
    assert b"no-such-editor can't be started" in said.stdout
