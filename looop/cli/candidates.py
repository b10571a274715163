"""The names of what is there now, for a shell's Tab: the hidden verb `complete KIND`.

In: the engine's sessions, or the files. Out: one name a line, and nothing at all when something is wrong: a
person who is typing wants no error. Neighbours: `tab` says which argument wants which kind.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

from looop.cli.disk import disk
from looop.cli.fleet import sessions_of
from looop.cli.inject import ACall, ALive, AProfile
from looop.cli.mistakes import TROUBLE
from looop.cli.tab import Thing
from looop.core.edits import heads
from looop.core.ids import PULSE, is_name
from looop.core.problem import Exit
from looop.core.runners import known
from looop.core.sessions import SessionView
from looop.engine.call import Call
from looop.engine.live import Live
from looop.store import claims, config, flags, history, paths, policy, questions, runs
from looop.store.paths import Profile

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}", re.ASCII)
"""What no shell reads anything into; the scripts look once more."""

Names: TypeAlias = Iterable[str]


async def complete(kind: str = "", /, *, call: ACall, profile: AProfile, live: ALive) -> int:
    """List the names of one kind that are there, for completions."""
    try:
        await disk(live, paths.check, profile)
        found = [name for name in await _names(kind, call, profile, live) if _PLAIN.fullmatch(name)]
    except TROUBLE:
        found = []
    await call.out("".join(f"{name}\n" for name in found))
    return int(Exit.DONE)


async def _names(kind: str, call: Call, profile: Profile, live: Live | None) -> Names:
    if kind in _OF_SESSIONS:
        return _OF_SESSIONS[Thing(kind)](sessions_of(profile, live).all())
    if kind in _OF_FILES:
        return await disk(live, _OF_FILES[Thing(kind)], profile)
    if kind == Thing.RUNNERS:
        return known((await disk(live, config.load, profile, call.env)).runners)
    if kind == Thing.STORIES:
        told = await disk(live, _runs, profile), await disk(live, _goals, profile)
        sessions = (f"sessions/{view.id}" for view in sessions_of(profile, live).all())
        return [*told[0], *(f"goals/{name}.md" for name in told[1]), *sessions]
    return ()


def _ids(views: Iterable[SessionView]) -> Names:
    return [view.id for view in views]


def _living(views: Iterable[SessionView]) -> Names:
    return [view.id for view in views if not view.over]


def _logs(views: Iterable[SessionView]) -> Names:
    return [PULSE, *_ids(views)]


def _goals(profile: Profile) -> Names:
    return filter(is_name, (path.stem for path in policy.listed(profile.data, "goals")))


def _sensors_on(profile: Profile) -> Names:
    return filter(is_name, (path.stem for path in policy.listed(profile.data, "sensors")))


def _sensors_off(profile: Profile) -> Names:
    off = (name for name in policy.names(profile.sensors) if name.endswith(".sh.off"))
    return filter(is_name, (name.removesuffix(".sh.off") for name in off))


def _sensors(profile: Profile) -> Names:
    return [*_sensors_on(profile), *_sensors_off(profile)]


def _asked(profile: Profile, *, proposals: bool = False) -> Names:
    """Name every open flag by its number, and by its session where that will do."""
    for place in questions.places(profile):
        question = questions.read(place.folder)
        if question is not None and not (proposals and question.proposal is None):
            yield str(question.number)
            if place.newest:
                yield place.session


def _flags(profile: Profile) -> Names:
    return list(_asked(profile))  # read here, where nobody else waits for the disk


def _proposals(profile: Profile) -> Names:
    own = (str(flag.number) for flag in flags.open_flags(profile) if flag.offer is not None)
    return [*_asked(profile, proposals=True), *own]


def _all_flags(profile: Profile) -> Names:
    own = (str(flag.number) for flag in flags.open_flags(profile) if flag.offer is None)
    return [*_asked(profile), *own]


def _runs(profile: Profile) -> Names:
    return [run.id for run in reversed(runs.list_runs(profile))]


def _edits(profile: Profile) -> Names:
    return [edit.id for edit in reversed(history.read(profile).edits)]


def _versioned(profile: Profile) -> Names:
    return sorted(heads(history.read(profile).edits))


def _edited(profile: Profile) -> Names:
    return [*_edits(profile), *_versioned(profile)]


def _claims(profile: Profile) -> Names:
    return [claim.name for claim in claims.read(profile)]


_OF_SESSIONS: dict[Thing, Callable[[Iterable[SessionView]], Names]] = {
    Thing.SESSIONS: _ids,
    Thing.LIVING: _living,
    Thing.LOGS: _logs,
}
_OF_FILES: dict[Thing, Callable[[Profile], Names]] = {
    Thing.GOALS: _goals,
    Thing.SENSORS: _sensors,
    Thing.SENSORS_ON: _sensors_on,
    Thing.SENSORS_OFF: _sensors_off,
    Thing.FLAGS: _flags,
    Thing.ALL_FLAGS: _all_flags,
    Thing.PROPOSALS: _proposals,
    Thing.RUNS: _runs,
    Thing.EDITS: _edits,
    Thing.VERSIONED: _versioned,
    Thing.EDITED: _edited,
    Thing.CLAIMS: _claims,
}
