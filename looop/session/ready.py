"""What a generation is really started as: its command behind walls, its environment, the guard's shims.

In: a Meta, CONFIG, who guards. Out: `Ready`. Neighbours: `births` starts it, `child.walls` builds the cell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from looop.child import sandbox
from looop.child.inside import SHELL
from looop.child.walls import SESSIONS, Confined, Walls, Who, agents_of
from looop.core.rules import Shims
from looop.core.sessions import Meta
from looop.session import draft, starting
from looop.session.watched import Guard
from looop.store import files, sessions
from looop.store.config import Config
from looop.store.paths import Profile, door


@dataclass(frozen=True, slots=True)
class Ready:
    """`start` as keeper gets it; `env` as the program would have it without walls; `shims` in its PATH."""

    start: Confined
    env: Mapping[str, str]
    shims: Path | None


def prepare(profile: Profile, env: Mapping[str, str], settings: Config, guard: Guard, meta: Meta) -> Ready:
    """Make everything ready; `env` is the engine's own. OSError; Problem REFUSED `not-confined`."""
    walls = Walls(profile, settings, env)
    shims = guard.shims(celled=walls.level().by is not None)
    folder = shims.folder if shims else None
    whole = starting.whole_environment(profile, env, meta, folder)
    return Ready(_start(profile, walls, meta, whole, shims), whole, folder)


def _start(
    profile: Profile, walls: Walls, meta: Meta, env: Mapping[str, str], shims: Shims | None
) -> Confined:
    if not walls.wanted():
        return Confined((meta.command,), env)
    for place in (profile.reports, profile.sandboxes / meta.id):
        files.private_dir(place, below=profile.data)
    inside, closed = sandbox.writable(profile, meta.id)
    drafts = (sessions.folder(profile, meta.id) / draft.DRAFT,) if meta.meta else ()
    own = (profile.reports, profile.sandboxes / meta.id, *inside, *drafts)
    who = Who(
        SESSIONS,
        meta.id,
        agents=agents_of(meta.runner, meta.command),
        given=starting.of_config(meta),
        write=tuple(map(str, own)),
        keep=tuple(map(str, closed)),
        over=shims.over if shims else (),
        door=str(door(profile, meta.generation)),
        terminal=True,
    )
    return walls.confined(who, [*SHELL, meta.command], env, Path(meta.cwd))
