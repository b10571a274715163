"""`guard ask`: who may, what the command is given, and what its call prints and ends with."""

import time
from dataclasses import dataclass, field
from typing import Any

import pytest
import trio

from looop.cli import guard_ask
from looop.cli.console import FakeCall
from looop.core.command import Outcome, Wanted
from looop.core.problem import Exit
from looop.core.questions import Asked
from looop.core.sessions import Known, Meta, Question
from looop.engine.call import Caller, Kind, Tty
from looop.store import questions, sessions
from looop.store.paths import Profile
from looop.store.sessions import Entry
from support.verbs import FakeEngine, Looop


@dataclass
class Desk:
    """What the engine was asked; `outcome` is what comes of it, None: nothing in time."""

    outcome: Outcome | None = field(default_factory=lambda: Outcome(3, b"out\x1b[2J\n", b"err\n"))
    wanted: list[Wanted] = field(default_factory=list)
    waited: list[tuple[int, float]] = field(default_factory=list)
    counted: list[tuple[int, str | None]] = field(default_factory=list)

    async def command(self, name: str, wanted: Wanted) -> Asked:
        assert name == "fix"
        self.wanted.append(wanted)
        return Asked(Question(7, "may this run?", 1.0, "t", command=True), new=True)

    async def wait(self, name: str, number: int, call: Any, limit: float, show: Any) -> int | None:
        assert name == "fix"
        self.waited.append((number, limit))
        if self.outcome is None:
            return None
        await call.hand_over(show(9, "words for others"), ("guard", "ask", "--taken", "9"))
        await call.flushed()
        return 0

    async def ran(self, name: str, number: int) -> Outcome:
        assert (name, number, self.outcome is not None) == ("fix", 9, True)
        return self.outcome or Outcome(1)

    async def taken(self, number: int, name: str | None) -> None:
        self.counted.append((number, name))

    def patience(self) -> float:
        return 45.0


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def here(profile: Profile, desk: Desk) -> Looop:
    engine = FakeEngine()
    engine.questions = desk
    return Looop(profile, engine)


def started(profile: Profile) -> questions.Place:
    sessions.supersede(profile, "fix")
    meta = Meta("fix", "01A", "true", "/", 0.0)
    sessions.write_meta(Entry(sessions.folder(profile, "fix"), meta, Known()))
    place = questions.place_of(profile, "fix")
    assert place is not None
    return place


def worker(**more: Any) -> FakeCall:
    return FakeCall(caller=Caller(Kind.CHILD, 9, "fix"), env={"HOME": "/nowhere"}, **more)


async def test_the_call_ends_as_the_command_did(here: Looop, desk: Desk) -> None:
    call = worker(given=b"input")
    said = await here("guard", "ask", "--", "git", "push", "--force", call=call)
    assert (said.code, said.out, said.err) == (3, "out\x1b[2J\n", "err\n")
    assert desk.wanted == [Wanted(("git", "push", "--force"), call.cwd, 9, b"input")]
    again, taken = said.call.resumes
    assert again[:-1] == ("guard", "ask", "--number", "7", "--deadline")
    assert taken == ("guard", "ask", "--taken", "9")


async def test_an_interrupted_call_goes_on_and_asks_nothing_again(here: Looop, desk: Desk) -> None:
    soon = repr(time.time() + 9)
    said = await here("guard", "ask", "--number", "7", "--deadline", soon, call=worker())
    assert (said.code, said.out, desk.wanted) == (3, "out\x1b[2J\n", [])
    ((number, left),) = desk.waited
    assert number == 7
    assert 0 < left <= 9


async def test_a_call_that_had_printed_all_ends_with_the_same_code(here: Looop, desk: Desk) -> None:
    said = await here("guard", "ask", "--taken", "9", call=worker())
    assert (said.code, said.out, said.err, desk.counted) == (3, "", "", [(9, "fix")])


async def test_a_denial_ends_with_five_and_the_persons_words(here: Looop, desk: Desk) -> None:
    desk.outcome = Outcome(5, said="a person has denied: not \x1b[2Jtoday")
    said = await here("guard", "ask", "--", "git", "push", call=worker())
    assert (said.code, said.out, said.err) == (5, "", "looop: a person has denied: not today\n")


async def test_after_a_while_it_says_to_end_the_turn(here: Looop, desk: Desk) -> None:
    desk.outcome = None
    said = await here("guard", "ask", "--", "git", "push", call=worker())
    assert (said.code, said.out) == (124, "")
    assert "End your turn now" in said.err


async def test_an_input_that_never_ends_is_not_waited_for(
    here: Looop, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = worker()
    monkeypatch.setattr(guard_ask, "STDIN_PATIENCE", 0.01)
    monkeypatch.setattr(call, "stdin", lambda _: trio.sleep_forever())
    assert (await here("guard", "ask", "--", "git", "push", call=call)).code == 3
    assert (desk.wanted[0].stdin, desk.wanted[0].endless) == (b"", True)


async def test_a_terminal_is_no_input(here: Looop, desk: Desk) -> None:
    call = worker(tty=Tty(stdin=True), given=b"typed")
    await here("guard", "ask", "--", "git", "push", call=call)
    assert (desk.wanted[0].stdin, desk.wanted[0].endless) == (b"", False)


@pytest.mark.parametrize(
    ("who", "advice"),
    [
        (Caller(Kind.TICK, 9), "start a session"),
        (Caller(Kind.PERSON, 9), "just run it"),
        (Caller(Kind.CHILD, 9), "session's own program"),
    ],
)
async def test_whoever_is_in_no_session_is_told_what_to_do(
    here: Looop, desk: Desk, who: Caller, advice: str
) -> None:
    said = await here("guard", "ask", "--", "git", "push", call=FakeCall(caller=who))
    assert said.code == Exit.REFUSED
    assert advice in said.err
    assert desk.wanted == []


async def test_status_shows_all_that_a_person_has_to_look_at(looop: Looop, profile: Profile) -> None:
    place = started(profile)
    text = "may this run? git push\nin /src\nNOT pinned: the network"
    questions.ask(profile, place, text, "token", command=True)
    (line,) = (await looop("status", "--json")).value["asked"]
    assert (line["kind"], line["proposal"], line["text"]) == ("command", True, text)
    shown = (await looop("status")).out
    assert "fix: may this run? git push (`looop approve 1`)" in shown
    assert "in /src\n" in shown
    assert "NOT pinned: the network\n" in shown
    (wait, *_) = (await looop("--json")).value["waits"]
    assert wait == {"what": "⚑ fix: may this run? git push", "verb": "looop approve 1"}


async def test_without_an_engine_a_plain_answer_to_a_command_is_refused(
    looop: Looop, profile: Profile
) -> None:
    questions.ask(profile, started(profile), "may this run? x", "token", command=True)
    assert (await looop("answer", "fix", "yes", "--json")).problem == (5, "command")
