"""Cells on Linux, by bubblewrap: mounts and process ids of a namespace, made anew for each program.

In: a `Cell`. Out: the words that, before a command, run it inside. The whole tree is mounted read-only, what
may be changed is mounted over it, what must not be seen is covered. Ended from outside like any other tree:
the first process inside takes all others with it. Neighbours: `walls` chooses, `scope` has the rest.

Never `--die-with-parent`: that is told of the thread that starts a program, which ends before the program.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from looop.core.cell import Cell

PROGRAM = "bwrap"
SCOPED = True
"""Whether what mounts can't hide is left to `child.scope`."""
COPIES = True
"""Whether an agent inside gets copies of files that lie in HOME itself, see `core.credentials`."""

_APART = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--cap-drop", "ALL")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - covered, not used
_CACHES = {
    "npm_config_cache": "/tmp/.npm",  # noqa: S108 - the cell's own
    "UV_CACHE_DIR": "/tmp/.uv",  # noqa: S108 - the same
    "PIP_CACHE_DIR": "/tmp/.pip",  # noqa: S108 - the same
    "GOCACHE": "/tmp/.go-build",  # noqa: S108 - the same
}
"""For tools that fail, or are slow, where they can't write below HOME. Each by its own name, since it is in
XDG_CACHE_HOME that the launcher of a `looop` called inside looks for its unpacked program."""
_RUN = "/run"
_COVERED = ("/tmp/", "/var/tmp/", "/run/")  # noqa: S108 - the same
_RUN_SHOWN = (
    "systemd/resolve",
    "resolvconf",
    "NetworkManager/resolv.conf",
    "NetworkManager/no-stub-resolv.conf",
    "nscd",
    "current-system",
    "booted-system",
    "wrappers",
    "opengl-driver",
    "host",
    "media",
    "mount",
)
"""What programs need of /run: name resolution, NixOS itself, disks. The rest are sockets of services."""


def prefix(program: str, cell: Cell, cwd: str) -> list[str]:
    """Give what stands before a command to run it in a cell, with `cwd` as its folder. About 3 ms."""
    parts = [program, *_APART, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    parts += _run(cell)
    for place in _TEMPORARY:
        if Path(place).is_dir() and not Path(place).is_symlink():
            parts += ["--perms", "1777", "--tmpfs", place]
    for path in (*cell.show, cell.data):
        parts += _bound("--ro-bind", path) if path.startswith(_COVERED) else ()
    covered: list[str] = []
    for path in sorted(cell.hide):
        parts += _cover(path, cell.nothing, covered)
    for source, place in cell.over:
        parts += ["--ro-bind", source, place]
    parts += _doors(cell)
    for path in cell.write:
        parts += _bound("--bind", path)
    for path in cell.apart:
        parts += ("--perms", "0700", "--tmpfs", os.path.realpath(path)) if Path(path).is_dir() else ()
    for path in cell.keep:
        parts += _bound("--ro-bind", path)
    # Last, for what was hidden may have had other things to hide, or to show, within it.
    parts += (word for place in covered for word in ("--remount-ro", place))
    return [*parts, "--chdir", cwd, "--"]


def trial(program: str) -> list[str]:
    """Give a command that succeeds where cells can be made, and says why not where they can't."""
    return [*prefix(program, Cell(data="/"), "/"), "/bin/sh", "-c", ":"]


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Give the variables of a program inside: its temporary folders are its own, and so are its caches.

    A cache that a person has named stays, writable or not.
    """
    temporary = {"TMPDIR", "TMP", "TEMP", "TEMPDIR"}
    return _CACHES | {name: value for name, value in env.items() if name not in temporary}


def _run(cell: Cell) -> Iterator[str]:
    yield from ("--tmpfs", _RUN)
    for name in _RUN_SHOWN:
        yield from _bound("--ro-bind", f"{_RUN}/{name}")
    if cell.runtime is None:
        return
    if not cell.runtime.startswith(f"{_RUN}/"):
        yield from _cover(cell.runtime, cell.nothing, [])
    else:
        yield from ("--perms", "0700", "--dir", cell.runtime)


def _doors(cell: Cell) -> Iterator[str]:
    """Cover all sockets of the profile but the cell's own, which stands where a person's stands outside."""
    doors = f"{cell.data}/doors"
    if not Path(doors).is_dir():
        return
    yield from ("--tmpfs", doors)
    if cell.door is not None:
        yield from ("--ro-bind-try", cell.door, cell.door, "--ro-bind-try", cell.door, f"{doors}/person")
    yield from ("--remount-ro", doors)


def _cover(path: str, nothing: str, covered: list[str]) -> tuple[str, ...]:
    """Mount nothing over it: over what it leads to, if it is a link. Folders are added to `covered`."""
    try:
        found = os.stat(path)  # noqa: PTH116 - text in, text out; most are absent, which is cheap to see
    except OSError:
        return ()
    real = os.path.realpath(path)
    if stat.S_ISDIR(found.st_mode):
        covered.append(real)
        return ("--perms", "0700", "--tmpfs", real)
    return ("--ro-bind", nothing, real)


def _bound(how: str, path: str) -> tuple[str, ...]:
    real = os.path.realpath(path)
    return (how, real, real) if Path(real).exists() else ()
