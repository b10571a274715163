"""Where a profile's files are, and whether its folder may be trusted.

In: an environment and a folder, once, at the start of a process. Out: a `Profile`, absolute from then on.
Standard library only: a relayed verb pays for this module. Neighbours: `files` does the writing,
`migrate` brings an older profile up to date.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from looop.core.problem import Exit, Problem

FORMAT = 1
PERSONS, TICKS = "person", "tick"  # the doors that are no session's
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_FORMAT_BYTES = 64
_HARMLESS = {"lost+found", ".DS_Store", ".directory"}


class _Below:
    """A fixed place below DATA."""

    def __init__(self, *parts: str) -> None:
        self._parts = parts
        self.top = parts[0]

    @overload
    def __get__(self, profile: None, owner: type) -> "_Below": ...
    @overload
    def __get__(self, profile: "Profile", owner: type) -> Path: ...
    def __get__(self, profile: "Profile | None", owner: type) -> "_Below | Path":
        return self if profile is None else profile.data.joinpath(*self._parts)


@dataclass(frozen=True)
class Profile:
    """One memory (DATA) and its configuration (CONFIG); both paths are absolute."""

    data: Path
    config: Path

    playbook = _Below("PLAYBOOK.md")
    goals = _Below("goals")
    archive = _Below("goals", "archive")
    journal = _Below("journal.md")
    sensors = _Below("sensors")
    reports = _Below("reports")
    claims = _Below("claims")
    snapshots = _Below("snapshots")
    tick = _Below("tick")
    runs = _Below("runs")
    history = _Below("history")
    prompts = _Below("prompts")
    sessions = _Below("sessions")
    sandboxes = _Below("sandboxes")
    guard = _Below("guard")
    shims = _Below("guard", "bin")
    guard_rules = _Below("guard", "rules.json")
    pulse = _Below("sessions", "pulse")
    pulse_log = _Below("sessions", "pulse", "output.log")
    baseline = _Below(".last-world.json")
    baseline_hash = _Below(".last-tick-hash")
    state = _Below(".loop.json")
    pause = _Below(".pause")
    allowance = _Below(".allowance")
    events = _Below("events.jsonl")
    cost = _Below("cost.jsonl")
    up = _Below(".up")
    search_path = _Below(".path")
    sock = _Below(".sock")
    doors = _Below("doors")
    keeper_lock = _Below(".keeper.lock")
    lock = _Below(".lock")
    policy_lock = _Below(".policy.lock")
    format = _Below(".format")
    nothing = _Below(".nothing")
    copied = _Below(".copied")


def tops() -> frozenset[str]:
    """Name everything of looop's own that may lie in DATA itself, rotated logs and the like apart."""
    return frozenset(place.top for place in vars(Profile).values() if isinstance(place, _Below))


def door(profile: Profile, whose: str) -> Path:
    """Give the folder of a door: a generation's, `PERSONS` or `TICKS`. The socket in it is named `sock`."""
    return profile.doors / whose


def locate(env: Mapping[str, str], cwd: str) -> Profile:
    """Find the profile: `LOOOP_DATA_DIR` and `LOOOP_CONFIG`, else the XDG folders, else those of HOME.

    A relative override is made absolute against `cwd`; an empty one counts as not given. A relative XDG
    folder is ignored, as the XDG base directory specification asks. Problem USAGE when HOME is needed and
    isn't an absolute path.
    """
    return Profile(
        data=_override(env, "LOOOP_DATA_DIR", cwd) or _xdg(env, "XDG_STATE_HOME", ".local/state") / "looop",
        config=_override(env, "LOOOP_CONFIG", cwd) or _xdg(env, "XDG_CONFIG_HOME", ".config") / "looop.json",
    )


def check(profile: Profile) -> None:
    """Make sure that DATA exists, is private to this user, and is of a format that this program knows.

    Problem MISSING `no-profile` when it is absent, REFUSED `bad-data` or `newer-format` otherwise.
    """
    if not check_folder(profile):
        raise Problem(
            Exit.MISSING,
            "no-profile",
            f"There is no profile at {profile.data}: `looop init` or `looop up` makes one "
            "(LOOOP_DATA_DIR names another).",
        )
    _known_format(profile)


def check_folder(profile: Profile) -> bool:
    """Judge DATA's folder alone, whatever its format; False when it is absent. Problem REFUSED `bad-data`."""
    data = profile.data
    if not data.is_absolute():
        raise _refused(f"{data} is a relative path: name DATA by its full path.")
    try:
        found = data.lstat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _refused(f"{data} could not be looked at ({error.strerror}).") from error
    _judge(data, found)
    return True


