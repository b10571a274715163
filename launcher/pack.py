"""The folder that PyInstaller made, packed behind the launcher: one file that carries itself.

In: a launcher and a folder. Out: launcher, archive and a last line that says how large the archive is and
what its digest is. The same folder gives the same bytes: sorted names, one time, no owners. `payload.c` reads
it; `cache.c` reads the list of all files that is put first.
"""

import functools
import hashlib
import io
import os
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import zstandard

_LEVEL = 19  # what takes longer than this saves next to nothing, and needs a larger window to unpack
_TRAILER = "looop-payload-1 {size:016x} {digest}"
_LIST = "files"
_END = "."
_ROOM = 1 << 16  # for the list, in cache.c

Member = tuple[tarfile.TarInfo, bytes]


def single_file(launcher: Path, folder: Path, target: Path, *, time: int) -> str:
    """Write the one file, executable, and give its SHA-256. `time` (seconds since 1970) is every member's."""
    payload = compress(archive(folder, time))
    trailer = _TRAILER.format(size=len(payload), digest=hashlib.sha256(payload).hexdigest()).encode()
    whole = launcher.read_bytes() + payload + trailer + b" %08x\n" % _sum(trailer)
    fresh = target.with_name(f"{target.name}.new")
    fresh.write_bytes(whole)
    fresh.chmod(0o755)
    fresh.replace(target)
    return hashlib.sha256(whole).hexdigest()


def archive(folder: Path, time: int) -> bytes:
    """Give the folder as a tar archive of files and folders; SystemExit for a name too long for ustar."""
    into = io.BytesIO()
    members = [_member(path, path.relative_to(folder).as_posix(), time) for path in _members(folder)]
    with tarfile.open(fileobj=into, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for member, data in (_listed(members, time), *members):
            tar.addfile(member, io.BytesIO(data))
    return into.getvalue()


def compress(data: bytes) -> bytes:
    """Pack it as one zstd frame with a checksum."""
    packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True, write_content_size=True)
    return packer.compress(data)


def _members(folder: Path) -> Iterator[Path]:
    """Give all that is below, each folder before what it holds; a list of another pack is left out."""
    found = sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).parts)
    return (path for path in found if path != folder / _LIST)


def _member(path: Path, name: str, time: int) -> Member:
    if len(os.fsencode(name)) > tarfile.LENGTH_NAME - 1 or ".." in name or "\n" in name:
        raise SystemExit(f"{name!r}: a name in the bundle may have {tarfile.LENGTH_NAME - 1} plain bytes.")
    member = tarfile.TarInfo(name)
    member.mtime = time
    if path.is_dir():
        member.type, member.mode = tarfile.DIRTYPE, 0o700
        return member, b""
    data = path.read_bytes()  # a link becomes what it leads to
    member.mode = 0o700 if os.access(path, os.X_OK) else 0o600
    member.size = len(data)
    return member, data


def _listed(members: Iterable[Member], time: int) -> Member:
    """Name all files with their sizes, so that the launcher sees when one was removed."""
    files = [f"{member.size} {member.name}\n" for member, _ in members if member.isfile()]
    text = "".join((*files, f"{_END}\n")).encode()
    if len(text) >= _ROOM:
        raise SystemExit(
            f"The list of {len(files)} files has {len(text)} bytes, more than the launcher takes."
        )
    member = tarfile.TarInfo(_LIST)
    member.mtime, member.mode, member.size = time, 0o600, len(text)
    return member, text


def _sum(line: bytes) -> int:
    """Give the FNV-1a sum of a line, 32 bits."""
    return functools.reduce(lambda so_far, byte: (so_far ^ byte) * 16777619 & 0xFFFFFFFF, line, 2166136261)
