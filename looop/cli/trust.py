"""Everything that looop runs by itself: who wrote it, who approved it, what it may touch: `trust`.

In: sensors, goals' checks, CONFIG, the book of what an AI wrote, the loop's own flags. Out: one list, and
below it what waits for a person, with its diff. Neighbours: `flags` has the verbs that decide.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import msgspec

from looop.child.walls import Walls
from looop.cli.disk import disk
from looop.cli.inject import ACall, ALive, AProfile, Json
from looop.cli.show import clean, emit, line, table, when
from looop.core.digest import digest_bytes
from looop.core.goal import front
from looop.core.problem import Exit
from looop.core.reach import reach
from looop.core.runners import BUILT_IN
from looop.store import config, flags, memory, written
from looop.store.config import Config
from looop.store.flags import Flag
from looop.store.paths import Profile
from looop.store.written import Written

PERSON = "a person"
AUTO = "auto"
_DIGITS = 12
_SHORT = 60


class TrustLine(msgspec.Struct, frozen=True):
    """One program. `by`: a person, or the run or session that wrote it; `approved`: epoch seconds.

    `runs` is whether looop runs it now. `touches` says what it may touch.
    """

    kind: str
    name: str
    by: str
    digest: str
    runs: bool
    touches: str
    approved: float | None = None


class AskingLine(msgspec.Struct, frozen=True):
    """One thing that waits for a person: its flag's number, what it says, what would change."""

    number: int
    cause: str
    text: str
    diff: str
    raised: float


class TrustView(msgspec.Struct, frozen=True):
    """What `trust --json` prints; `sensors` is CONFIG's: what an AI wrote is asked about, or runs at once."""

    sensors: str
    programs: tuple[TrustLine, ...]
    waits: tuple[AskingLine, ...]
    v: int = 1


async def trust(*, call: ACall, profile: AProfile, live: ALive, json: Json = False) -> int:
    """List all that looop runs by itself and who wrote it; below, what waits for your approval, whole."""
    view = await disk(live, observe, profile, call.env)
    await emit(call, view, _text(view), json=json)
    return int(Exit.DONE)


def observe(profile: Profile, env: Mapping[str, str]) -> TrustView:
    """Look at all of it. Unreadable when a file can't be read, Problem when CONFIG can't be used."""
    settings = config.load(profile, env)
    touches = partial(reach, confined=Walls(profile, settings, env).level().by is not None)
    known = written.known(profile)
    lines = (*_sensors(profile, settings, known, touches), *_checks(profile, settings, known, touches))
    asking = (flag for flag in flags.open_flags(profile) if flag.offer is not None)
    return TrustView(settings.sensors, (*lines, *_configured(settings, touches)), tuple(map(_asking, asking)))


def _sensors(
    profile: Profile, settings: Config, known: Mapping[str, Written], touches: Callable[[str], str]
) -> Iterator[TrustLine]:
    for sensor in memory.list_sensors(profile):
        line_of = _line("sensor", sensor.name, sensor.digest, settings, known, touches)
        yield msgspec.structs.replace(line_of, runs=line_of.runs and sensor.trouble is None)


def _checks(
    profile: Profile, settings: Config, known: Mapping[str, Written], touches: Callable[[str], str]
) -> Iterator[TrustLine]:
    for goal in memory.read_goals(profile):
        if command := front(goal.text).get("verify"):
            name = f"goals/{goal.name}: {command}"
            yield _line("check", name, written.digest_of_check(command), settings, known, touches)


def _line(
    kind: str,
    name: str,
    digest: str,
    settings: Config,
    known: Mapping[str, Written],
    touches: Callable[[str], str],
) -> TrustLine:
    piece = known.get(digest)
    runs = piece is None or piece.approved is not None or settings.sensors == AUTO
    return TrustLine(
        kind,
        name,
        piece.run if piece else PERSON,
        digest,
        runs=runs,
        touches=touches(kind),
        approved=piece.approved if piece else None,
    )


def _configured(settings: Config, touches: Callable[[str], str]) -> Iterator[TrustLine]:
    """Give the commands of CONFIG, which no AI can land."""
    runner = settings.runners.get(settings.runner) or BUILT_IN.get(settings.runner)
    named = (("notify", settings.notify), ("agent", runner.tick if runner else None))
    for kind, command in named:
        if command:
            digest = digest_bytes(command.encode(errors="surrogateescape"))
            yield TrustLine(kind, command, PERSON, digest, runs=True, touches=touches(kind))


def _asking(flag: Flag) -> AskingLine:
    return AskingLine(flag.number, flag.cause, flag.text, flag.diff, flag.raised)


def _text(view: TrustView) -> str:
    now = time.time()
    rows = table(_row(it, now) for it in view.programs)
    return "\n".join([rows or "looop runs nothing by itself yet.", *map(_shown, view.waits)])


def _row(it: TrustLine, now: float) -> list[str]:
    if it.approved is not None:
        stands = f"approved {when(it.approved, now)}"
    else:
        stands = "runs" if it.runs else "does not run"
    by = f"by {line(it.by, _SHORT)}"
    return [it.kind, line(it.name, _SHORT), by, it.digest[:_DIGITS], stands, f"may touch {line(it.touches)}"]


def _shown(asking: AskingLine) -> str:
    verbs = f"`looop approve {asking.number}`, or `looop deny {asking.number} WHY`"
    return f"\n⚑ {asking.number} {line(asking.text)}\n{verbs}\n\n{clean(asking.diff).rstrip()}"
