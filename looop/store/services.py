"""The files that have a service manager start the loop: written, judged, removed, each once for a profile.

In: a profile and the caller's environment. Out: files below the person's own configuration, never below DATA.
What is not as looop wrote it is never replaced nor removed. Neighbour: `core.units` says what is in them.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from looop.core import units
from looop.core.problem import Exit, Problem
from looop.core.signed import Whose, whose
from looop.core.units import Service
from looop.store import files, homes, paths
from looop.store.paths import Profile

_LARGEST = 1 << 20
_READABLE = 0o644  # as other units are; it holds paths, and nothing secret


@dataclass(frozen=True, slots=True)
class Place:
    """Where a profile's service belongs; `link` is what makes systemd start it, launchd needs none."""

    name: str
    file: Path
    link: Path | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed, and what stays, each with why."""

    gone: tuple[Path, ...] = ()
    kept: tuple[tuple[Path, str], ...] = ()


def place(profile: Profile, env: Mapping[str, str], platform: str = sys.platform) -> Place | None:
    """Say where a profile's service belongs; None without a HOME. The same for each call from any shell."""
    usual = _usual(env)
    name = units.NAME
    if usual is None or usual.data != profile.data:
        name = units.name_of(os.path.realpath(profile.data))
    folder = _folder(env, platform)
    if folder is None:
        return None
    if platform == "darwin":
        return Place(name, folder / f"{name}.plist")
    file = folder / f"{name}.service"
    return Place(name, file, folder / "default.target.wants" / file.name)


def service(profile: Profile, env: Mapping[str, str], binary: str) -> Service:
    """Give what starts this profile: what a manager, who knows HOME alone, would not find is named."""
    usual = _usual(env)
    named = {}
    if usual is None or usual.data != profile.data:
        named["LOOOP_DATA_DIR"] = str(profile.data)
    if usual is None or usual.config != profile.config:
        named["LOOOP_CONFIG"] = str(profile.config)
    return Service(binary, named)


def write(where: Place, made: Service) -> bool:
    """Write it, or replace an older one of ours; False if it stood there already.

    Problem REFUSED `not-ours`, with nothing changed, when the file is somebody else's or was edited; USAGE
    `bad-path` for what can't be started so.
    """
    units.check(made)
    data = units.systemd(made) if where.link else units.launchd(made, where.name)
    held = _read(where.file)
    if held is not None and (said := whose(held)) is not Whose.OURS:
        raise Problem(
            Exit.REFUSED,
            "not-ours",
            f"{where.file} {said}: nothing was changed. Move it away, then `looop up --install` again.",
        )
    linked = where.link is not None and _is_link(where)
    if where.link and not linked and files.present(where.link):
        raise Problem(
            Exit.REFUSED,
            "not-ours",
            f"{where.link} leads elsewhere: nothing was changed. Move it away, then try again.",
        )
    if held != data:
        where.file.parent.mkdir(parents=True, exist_ok=True)
        files.durable(where.file, data, mode=_READABLE)
    if where.link and not linked:
        where.link.parent.mkdir(parents=True, exist_ok=True)
        where.link.symlink_to(Path("..") / where.file.name)  # as `systemctl --user enable` does
    return held != data or bool(where.link and not linked)


def remove(where: Place) -> Removed:
    """Remove what `write` wrote; again, nothing. A file that was edited stays, and its link with it."""
    held = _read(where.file)
    if held is not None and (said := whose(held)) is not Whose.OURS:
        return Removed(kept=((where.file, str(said)),))
    gone = [where.link] if where.link and _is_link(where) and files.durable_remove(where.link) else []
    if held is not None and files.durable_remove(where.file):
        gone.append(where.file)
    return Removed(tuple(gone))


def others(where: Place) -> tuple[Path, ...]:
    """Name the services that looop wrote for other profiles."""
    return tuple(sorted(_others(where)))


def _others(where: Place) -> Iterator[Path]:
    for file in where.file.parent.glob(f"{units.NAME}*{where.file.suffix}"):
        if file != where.file and (held := _read(file)) is not None and whose(held) is not Whose.FOREIGN:
            yield file


def _usual(env: Mapping[str, str]) -> Profile | None:
    """Give the profile that HOME alone leads to: a manager need not have a shell's XDG variables."""
    at = homes.home(env)
    return paths.locate({"HOME": str(at)}, "/") if at else None


def _folder(env: Mapping[str, str], platform: str) -> Path | None:
    if platform == "darwin":
        at = homes.home(env)
        return at / "Library" / "LaunchAgents" if at else None
    config = homes.xdg(env, "XDG_CONFIG_HOME")
    return config / "systemd" / "user" if config else None


def _read(file: Path) -> bytes | None:
    """Give what a file holds, None if it is absent; what can't be read as a file is nobody's of ours."""
    try:
        return files.read_regular(file, _LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (files.NotRegular, files.TooLarge):
        return b""


def _is_link(where: Place) -> bool:
    """Tell whether the link leads to this file, relative as ours or absolute as systemctl's own."""
    if where.link is None or not where.link.is_symlink():
        return False
    return Path(os.path.normpath(where.link.parent / where.link.readlink())) == where.file
