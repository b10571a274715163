"""What a power cut would leave of a folder: a disk that keeps what was synced, and of the rest what it likes.

In: each change of a supervised program, before it happens. Out: an `Image` of the folder as one of three
adversaries would leave it, at any moment. The rules are those of fsync(2) and POSIX, and no file system's:
an inode's durable content is what it had at its last completed fsync, and a folder's durable names are those
at the last completed fsync of that folder. An fsync has completed when its thread makes its next call, or
has ended. Names are held by inode, so that a rename takes the content along.

    disk = Disk(folder)
    with Supervised(argv, lambda change: (disk.see(change), Go())[1], …) as it: …
    disk.image(Adversary.STRICT).lay(folder)

Taken from ALICE (Pillai et al., OSDI 2014): one telling of a story gives the states of every crash in it.
"""

import contextlib
import hashlib
import os
import resource
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

from support.supervised import Change

SYNCS = frozenset({"fsync", "fdatasync"})
_HOLD = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Adversary(Enum):
    """What the disk makes of what was not synced."""

    STRICT = "strict"
    """Nothing of it survives: no byte, no name, no removal."""
    REORDERED = "reordered"
    """All names do, but no content: a new file is empty, a grown one has its old length."""
    TORN = "torn"
    """All names do, and of unsynced content the beginning up to some byte."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A file (its bytes), a link (its target) or a folder (neither)."""

    kind: int
    mode: int
    data: bytes = b""


class Image(dict[str, Leaf]):
    """A folder's whole content, by relative path; a folder stands before what is in it."""

    @property
    def digest(self) -> str:
        """Name it by what is in it."""
        sum_ = hashlib.sha256()
        for path, leaf in sorted(self.items()):
            sum_.update(
                f"{path}\0{leaf.kind} {leaf.mode} {len(leaf.data)}\0".encode(errors="surrogateescape")
            )
            sum_.update(leaf.data)
        return sum_.hexdigest()

    def lay(self, root: Path) -> None:
        """Make the folder hold this and nothing else."""
        for path in root.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for name, leaf in self.items():
            path = root / name
            if leaf.kind == stat.S_IFDIR:
                path.mkdir()
            elif leaf.kind == stat.S_IFLNK:
                path.symlink_to(os.fsdecode(leaf.data))
                continue
            else:
                path.write_bytes(leaf.data)
            path.chmod(leaf.mode)


class Disk:
    """Follows a folder through the changes of all that write to it; use as a context manager.

    What is there at first is durable. Each inode that was ever named is held open: its number stays its own.
    """

    def __init__(self, root: Path, seed: int = 0) -> None:
        """Begin with the folder as it is. The seed chooses where the torn adversary tears."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65536)), hard))
        self._root, self._seed = root, seed
        self._held: dict[int, int] = {}
        self._data: dict[int, bytes] = {}
        self._names: dict[int, dict[str, int]] = {}
        self._pending: dict[int, tuple[int, bytes | dict[str, int]]] = {}
        self._seen: dict[int, tuple[tuple[int, int, int], bytes]] = {}
        self._top = self._hold(root)
        self._take_whole(self._top)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of all inodes."""
        for fd in self._held.values():
            os.close(fd)
        self._held.clear()

    def see(self, change: Change) -> None:
        """Take in a change that is about to happen: by now, what its thread called before has happened."""
        thread = change.asked.thread
        self._complete(thread)
        if change.name in SYNCS:
            descriptor = change.asked.args[0] & 0xFFFFFFFF
            with contextlib.suppress(OSError):  # who asked was killed meanwhile
                self._begin(thread, Path(f"/proc/{thread}/fd/{descriptor}"))

    def settle(self) -> None:
        """Count the syncs of threads that have ended as completed."""
        for thread in tuple(self._pending):
            if not Path(f"/proc/{thread}").exists():
                self._complete(thread)

    def image(self, adversary: Adversary) -> Image:
        """Give what this adversary would leave if the power were cut now."""
        self.settle()
        image = Image()
        pending = [("", self._top)]
        while pending:
            where, folder = pending.pop()
            names = self._names.get(folder, {}) if adversary is Adversary.STRICT else self._list(folder)
            for name, inode in sorted(names.items()):
                found = os.fstat(self._held[inode])
                kind, mode = stat.S_IFMT(found.st_mode), stat.S_IMODE(found.st_mode)
                path = f"{where}{name}"
                if kind == stat.S_IFDIR:
                    image[path] = Leaf(kind, mode)
                    pending.append((f"{path}/", inode))
                elif kind == stat.S_IFLNK:
                    image[path] = Leaf(kind, mode, self._target(inode))
                elif kind == stat.S_IFREG:
                    image[path] = Leaf(kind, mode, self._content(inode, path, adversary))
        return image

    def _content(self, inode: int, path: str, adversary: Adversary) -> bytes:
        durable = self._data.get(inode, b"")
        if adversary is not Adversary.TORN:
            return durable
        now = self._read(inode)
        if now == durable:
            return durable
        same = len(durable) if now.startswith(durable) else 0
        key = hashlib.sha256(f"{self._seed} {path} {len(now)}".encode(errors="surrogateescape")).digest()
        return now[: same + int.from_bytes(key[:8], "big") % (len(now) - same + 1)]

    def _begin(self, thread: int, link: Path) -> None:
        found = link.stat()
        if found.st_ino not in self._held and not self._ours(link):
            return
        inode = self._hold(link)
        if stat.S_ISDIR(found.st_mode):
            self._pending[thread] = inode, self._list(inode)
        else:
            self._pending[thread] = inode, self._read(inode)

    def _complete(self, thread: int) -> None:
        if thread not in self._pending:
            return
        inode, state = self._pending.pop(thread)
        if isinstance(state, bytes):
            self._data[inode] = state
        else:
            self._names[inode] = state

    def _take_whole(self, folder: int) -> None:
        self._names[folder] = self._list(folder)
        for inode in self._names[folder].values():
            kind = stat.S_IFMT(os.fstat(self._held[inode]).st_mode)
            if kind == stat.S_IFDIR:
                self._take_whole(inode)
            elif kind == stat.S_IFREG:
                self._data[inode] = self._read(inode)

    def _ours(self, link: Path) -> bool:
        path = os.readlink(link)  # noqa: PTH115 - the text, even of what was removed
        return path == str(self._root) or path.startswith(f"{self._root}/")

    def _list(self, folder: int) -> dict[str, int]:
        with contextlib.suppress(FileNotFoundError):
            return dict(self._named(folder))
        return {}

    def _named(self, folder: int) -> Iterator[tuple[str, int]]:
        here = Path(f"/proc/self/fd/{self._held[folder]}")
        for name in os.listdir(here):  # noqa: PTH208 - names are all that is wanted
            with contextlib.suppress(FileNotFoundError):  # gone between the two looks
                yield name, self._hold(here / name, follow=False)

    def _hold(self, path: Path, *, follow: bool = True) -> int:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC if follow else _HOLD)
        inode = os.fstat(fd).st_ino
        if inode in self._held:
            os.close(fd)
        else:
            self._held[inode] = fd
        return inode

    def _read(self, inode: int) -> bytes:
        """Read a file as it is now; one that has not changed since is not read again."""
        held = self._held[inode]
        found = os.fstat(held)
        stamp = (found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        known = self._seen.get(inode)
        if known is None or known[0] != stamp:
            known = stamp, Path(f"/proc/self/fd/{held}").read_bytes()
            self._seen[inode] = known
        return known[1]

    def _target(self, inode: int) -> bytes:
        return os.fsencode(os.readlink("", dir_fd=self._held[inode]))
