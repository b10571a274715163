"""What a chaos run knows must be true: the effects of verbs that said they were done, and nothing else.

In: verbs with their exit codes, faults. Out: for each session, flag, claim, goal what has to be seen of it.
What was cut off, or hit by a fault, may have happened or not: `MAYBE`, until somebody looks.
"""

import time
from dataclasses import dataclass, field
from enum import Enum


class Fate(Enum):
    """What has to be seen of a session."""

    LIVES = "lives"
    OVER = "is over"
    MAYBE = "may be either"
    GONE = "was removed"


@dataclass
class Session:
    """One name. `generation` is None while nobody knows which one it is."""

    kind: str
    generation: str | None
    fate: Fate = Fate.LIVES
    frozen: bool = False
    since: float = 0.0  # when it was last in doubt
    removable: bool = False  # a `prune` may remove it, even one whose caller has gone

    @property
    def ends(self) -> bool:
        """Whether it ends by itself sooner or later."""
        return self.kind in {"quit", "printer"}


@dataclass
class Flag:
    """A flag whose number was told. `answer` is the text of the answer that was accepted."""

    generation: str | None
    answer: str | None = None


@dataclass
class Model:
    """All of it. `up` is None when nobody knows; `given` are all answers, those that were cut off too."""

    sessions: dict[str, Session] = field(default_factory=dict)
    flags: dict[int, Flag] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    claims: dict[str, str] = field(default_factory=dict)
    goals: dict[str, str] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    up: bool | None = False

    def lives(self) -> list[str]:
        """Name the sessions that live for certain."""
        return [name for name, it in self.sessions.items() if it.fate is Fate.LIVES and not it.ends]

    def unsure(self, name: str) -> None:
        """Know nothing of a session any more but that its name was used."""
        if name in self.sessions:
            self.sessions[name].fate = Fate.MAYBE
            self.sessions[name].since = time.monotonic()
            self.sessions[name].frozen = False

    def all_over(self) -> None:
        """Know that no session lives."""
        for session in self.sessions.values():
            if session.fate is not Fate.GONE:
                session.fate, session.frozen = Fate.OVER, False

    def pruned(self) -> None:
        """Know that all that had ended may have been removed."""
        for session in self.sessions.values():
            session.removable = session.removable or session.ends or session.fate is not Fate.LIVES