def create(profile: Profile) -> bool:
    """Make DATA and its folders, private whatever the umask; True if DATA was not there before.

    Leaves `goals/` and `sensors/` to `seed`, which must see whether they exist. Brings an older format up
    to date and keeps a copy. Calling it again, or at the same time elsewhere, is harmless. Problem REFUSED
    as in `check`, `not-empty` for a folder of other things, or `no-data` when the disk does not allow it.
    """
    from looop.store import files, migrate  # noqa: PLC0415 - only three verbs ever create

    try:
        fresh = not check_folder(profile) and _make(profile.data)
        version = _known_format(profile)
        if version is None:
            _judge_contents(profile)
        for folder in _folders(profile):
            files.private_dir(folder)
        if version is None:
            files.durable(profile.format, f"{FORMAT}\n".encode())
        elif version < FORMAT:
            migrate.migrate(profile, version, FORMAT)
    except OSError as error:
        raise Problem(
            Exit.REFUSED,
            "no-data",
            f"The profile at {profile.data} could not be made ({error.filename}: {error.strerror}): "
            "make room or correct its rights, or name another place with LOOOP_DATA_DIR.",
        ) from error
    return fresh


def _override(env: Mapping[str, str], name: str, cwd: str) -> Path | None:
    value = env.get(name)
    return Path(os.path.join(cwd, value)) if value else None  # noqa: PTH118 - an absolute value wins


def _xdg(env: Mapping[str, str], name: str, below_home: str) -> Path:
    value = env.get(name, "")
    if value.startswith("/"):
        return Path(value)
    home = env.get("HOME", "")
    if not home.startswith("/"):
        raise Problem(
            Exit.USAGE,
            "no-home",
            "HOME is not set to a full path: set it, or name both LOOOP_DATA_DIR and LOOOP_CONFIG.",
        )
    return Path(home, below_home)


def _judge(data: Path, found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise _refused(
            f"{data} is a symbolic link, and DATA must be a real folder: set LOOOP_DATA_DIR to its target."
        )
    if not stat.S_ISDIR(found.st_mode):
        raise _refused(f"{data} is not a folder: move it away, or name another place with LOOOP_DATA_DIR.")
    if found.st_uid != os.geteuid():
        raise _refused(
            f"{data} belongs to user {found.st_uid}, not to you ({os.geteuid()}): "
            "use your own folder, or run looop as its owner."
        )
    if found.st_mode & _OTHERS_MAY_WRITE:
        raise _refused(f"Others may write in {data}, so it can't be trusted: run `chmod 700 '{data}'` first.")


def _judge_contents(profile: Profile) -> None:
    """Refuse a folder that was never a profile and holds other things, such as a home or a project.

    It would become private to its owner, and a `tick/` in it would be emptied. A memory that came without
    its dot files, from a backup or from git, is known by PLAYBOOK.md or journal.md and may hold anything.
    """
    from looop.store.files.writing import TEMP_PREFIX  # noqa: PLC0415 - as in `create`

    names = set(os.listdir(profile.data))  # noqa: PTH208 - names are all that is wanted
    if names & {profile.playbook.name, profile.journal.name}:
        return
    others = sorted(name for name in names - tops() - _HARMLESS if not name.startswith(TEMP_PREFIX))
    if others:
        raise Problem(
            Exit.REFUSED,
            "not-empty",
            f"{profile.data} holds other things ({', '.join(others[:3])}) and was never a profile: nothing "
            "was touched; name a new or empty folder with LOOOP_DATA_DIR.",
        )


def _make(data: Path) -> bool:
    from looop.store import files  # noqa: PLC0415 - as in `create`

    if not data.parent.exists():
        files.private_dir(data.parent)
    try:
        data.mkdir(0o700)
    except FileExistsError:
        return False
    files.private_dir(data)  # a umask may have taken our own rights away
    files.sync_folder(data)
    return True


def _folders(profile: Profile) -> tuple[Path, ...]:
    return (
        profile.data,
        profile.reports,
        profile.claims,
        profile.snapshots,
        profile.runs,
        profile.prompts,
        profile.sessions,
        profile.pulse,
    )


def _known_format(profile: Profile) -> int | None:
    """Read DATA's format number (None: it has none yet); refuse a newer one, untouched."""
    from looop.store import files  # noqa: PLC0415 - as in `create`

    try:
        text = files.read_regular(profile.format, _FORMAT_BYTES).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(f"{profile.format} could not be read ({error.strerror}).") from error
    if not (text.isascii() and text.isdigit() and int(text)):
        raise _refused(f"{profile.format} should hold the number {FORMAT}, not {text[:20]!r}: correct it.")
    if int(text) > FORMAT:
        raise Problem(
            Exit.REFUSED,
            "newer-format",
            f"{profile.data} was written by a newer looop (format {text}; this one knows {FORMAT}): "
            "nothing was touched; update looop, or name another place with LOOOP_DATA_DIR.",
        )
    return int(text)


def _refused(sentence: str) -> Problem:
    return Problem(Exit.REFUSED, "bad-data", sentence)
