"""What comes of a question, as values: between the sessions' side, the engine's Protocol and the verbs.

Nothing comes in. Neighbours: `core.sessions.Question` is an open flag, `store.questions` has its files.
"""

from dataclasses import dataclass

from looop.core.sessions import Question


@dataclass(frozen=True, slots=True)
class Asked:
    """A flag that is up. `new`: it was not before; else at most its text is another."""

    question: Question
    new: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """A recorded answer, and what became of it within a moment, as a clause for a person."""

    number: int
    session: str
    how: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal that is up, with what it would change, as a diff that a terminal can be given."""

    asked: Asked
    diff: str
