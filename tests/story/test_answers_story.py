"""Answers with real processes: whoever is killed in between, a worker gets each one once."""

import json
import os
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from looop.child import tree
from looop.store import questions
from support import tested
from support.person import Person
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

LOOOP = shlex.join(tested.LOOOP)
# Said again and again, as an agent's screen does: a report is lost on an engine that dies.
RESTS = f'while echo "{{}}" | {LOOOP} hook Stop; do sleep 2; done &\n'
ASKS = f'{LOOOP} flag "which one?" --wait >> waited; echo "code $?" >> codes\n{RESTS}'
LEAVES = f'{LOOOP} flag "which one?"\n{RESTS}'
HEARS = 'while read -r line; do echo "$line" >> typed; done\n'


class Worker:
    """A session that asks, and writes down what it is told: as the verb's output, and as input."""

    def __init__(self, looop: Person, script: str, name: str = "fix") -> None:
        self.looop, self.name = looop, name
        self.notes = looop.profile.data.parent / name
        self.notes.mkdir(exist_ok=True)
        (self.notes / "worker.sh").write_text(f"cd {shlex.quote(str(self.notes))}\n{script}")
        looop("start-session", name, "--command", f"sh {shlex.quote(str(self.notes / 'worker.sh'))}")

    def asks(self) -> int:
        """Wait for its flag; the number."""
        until(lambda: self.looop.session(self.name)["flag"], "the flag")
        return int(self.looop.session(self.name)["flag"]["number"])

    def calls(self) -> list[int]:
        """Give the processes that wait for an answer, of this session."""
        found = tree.descendants(self.looop.keeper.pid)
        return [one.pid for one in found if tested.is_call(one.pid, "--wait")]

    @property
    def call(self) -> int:
        """Give the process that waits for the answer."""
        until(lambda: len(self.calls()) == 1, "the waiting call")
        return self.calls()[0]

    def heard(self) -> list[str]:
        """Give all that it was told, however."""
        return self.lines("waited") + self.lines("typed")

    def lines(self, name: str) -> list[str]:
        """Give the lines of one of its notes."""
        path = self.notes / name
        return path.read_text().splitlines() if path.exists() else []

    def answer(self, number: int) -> questions.Answer:
        """Give the answer as it is on disk."""
        folders = [place.folder for place in questions.places(self.looop.profile)]
        return next(found for folder in folders if (found := questions.answer_to(folder, number)))

    def told(self, number: int) -> str:
        """Wait until an answer counts as delivered; how it was."""
        until(lambda: self.answer(number).delivered, "the delivery")
        return str(getattr(self.answer(number).delivered, "how", ""))

    def settled(self) -> None:
        """Have it typed to once more: what would have been typed before has been by then."""
        self.looop("send", self.name, "end")
        until(lambda: "end" in self.lines("typed"), "what was sent")


def killed(looop: Person) -> None:
    """Kill the engine, and wait for the next."""
    until(lambda: _engine(looop), "an engine")
    before = _engine(looop)
    os.kill(before, signal.SIGKILL)
    until(lambda: _engine(looop) not in {0, before}, "another engine")
    until(lambda: looop.json("status")["answers"], "the engine to answer")


