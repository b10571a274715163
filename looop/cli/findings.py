"""What `doctor` finds, as values: how serious it is, and what to do about it."""

from enum import Enum

import msgspec


class Grade(Enum):
    """How serious a finding is."""

    FINE = "ok"
    NOTE = "note"
    BAD = "bad"

    def __str__(self) -> str:
        return self.value


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, how it is, and in words."""

    what: str
    grade: Grade
    said: str
