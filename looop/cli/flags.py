"""Flags: `flag`, `propose` for workers; `answer`, `approve`, `deny` for people; `unflag` for both.

In: a question, or what a person says to it. Out: the flag's number, or the answer on stdout of whoever waits
for it. Neighbours: `asking`, and `session.flags` in the engine, which does the work.
"""

import time
from typing import Annotated, TypeAlias

import msgspec
from cyclopts import Parameter

from looop.cli.asking import addressed, desk, left, own, session_of, spoken
from looop.cli.disk import disk
from looop.cli.inject import FLAG, ACall, ALive, AProfile, Json, Text
from looop.cli.show import DoneView, clean, emit, encode, ended, line, span
from looop.cli.tab import AnyFlag, FlagId, LivingId, ProposalId
from looop.core.problem import Exit, Problem
from looop.core.questions import Answered
from looop.engine.call import Call
from looop.engine.live import Live
from looop.engine.unattended import Unattended
from looop.store import flags
from looop.store.paths import Profile

Session: TypeAlias = Annotated[LivingId | None, Parameter(help="The session; else the one that calls.")]
_WHICH = "Its number, or the id of the session that asks."
Flag: TypeAlias = Annotated[FlagId, Parameter(help=_WHICH)]
Offer: TypeAlias = Annotated[ProposalId, Parameter(help=_WHICH)]
Wait: TypeAlias = Annotated[bool, FLAG, Parameter(help="Wait for the answer, and print it.")]


class FlagView(msgspec.Struct, frozen=True):
    """What `flag --json` and `propose --json` print. `new`: it was not up before. `answer`: with --wait."""

    number: int
    session: str
    new: bool
    answer: str | None = None
    diff: str | None = None
    v: int = 1


class AnswerView(msgspec.Struct, frozen=True):
    """What `answer`, `approve` and `deny` print with `--json`; `said` tells what became of it."""

    number: int
    session: str
    said: str
    v: int = 1


async def flag(  # noqa: PLR0913 - a verb's flags
    *text: Text,
    call: ACall,
    profile: AProfile,
    live: ALive,
    session: Session = None,
    wait: Wait = False,
    number: Annotated[
        int | None, Parameter(show=False, help="Go on with this flag, after an engine was lost.")
    ] = None,
    deadline: Annotated[
        float | None, Parameter(show=False, help="Until when at most, in epoch seconds.")
    ] = None,
    taken: Annotated[
        int | None, Parameter(show=False, help="Say that this flag's answer was printed by then.")
    ] = None,
    json: Json = False,
) -> int:
    """Raise a session's flag: ask a person. Asking again changes the text of the flag that is up.

    With --wait the answer is printed; asking again goes on with the same flag. It returns by itself
    after a while (flag_wait_max) with 124: end your turn then, the answer will be typed to you.
    """
    if taken is not None:
        await desk(live).taken(taken, own(call))
        return int(Exit.DONE)
    name, rest = await addressed(text, call, profile, live, session)
    new = number is None
    if number is None:
        asked = await desk(live).ask(name, await spoken(rest, call))
        number, new = asked.question.number, asked.new
    view = FlagView(number, name, new)
    if wait:
        return await _wait(view, call, live, deadline, json=json)
    said = f"⚑ {number} is up: end your turn, the answer will be typed into {line(name)}."
    await emit(call, view, said, json=json)
    return int(Exit.DONE)


async def propose(
    *,
    call: ACall,
    live: ALive,
    message: Annotated[
        str, Parameter(name=("--message", "-m"), allow_leading_hyphen=True, help="What it is for.")
    ] = "",
    session: Session = None,
    wait: Wait = False,
    json: Json = False,
) -> int:
    """Show a person what a meta session's draft would change, and ask for approval."""
    name = session_of(call, session)
    made = await desk(live).propose(name, message)
    question = made.asked.question
    view = FlagView(question.number, name, made.asked.new, diff=made.diff)
    if wait:
        return await _wait(view, call, live, None, json=json)
    said = f"{made.diff}\n⚑ {question.number} is up: a person approves or denies it. End your turn."
    await emit(call, view, said, json=json)
    return int(Exit.DONE)


