"""What a landing is going to do, as `runs/<id>/landing.json` says before any of it happens.

Written first, durably; whoever finds it after a crash finishes it by the same steps (`loop.land`).
"""

from enum import Enum

import msgspec

from looop.core.diff import Baseline


class Verb(Enum):
    """How far the recorded verb got. `STARTED` after a crash: nobody knows whether it happened."""

    NONE = "none"
    WAITING = "waiting"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Step(msgspec.Struct, frozen=True):
    """One file: its digest before and after (None: absent), its bytes staged in the run's folder."""

    path: str
    before: str | None
    after: str | None
    staged: str | None = None
    executable: bool = False


class Record(msgspec.Struct, frozen=True):
    """One landing. `journal_size` is the journal's size in bytes before `line` was to be appended.

    `timer` is what `.next-interval` asked for, in seconds from the baseline's time. `told` are the answers
    that the tick's prompt had, by their flags' numbers. `undoes` names the edit that this landing undoes.
    """

    run: str
    steps: tuple[Step, ...]
    argv: tuple[str, ...]
    subject: str | None
    verb: Verb
    journal_size: int
    line: str
    baseline: Baseline | None
    timer: int | None = None
    told: tuple[int, ...] = ()
    undoes: str = ""
    landed: bool = False
    v: int = 1

    def due_at(self) -> float | None:
        """Tell when the timer is due; None when no tick that ended well has set one."""
        return None if self.baseline is None or self.timer is None else self.baseline.at + self.timer

    def left(self) -> dict[str, str | None]:
        """Give the digest that each path is left with; None for one that is removed."""
        return {step.path: step.after for step in self.steps}
