"""`undo`: take back what a tick, an approval or a person changed in the policy files, as one more edit.

In: an edit's name, none for the last landing, or `sandbox/ID`. Out: what was put back, and what could not
be. It asks before it drops a newer edit. Neighbours: `engine.undoing` does it, `history` lists what is there.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from looop.cli.console import Terminal
from looop.cli.inject import FLAG, AProfile, ATerminal, Json
from looop.cli.show import emit, line, many, news
from looop.cli.tab import EditId
from looop.core import ids
from looop.core.problem import Exit, Problem

if TYPE_CHECKING:
    from looop.engine.undoing import Plan, Undone

_YES = {"y", "yes"}
_SANDBOX = "sandbox/"


class UndoView(msgspec.Struct, frozen=True):
    """What `undo --json` prints.

    `id` is the undo's own name, by which it can be undone; `stays` says what could not be taken back.
    """

    id: str
    of: str
    files: tuple[str, ...]
    stays: tuple[str, ...] = ()
    v: int = 1


async def undo(
    run: EditId | None = None,
    /,
    *,
    call: ATerminal,
    profile: AProfile,
    yes: Annotated[bool, FLAG, Parameter(help="Drop newer edits of the same files without asking.")] = False,
    json: Json = False,
) -> int:
    """Take back the last landing, or any edit that `history` names, as one more edit in the journal.

    Asks first when a file was changed since. To undo an undo brings it back. `sandbox/ID` brings back what
    was removed of a session's sandboxes. Sessions that were started, what was sent to them, and all that an
    agent did elsewhere stay as they are.
    """
    from looop.engine import undoing  # noqa: PLC0415 - Trio and the beat, which the manual need not know

    if run is not None and run.startswith(_SANDBOX):
        from looop.cli.sandbox import brought_back  # noqa: PLC0415 - for this alone

        session = ids.session_id(run.removeprefix(_SANDBOX))
        return await brought_back(session, call, profile, json=json)
    plan = await undoing.plan(profile, run)
    if plan.newer and not yes and not await _agreed(call, plan, json=json):
        await news(call, "Nothing was changed.")
        return int(Exit.NO)
    done = await undoing.perform(profile, plan)
    view = UndoView(done.id, done.of, done.paths, (*done.kept, *done.stays))
    await emit(call, view, "\n".join(_words(done)), json=json)
    return int(Exit.DONE)


async def _agreed(call: Terminal, plan: "Plan", *, json: bool) -> bool:
    """Show what would be dropped, and ask."""
    files = ", ".join(f"{line(it.path)} (by {line(it.by)})" for it in plan.newer)
    said = f"{many(len(plan.newer), 'file was', 'files were')} changed after {plan.edit.id}: {files}."
    if not json:
        await news(call, "".join(it.diff for it in plan.newer))
    if not (call.tty.stdin and call.tty.stderr):
        raise Problem(
            Exit.USAGE,
            "not-agreed",
            f"{said} There is no terminal to ask on: --yes drops that, and `looop history` keeps it.",
        )
    await news(call, f"{said} An undo would drop that, as the diff above shows; `looop history` keeps it.")
    return (await call.ask("Go on? [y/N] ")).lower() in _YES


def _words(done: "Undone") -> Iterator[str]:
    yield f"Undid {done.of}: {line(', '.join(done.paths))}. `looop undo {done.id}` brings it back."
    yield from map(line, (*done.kept, *done.stays))
