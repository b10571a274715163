"""How what is known of a session changes: it enters a state, it ends, it is found to be lost.

In: a `Known` and a fact. Out: the next `Known`. What counts as news is decided here, and nowhere twice.
"""

import os
import signal

from msgspec.structs import replace

from looop.core.sessions import Evidence, Known, State

_BY_SIGNAL = 128


def entered(known: Known, evidence: Evidence, now: float, *, attended: bool = False) -> Known:
    """Take a judgement over. Entering a state that is news counts; going on as before a freeze does not.

    Nor does it while a person sits at its terminal (`attended`) and sees for themselves: each of their
    answers would cost a tick. What it then does when they leave is news.
    """
    state = evidence.state
    if state is known.state:
        return _noticed(replace(known, source=evidence.source, said=evidence.said), attended=attended)
    before = known.froze if known.state is State.FROZEN else known.state
    after = replace(
        known,
        state=state,
        since=now,
        source=evidence.source,
        said=evidence.said,
        unnoticed=state.news and state is not before,
        froze=before if state is State.FROZEN else None,
    )
    return _noticed(after, attended=attended and not state.over)


def _noticed(known: Known, *, attended: bool) -> Known:
    if attended or not known.unnoticed:
        return known
    return replace(known, news=known.news + 1, news_name=str(known.state), unnoticed=False)


def ended(known: Known, status: int, when: float, *, killed: bool) -> Known:
    """Take a terminal's end over: a wait status, epoch seconds, and whether it was looop that killed it.

    The shell around a program turns its death by a signal into 128 and more, so 137 is a SIGKILL too. A
    worker that had said `done` is ended by looop and has the code of what it said, 0 or 1.
    """
    raw = os.waitstatus_to_exitcode(status)
    code = raw if raw >= 0 else _BY_SIGNAL - raw
    outside = not killed and code == _BY_SIGNAL + signal.SIGKILL
    if killed and known.outcome is not None:
        code, killed = int(known.outcome != "done"), False
    said = _how(code, known, killed=killed, outside=outside)
    state = State.KILLED if killed else State.ENDED
    over = entered(known, Evidence(state, "exit", said), when)
    return replace(over, code=code, outside=outside, ended=when, frozen=False, unpaid=False, froze=None)


def lost(known: Known, why: str, when: float) -> Known:
    """Take over that a session is gone and nobody saw its end."""
    over = entered(known, Evidence(State.LOST, "terminal", why), when)
    return replace(over, code=None, ended=when, frozen=False, unpaid=False, froze=None)


def checked(known: Known, verdict: str, *, final: bool) -> Known:
    """Take the verdict on a check over; a `final` one is news, once."""
    if known.verdict == verdict:
        return known
    if not final:
        return replace(known, verdict=verdict)
    return replace(known, verdict=verdict, news=known.news + 1, news_name=verdict)


def _how(code: int, known: Known, *, killed: bool, outside: bool) -> str:
    if outside:
        return "killed from outside, by a SIGKILL that looop did not send"
    if killed:
        return f"ended by looop, with exit code {code}"
    if known.outcome is not None:
        return f"said {known.outcome}, with exit code {code}"
    return f"ended with exit code {code}"
