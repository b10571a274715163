"""Who may do what, with real processes: what a session or a tick runs is known as that, however it hides."""

import json
import os
import shlex
import signal
from pathlib import Path

import pytest

from looop.child import tree
from support import tested
from support.person import Person
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

LOOOP = shlex.join(tested.LOOOP)
PERSONS = (
    "answer {number} yes",
    "approve {number}",
    "deny {number}",
    "down --all",
    "init --runner rehearsal --yes",
)
OTHERS = ("unflag {number}", "send other x", "kill other", "start-session new --command true")
HIDDEN = (
    'env -i PATH="$PATH" HOME="$HOME" PYTHONPATH="$PYTHONPATH" LOOOP_DATA_DIR="$LOOOP_DATA_DIR" '
    'LOOOP_CONFIG="$LOOOP_CONFIG" LOOOP_SESSION_ID=other setsid '
)


def script(verbs: tuple[str, ...], number: int, notes: Path) -> str:
    """Call each verb as it is, then from a process that forked itself away and lies about who it is."""
    lines = []
    for verb in verbs:
        call = f"{LOOOP} {verb.format(number=number)}"
        lines.append(f"{call} </dev/null; echo plain $? {verb} >> {notes}")
        inner = shlex.quote(f"{call} </dev/null; echo hidden $? {verb} >> {notes}")
        lines.append(f"( {HIDDEN}sh -c {inner} & ) </dev/null >/dev/null 2>&1")
    return "\n".join(lines)


def outcomes(notes: Path, count: int) -> set[str]:
    """Wait for all the exit codes; those that are not the one of a refusal, with their verbs."""
    until(lambda: notes.exists() and len(notes.read_text().splitlines()) == count, "all calls to end", 120)
    return {line for line in notes.read_text().splitlines() if line.split()[1] != "5"}


def asking(looop: Person) -> int:
    """Start the session `other`, which asks and then waits; its flag's number."""
    looop("start-session", "other", "--command", "cat")
    looop("flag", "other", "May I?")
    return int(looop.session("other")["flag"]["number"])


def test_a_worker_can_not_act_as_a_person_or_for_another(looop: Person, tmp_path: Path) -> None:
    number, notes, verbs = asking(looop), tmp_path / "codes", (*PERSONS, *OTHERS)
    work = tmp_path / "work.sh"
    work.write_text(f"{script(verbs, number, notes)}\ncat\n")
    looop("start-session", "worker", "--command", f"sh {work}")
    assert outcomes(notes, 2 * len(verbs)) == set()
    assert looop.session("other")["flag"]["number"] == number
    assert {one["id"] for one in looop.json("ls")["sessions"]} == {"other", "worker"}


def test_the_agent_of_a_tick_can_not_act_as_a_person(looop: Person, tmp_path: Path) -> None:
    number, notes, verbs = asking(looop), tmp_path / "codes", (*PERSONS, "unflag {number}", "send other x")
    agent = tmp_path / "agent.sh"
    agent.write_text(f"{script(verbs, number, notes)}\nwhile [ $(wc -l < {notes}) -lt {2 * len(verbs)} ]\n")
    agent.write_text(f"{agent.read_text()}do sleep 0.2; done\n")
    config = {"runner": "mine", "runners": {"mine": {"tick": f"sh {agent}"}}}
    looop.profile.config.write_text(json.dumps(config))
    looop("tick", "--force")
    assert outcomes(notes, 2 * len(verbs)) == set()
    assert looop.session("other")["flag"]["number"] == number


def test_a_person_stays_one_whatever_their_environment_says(looop: Person) -> None:
    number = asking(looop)
    said = looop.call(
        "answer", str(number), "yes", env={"LOOOP_SESSION_ID": "other", "LOOOP_GENERATION": "x"}
    )
    assert (said.returncode, said.stderr) == (0, "")


def test_what_a_worker_says_while_its_engine_is_replaced_waits_for_the_next(
    looop: Person, tmp_path: Path
) -> None:
    go, codes = tmp_path / "go", tmp_path / "codes"
    work = tmp_path / "work.sh"
    work.write_text(
        f"until test -e {go}; do sleep 0.1; done\n"
        f"{LOOOP} flag which; echo $? >>{codes}; {LOOOP} claim inbox; echo $? >>{codes}; cat\n"
    )
    looop("start-session", "worker", "--command", f"sh {work}")
    keeper, engine = looop.keeper.pid, looop.engine.pid
    os.kill(keeper, signal.SIGSTOP)
    try:
        os.kill(engine, signal.SIGKILL)
        go.touch()
        until(lambda: calls(keeper, "flag"), "the worker's call")
    finally:
        os.kill(keeper, signal.SIGCONT)
    until(lambda: codes.exists() and codes.read_text().split() == ["0", "0"], "both calls to do well")
    assert looop.session("worker")["flag"]["text"] == "which"


def calls(keeper: int, verb: str) -> bool:
    return any(tested.is_call(one.pid, verb) for one in tree.descendants(keeper))
