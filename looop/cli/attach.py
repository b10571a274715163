"""A real terminal on a session: `attach`, `detach`.

In: a session's id, a person's terminal. Out: that terminal, as it was found, and an exit code. In between are
`engine.attaching` on the terminal's side, `session.attach` on the other.
"""

from typing import Annotated, TypeAlias

import msgspec
from cyclopts import Parameter

from looop.cli.fleet import check_lives, sessions_of
from looop.cli.inject import FLAG, ACall, ALive, AProfile, Json
from looop.cli.show import emit, many
from looop.cli.tab import LivingId
from looop.core.problem import Exit, Problem
from looop.engine.call import RawCall

ARawCall: TypeAlias = Annotated[RawCall, Parameter(parse=False)]


class DetachedView(msgspec.Struct, frozen=True):
    """What `detach --json` prints: how many terminals were thrown off."""

    id: str
    terminals: int
    v: int = 1


async def attach(
    name: LivingId,
    /,
    *,
    call: ARawCall,
    profile: AProfile,
    live: ALive,
    observe: Annotated[bool, FLAG, Parameter(help="Only watch: type nothing, leave the size alone.")] = False,
) -> int:
    r"""Put this terminal on a session; Ctrl-\ twice within a second leaves it, and the session goes on.

    The terminal attached last types, and the session takes its size and keeps it; the others watch, and the
    one before types again when it has left. Exit code 0 when you left or were thrown off, the session's own
    when it ended, 4 when the engine was lost and no other came within 10 seconds.
    """
    sessions = sessions_of(profile, live)
    view = sessions.get(name)
    if view.over:
        raise Problem(
            Exit.NO,
            "over",
            f"{view.id} is over: see its screen with `looop shot {view.id}`, or `looop log {view.id}`.",
        )
    return await sessions.attach(view.id, call, observe=observe)


async def detach(
    name: LivingId, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False
) -> int:
    """Throw every attached terminal off a session, which goes on."""
    sessions = sessions_of(profile, live)
    view = sessions.get(name)
    check_lives(view)
    count = await sessions.detach(view.id)
    said = f"Threw {many(count, 'terminal')} off {view.id}." if count else f"Nobody is attached to {view.id}."
    await emit(call, DetachedView(view.id, count), said, json=json)
    return int(Exit.DONE)
