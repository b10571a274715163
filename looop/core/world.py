"""The world as one beat observed it: one frozen value that feeds the hash, the diff and the prompt.

In: what `loop.sense` read. Out: `World.items()`, each thing that may wake the loop with its digest and
a short value. Whatever must not wake the loop (a `detail`, an age, a byte count) has no way into an item.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from looop.core.digest import digest
from looop.core.document import Document, headline, short

SESSION = "session:"
"""What the key of a session's item begins with; its id follows."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one sensor said: a signal, which can wake the loop, and detail, which can't.

    An `error` is a normalised sentence without volatile numbers; it takes the signal's place.
    """

    name: str
    signal: Any = None
    detail: Any = None
    error: str | None = None
    untrusted: bool = False

    @property
    def news(self) -> Any:
        """The part that counts in the diff."""
        return {"error": self.error} if self.error is not None else self.signal


@dataclass(frozen=True, slots=True)
class Session:
    """A session as the loop sees it. `news` counts entries into the states that are news (SPEC 3).

    `evidence` is why it counts as being in its state; `said` is how it says that it ended, `verdict`
    what came of the check of its work, which is news too when it is final. None of these three wakes.
    """

    id: str
    generation: str
    state: str
    news: int = 0
    news_name: str = ""
    exit_code: int | None = None
    flag: str | None = None
    answers: int = 0
    goal: str | None = None
    ended: bool = False
    evidence: str = ""
    said: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease on a name, held by one generation of a session."""

    name: str
    session: str
    generation: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that may wake the loop: a digest to compare and a short value to show.

    `fades` says that its mere disappearance is no difference: a claim, a session that had ended.
    """

    digest: str
    short: str
    fades: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """One observation. `playbook` is None when the file is absent, which is itself a fact."""

    playbook: Document | None
    goals: tuple[Document, ...] = ()
    readings: tuple[Reading, ...] = ()
    sessions: tuple[Session, ...] = ()
    claims: tuple[Claim, ...] = ()
    _items: dict[str, Item] = field(default_factory=dict, init=False, repr=False, compare=False)

    def items(self) -> dict[str, Item]:
        """Every item by its key: `playbook`, `goal:x.md`, `sensor:today`, `session:id`, `claim:name`."""
        if not self._items:
            self._items.update(self._observe())
        return self._items

    def digest(self) -> str:
        """One hash of all items; equal worlds have equal digests."""
        return digest({key: item.digest for key, item in self.items().items()})

    def _observe(self) -> Iterator[tuple[str, Item]]:
        if self.playbook is not None:
            yield "playbook", Item(self.playbook.digest, short(self.playbook.text))
        for goal in self.goals:
            yield f"goal:{goal.name}", Item(goal.digest, goal.trouble or headline(goal.text))
        for reading in self.readings:
            yield f"sensor:{reading.name}", _item(reading.news)
        for session in self.sessions:
            yield (
                f"{SESSION}{session.id}",
                Item(
                    digest(
                        [
                            session.generation,
                            session.news,
                            session.news_name,
                            session.exit_code,
                            session.flag is not None,
                            session.answers,
                        ]
                    ),
                    _session_short(session),
                    fades=session.ended,
                ),
            )
        for claim in self.claims:
            value = [claim.name, claim.session]
            yield f"claim:{claim.name}", Item(digest(value), claim.session, fades=True)


def _item(value: Any) -> Item:
    return Item(digest(value), short(msgspec.json.encode(value).decode()))


def _session_short(session: Session) -> str:
    parts = [session.news_name or session.state]
    if session.exit_code is not None:
        parts.append(f"exit {session.exit_code}")
    if session.flag is not None:
        parts.append("⚑")
    if session.answers:
        parts.append(f"{session.answers} answered")
    return " ".join(parts)
