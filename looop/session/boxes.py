"""The sandboxes of sessions that were removed: those in which nothing would be lost go, the others stay.

In: the profile's records. Out: fewer worktrees, and once a line for each that stays. Neighbours: `host` calls
this after it removed something, `child.sandbox` has git say what would be lost.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from looop.child import sandbox
from looop.core.problem import Problem
from looop.store import clones, files, questions, sandboxes
from looop.store.faults import Unreadable
from looop.store.paths import Profile
from looop.store.sandboxes import Box


async def sweep(profile: Profile, env: Mapping[str, str], say: Callable[[str], None]) -> tuple[Box, ...]:
    """Remove the sandboxes that sessions asked for which are gone; those that stay. Forget what is old.

    OSError and Unreadable when the records can't be read. A cancel leaves the rest to the next call.
    """
    stayed: list[Box] = []
    for box in await files.aside(_orphans, profile):
        try:
            kept = await sandbox.remove(profile, box, env)
        except (Problem, OSError) as error:
            kept = (error.text if isinstance(error, Problem) else str(error),)
        if kept:
            stayed.append(box)
            if not box.told:
                say(f"sandbox {box.session} stays, though its session was removed: {'; '.join(kept)}")
                await files.aside(sandboxes.write, profile, replace(box, told=True))
    await files.aside(sandboxes.forget, profile)
    return tuple(stayed)


def _orphans(profile: Profile) -> tuple[Box, ...]:
    """Give those whose session was there when they were made, and is no more; half removed ones too."""
    there = {place.session for place in questions.places(profile)}
    return tuple(
        box
        for box in clones.every(profile)
        if (box.removed is None and _of_a_session(box) and box.session not in there)
        or (box.removed is not None and files.present(sandboxes.place(profile, box)))
    )


def _of_a_session(box: Box) -> bool:
    return bool(box.generation) or box.kind == sandboxes.CLONE


TROUBLE = (OSError, Unreadable)
"""What may keep a sweep from being done now, and not later."""
