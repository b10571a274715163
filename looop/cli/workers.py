"""Verbs for workers: `claim`, `unclaim`, `done`.

In: what a session's agent wants for itself. Out: leases, a recorded outcome and the session's end.
Neighbours: `asking` tells whose session it is; `sandbox` is the fourth verb for workers.
"""

from typing import Annotated

import msgspec
from cyclopts import Parameter

from looop.cli.asking import desk, own, session_of
from looop.cli.cost import check_usd
from looop.cli.inject import FLAG, ACall, ALive, AProfile, Json
from looop.cli.show import DoneView, emit, line
from looop.cli.tab import ClaimName, LivingId
from looop.cli.times import span
from looop.core.problem import Exit, Problem
from looop.core.world import Claim
from looop.engine.call import Call
from looop.engine.unattended import Unattended


class ClaimView(msgspec.Struct, frozen=True):
    """What `claim --json` prints; `mine` tells whether it is the caller's session that holds it."""

    name: str
    holder: str
    mine: bool
    v: int = 1


async def claim(
    name: str,
    /,
    *,
    call: ACall,
    live: ALive,
    session: Annotated[LivingId | None, Parameter(help="For this session; else the one that calls.")] = None,
    wait: Annotated[bool, FLAG, Parameter(help="Wait until it is free.")] = False,
    timeout: Annotated[  # noqa: ASYNC109 - the flag's name
        str, Parameter(help="With --wait: for at most so long (90s, 10m); 0: any.")
    ] = "0",
    json: Json = False,
) -> int:
    """Take a name for this session alone; exit code 1, and who has it, if it is taken.

    It is ended by `looop unclaim`, or with the session. Claiming again what one has changes nothing.
    """
    import trio  # noqa: PLC0415 - only in an engine is there anything to wait for

    who, limit = session_of(call, session), span(timeout)
    began = trio.current_time()
    with trio.move_on_after(limit or float("inf")):
        while (held := await desk(live).claim(name, who)).session != who and wait:
            left = max(1.0, limit - (trio.current_time() - began)) if limit else 0
            await call.resume(("claim", name, "--session", who, "--wait", "--timeout", f"{left:.0f}s"))
            await desk(live).freed(name)
        return await _claimed(held, who, call, json=json)
    raise Problem(Exit.TIMEOUT, "still-claimed", f"{name} was not free within {timeout}: `looop claims`.")


async def _claimed(held: Claim, who: str, call: Call, *, json: bool) -> int:
    mine = held.session == who
    said = f"{held.name} is yours." if mine else f"{held.name} is claimed by {line(held.session)}."
    await emit(call, ClaimView(held.name, held.session, mine), said, json=json)
    return int(Exit.DONE if mine else Exit.NO)


async def unclaim(
    name: ClaimName, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False
) -> int:
    """End a claim: a session its own, a person any."""
    side = live.questions if live is not None else Unattended(profile)
    ended = await side.unclaim(name, own(call))
    said = f"{name} is free." if ended else f"{name} was free already."
    await emit(call, DoneView(said), said, json=json)
    return int(Exit.DONE)


async def done(
    *,
    call: ACall,
    live: ALive,
    message: Annotated[
        str, Parameter(name=("--message", "-m"), allow_leading_hyphen=True, help="What was achieved.")
    ] = "",
    failed: Annotated[bool, FLAG, Parameter(help="It could not be done.")] = False,
    cost: Annotated[float | None, Parameter(help="What it has cost, as `looop spent` says.")] = None,
    session: Annotated[LivingId | None, Parameter(help="This session; else the one that calls.")] = None,
    json: Json = False,
) -> int:
    """Say how the work ended, and end the session with all that runs in it."""
    name = session_of(call, session)
    desk(live)
    assert live is not None  # noqa: S101 - `desk` has said so otherwise
    if live.sessions.get(name).over:
        raise Problem(Exit.NO, "over", f"{name} is over already: `looop why sessions/{name}` tells how.")
    if cost is not None:
        check_usd(cost)
        await live.sessions.spent(name, cost)
    said = f"{name} has {'failed' if failed else 'done its work'} and ends now."

    async def tell() -> None:
        await emit(call, DoneView(said), said, json=json)
        await call.flushed()  # what follows ends the caller too

    await live.sessions.done(name, "failed" if failed else "done", message.strip(), tell)
    return int(Exit.DONE)
