"""The folder that PyInstaller made, packed behind the launcher: one file that carries itself.

In: a launcher and a folder. Out: launcher, archive and a last line that says how large the archive is and
what its digest is. The same folder gives the same bytes: sorted names, one time, no owners. `payload.c` reads
it.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import zstandard

_LEVEL = 19  # what takes longer than this saves next to nothing, and needs a larger window to unpack
_TRAILER = "looop-payload-1 {size:016x} {digest}\n"


def single_file(launcher: Path, folder: Path, target: Path, *, time: int) -> str:
    """Write the one file, executable, and give its SHA-256. `time` (seconds since 1970) is every member's."""
    payload = compress(archive(folder, time))
    trailer = _TRAILER.format(size=len(payload), digest=hashlib.sha256(payload).hexdigest())
    whole = launcher.read_bytes() + payload + trailer.encode()
    fresh = target.with_name(f"{target.name}.new")
    fresh.write_bytes(whole)
    fresh.chmod(0o755)
    fresh.replace(target)
    return hashlib.sha256(whole).hexdigest()


def archive(folder: Path, time: int) -> bytes:
    """Give the folder as a tar archive of files and folders; SystemExit for a name too long for ustar."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in _members(folder):
            tar.addfile(*_member(path, path.relative_to(folder).as_posix(), time))
    return into.getvalue()


def compress(data: bytes) -> bytes:
    """Pack it as one zstd frame with a checksum."""
    packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True, write_content_size=True)
    return packer.compress(data)


def _members(folder: Path) -> Iterator[Path]:
    """Give all that is below, each folder before what it holds."""
    return iter(sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).parts))


def _member(path: Path, name: str, time: int) -> tuple[tarfile.TarInfo, io.BytesIO | None]:
    if len(os.fsencode(name)) > tarfile.LENGTH_NAME - 1:
        raise SystemExit(f"{name}: a name in the bundle may have {tarfile.LENGTH_NAME - 1} bytes.")
    member = tarfile.TarInfo(name)
    member.mtime = time
    if path.is_dir():
        member.type, member.mode = tarfile.DIRTYPE, 0o700
        return member, None
    data = path.read_bytes()  # a link becomes what it leads to
    member.mode = 0o700 if os.access(path, os.X_OK) else 0o600
    member.size = len(data)
    return member, io.BytesIO(data)
