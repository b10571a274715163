"""What waits for the person, and the verb for it: a bare `looop`.

In: what `status` sees. Out: a short list, most urgent first. It works without a profile, and then says how
to begin.
"""

from collections.abc import Iterator

import msgspec

from looop.cli.disk import disk
from looop.cli.inject import ACall, ALive, AProfile, Json
from looop.cli.mistakes import problem_of
from looop.cli.show import emit, line, table
from looop.cli.status import StatusView, holds, observe, pulse_words, verb_for, verb_for_own
from looop.core.phase import Doing
from looop.core.problem import Exit, Problem
from looop.core.sessions import State
from looop.store import paths

_FAILING = 5
_AT_ITS_TERMINAL = {State.ASKING, State.STALLED}
"""What a person has to look at, as nothing else tells what it wants."""


class Wait(msgspec.Struct, frozen=True):
    """One thing that waits for a person, and the verb that deals with it."""

    what: str
    verb: str


class WaitingView(msgspec.Struct, frozen=True):
    """What `looop --json` prints. `pulse` says what the loop does meanwhile."""

    waits: tuple[Wait, ...]
    pulse: str | None
    v: int = 1


async def bare(*, call: ACall, profile: AProfile, live: ALive, json: Json = False) -> int:
    """Show what waits for you, and the verb for it."""
    try:
        await disk(live, paths.check, profile)
    except Problem as problem:
        view = WaitingView((_unusable(problem),), None)
    else:
        seen = await observe(profile, live, call.env)
        view = WaitingView(tuple(_waits(seen)), _pulse(seen))
    await emit(call, view, _text(view), json=json)
    return int(Exit.DONE)


def _unusable(problem: Problem) -> Wait:
    verb = "looop up" if problem.exit_code is Exit.MISSING else "looop doctor"
    return Wait(problem_of(problem).text, verb)


def _waits(view: StatusView) -> Iterator[Wait]:
    yield from _flags(view)
    yield from _terminals(view)
    for trouble in view.troubles:
        yield Wait(line(trouble), "looop doctor")
    if (own := _untold(view)) is not None:
        yield Wait(line(own), "looop up" if view.phase.doing is Doing.SAFE_MODE else "looop status")
    for hold in holds(view):
        if hold.until is None:
            yield Wait(f"The loop is held: {line(hold.reason)}", "looop status")
    for park in view.parked:
        yield Wait(f"The loop is parked: {line(park.reason)}", "looop unpark")
    if view.pause:
        yield Wait("The loop is paused.", "looop unpause")
    if not view.answers or view.phase.doing is Doing.STOPPED:
        yield Wait(f"The pulse is {pulse_words(view, 0.0).partition(':')[0]}.", "looop up")
    if not (view.agreed or view.troubles):  # with a CONFIG that can't be read nobody knows
        yield Wait("Nobody has agreed to an agent yet, so looop only rehearses.", "looop init")
    for name in view.failing[:_FAILING]:
        yield Wait(f"The sensor {line(name)} fails.", f"looop sensor run {line(name)}")


def _flags(view: StatusView) -> Iterator[Wait]:
    for asked in view.asked:
        text = asked.text.partition("\n")[0] if asked.kind == "command" else asked.text
        yield Wait(f"⚑ {line(asked.session)}: {line(text)}", verb_for(asked))
    for flag in view.flags:
        yield Wait(f"⚑ {line(flag.text)}", verb_for_own(flag))


def _terminals(view: StatusView) -> Iterator[Wait]:
    for it in view.sessions:
        if it.state in _AT_ITS_TERMINAL:
            yield Wait(f"{line(it.id)} is {it.state}: {line(it.evidence)}", f"looop attach {line(it.id)}")


def _untold(view: StatusView) -> str | None:
    """Give the pulse's own trouble, unless a flag or what was just looked at says the same."""
    trouble = view.phase.trouble if view.answers else None
    told = (*(flag.text for flag in view.flags), *view.troubles)
    return None if trouble is None or any(trouble in text for text in told) else trouble


def _pulse(view: StatusView) -> str:
    last = f"; last: {line(view.last_line)}" if view.last_line else ""
    return f"{view.phase.doing}{last}"


def _text(view: WaitingView) -> str:
    waits = table([[wait.verb, line(wait.what)] for wait in view.waits])
    pulse = f"The pulse: {view.pulse}" if view.pulse else ""
    rest = "`looop status` shows everything, `looop help` is the manual."
    return "\n".join(filter(None, [waits or "Nothing waits for you.", pulse, rest]))
