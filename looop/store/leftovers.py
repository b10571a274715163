"""What looop leaves outside DATA and CONFIG: completions, a man page, the unpacked program; found, removed.

In: the caller's environment. Out: what went, what stays and why, what could not be removed. No link is
followed, and what looop would not have made stays. Neighbours: `services` has the units, `purge` has DATA.
"""

import os
import re
import shlex
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from looop.store import files, homes

_HEAD = 4096
# launcher/cache.c: a version is named by the digest of its bytes; beside it a killed launcher's rest, a lock.
_UNPACKED = re.compile(r"[0-9a-f]{64}|\.(new|old)-[0-9a-f-]+|\.lock")
_COMPLETIONS = (
    ("XDG_DATA_HOME", "bash-completion/completions/looop"),
    ("XDG_DATA_HOME", "zsh/site-functions/_looop"),
    ("XDG_CONFIG_HOME", "fish/completions/looop.fish"),
    ("XDG_DATA_HOME", "man/man1/looop.1"),
)
_SHARED = Path("/var/tmp")  # noqa: S108 - where the launcher unpacks when all else fails
_NOT_OURS = "was not made by looop"


@dataclass(frozen=True, slots=True)
class Swept:
    """What became of some places; each that stays or failed has its reason."""

    gone: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    failed: tuple[tuple[str, str], ...] = ()

    def __add__(self, other: "Swept") -> "Swept":
        return Swept(self.gone + other.gone, self.kept + other.kept, self.failed + other.failed)


def sweep_files(env: Mapping[str, str]) -> Swept:
    """Remove completions and the man page from where a shell of the person's looks for them, if ours."""
    swept = Swept()
    for place in _written(env):
        swept += _guarded(place, _ours_removed)
    return swept


def unpacked(env: Mapping[str, str]) -> tuple[tuple[Path, ...], Swept]:
    """Give each unpacked version of the program, and the places that are not to be trusted or not ours."""
    found: list[Path] = []
    swept = Swept()
    for cache in _caches(env):
        try:
            here = cache.lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            swept += Swept(failed=((str(cache), _why(error)),))
            continue
        if not stat.S_ISDIR(here.st_mode) or here.st_uid != os.geteuid():
            swept += Swept(kept=((str(cache), "is a link or not your own folder, so looop left it alone"),))
            continue
        names = sorted(os.listdir(cache))  # noqa: PTH208 - names are what is judged
        found += [cache / name for name in names if _UNPACKED.fullmatch(name)]
        strange = [str(cache / name) for name in names if not _UNPACKED.fullmatch(name)]
        swept += Swept(kept=tuple((place, _NOT_OURS) for place in strange))
    return tuple(found), swept


def remove_unpacked(place: Path) -> Swept:
    """Remove one of them, and the folder around it once that is empty."""
    return _guarded(place, _unpacked_removed)


def remove_program(binary: str, home: Path | None, *, purged: bool) -> Swept:
    """Remove the one file, if that is meant and it is where `install.sh` puts it; else say how it is done."""
    place = Path(binary)
    try:
        found = place.lstat()
    except OSError:
        return Swept()
    own = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    if purged and own and home is not None and place.parent == home / ".local" / "bin":
        return _guarded(place, _unlinked)
    own = own and os.access(place.parent, os.W_OK)
    return Swept(kept=((binary, f"is the program: `{'' if own else 'sudo '}rm {shlex.quote(binary)}`"),))


def _written(env: Mapping[str, str]) -> Iterator[Path]:
    for name, below in _COMPLETIONS:
        if (at := homes.xdg(env, name)) is not None:
            yield at / below
    if (at := homes.home(env)) is not None:
        yield at / ".zfunc" / "_looop"


def _caches(env: Mapping[str, str]) -> Iterator[Path]:
    if (at := homes.xdg(env, "XDG_CACHE_HOME")) is not None:
        yield at / "looop"
    if (run := env.get("XDG_RUNTIME_DIR", "")).startswith("/"):
        yield Path(run, "looop")
    yield _SHARED / f"looop-{os.geteuid()}"


def _ours_removed(place: Path) -> Swept:
    try:
        head, _ = files.read_head(place, _HEAD)
    except (FileNotFoundError, NotADirectoryError):
        return Swept()
    except files.NotRegular as error:
        return Swept(kept=((str(place), f"is {error.what}"),))
    if place.lstat().st_uid != os.geteuid() or b"looop" not in head.lower():
        return Swept(kept=((str(place), _NOT_OURS),))
    return _unlinked(place)


def _unlinked(place: Path) -> Swept:
    files.durable_remove(place)
    return Swept(gone=(str(place),))


def _unpacked_removed(place: Path) -> Swept:
    files.remove_tree(place)
    if not os.listdir(place.parent):  # noqa: PTH208 - whether there is any
        place.parent.rmdir()
    return Swept(gone=(str(place),))


def _guarded(place: Path, remove: Callable[[Path], Swept]) -> Swept:
    try:
        return remove(place)
    except OSError as error:
        return Swept(failed=((str(place), _why(error)),))


def _why(error: OSError) -> str:
    return f"could not be removed ({error.strerror or error})"
