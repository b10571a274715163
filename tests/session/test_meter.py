"""What a session has cost is in the ledger once, whatever crashed and whichever way the clock was set."""

import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looop.core.sessions import Known, Meta
from looop.core.usage import day_of
from looop.session.meter import Meter, metered
from looop.store import ledger, reported, sessions
from looop.store.config import Config, Price
from looop.store.ledger import RUNNING, Entry
from looop.store.paths import Profile
from support.profiles import made_in

NOON = 1767268800.0  # 2026-01-01 12:00 UTC
DAY = 86400.0
CONFIG = Config()


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class Metered:
    """One session with the transcript of its agent, and one meter after the other upon them."""

    def __init__(self, folder: Path, agent: str = "pi") -> None:
        self.profile: Profile = made_in(folder)
        self.home = folder
        self.meta = Meta("tea", "01A", agent, "/", NOON, runner=agent, conversation="c1", goal="tea.md")
        self.folder = sessions.folder(self.profile, "tea")
        self.folder.mkdir()
        sessions.write_meta(sessions.Entry(self.folder, self.meta, Known()))
        self.meter = self.fresh()
        self._count = 0

    @property
    def transcript(self) -> Path:
        places = {"pi": ".pi/agent/sessions/x/y_c1.jsonl", "claude": ".claude/projects/x/c1.jsonl"}
        path = self.home / places[self.meta.runner]
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def fresh(self) -> Meter:
        """Make the meter of a new engine."""
        return Meter(self.profile, self.meta, self.folder, {"HOME": str(self.home)})

    def answers(self, usd: float, at: float = NOON, *, again: bool = False) -> None:
        """Let the agent write down an answer; `again`: twice."""
        self._count += 1
        usage = {"input": 10, "output": 1, "cost": {"total": usd}}
        message = {"role": "assistant", "usage": usage}
        stamp = datetime.fromtimestamp(at, UTC).isoformat()
        line = {"type": "message", "id": f"m{self._count}", "timestamp": stamp, "message": message}
        with self.transcript.open("a") as file:
            file.write((json.dumps(line) + "\n") * (1 + again))

    def tokens(self, output: int) -> None:
        """Let claude write down an answer, which tells no dollars."""
        self._count += 1
        message = {"id": f"m{self._count}", "model": "opus", "usage": {"output_tokens": output}}
        stamp = datetime.fromtimestamp(NOON, UTC).isoformat()
        with self.transcript.open("a") as file:
            file.write(json.dumps({"type": "assistant", "timestamp": stamp, "message": message}) + "\n")

    def look(self, now: float = NOON, config: Config = CONFIG, *, over: bool = False) -> bool:
        return self.meter.look(config, now, over=over)

    def spent(self) -> dict[str, float]:
        """Sum up what is known, by day."""
        found: dict[str, float] = {}
        for entry in ledger.entries(self.profile, 0.0):
            if entry.usd:
                found[day_of(entry.at)] = found.get(day_of(entry.at), 0.0) + entry.usd
        return {day: round(usd, 6) for day, usd in found.items()}

    def entry(self) -> Entry:
        (entry,) = ledger.entries(self.profile, 0.0)
        return entry


@pytest.fixture
def pi(tmp_path: Path) -> Metered:
    return Metered(tmp_path)


@pytest.fixture
def claude(tmp_path: Path) -> Metered:
    return Metered(tmp_path, "claude")


def test_an_entry_names_session_goal_and_runner(pi: Metered) -> None:
    pi.answers(0.5, again=True)
    assert pi.look()
    entry = pi.entry()
    assert (entry.session, entry.generation, entry.goal, entry.runner) == ("tea", "01A", "tea.md", "pi")
    assert (entry.usd, entry.input_tokens, entry.output_tokens, entry.source) == (0.5, 10, 1, "agent")


def test_what_did_not_change_is_not_written_again(pi: Metered) -> None:
    pi.answers(0.5)
    assert pi.look()
    size = pi.profile.cost.stat().st_size
    assert not pi.look(NOON + 60)
    pi.meter = pi.fresh()
    assert not pi.look(NOON + 120)
    assert pi.profile.cost.stat().st_size == size


def test_before_the_first_answer_the_cost_is_not_known_yet_and_at_the_end_it_is_unknown(pi: Metered) -> None:
    pi.look()
    assert (pi.entry().usd, pi.entry().outcome) == (None, RUNNING)
    assert ledger.spent(pi.profile, NOON).unknown_today == 0
    pi.look(over=True)
    assert ledger.spent(pi.profile, NOON).unknown_today == 1


def test_tokens_without_prices_are_known_and_the_dollars_unknown(claude: Metered) -> None:
    claude.tokens(1000)
    claude.look()
    assert (claude.entry().usd, claude.entry().output_tokens) == (None, 1000)
    assert ledger.spent(claude.profile, NOON).unknown_today == 1


