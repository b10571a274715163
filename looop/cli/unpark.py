"""A person's "go on": `unpark`, for a loop that waits for money, for a limit to end, or for a login.

In: for how long, for how much. Out: `.allowance`, which loop and sessions follow. Neighbours: `store.money`
writes it, `loop.reins` and `engine.purse` heed it.
"""

import time
from collections.abc import Mapping
from typing import Annotated

from cyclopts import Parameter

from looop.cli import times
from looop.cli.cost import check_usd
from looop.cli.disk import disk
from looop.cli.inject import ACall, ALive, AProfile, Json
from looop.cli.show import DoneView, emit, until
from looop.core.allowance import Allowance
from looop.core.problem import Exit
from looop.store import config
from looop.store import money as purse
from looop.store.paths import Profile


async def unpark(
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    for_: Annotated[str | None, Parameter(name="--for", help="For so long: 90, 20m, 2h.")] = None,
    allow: Annotated[float | None, Parameter(help="For so many dollars more.")] = None,
    json: Json = False,
) -> int:
    """Let a parked loop and its frozen sessions go on.

    Alone it puts max_daily_usd off until midnight, and has an agent that was at its limit, or not logged in,
    tried again at once.
    """
    if allow is not None:
        check_usd(allow)
    now = time.time()
    lasts = times.span(for_) if for_ is not None else 0.0
    made, most = await disk(live, _allow, profile, call.env, (now, allow, lasts))
    if live is not None:
        live.poke()
    said = _said(made, most, now)
    await emit(call, DoneView(said), said, json=json)
    return int(Exit.DONE)


def _allow(
    profile: Profile, env: Mapping[str, str], what: tuple[float, float | None, float]
) -> tuple[Allowance, float]:
    settings = config.load(profile, env)
    return purse.allow(profile, settings, *what), settings.max_daily_usd or 0.0


def _said(made: Allowance, most: float, now: float) -> str:
    if not most:
        return "It goes on: what was parked is tried again at once. CONFIG sets no max_daily_usd."
    if made.usd is None:
        return f"It goes on, without max_daily_usd (${most:g}) {until(made.until, now)}."
    return f"It goes on: up to ${made.usd:.2f} may be spent {until(made.until, now)}."
