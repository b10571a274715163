"""The verbs of flags, answers and claims: who may, on whose behalf, and what the caller reads."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import trio

from looop.cli.console import FakeCall
from looop.core.problem import Exit, Problem
from looop.core.questions import Answered, Asked, Proposed
from looop.core.sessions import Known, Meta, Question, SessionView, State
from looop.core.world import Claim
from looop.engine.call import Call, Caller, Kind
from looop.store import claims, files, flags, questions, sessions
from looop.store.paths import Profile
from looop.store.sessions import Entry
from support.verbs import FakeEngine, Looop


@dataclass
class Desk:
    """What the engine was asked; `fate` is what comes of a wait."""

    told: list[tuple[object, ...]] = field(default_factory=list)
    fate: int | None = 0
    holder: str = "fix"
    late: bool = False

    async def ask(self, name: str, text: str, proposal: str | None = None) -> Asked:
        self.told.append(("ask", name, text))
        return Asked(Question(7, text, 1.0, proposal), new=True)

    async def propose(self, name: str, text: str) -> Proposed:
        self.told.append(("propose", name, text))
        return Proposed(Asked(Question(7, text, 1.0, "d"), new=True), "+ a goal\n")

    async def wait(self, name: str, number: int, call: Call, limit: float, show: object) -> int | None:
        self.told.append(("wait", name, number, limit))
        if self.fate == 0:
            await call.hand_over(show(number, "red\x1b[2J"), ("flag", "--taken", "7"))  # type: ignore[operator]
        return self.fate

    def patience(self) -> float:
        return 45.0

    async def taken(self, number: int, name: str | None) -> None:
        self.told.append(("taken", number, name))

    async def answer(self, which: str, text: str, by: str) -> Answered:
        self.told.append(("answer", which, text, by))
        return Answered(7, "fix", "It was typed.")

    async def decide(self, which: str, text: str, by: str, *, approved: bool) -> Answered:
        self.told.append(("decide", which, text, by, approved))
        return Answered(7, "fix", "It was typed.")

    async def unflag(self, which: str, name: str | None = None) -> Question:
        self.told.append(("unflag", which, name))
        return Question(7, "which one?", 1.0)

    async def claim(self, lease: str, name: str) -> Claim:
        self.told.append(("claim", lease, name))
        return Claim(lease, self.holder, "01A")

    async def freed(self, lease: str) -> None:
        await trio.lowlevel.checkpoint()
        self.told.append(("freed", lease))
        self.holder = "fix"

    async def unclaim(self, lease: str, name: str | None = None) -> Claim | None:
        self.told.append(("unclaim", lease, name))
        return Claim(lease, "fix", "01A")

    def get(self, name: str) -> SessionView:
        return SessionView(name, "01A", State.WORKING, 0.0, "", 0.0, (80, 24))

    async def done(
        self, name: str, outcome: str, note: str, tell: Callable[[], Awaitable[object]] | None = None
    ) -> SessionView:
        self.told.append(("done", name, outcome, note))
        if self.late:
            raise Problem(Exit.NO, "over", f"{name} is over already.")
        assert tell is not None
        await tell()
        return self.get(name)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def here(profile: Profile, engine: FakeEngine, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Looop:
    monkeypatch.setattr(engine, "questions", desk, raising=False)
    monkeypatch.setattr(engine, "sessions", desk, raising=False)
    return Looop(profile, engine)


def started(profile: Profile, name: str) -> questions.Place:
    sessions.supersede(profile, name)
    folder = sessions.folder(profile, name)
    sessions.write_meta(Entry(folder, Meta(name, "01A", "true", "/", 0.0), Known()))
    place = questions.place_of(profile, name)
    assert place is not None
    return place


def worker(name: str | None = "fix", given: bytes = b"", **env: str) -> FakeCall:
    return FakeCall(caller=Caller(Kind.CHILD, 9, name), env={"HOME": "/nowhere", **env}, given=given)


async def test_a_worker_flags_for_its_own_session_whatever_its_variables_say(here: Looop, desk: Desk) -> None:
    said = await here("flag", "may", "I?", call=worker(LOOOP_SESSION_ID="other"))
    assert (said.code, desk.told) == (0, [("ask", "fix", "may I?")])
    assert said.out == "⚑ 7 is up: end your turn, the answer will be typed into fix.\n"


async def test_a_worker_does_not_speak_for_another(here: Looop, desk: Desk) -> None:
    said = await here("flag", "hm", "--session", "other", "--json", call=worker())
    assert said.problem == (5, "not-yours")
    assert desk.told == []


async def test_a_program_that_is_in_no_session_flags_nothing(here: Looop) -> None:
    said = await here("flag", "hm", "--json", call=worker(None, LOOOP_SESSION_ID="fix"))
    assert said.problem == (5, "not-yours")


@pytest.mark.parametrize("verb", ["answer 7 yes", "approve 7", "deny 7"])
@pytest.mark.parametrize("kind", [Kind.CHILD, Kind.TICK])
async def test_nothing_that_looop_runs_answers_a_flag(here: Looop, desk: Desk, verb: str, kind: Kind) -> None:
    call = FakeCall(caller=Caller(kind, 9, "fix" if kind is Kind.CHILD else None))
    said = await here(*verb.split(), "--json", call=call)
    assert said.problem == (5, "not-yours")
    assert desk.told == []


async def test_the_manuals_form_names_the_session_first(here: Looop, desk: Desk, profile: Profile) -> None:
    started(profile, "fix")
    await here("flag", "fix", "may I?")
    await here("flag", "other", "may I?", call=FakeCall(env={"LOOOP_SESSION_ID": "fix"}))
    await here("flag", "fix", "it", call=worker("mail"))
    assert desk.told == [("ask", "fix", "may I?"), ("ask", "fix", "other may I?"), ("ask", "mail", "fix it")]


async def test_a_person_names_the_session(here: Looop, desk: Desk) -> None:
    assert (await here("flag", "hm", "--json")).problem == (2, "no-session")
    await here("flag", "hm", "--session", "fix")
    await here("flag", "-", "--session", "fix", given=b"from stdin\n")
    assert desk.told == [("ask", "fix", "hm"), ("ask", "fix", "from stdin")]


async def test_a_waiting_flag_prints_the_answer_alone(here: Looop, desk: Desk) -> None:
    said = await here("flag", "which?", "--wait", call=worker())
    assert (said.code, said.out, said.err) == (0, "red\n", "")
    assert desk.told == [("ask", "fix", "which?"), ("wait", "fix", 7, 45.0)]
    again, taken = said.call.resumes
    assert again[:-1] == ("flag", "--wait", "--number", "7", "--session", "fix", "--deadline")
    assert taken == ("flag", "--taken", "7")


async def test_a_waiting_flag_goes_on_elsewhere_to_the_same_moment(here: Looop, desk: Desk) -> None:
    desk.fate = None
    before = time.time()
    said = await here("flag", "which?", "--wait", call=worker())
    (again,) = said.call.resumes
    assert before <= float(again[-1]) - 45 <= time.time()
    late = await here(*again[:-1], repr(before + 9), call=worker())
    assert late.call.resumes == [(*again[:-1], repr(before + 9))]
    what, _, _, left = desk.told[-1]
    assert what == "wait"
    assert isinstance(left, float)
    assert 0 < left <= 9


async def test_a_wait_that_was_too_long_tells_the_agent_to_end_its_turn(here: Looop, desk: Desk) -> None:
    desk.fate = None
    said = await here("flag", "which?", "--wait", call=worker())
    assert (said.code, said.out) == (124, "")
    assert "end your turn" in said.err
    again = await here(*said.call.resumes[-1], call=worker())
    assert again.code == 124
    assert [it[0] for it in desk.told] == ["ask", "wait", "wait"]


async def test_a_call_that_was_handed_its_answer_says_nothing(here: Looop, desk: Desk) -> None:
    said = await here("flag", "--taken", "7", call=worker())
    assert (said.code, said.out, said.err) == (0, "", "")
    assert desk.told == [("taken", 7, "fix")]


async def test_machines_read_the_answer_as_json(here: Looop) -> None:
    said = await here("flag", "which?", "--wait", "--json", call=worker())
    assert said.value == {
        "v": 1, "number": 7, "session": "fix", "new": True, "answer": "red\x1b[2J", "diff": None
    }  # fmt: skip


async def test_a_person_answers_by_number_or_session(here: Looop, desk: Desk) -> None:
    said = await here("answer", "7", "go", "-f", "ahead")
    assert said.out == "⚑ 7 of fix is answered. It was typed.\n"
    await here("answer", "fix", "-", given=b"two\nlines\n")
    assert desk.told == [
        ("answer", "7", "go -f ahead", "a person"),
        ("answer", "fix", "two\nlines", "a person"),
    ]
    assert (await here("answer", "7", "--json")).problem == (2, "no-answer")


async def test_a_proposal_is_shown_approved_and_denied(here: Looop, desk: Desk) -> None:
    said = await here("propose", "-m", "goals", call=worker("setup"))
    assert said.out.startswith("+ a goal\n")
    await here("approve", "7")
    await here("deny", "setup", "not", "yet")
    assert desk.told == [
        ("propose", "setup", "goals"),
        ("decide", "7", "", "a person", True),
        ("decide", "setup", "not yet", "a person", False),
    ]


async def test_a_worker_takes_down_its_own_flag_alone(here: Looop, desk: Desk, profile: Profile) -> None:
    raised = flags.raise_flag(profile, "disk", "full")
    assert raised is not None
    await here("unflag", call=worker())
    await here("unflag", str(raised.number), call=worker())
    assert desk.told == [("unflag", "fix", "fix"), ("unflag", str(raised.number), "fix")]
    assert flags.open_flags(profile) == (raised,)


async def test_a_person_takes_down_any_flag(here: Looop, desk: Desk, profile: Profile) -> None:
    flags.raise_flag(profile, "disk", "full")
    assert (await here("unflag", "disk")).out == "⚑ 1 is down: full\n"
    await here("unflag", "fix")
    assert desk.told == [("unflag", "fix", None)]


async def test_without_an_engine_an_answer_is_recorded_for_the_next(looop: Looop, profile: Profile) -> None:
    place = started(profile, "fix")
    questions.ask(profile, place, "which one?")
    said = await looop("answer", "fix", "red")
    assert said.code == 0
    assert "next one delivers" in said.out
    [(_, answer)] = questions.owed(profile)
    assert (answer.text, answer.by) == ("red", "a person")
    assert (await looop("answer", str(answer.number), "blue", "--json")).problem == (5, "answered")


async def test_the_loops_own_flag_asks_nothing(looop: Looop, profile: Profile) -> None:
    flags.raise_flag(profile, "disk", "full")
    assert (await looop("answer", "1", "yes", "--json")).problem == (5, "own-flag")


async def test_without_an_engine_a_flag_is_taken_down(looop: Looop, profile: Profile) -> None:
    place = started(profile, "fix")
    questions.ask(profile, place, "which one?")
    assert (await looop("unflag", "fix")).code == 0
    assert questions.read(place.folder) is None
    assert (await looop("unflag", "fix", "--json")).problem == (3, "no-flag")


async def test_a_claim_is_taken_or_its_holder_named(here: Looop, desk: Desk) -> None:
    assert (await here("claim", "deploy", call=worker())).out == "deploy is yours.\n"
    desk.holder = "mail"
    said = await here("claim", "deploy", call=worker())
    assert (said.code, said.out) == (1, "deploy is claimed by mail.\n")


async def test_a_waiting_claim_is_taken_once_it_is_free(here: Looop, desk: Desk) -> None:
    desk.holder = "mail"
    said = await here("claim", "deploy", "--wait", call=worker())
    assert (said.code, said.out) == (0, "deploy is yours.\n")
    assert said.call.resumes == [("claim", "deploy", "--session", "fix", "--wait", "--timeout", "0s")]


async def test_a_claim_that_stays_taken_times_out(
    here: Looop, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.holder = "mail"
    monkeypatch.setattr(Desk, "freed", lambda *_: trio.sleep_forever())
    said = await here("claim", "deploy", "--wait", "--timeout", "50ms", "--json", call=worker())
    assert said.problem == (124, "still-claimed")


async def test_a_claim_is_ended_by_its_session_or_a_person(
    here: Looop, desk: Desk, looop: Looop, profile: Profile
) -> None:
    await here("unclaim", "deploy", call=worker())
    await here("unclaim", "deploy")
    assert desk.told == [("unclaim", "deploy", "fix"), ("unclaim", "deploy", None)]
    claims.take(profile, "deploy", "fix", "01A")
    assert (await looop("unclaim", "deploy")).out == "deploy is free.\n"
    assert (await looop("unclaim", "deploy")).out == "deploy was free already.\n"


@pytest.mark.parametrize(("flag", "outcome"), [((), "done"), (("--failed",), "failed")])
async def test_done_records_how_it_ended(
    here: Looop, desk: Desk, flag: tuple[str, ...], outcome: str
) -> None:
    said = await here("done", "-m", "all of it", *flag, call=worker())
    assert said.code == 0
    assert desk.told == [("done", "fix", outcome, "all of it")]


async def test_done_says_nothing_of_success_when_the_session_ended_first(here: Looop, desk: Desk) -> None:
    desk.late = True
    said = await here("done", "--json", call=worker())
    assert (said.out, said.problem) == ("", (Exit.NO, "over"))


async def test_a_tick_uses_no_workers_verbs(here: Looop) -> None:
    for verb in ("flag hm", "unflag 7", "claim deploy", "unclaim deploy", "done", "propose"):
        call = FakeCall(caller=Caller(Kind.TICK, 9))
        assert (await here(*verb.split(), "--json", call=call)).problem == (5, "not-yours")


async def test_flags_and_untold_answers_are_seen_everywhere(looop: Looop, profile: Profile) -> None:
    place = started(profile, "fix")
    questions.ask(profile, place, "first?")
    questions.answer(profile, place, 1, "red", "ann")
    questions.ask(profile, place, "second?")
    other = started(profile, "setup")
    questions.ask(profile, other, "new goals", "digest")
    shown = (await looop("status", "--json")).value
    assert [(it["number"], it["session"], it["proposal"]) for it in shown["asked"]] == [
        (2, "fix", False),
        (3, "setup", True),
    ]
    assert [(it["number"], it["text"]) for it in shown["owed"]] == [(1, "red")]
    bare = (await looop("--json")).value
    assert [it["verb"] for it in bare["waits"]][:2] == ["looop answer 2 TEXT", "looop approve 3"]
    text = (await looop("status")).out
    assert "looop answer 2 TEXT" in text
    assert "1 was not told to fix yet: red" in text
    assert files.present(place.folder / "answer-1.json")