def test_a_persons_prices_make_dollars_of_tokens(claude: Metered) -> None:
    claude.tokens(1000)
    claude.look(config=Config(prices={"claude": Price(1.0, 15.0)}))
    assert (claude.entry().usd, claude.entry().source) == (0.015, "prices")


def test_the_figure_that_claude_keeps_itself_counts_when_it_names_one(claude: Metered) -> None:
    claude.tokens(1000)
    document = {"projects": {"/": {"lastSessionId": "c1", "lastCost": 0.25}}}
    (claude.home / ".claude.json").write_text(json.dumps(document))
    claude.look(over=True)
    assert (claude.entry().usd, claude.entry().source) == (0.25, "agent")


def test_a_workers_word_counts_where_nothing_else_is_known(claude: Metered) -> None:
    claude.tokens(1000)
    reported.write(claude.folder, 0.4, NOON)
    reported.write(claude.folder, 0.3, NOON)
    claude.look()
    assert (claude.entry().usd, claude.entry().source) == (0.4, "reported")
    assert ledger.spent(claude.profile, NOON).unknown_today == 0


def test_a_workers_word_never_makes_a_known_figure_smaller(pi: Metered) -> None:
    pi.answers(0.5)
    reported.write(pi.folder, 0.1, NOON)
    pi.look()
    assert (pi.entry().usd, pi.entry().source) == (0.5, "agent")


def test_a_transcript_that_was_removed_takes_no_money_back(pi: Metered) -> None:
    pi.answers(0.5)
    pi.look()
    pi.transcript.unlink()
    pi.meter = pi.fresh()
    pi.look(over=True)
    assert pi.spent() == {"2026-01-01": 0.5}


def test_a_generation_that_resumed_goes_on_with_the_same_account(pi: Metered) -> None:
    pi.answers(0.5)
    pi.look(over=True)
    pi.meta = Meta("tea", "01B", "pi", "/", NOON + DAY, runner="pi", conversation="c1", resumed=True)
    pi.meter = pi.fresh()
    pi.look(NOON + DAY)
    pi.answers(0.25, NOON + DAY)
    pi.look(NOON + DAY, over=True)
    assert pi.spent() == {"2026-01-01": 0.5, "2026-01-02": 0.25}


def test_a_rehearsal_and_a_plain_command_are_not_metered() -> None:
    assert not metered(Meta("a", "01A", '"$LOOOP_BIN" __interview', "/", 0.0, runner="rehearsal"))
    assert not metered(Meta("a", "01A", "make test", "/", 0.0))
    assert metered(Meta("a", "01A", "claude --resume x", "/", 0.0))
    assert metered(Meta("a", "01A", "my-agent", "/", 0.0, runner="mine"))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), st.integers(-3, 3), st.integers(1, 50)),
        st.tuples(st.just("look"), st.integers(-900, 900), st.just(0)),
        st.tuples(st.just("crash"), st.just(0), st.just(0)),
        st.tuples(st.just("torn"), st.just(0), st.integers(1, 200)),
        st.tuples(st.just("tick"), st.integers(-2, 2), st.integers(1, 50)),
        st.tuples(st.just("compact"), st.just(0), st.just(0)),
    ),
    max_size=14,
)


@settings(max_examples=20, deadline=None)
@given(steps=STEPS)
def test_no_order_of_answers_crashes_and_clocks_counts_a_day_twice_or_loses_it(
    steps: list[tuple[str, int, int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "_WORTHWHILE", 2)
        pi, true = Metered(Path(folder)), dict[str, float]()
        for number, (what, when, amount) in enumerate(steps):
            at = NOON + when * DAY / 2
            if what == "answer":
                pi.answers(amount / 100, at, again=bool(amount % 2))
            elif what == "tick":
                ledger.record(pi.profile, Entry(at, f"tick-{number}", "pi", amount / 100))
            if what in {"answer", "tick"}:
                true[day_of(at)] = true.get(day_of(at), 0.0) + amount / 100
            elif what == "look":
                pi.look(NOON + when * 3600.0)
            elif what == "compact":
                pi.profile.cost.exists() and ledger.compact(pi.profile)
            elif what in {"crash", "torn"}:
                if what == "torn" and steps[number - 1][0] == "look":
                    _tear(pi.profile.cost, amount)
                pi.meter = pi.fresh()
        pi.look(NOON, over=True)
        assert pi.spent() == {day: round(usd, 6) for day, usd in true.items()}


def _tear(path: Path, amount: int) -> None:
    """Take the end of the last line away if it is a session's, as a crash within a write does."""
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    if lines and b'"session":"tea"' in lines[-1]:
        last = lines[-1][: max(1, len(lines[-1]) - 1 - amount)]
        path.write_bytes(b"".join(lines[:-1]) + last)
