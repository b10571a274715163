"""The sandboxes of generations that were removed: worktrees in which all is committed go, the others stay.

In: the profile's folders. Out: fewer of them, and a line for each that stays. Neighbours: `host` calls this
after it removed something, `child.worktree` has git say what is uncommitted.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from looop.child import worktree
from looop.store import files, questions
from looop.store.faults import Unreadable
from looop.store.paths import Profile


async def sweep(profile: Profile, env: Mapping[str, str], say: Callable[[str], None]) -> tuple[Path, ...]:
    """Clear the sandboxes that belong to no generation any more; the worktrees that stay.

    OSError and Unreadable when the folders can't be read. A cancel leaves the rest to the next call.
    """
    stayed: list[Path] = []
    for folder in await files.aside(_orphans, profile):
        stayed += await worktree.clear(folder, env)
    for path in stayed:
        say(f"{path} stays, though its session was removed: not all in it is committed")
    return tuple(stayed)


def _orphans(profile: Profile) -> tuple[Path, ...]:
    owned = {f"{place.session}-{place.generation}" for place in questions.places(profile)}
    try:
        found = sorted(profile.sandboxes.iterdir())
    except FileNotFoundError:
        return ()
    return tuple(path for path in found if path.name not in owned and path.is_dir())


TROUBLE = (OSError, Unreadable)
"""What may keep a sweep from being done now, and not later."""
