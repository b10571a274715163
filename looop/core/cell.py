"""A cell: what one confined program may change, and what it may not even see. `child.walls` builds it.

All else of the machine it sees and can't change. It has its own /tmp, its own processes and no devices but
terminals; the network it shares with everybody.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """The terms of one cell. All paths are absolute; those that don't exist when it is built are left out.

    `write` may be changed, apart from `keep` within it; `apart` are folders within it that each cell has for
    itself, empty at its start. `hide` is covered: a folder by an empty one, a file
    by `nothing`, which is an empty file. `show` and `data` are seen even where temporary files lie; `data` is
    the profile's folder and `door` that of the one socket in it that the program may call; without one it
    sees none. `over` are files, each seen in the place of another, in this order.
    `runtime` is the folder of the user's own sockets.
    """

    data: str
    nothing: str = "/dev/null"
    write: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    show: tuple[str, ...] = ()
    over: tuple[tuple[str, str], ...] = ()
    door: str | None = None
    runtime: str | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """How strongly this machine confines. `by` names what does it; None: nothing does, and `why` says why.

    `scoped`: it also keeps programs from sockets without a path (Linux's abstract ones).
    """

    by: str | None
    why: str = ""
    scoped: bool = False

    def __str__(self) -> str:
        if self.by is None:
            return f"NOT confined: {self.why}"
        open_too = "" if self.scoped else f"; abstract sockets stay open: {self.why}"
        return f"confined by {self.by}{open_too}"