def _engine(looop: Person) -> int:
    """Give the engine's pid, 0 while there is none."""
    try:
        return looop.engine.pid
    except AssertionError:
        return 0


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """Stop processes meanwhile."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            if tree.proc(pid):
                os.kill(pid, signal.SIGCONT)


def test_a_waiting_worker_is_given_the_answer_once(looop: Person) -> None:
    worker = Worker(looop, ASKS + HEARS)
    number = worker.asks()
    assert "waited for it" in looop("answer", str(number), "red")
    until(lambda: worker.lines("codes"), "the end of the wait")
    worker.settled()
    assert (worker.heard(), worker.lines("codes")) == (["red", "end"], ["code 0"])
    assert worker.told(number) == "wait"


def test_a_worker_waits_over_the_death_of_its_engine(looop: Person) -> None:
    worker = Worker(looop, ASKS + HEARS)
    number = worker.asks()
    for _ in range(2):
        assert worker.call
        killed(looop)
    looop("answer", "fix", "red")
    assert worker.told(number) == "wait"
    worker.settled()
    assert worker.heard() == ["red", "end"]


def test_an_answer_handed_over_by_an_engine_that_dies_is_not_given_again(looop: Person) -> None:
    worker = Worker(looop, ASKS + HEARS)
    number = worker.asks()
    with stopped(worker.call):
        looop("answer", str(number), "red")
        assert worker.answer(number).handed
        assert worker.answer(number).delivered is None
        killed(looop)
    assert worker.told(number) == "wait"
    worker.settled()
    assert worker.heard() == ["red", "end"]


@pytest.mark.parametrize("with_engine", [False, True])
def test_an_answer_on_its_way_to_a_call_that_is_killed_is_typed(looop: Person, with_engine: bool) -> None:
    worker = Worker(looop, ASKS + HEARS)
    number, call = worker.asks(), worker.call
    with stopped(call):
        looop("answer", str(number), "red")
        os.kill(call, signal.SIGKILL)
        if with_engine:
            killed(looop)
    assert worker.told(number) == "typed"
    worker.settled()
    assert (worker.heard(), worker.lines("codes")) == (["red", "end"], ["code 137"])


def test_an_answer_typed_by_an_engine_that_dies_before_it_says_so_is_not_typed_again(looop: Person) -> None:
    worker = Worker(looop, LEAVES + HEARS)
    number = worker.asks()
    records = looop.profile.sessions / "fix/pty.jsonl"
    asked = looop.start("answer", str(number), "red")
    until(lambda: f'"answer-{number}"' in records.read_text(), "the text to be typed")
    with questions.locked(looop.profile):
        until(lambda: f'"answer-{number}-enter"' in records.read_text(), "its Enter")
        assert worker.answer(number).delivered is None
        os.kill(looop.engine.pid, signal.SIGKILL)
    asked.communicate(timeout=60)
    assert worker.told(number) == "typed"
    worker.settled()
    assert worker.heard() == ["red", "end"]


def test_a_text_typed_by_an_engine_that_dies_gets_its_enter_from_the_next(looop: Person) -> None:
    worker = Worker(looop, LEAVES + HEARS)
    number = worker.asks()
    records = looop.profile.sessions / "fix/pty.jsonl"
    asked = looop.start("answer", str(number), "red")
    until(lambda: f'"answer-{number}"' in records.read_text(), "the text to be typed")
    os.kill(looop.engine.pid, signal.SIGKILL)
    asked.communicate(timeout=60)
    assert worker.told(number) == "typed"
    worker.settled()
    assert worker.heard() == ["red", "end"]


def test_an_answer_given_while_no_engine_lives_is_delivered_by_the_next(looop: Person) -> None:
    worker = Worker(looop, LEAVES + HEARS)
    number, keeper, engine = worker.asks(), looop.keeper.pid, looop.engine.pid
    with stopped(keeper):
        os.kill(engine, signal.SIGKILL)
        assert "the next one delivers it" in looop("answer", str(number), "red")
        assert looop.call("answer", str(number), "blue").returncode == 5
    assert worker.told(number) == "typed"
    worker.settled()
    assert worker.heard() == ["red", "end"]


def test_an_answer_to_a_session_that_has_ended_is_in_the_next_brief_once(looop: Person) -> None:
    worker = Worker(looop, LEAVES)
    number = worker.asks()
    looop.becomes("fix", "ended")
    looop("answer", str(number), "the red one")
    for _ in range(2):
        looop("restart", "fix")
        looop.becomes("fix", "ended")
    assert worker.told(number) == "brief"
    assert [text.count("the red one") for text in _briefs(looop)] == [0, 1, 0]


def test_a_tick_that_was_told_an_answer_starts_a_session_that_is_not(looop: Person) -> None:
    worker = Worker(looop, LEAVES)
    number = worker.asks()
    looop.becomes("fix", "ended")
    agent = looop.profile.data.parent / "agent.sh"
    agent.write_text(
        f"test -e {agent}.done || {LOOOP} start-session fix again --command true\n: > {agent}.done\n"
    )
    runner = {"tick": f"exec sh {shlex.quote(str(agent))}", "output": "text"}
    looop.profile.config.write_text(json.dumps({"runner": "fake", "runners": {"fake": runner}}))
    looop("answer", str(number), "the red one")
    looop("up")
    until(lambda: len(_briefs(looop)) == 2, "the tick to start it")
    looop("tick", "--force")
    assert worker.told(number) == "prompt"
    prompts = sorted(looop.profile.runs.glob("*/prompt.md"))
    assert sum(path.read_text().count("the red one") for path in prompts) == 1
    assert [text.count("the red one") for text in _briefs(looop)] == [0, 0]


def _briefs(looop: Person) -> list[str]:
    """Give what each generation was told, oldest first: their names are in the order of time."""
    return [path.read_text() for path in sorted(looop.profile.prompts.glob("fix-*.md"))]