async def answer(
    flag: Flag, /, *text: Text, call: ACall, profile: AProfile, live: ALive, json: Json = False
) -> int:
    """Answer a session's flag, by its number or the session's id. TEXT - is read from stdin."""
    said = await spoken(text, call)
    if not said:
        raise Problem(Exit.USAGE, "no-answer", "An answer needs a text: `looop answer FLAG TEXT`.")
    side = live.questions if live is not None else Unattended(profile)
    return await _told(await side.answer(flag, said, "a person"), "answered", call, json=json)


async def approve(flag: Offer, /, *, call: ACall, live: ALive, json: Json = False) -> int:
    """Approve a proposal, a move, a script or a command as it is shown: it lands, or runs, now.

    What is not as it was shown any more is asked anew. A command is run by looop itself, once, outside of
    the session; Ctrl-C only stops watching.
    """
    return await _told(
        await desk(live).decide(flag, "", "a person", approved=True), "approved", call, json=json
    )


async def deny(flag: Offer, /, *text: Text, call: ACall, live: ALive, json: Json = False) -> int:
    """Deny what a flag asks approval for; TEXT tells the session, or the next tick, why."""
    why = await spoken(text, call)
    return await _told(
        await desk(live).decide(flag, why, "a person", approved=False), "denied", call, json=json
    )


async def unflag(
    flag: AnyFlag | None = None,
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    session: Session = None,
    json: Json = False,
) -> int:
    """Take a flag down without an answer: by its number, its session's id, or the loop's cause."""
    which = flag if flag is not None else session_of(call, session)
    mine = own(call)
    number, text = await _lowered(which, mine, profile, live)
    if live is not None:
        live.poke()
    said = f"⚑ {number} is down: {line(text)}"
    await emit(call, DoneView(said), said, json=json)
    return int(Exit.DONE)


async def _lowered(which: str, mine: str | None, profile: Profile, live: Live | None) -> tuple[int, str]:
    if mine is None:  # the loop's own flags are a person's to end
        key = int(which) if which.isascii() and which.isdigit() else which
        found = await disk(live, flags.lower, profile, key)
        if found is not None:
            return found.number, found.text
    side = live.questions if live is not None else Unattended(profile)
    question = await side.unflag(which, mine)
    return question.number, question.text


async def _wait(view: FlagView, call: Call, live: Live | None, deadline: float | None, *, json: bool) -> int:
    """Wait for the answer. From here on another engine goes on with the same flag, never with a second.

    It goes on to the same `deadline`: an agent's tools wait for so long and no longer.
    """

    def show(number: int, text: str) -> str:
        answered = FlagView(number, view.session, view.new, text, view.diff)
        return encode(answered) if json else ended(clean(text))

    # As the engine has it: what `up` was given stands in no worker's environment.
    limit = await disk(live, desk(live).patience)
    until = time.time() + limit if deadline is None and limit else deadline
    again = ("flag", "--wait", "--number", str(view.number), "--session", view.session)
    await call.resume((*again, *(("--deadline", repr(until)) if until else ()), *["--json"] * json))
    patience = left(limit, deadline)
    code = await desk(live).wait(view.session, view.number, call, patience, show)
    if code is not None:
        return code
    raise Problem(
        Exit.TIMEOUT,
        "unanswered",
        f"⚑ {view.number} stays up, and nobody has answered within {span(limit)}: end your turn now. The "
        "answer will be typed to you; don't ask again before.",
    )


async def _told(made: Answered, what: str, call: Call, *, json: bool) -> int:
    said = f"⚑ {made.number} of {line(made.session)} is {what}. {line(made.how)}"
    await emit(call, AnswerView(made.number, made.session, said), said, json=json)
    return int(Exit.DONE)
