"""`uninstall`: end everything, remove what looop put outside DATA, say what stays; `--purge` removes it too.

In: a person's agreement, where something would be lost. Out: one list of what went, what stays and how to
remove it, what failed. Neighbours: `engine.ending` ends, `removing` removes.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated

import msgspec
from cyclopts import Parameter

from looop.cli.console import Terminal
from looop.cli.inject import FLAG, AProfile, ATerminal, Json
from looop.cli.mistakes import TROUBLE
from looop.cli.show import emit, line, news
from looop.core.problem import Exit, Problem
from looop.engine.call import Kind
from looop.store import clones, paths, purge
from looop.store.paths import Profile
from looop.store.policy import names

_YES = {"y", "yes"}


class Place(msgspec.Struct, frozen=True):
    """Something that stays or could not be removed, and in words why, or what to do about it."""

    path: str
    said: str


class UninstallView(msgspec.Struct, frozen=True):
    """What `uninstall --json` prints; `well` is false when anything failed or survived (pids)."""

    well: bool
    removed: tuple[str, ...]
    kept: tuple[Place, ...]
    failed: tuple[Place, ...] = ()
    survivors: tuple[int, ...] = ()
    v: int = 1


async def uninstall(
    *,
    call: ATerminal,
    profile: AProfile,
    purge_: Annotated[
        bool, FLAG, Parameter(name="--purge", help="Remove DATA, CONFIG and the file in ~/.local/bin too.")
    ] = False,
    yes: Annotated[bool, FLAG, Parameter(help="Don't ask.")] = False,
    json: Json = False,
) -> int:
    """End the loop and its sessions, remove what looop installed, say what stays; 1 if anything failed.

    Asks first when sessions live, and before --purge, which can't be undone.
    """
    from looop.cli import removing  # noqa: PLC0415 - Trio and the engine, which the manual need not know
    from looop.engine import ending  # noqa: PLC0415 - the same

    if purge_ and call.caller.kind is Kind.STRANGER:
        raise Problem(
            Exit.REFUSED,
            "not-yours",
            "What --purge removes is gone for good: run it in a terminal of your own.",
        )
    if not yes and not await _agreed(call, profile, ending.sessions(profile), whole=purge_):
        await news(call, "Nothing was changed.")
        return int(Exit.NO)
    ended = await ending.end(profile)
    swept = await removing.remove(call, profile, purged=purge_, dead=not ended.survivors)
    failed = [*((str(profile.data), why) for why in ended.troubles), *swept.failed]
    view = UninstallView(
        well=not failed and not ended.survivors,
        removed=swept.gone,
        kept=tuple(Place(path, said) for path, said in swept.kept),
        failed=tuple(Place(path, said) for path, said in failed),
        survivors=ended.survivors,
    )
    await emit(call, view, "\n".join(_words(view)), json=json)
    return int(Exit.DONE if view.well else Exit.NO)


async def _agreed(call: Terminal, profile: Profile, living: tuple[str, ...], *, whole: bool) -> bool:
    """Ask what has to be asked; True when nothing has to."""
    said = []
    if living:
        said.append(f"These sessions live and would be ended: {line(', '.join(living))}.")
    if whole:
        said += _lost(profile)
    if not said:
        return True
    if not (call.tty.stdin and call.tty.stderr):
        raise Problem(
            Exit.USAGE, "not-agreed", f"{' '.join(said)} There is no terminal to ask on: --yes agrees to it."
        )
    await news(call, "\n".join(said) + "\n")
    return (await call.ask("Go on? [y/N] ")).lower() in _YES


def _lost(profile: Profile) -> Iterator[str]:
    """Say what a purge takes with it for good."""
    yield f"--purge removes DATA and CONFIG for good: {line(str(profile.data))}, {line(str(profile.config))}."
    with suppress(*TROUBLE):
        if not paths.check_folder(profile):
            return
        boxes = [box for box in clones.every(profile) if box.removed is None]
        counts = ((names(profile.goals), "goals"), (names(profile.reports), "reports"), (boxes, "sandboxes"))
        held = [f"{len(found)} {what}" for found, what in counts if found]
        if held:
            yield f"In DATA are {', '.join(held)}; what agents have not merged from a sandbox is lost."
        if strange := purge.strange(profile):
            yield f"What looop did not make stays: {line(', '.join(strange[:5]))}."


def _words(view: UninstallView) -> Iterator[str]:
    yield "All has ended." if not view.survivors else f"Still alive: {', '.join(map(str, view.survivors))}."
    for path in view.removed:
        yield f"Removed  {line(path)}"
    for place in view.kept:
        yield f"Stays    {line(place.path)} {line(place.said)}"
    for place in view.failed:
        yield f"Failed   {line(place.path)} {line(place.said)}"
