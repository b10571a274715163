"""Programs that people know, in sessions, by the verbs that people type: what they show, take and leave."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from looop.child import tree
from looop.core.plain import Plain
from support.person import Person
from support.terminal import terminal
from support.tested import LOOOP
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

WIDE = "wörld 日本 🎉 é"
BASH = "PS1='ready> ' exec bash --norc --noprofile -i"
SVG = "{http://www.w3.org/2000/svg}text"


@pytest.mark.needs("vim")
def test_vim_edits_saves_and_quits(looop: Person, tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    looop("start-session", "vim", "--command", f"exec vim -u NONE -i NONE -N -n {file}")
    looop.shows("vim", "[New]")
    looop("send", "vim", "-n", f"i{WIDE}")
    looop("key", "vim", "Esc")
    looop.shows("vim", WIDE)
    looks_alike(looop, "vim")
    resized(looop, "vim", 60, 12)
    looop.shows("vim", WIDE)
    looop("send", "vim", ":wq")
    assert looop.call("wait", "vim").returncode == 0
    assert file.read_text() == f"{WIDE}\n"
    looop("restart", "vim")
    looop.shows("vim", WIDE)
    looop("send", "vim", ":cquit 3")
    assert looop.call("wait", "vim").returncode == 3
    looop("restart", "vim")
    looop.shows("vim", WIDE)
    killed(looop, "vim")


@pytest.mark.needs("less")
def test_less_pages_searches_and_quits(looop: Person, tmp_path: Path) -> None:
    file = tmp_path / "long.txt"
    file.write_text("".join(f"line {number}.\n" for number in range(1, 400)))
    looop("start-session", "less", "--command", f"exec less {file}")
    looop("expect", "less", r"line 39\.", "--timeout", "30s")
    looop("key", "less", "Space")
    looop("expect", "less", r"line 78\.", "--timeout", "30s")
    looop("send", "less", "/line 333")
    until(lambda: looop("shot", "less").startswith("line 333."), "the line that was searched")
    looks_alike(looop, "less")
    resized(looop, "less", 40, 10)
    until(lambda: looop("shot", "less", "--trim").startswith("line 333.\nline 334."), "the line, repainted")
    looop("restart", "less")
    looop("expect", "less", r"line 39\.", "--since", "0", "--timeout", "30s")
    looop("key", "less", "q")
    assert looop.call("wait", "less").returncode == 0
    looop("restart", "less")
    looop.shows("less", "line 1.")
    killed(looop, "less")


@pytest.mark.needs("htop")
def test_htop_draws_itself_anew_and_takes_keys(looop: Person) -> None:
    looop("start-session", "htop", "--command", "exec htop --delay=5")
    looop.shows("htop", "Load average")
    seen = looop.json("shot", "htop")["offset"]
    until(lambda: looop.json("shot", "htop")["offset"] > seen, "the next drawing")
    looks_alike(looop, "htop", still=False)
    resized(looop, "htop", 90, 20)
    looop.shows("htop", "Load average")
    looop("key", "htop", "F1")
    looop.shows("htop", "Released under")
    looop("key", "htop", "Esc")
    until(lambda: "Released under" not in looop("shot", "htop"), "the list again")
    looop("restart", "htop")
    looop.shows("htop", "Load average")
    looop("key", "htop", "F10")
    assert looop.call("wait", "htop").returncode == 0
    looop("restart", "htop")
    looop.shows("htop", "Load average")
    killed(looop, "htop")


@pytest.mark.needs("tmux")
def test_a_tmux_in_a_session_dies_with_it_server_and_all(looop: Person, tmp_path: Path) -> None:
    command = f"TMUX_TMPDIR={tmp_path} exec tmux -f /dev/null new-session {shlex.quote(BASH)}"
    looop("start-session", "tmux", "--command", command)
    looop.shows("tmux", "ready>")
    looop("send", "tmux", "tmux display-message -p 'server=#{pid}='")
    found = looop.json("expect", "tmux", r"server=(\d+)=", "--timeout", "30s")
    server = int(found["groups"][0])
    looop("send", "tmux", "echo in-$((40 + 2))")
    looop.shows("tmux", "in-42")
    looks_alike(looop, "tmux")
    resized(looop, "tmux", 70, 15)
    looop.shows("tmux", "in-42")
    looop("send", "tmux", "tty; sleep 1000 & echo bg=$!=")
    inside = int(looop.json("expect", "tmux", r"bg=(\d+)=", "--timeout", "30s")["groups"][0])
    starts = {pid: started(pid) for pid in (server, inside)}
    killed(looop, "tmux")
    assert [pid for pid, start in starts.items() if tree.alive(pid, start)] == []
    looop("restart", "tmux")
    looop.shows("tmux", "ready>")
    killed(looop, "tmux")


@pytest.mark.needs("bash")
def test_bash_controls_its_jobs(looop: Person) -> None:
    looop("start-session", "sh", "--command", BASH)
    looop.shows("sh", "ready>")
    looop("send", "sh", "sleep 1000")
    looop("key", "sh", "C-z")
    looop("expect", "sh", "Stopped", "--timeout", "30s")
    looop("send", "sh", "jobs -p | sed 's/^/job=/'")
    job = int(looop.json("expect", "sh", r"job=(\d+)", "--timeout", "30s")["groups"][0])
    looop("send", "sh", "fg")
    looop("expect", "sh", "sleep 1000", "--timeout", "30s")
    start = started(job)
    looop("key", "sh", "C-c")
    until(lambda: not tree.alive(job, start), "the end of what C-c interrupts")
    looop("send", "sh", f"echo {WIDE}")
    looop("expect", "sh", f"(?m)^{WIDE}", "--timeout", "30s")
    looks_alike(looop, "sh")
    looop("send", "sh", "exit 7")
    assert looop.call("wait", "sh").returncode == 7
    looop("restart", "sh")
    looop.shows("sh", "ready>")
    resized(looop, "sh", 50, 9)
    looop("send", "sh", "stty size")
    looop("expect", "sh", "9 50", "--timeout", "30s")
    killed(looop, "sh")


def test_the_repl_of_python_takes_pasted_lines(looop: Person) -> None:
    looop("start-session", "py", "--command", f"PYTHON_HISTORY=/dev/null exec {sys.executable} -q")
    looop.shows("py", ">>>")
    looop("send", "py", "--paste", "def twice(it):\n    return 2 * it\n")
    looop("send", "py", f"print(twice({WIDE!r}))")
    looop("expect", "py", WIDE * 2, "--timeout", "30s")
    looop("send", "py", "1/0")
    assert (
        looop("expect", "py", r"\w+Error: .*", "--timeout", "30s") == "ZeroDivisionError: division by zero\n"
    )
    looks_alike(looop, "py")
    looop("send", "py", "raise SystemExit(5)")
    assert looop.call("wait", "py").returncode == 5
    looop("restart", "py")
    looop.shows("py", ">>>")
    resized(looop, "py", 50, 9)
    killed(looop, "py")


def test_a_person_attached_sees_what_a_script_types_and_types_along(looop: Person) -> None:
    looop("start-session", "sh", "--command", BASH)
    looop.shows("sh", "ready>")
    with terminal("attach", "sh", program=LOOOP, size=(70, 14), env=looop.env) as person:
        person.shows("ready>")
        looop("send", "sh", "echo from-$((1 + 1))-outside")
        person.shows("from-2-outside")
        person.type(b"echo typed-$((1 + 2))-here; stty size\r")
        looop("expect", "sh", "typed-3-here", "--timeout", "30s")
        looop.shows("sh", "14 70")
        person.resized(60, 12)
        until(lambda: looop.json("shot", "sh")["columns"] == 60, "the size of the attached terminal")
        person.type(b"\x1c\x1c")
        assert person.ended() == (0, "looop: left the session, which goes on.\n")
        assert person.settings() == person.before
    assert looop.session("sh")["attached"] == 0
    looop("kill", "sh", "--now")


def test_what_a_send_brings_is_never_missed_by_the_expect_after_it(looop: Person) -> None:
    looop("start-session", "sh", "--command", BASH)
    looop.shows("sh", "ready>")
    for number in range(50):
        looop("send", "sh", f"echo n$(({number} + 1000))n")
        assert looop("expect", "sh", f"n{number + 1000}n", "--timeout", "30s") == f"n{number + 1000}n\n"
    looop("kill", "sh", "--now")


def test_a_pattern_made_to_stall_stalls_nobody(looop: Person) -> None:
    looop(
        "start-session", "sh", "--command", "head -c 200000 /dev/zero | tr '\\0' a; echo b; exec sleep 1000"
    )
    looop("expect", "sh", "ab", "--timeout", "30s")
    waiting = looop.start("expect", "sh", "(a+)+$", "--since", "0", "--timeout", "20s")
    try:
        looop.becomes("sh", "working")
        assert "sh" in looop("status")
        assert waiting.poll() is None
    finally:
        waiting.kill()
        waiting.communicate()


def test_a_followed_log_ends_quietly_with_its_reader(looop: Person) -> None:
    looop("start-session", "loud", "--command", "while echo line; do sleep 0.1; done")
    for verb in ("log loud -f", "log loud -f --json", "log loud -f --raw", "watch loud"):
        done = bash(looop, f'{shlex.join(LOOOP)} {verb} | head -1; echo "code=${{PIPESTATUS[0]}}"')
        assert done.stdout.endswith("code=0\n"), verb
        assert done.stderr == "", verb


def test_the_id_of_a_new_session_can_be_substituted_at_once(looop: Person) -> None:
    start = f"{shlex.join(LOOOP)} start-session s --command 'exec sleep 1000' 2>&1"
    assert bash(looop, f'echo "got=$({start})"').stdout == "got=s\n"
    assert looop.state("s") in {"starting", "working"}


def looks_alike(looop: Person, name: str, *, still: bool = True) -> None:
    """Look at a screen in each way; where it stands still, all of them show the same."""
    if still:
        looop("wait-idle", name)
    plain = looop("shot", name)
    shot = looop.json("shot", name)
    colour = Plain()
    colour.feed(looop("shot", name, "--ansi").encode())
    picture = ET.fromstring(looop("shot", name, "--svg"))
    assert (shot["columns"], shot["lines"], shot["stale"]) == (120, 40, False)
    assert len(plain.splitlines()) == len(shot["rows"]) == len(shot["cells"]) == 40
    if still:
        assert plain.splitlines() == shot["rows"]
        assert colour.text.decode().split() == plain.split()
        drawn = "".join("".join(text.itertext()) for text in picture.iter(SVG))
        assert bare(drawn) == bare("".join(shot["rows"]))


def resized(looop: Person, name: str, columns: int, lines: int) -> None:
    """Give a session another size, and wait until its screen has it."""
    looop("resize", name, f"{columns}x{lines}")
    shot = looop.json("shot", name)
    assert (shot["columns"], shot["lines"], len(shot["rows"])) == (columns, lines, lines)


def killed(looop: Person, name: str) -> None:
    """End a session; no process of it is left."""
    starts = {pid: started(pid) for pid in looop.json("explain", name)["pids"]}
    assert starts
    looop("kill", name)
    assert looop.state(name) == "killed"
    assert [pid for pid, start in starts.items() if tree.alive(pid, start)] == []


def started(pid: int) -> int:
    start = tree.start_time(pid)
    assert start is not None
    return start


def bash(looop: Person, script: str) -> "subprocess.CompletedProcess[str]":
    """Run a person's script. What it starts must not keep its output open."""
    argv: Sequence[str] = ("bash", "-c", script)
    return subprocess.run(argv, env=looop.env, capture_output=True, text=True, timeout=60, check=False)


def bare(text: str) -> str:
    return "".join(text.split())
