"""Sessions, ticks and sensors behind walls, with real processes: what must work there works."""

import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from looop.child import foreground, tree
from support.person import Person, person
from support.profiles import sensor
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.needs("bwrap"), pytest.mark.timeout(300)]

SECRET = "s3cret"


@pytest.fixture
def looop(tmp_path: Path) -> Iterator[Person]:
    with person(tmp_path, LOOOP_CONFINE="require", GH_TOKEN=SECRET) as them:
        (tmp_path / "home/.netrc").write_text(SECRET)
        yield them


def test_status_says_what_confines(looop: Person) -> None:
    assert looop.json("status")["confined"].startswith("confined by bwrap")
    said = looop.call("status", env={"LOOOP_CONFINE": "off"})
    assert "NOT confined: CONFIG's `confine` is off" in said.stdout


def test_a_shell_controls_its_jobs_and_follows_its_size(looop: Person) -> None:
    looop("start-session", "sh", "--command", "PS1='ready> ' exec bash --norc -i")
    looop.shows("sh", "ready>")
    looop("send", "sh", "sleep 1000")
    looop("key", "sh", "C-z")
    looop.shows("sh", "Stopped")
    looop("send", "sh", "kill %1; cat")
    looop("key", "sh", "C-c")
    looop("send", "sh", "echo code $?")
    looop.shows("sh", "code 130")
    looop("resize", "sh", "90x30")
    looop("send", "sh", "clear; stty size")
    looop.shows("sh", "30 90")
    looop("send", "sh", "exit 7")
    assert looop.call("wait", "sh").returncode == 7


def test_a_program_in_a_cell_has_its_time_to_end(looop: Person) -> None:
    script = "trap 'echo saved > reports/state; exit' TERM; echo ready; while :; do sleep 0.05; done"
    looop("start-session", "w", "--command", f"sh -c {shlex.quote(script)}")
    looop.shows("w", "ready")
    looop("kill", "w")
    assert (looop.profile.reports / "state").read_text() == "saved\n"


def test_a_worker_writes_reports_and_its_sandbox_and_nothing_else(looop: Person) -> None:
    data = looop.profile.data
    script = """
        cat ~/.netrc; echo "token $GH_TOKEN."
        for place in reports sandboxes/w goals sandboxes sessions/w . "$HOME"; do
            echo x 2>/dev/null > $place/made-by-w && echo wrote $place
        done
        "$LOOOP_BIN" claim inbox; "$LOOOP_BIN" done -m finished; sleep 1000
    """
    looop("start-session", "w", "--command", script)
    looop.becomes("w", "ended")
    said = looop("log", "w")
    assert SECRET not in said
    assert [line for line in said.split("\n") if "wrote" in line] == ["wrote reports", "wrote sandboxes/w"]
    assert sorted(path.parent.name for path in data.rglob("made-by-w")) == ["reports", "w"]
    assert looop.session("w")["outcome"] == "done"


def test_a_kill_leaves_nobody_even_of_those_who_fled(looop: Person) -> None:
    fled = "setsid sh -c 'trap \"\" TERM HUP; exec sleep 4321.5' &"
    looop("start-session", "w", "--command", f"{fled} {fled} echo up; cat")
    looop.shows("w", "up")
    inside = [one for one in tree.descendants(looop.keeper.pid) if one.pid != looop.engine.pid]
    assert len(inside) >= 5
    looop("kill", "w")
    looop.becomes("w", "killed")
    assert [one for one in inside if tree.alive(one.pid, one.start)] == []


def test_a_frozen_session_stands_still_and_thaws(looop: Person) -> None:
    looop("start-session", "w", "--command", "while read x; do echo got $x; done")
    looop("freeze", "w")
    states = {one.state for one in tree.descendants(looop.session("w")["pid"]) if not one.dead}
    assert states == {"T"}
    looop("thaw", "w")
    looop("send", "w", "tea")
    looop.shows("w", "got tea")


def test_a_tick_writes_its_folder_and_a_sensor_nothing(looop: Person, tmp_path: Path) -> None:
    data = looop.profile.data
    agent = tmp_path / "home/agent.sh"
    agent.write_text(
        "cat ~/.netrc; echo x > ../goals/direct.md; echo x > ../reports/direct\n"
        "printf -- '---\\ngoal: be\\n---\\n' > goals/new.md; echo '- made a goal' >> journal.md\n"
    )
    config = {"runner": "mine", "runners": {"mine": {"tick": f"sh {agent}", "output": "text"}}}
    looop.profile.config.write_text(json.dumps(config))
    sensor(looop.profile, "look", '#!/bin/sh\necho x > /tmp/s; echo x > reports/s; echo "\\"$GH_TOKEN!\\""\n')
    assert looop.call("tick", "--force").returncode == 0
    assert (data / "goals/new.md").exists()
    assert not (data / "goals/direct.md").exists()
    assert not list((data / "reports").iterdir())
    assert json.loads((data / "snapshots/sensor-look.json").read_text())["signal"] == "!"
    raw = "".join(path.read_text() for path in data.glob("runs/*/output.log"))
    assert SECRET not in raw


def test_a_meta_session_writes_its_draft(looop: Person) -> None:
    looop(
        "start-session",
        "m",
        "--meta",
        "--command",
        'echo new >> "$LOOOP_DATA_DIR"/sessions/m/draft/PLAYBOOK.md',
    )
    assert looop.call("wait", "m").returncode == 0
    assert (looop.profile.data / "sessions/m/draft/PLAYBOOK.md").read_text().endswith("new\n")


def test_where_nothing_can_confine_a_required_wall_stops_the_start(looop: Person, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "bwrap").write_text("#!/bin/sh\nexit 1\n")
    (folder / "bwrap").chmod(0o755)
    path = f"{folder}:{looop.env['PATH']}"
    said = looop.call("start-session", "w", "--command", "true", env={"PATH": path})
    assert (said.returncode, "NOT confined" in said.stderr) == (5, True)
    until(lambda: looop.json("ls")["sessions"] == [], "nothing to be left of it")


def test_the_program_in_the_foreground_is_named(looop: Person) -> None:
    looop("start-session", "w", "--command", "cat")
    leader = int(looop.session("w")["pid"])
    until(lambda: foreground.program(leader) == "cat", "cat to be in the foreground")


@pytest.mark.needs("git")
def test_a_held_command_asks_a_person_even_by_its_full_path(looop: Person) -> None:
    git = shutil.which("git", path=looop.env["PATH"])
    looop("start-session", "w", "--command", f"{git} --version; {git} push -f; echo code $?; cat")
    until(lambda: looop.session("w")["flag"], "its flag")
    flag = looop.session("w")["flag"]
    assert "git push -f" in flag["text"]
    looop("deny", str(flag["number"]), "not", "today")
    looop.shows("w", "code 5")
    assert "git version" in looop("log", "w")
