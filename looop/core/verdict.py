"""Whether a session's work was checked, and what came of it: one check a generation, after its end.

In: what a generation was started with and how it ended. Out: when its check is due, and its verdict in words
that stay the same. Without a check the verdict is `not verified`. `session.verifying` runs it.
"""

from enum import Enum

import msgspec

from looop.core.sessions import NOT_VERIFIED, Known, Meta, State

PERSON = "person"
"""In `Meta.verify_from`: a person gave the check, so that nobody has to approve it."""

GOAL = "goal"
"""In `Meta.verify_from`: it is the goal's `verify:` line."""

AI = "looop"
"""In `Meta.verify_from`: a tick or another program gave it."""


class Verdict(Enum):
    """What is known of a check. All but the first two are final."""

    AWAITS = "awaits approval"
    RUNNING = "being checked"
    VERIFIED = "verified"
    FAILED = "failed"
    LATE = "timed out"
    UNKNOWN = "not known"

    def __str__(self) -> str:
        return self.value

    @property
    def final(self) -> bool:
        """Whether nothing will change it any more."""
        return self not in {Verdict.AWAITS, Verdict.RUNNING}


class Check(msgspec.Struct, frozen=True):
    """A generation's check: `verify.json`, made once, before it is run. Times are epoch seconds.

    `code` is its exit code, 128 and more for a signal; `said` the end of what it printed, or why it could not
    be run.
    """

    command: str
    began: float
    verdict: Verdict = Verdict.RUNNING
    ended: float | None = None
    code: int | None = None
    said: str = ""
    v: int = 1

    @property
    def words(self) -> str:
        """The verdict in words, as `Known.verdict` has it."""
        return f"{self.verdict}({self.code})" if self.verdict is Verdict.FAILED else str(self.verdict)


def due(meta: Meta, known: Known) -> bool:
    """Tell whether a generation's check is to be seen to: it has one, and has ended as one that is done."""
    if not meta.verify or known.verdict not in _OPEN:
        return False
    return known.state is State.ENDED and known.code == 0 and known.outcome in {None, "done"}


def judged(check: Check, code: int | None, signal: int | None, now: float, *, late: bool, said: str) -> Check:
    """Give the verdict on a check that was run: its exit code or signal, both None if nobody knows."""
    number = code if signal is None else 128 + signal
    if late:
        verdict = Verdict.LATE
    elif number is None:
        verdict = Verdict.UNKNOWN
    else:
        verdict = Verdict.FAILED if number else Verdict.VERIFIED
    shown = None if late else number
    return msgspec.structs.replace(check, verdict=verdict, ended=now, code=shown, said=said)


_OPEN = frozenset({NOT_VERIFIED, str(Verdict.AWAITS), str(Verdict.RUNNING)})
