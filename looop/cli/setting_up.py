"""Setting a new sandbox up: CONFIG's command, and the repository's own where a worker is who calls.

In: a sandbox, a call. Out: how it ended, written down; its output on the caller's stderr. A repository's file
is strangers' code: it runs in the session that wanted the sandbox, or not at all. Neighbour: `sandbox`.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from looop.child.spawn import run as start
from looop.cli.show import clean, line
from looop.engine.call import Call, Kind
from looop.store import clones, config, files, sandboxes
from looop.store.paths import Profile
from looop.store.sandboxes import Box

DONE = "done"
OWN = Path(".looop") / "setup"
"""A repository's own hook, if it is executable."""

_DEADLINE = 600.0


async def run(profile: Profile, box: Box, call: Call) -> Box:
    """Set it up unless that was done; what failed is tried again. A cancel leaves it to the next call.

    In a clone a worker has written all there is, so only a worker sets that up.
    """
    if box.setup == DONE or (box.kind == sandboxes.CLONE and call.caller.kind is not Kind.CHILD):
        return box
    path = sandboxes.place(profile, box)
    setup = ""
    for name, argv in await _hooks(profile, path, call):
        setup = await _one(name, argv, path, call)
        if setup != DONE:
            break
    if setup == box.setup:
        return box
    box = replace(box, setup=setup)
    with suppress(OSError):  # from a worker's cell: then it is set up again when it is asked for again
        await files.aside(_write, profile, box)
    return box


def _write(profile: Profile, box: Box) -> None:
    if box.kind == sandboxes.CLONE:
        clones.mark(sandboxes.place(profile, box), box)
    else:
        sandboxes.write(profile, box)


async def _hooks(profile: Profile, path: Path, call: Call) -> list[tuple[str, list[str]]]:
    found = list(_configured(profile, call))
    if _executable(path / OWN):
        if call.caller.kind is Kind.CHILD:
            found.append((str(OWN), [str(path / OWN)]))
        else:
            await call.err(f"looop: {OWN} of the repository was not run: that is for whoever works in it.\n")
    return found


def _configured(profile: Profile, call: Call) -> Iterator[tuple[str, list[str]]]:
    command = config.load(profile, call.env).sandbox_setup
    if command:
        yield "sandbox_setup", ["/bin/sh", "-c", command]


async def _one(name: str, argv: list[str], path: Path, call: Call) -> str:
    """Run one hook in the sandbox, with the caller's rights and variables; how it ended."""

    async def told(data: bytes) -> None:
        await call.err(clean(data.decode(errors="replace")))

    try:
        ended = await start(argv, cwd=path, env=dict(call.env), deadline=_DEADLINE, max_out=0, on_out=told)
    except OSError as error:
        return f"could not be started ({name}: {error.strerror})"
    if ended.code == 0 and not ended.timed_out:
        return DONE
    if ended.err:
        await call.err(clean(ended.err.decode(errors="replace")).rstrip("\n") + "\n")
    if ended.timed_out:
        return f"took longer than {_DEADLINE:g} s ({name})"
    how = f"exit code {ended.code}" if ended.code is not None else f"signal {ended.signal}"
    return line(f"failed with {how} ({name})")


def _executable(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and os.access(path, os.X_OK)
