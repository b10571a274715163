"""What the verbs of flags and claims share: whose session it is about, and which half of the engine is asked.

In: a call, a name that may have been given. Out: a session's id; a `Questions`. Who calls is known from the
calling process; a variable only helps a person to name a session.
"""

import math
import time

from looop.cli.disk import disk
from looop.core.problem import Exit, Problem
from looop.engine.call import Call, Kind
from looop.engine.live import Live
from looop.engine.questions import Questions
from looop.store import questions
from looop.store.paths import Profile

LONGEST = 64 << 10
"""Bytes of a text that is read from stdin."""

_LEAST = 0.1
"""Seconds that a call waits at another engine, though its time is up: an answer may lie there."""


def desk(live: Live | None) -> Questions:
    """Give the engine's side; Problem UNREACHABLE without an engine."""
    if live is None:
        raise Problem(Exit.UNREACHABLE, "no-engine", "No engine answers: `looop up` starts one.")
    return live.questions


def left(limit: float, deadline: float | None) -> float:
    """Give the seconds that a call still waits, 0 for ever: `limit`, or until its first engine's deadline."""
    return limit if deadline is None else max(_LEAST, min(limit or math.inf, deadline - time.time()))


def own(call: Call) -> str | None:
    """Give the session that the caller may act for alone; None for who is below none, and may for any."""
    if call.caller.kind in {Kind.PERSON, Kind.STRANGER}:
        return None
    if call.caller.session is None:
        raise Problem(Exit.REFUSED, "not-yours", "Only a person or a session's own program may do this.")
    return call.caller.session


def session_of(call: Call, given: str | None) -> str:
    """Tell which session a call is about: the caller's own, else `--session`, else LOOOP_SESSION_ID."""
    mine = own(call)
    if mine is not None and given not in {None, mine}:
        raise Problem(
            Exit.REFUSED, "not-yours", f"{mine} called, and speaks only for itself, not for {given}."
        )
    name = mine or given or call.env.get("LOOOP_SESSION_ID")
    if not name:
        raise Problem(
            Exit.USAGE, "no-session", "Which session is this about? Name it with --session (`looop ls`)."
        )
    return name


async def spoken(words: tuple[str, ...], call: Call) -> str:
    """Give a text from the command line; a single - reads it from stdin."""
    if words == ("-",):
        return (await call.stdin(LONGEST)).decode(errors="replace").strip()
    return " ".join(words).strip()


async def addressed(
    words: tuple[str, ...], call: Call, profile: Profile, live: Live | None, given: str | None
) -> tuple[str, tuple[str, ...]]:
    """Take `ID TEXT` apart where ID is a session; the session's id, and the words that are left."""
    if given is None and len(words) == 2 and call.caller.session in {None, words[0]}:  # noqa: PLR2004 - ID, TEXT
        place = await disk(live, questions.place_of, profile, words[0])
        if place is not None and place.newest:
            return session_of(call, words[0]), words[1:]
    return session_of(call, given), words
