"""The doors of a profile: a socket for everybody, one for the tick's agent, one for each live session.

In: whose door. Out: connections, each with the door that it came in at. A confined process is shown its own
door alone, so the door says who it is. `DATA/.sock` is a link to everybody's, and clients know no other path.
Neighbours: `control` talks to who comes in, `residents` opens and shuts those of sessions.
"""

import os
import socket
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import trio

from looop.engine.address import at_short_path
from looop.store import files
from looop.store.paths import PERSONS, TICKS, Profile, door

BACKLOG = 128
AGAIN = 1.0  # seconds between two tries to bind a socket that somebody removed
_MOST = 1024  # doors that wait for `serve`; the engine has no more sessions

Answer = Callable[["Door", trio.SocketStream], Awaitable[None]]


class Door:
    """One socket in a folder of its own, which keeps its inode: it may be mounted into a session's world.

    `session` is whose it is, if it is a session's; `whose` that generation, else `PERSONS` or `TICKS`.
    """

    def __init__(self, profile: Profile, whose: str, session: str | None = None) -> None:
        self.whose = whose
        self.session = session
        self._data = profile.data
        self._path = door(profile, whose) / "sock"
        self._link = profile.sock if whose == PERSONS else None
        self._line: socket.socket | None = None
        self._bound: tuple[int, int] | None = None
        self._open = trio.CancelScope()
        self._accepting = trio.CancelScope()

    def bind(self) -> None:
        """Listen there, in place of any socket that is found. OSError if that can't be."""
        files.scratch_dir(self._path.parent, below=self._data)
        line = _listening(self._path)
        try:
            if self._link is not None:
                _lead(self._link, self._path)
        except BaseException:
            line.close()
            raise
        self._line, self._bound = line, _identity(self._path)

    def mend(self) -> None:
        """Look whether the path still leads to our socket; if somebody removed it, bind it again."""
        if self._bound is not None and _identity(self._link or self._path) != self._bound:
            self._drop()
            self._accepting.cancel()

    async def serve(self, answer: Answer, calls: trio.Nursery) -> None:
        """Answer who comes in, in `calls`, until it is closed."""
        with self._open:
            while True:
                await trio.lowlevel.checkpoint()  # one that was closed before it was served is bound no more
                listener = trio.SocketListener(trio.socket.from_stdlib_socket(await self._listening()))
                with trio.CancelScope() as self._accepting:
                    await trio.serve_listeners(self._take_to(answer), [listener], handler_nursery=calls)

    def close(self) -> None:
        """Take no more calls; those that are in go on. Another engine's socket stays where it is."""
        self._open.cancel()
        self._drop()
        if self._link is not None and _identity(self._link) == self._bound:
            self._link.unlink(missing_ok=True)
        if _identity(self._path) == self._bound:
            self._path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Close it for good: its folder goes with it."""
        self.close()
        with suppress(OSError):
            self._path.parent.rmdir()

    def _drop(self) -> None:
        """Let go of a socket that is not served yet: there is no scope to cancel then."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def _listening(self) -> socket.socket:
        while self._line is None:
            try:
                self.bind()
            except OSError:  # a full disk has no room for a socket, a removed folder none for anything
                await trio.sleep(AGAIN)
        line, self._line = self._line, None
        return line

    def _take_to(self, answer: Answer) -> Callable[[trio.SocketStream], Awaitable[None]]:
        async def take(stream: trio.SocketStream) -> None:
            await answer(self, stream)

        return take


class Doors:
    """All doors of one profile. Only the holder of its `.lock` may open any."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._open: dict[str, Door] = {}
        self._new, self._opened = trio.open_memory_channel[Door](_MOST)

    def open(self, whose: str, session: str | None = None) -> None:
        """Bind one, now: who comes waits until it is served. OSError if that can't be. Twice is harmless."""
        if whose not in self._open:
            fresh = Door(self._profile, whose, session)
            fresh.bind()
            self._add(fresh)

    def open_again(self, living: dict[str, str]) -> None:
        """Open those of sessions that another engine left living; remove what else is there of sessions.

        `living` maps generations to ids. What can't be bound now is tried again while it is served.
        """
        with suppress(OSError):
            for name in os.listdir(self._profile.doors):  # noqa: PTH208 - names are all that is wanted
                if name not in {*living, PERSONS, TICKS}:
                    files.remove_tree(self._profile.doors / name)
        for generation, session in living.items():
            with suppress(OSError):
                self.open(generation, session)
            if generation not in self._open:
                self._add(Door(self._profile, generation, session))

    def shut(self, whose: str) -> None:
        """Shut a session's for good; nothing if it is not open."""
        if found := self._open.pop(whose, None):
            found.remove()

    async def serve(
        self,
        answer: Answer,
        calls: trio.Nursery,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Answer at all doors until cancelled; OSError when the ones that are always there can't be bound."""
        try:
            for whose in (PERSONS, TICKS):
                self.open(whose)
            task_status.started()
            async with trio.open_nursery() as doors:
                async for one in self._opened:
                    doors.start_soon(one.serve, answer, calls)
        finally:
            for one in self._open.values():
                one.close()  # the folders stay: sessions live on, and the next engine binds there

    def mend(self) -> None:
        """Look after all of them."""
        for one in self._open.values():
            one.mend()

    def _add(self, fresh: Door) -> None:
        self._open[fresh.whose] = fresh
        self._new.send_nowait(fresh)


def _listening(path: Path) -> socket.socket:
    """Bind a socket that only its owner may use, in one step in place of what was there."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        at_short_path(str(fresh), line.bind)
        fresh.chmod(0o600)
        line.listen(BACKLOG)
        fresh.replace(path)
    except BaseException:
        line.close()
        raise
    return line


def _lead(link: Path, target: Path) -> None:
    """Have the link lead there, in one step in place of what was there; by a name that moves with DATA."""
    name = str(target.relative_to(link.parent))
    with suppress(OSError):
        if str(link.readlink()) == name:
            return
    fresh = link.with_name(f"{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(name)
    fresh.replace(link)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None
