"""What one session's conversation has cost: its agent's transcripts, else its own word, else unknown.

In: what the session was started with, CONFIG's prices. Out: entries in the ledger, one for each local day,
each replaced whenever it grows. Read anew after a crash, the same files make the same entries. Blocks: call
it through `files.aside`, one call at a time. Neighbour: `spending` says when.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from looop.core import runners, state_rules, usage_lines
from looop.core.sessions import Meta
from looop.core.usage import Sum, Tally, Trouble, day_of, settled, topped
from looop.store import ledger, prices, reported, transcripts
from looop.store.config import Config
from looop.store.ledger import RUNNING, Entry
from looop.store.paths import Profile
from looop.store.transcripts import Conversation, Tail

WORKING = "working"
ENDED = "ended"


def metered(meta: Meta) -> bool:
    """Tell whether a session costs anything: a rehearsal doesn't, nor a plain command as far as one knows."""
    agent = state_rules.agent(meta.runner, meta.command)
    return bool(agent or meta.runner) and runners.REHEARSAL not in {agent, meta.runner}


@dataclass
class Meter:
    """One conversation; a generation that resumed it goes on with its entries. `env` is the session's own."""

    profile: Profile
    meta: Meta
    folder: Path
    env: Mapping[str, str]
    _tally: Tally = field(init=False)
    _tails: dict[Path, Tail] = field(init=False, default_factory=dict)
    _entries: dict[str, Entry] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._tally = Tally(self.meta.created)

    @property
    def trouble(self) -> Trouble | None:
        """What the agent reported in place of its last answer."""
        return self._tally.trouble

    def look(self, settings: Config, now: float, *, over: bool) -> bool:
        """Read on, and write down what has changed; whether anything has. OSError, CorruptLedger."""
        if self._entries is None:
            mine = (it for it in ledger.entries(self.profile, 0.0) if it.run.startswith(self._run("")))
            self._entries = {it.run: it for it in mine}
        self._read()
        changed = False
        for day, total in self._days(settings, now).items():
            entry = self._entry(day, total, now, over=over)
            if entry != (before := self._entries.get(entry.run)) and not _same(entry, before):
                ledger.record(self.profile, entry)
                self._entries[entry.run] = entry
                changed = True
        return changed

    def _read(self) -> None:
        agent = state_rules.agent(self.meta.runner, self.meta.command)
        for path in transcripts.find(self._conversation(agent), self.env):
            understand = usage_lines.reader(agent)
            if understand is not None and path not in self._tails:
                self._tails[path] = Tail(path, understand)
        for tail in self._tails.values():
            self._tally.add(tail.read())

    def _days(self, settings: Config, now: float) -> dict[str, Sum]:
        runner = self._runner()
        found = self._tally.days(lambda used: prices.cost(settings, runner, used))
        first = {day_of(self.meta.created): Sum(self.meta.created)}
        days = settled(found or first, self._before())
        last = max(days.values(), key=lambda it: it.at).at
        agent = state_rules.agent(self.meta.runner, self.meta.command)
        if (own := transcripts.own_figure(self._conversation(agent), self.env)) is not None:
            days = topped(days, own, "agent", last)
        if (told := reported.read(self.folder)) is not None:
            days = topped(days, told.usd, "reported", min(told.at, now))
        return days

    def _before(self) -> dict[str, Sum]:
        return {
            it.run.rpartition("/")[2]: Sum(
                it.at, it.input_tokens or 0, it.output_tokens or 0, it.usd, it.source
            )
            for it in (self._entries or {}).values()
        }

    def _entry(self, day: str, total: Sum, now: float, *, over: bool) -> Entry:
        known = total.usd is not None or total.input > 0 or total.output > 0
        return Entry(
            at=total.at,
            run=self._run(day),
            runner=self._runner(),
            usd=None if total.usd is None else round(total.usd, 9),
            input_tokens=total.input or None,
            output_tokens=total.output or None,
            outcome=ENDED if over else WORKING if known else RUNNING,
            session=self.meta.id,
            generation=self.meta.generation,
            goal=self.meta.goal or "",
            source=total.source,
            noted=now,
        )

    def _run(self, day: str) -> str:
        return f"session/{self.meta.id}/{self.meta.conversation or self.meta.generation}/{day}"

    def _runner(self) -> str:
        return self.meta.runner or state_rules.agent("", self.meta.command)

    def _conversation(self, agent: str) -> Conversation:
        meta = self.meta
        return Conversation(agent, meta.conversation, meta.id, meta.cwd, meta.created, resumed=meta.resumed)


def _same(entry: Entry, before: Entry | None) -> bool:
    """Tell whether an entry says what an earlier one did; of a session that goes on, or did before."""
    if before is None:
        return False
    facts = ("usd", "input_tokens", "output_tokens", "source", "at")
    unknown = entry.usd is None and before.outcome == RUNNING != entry.outcome
    return not unknown and all(getattr(entry, it) == getattr(before, it) for it in facts)
