"""The machine as `doctor` sees it: terminals, descriptors, sleep, and what happens after a logout.

In: the places where a system tells of itself, below `root`. Out: a grade and one sentence with what to do.
No program is run and nothing is changed; what a system does not tell is said so, never guessed.
"""

import os
import pwd
import sys
from pathlib import Path

from looop.cli.findings import Grade
from looop.store import files

Found = tuple[Grade, str]

_SPARE_TERMINALS = 4
_DARWIN_TERMINALS = 511  # macOS's kern.tty.ptmx_max, unless somebody has lowered it
_FILES_ALONE = 64  # the engine and keeper with no session: logs, locks, sockets, pipes
_FILES_A_SESSION = 8  # a PTY, its log and its records in keeper; logs and a client or two in the engine
_FILES_A_SENSOR = 4
_MANY = 100  # sessions or sensors, where CONFIG sets no limit
_SOFT = 3  # the column behind "Max open files"
_LIMIT = 64 << 10
_ROOT = Path("/")


def terminals(sessions: int, root: Path = _ROOT, platform: str = sys.platform) -> Found:
    """Tell whether `sessions` more PTYs fit (0: no limit is set)."""
    if platform == "darwin":
        most, used = _DARWIN_TERMINALS, sum(1 for _ in (root / "dev").glob("ttys[0-9]*"))
    else:
        place = root / "proc" / "sys" / "kernel" / "pty"
        found = _number(place / "max"), _number(place / "nr")
        if found[0] is None or found[1] is None:
            return Grade.NOTE, "this system does not tell how many terminals it has"
        most, used = found[0], found[1]
    words = f"{used} of {most} terminals in use"
    if most - used >= (sessions or _MANY) + _SPARE_TERMINALS:
        return Grade.FINE, words
    raised = "" if platform == "darwin" else ", or raise kernel.pty.max with sysctl"
    return Grade.BAD, f"{words}: {sessions or _MANY} sessions don't fit; close some{raised}"


def descriptors(soft: int, sessions: int, sensors: int) -> Found:
    """Tell whether a limit of `soft` open files (negative: none) holds for so many sessions and sensors."""
    need = _FILES_ALONE + _FILES_A_SESSION * (sessions or _MANY) + _FILES_A_SENSOR * (sensors or _MANY)
    if soft < 0 or soft >= need:
        return (
            Grade.FINE,
            "no limit of open files" if soft < 0 else f"{soft} open files allowed, {need} needed",
        )
    advice = f"`ulimit -n {need}` before `looop up`, or a lower max_sessions or sensor_parallel in CONFIG"
    return Grade.BAD, f"only {soft} open files are allowed and up to {need} are needed: {advice}"


def soft_limit(pid: int, root: Path = _ROOT) -> int | None:
    """Give a living process's own limit of open files, negative for none; None where nobody tells."""
    try:
        lines = _at_once(root / "proc" / str(pid) / "limits").decode().splitlines()
    except (OSError, ValueError):
        return None
    words = next((line.split() for line in lines if line.startswith("Max open files")), [])
    soft = words[_SOFT] if len(words) > _SOFT else ""
    return int(soft) if soft.isdecimal() else -1 if soft else None


def sleep(root: Path = _ROOT, platform: str = sys.platform) -> Found:
    """Tell whether the machine may fall asleep, and how to keep it awake."""
    if platform == "darwin":
        return (
            Grade.NOTE,
            "a Mac sleeps unless told not to: `pmset -g` shows when; `caffeinate -s` keeps it awake",
        )
    batteries = [path.name for path in _below(root / "sys" / "class" / "power_supply", "BAT*")]
    masked = root / "etc" / "systemd" / "system" / "sleep.target"
    if masked.is_symlink() and str(masked.readlink()) == "/dev/null":
        return Grade.FINE, "sleep is switched off (sleep.target is masked)"
    if not batteries:
        return Grade.FINE, "no battery: it sleeps only if it was told to"
    advice = "`systemd-inhibit --what=sleep:idle:handle-lid-switch sleep infinity` keeps it awake"
    return (
        Grade.NOTE,
        f"a laptop: nothing beats while it sleeps, and one beat catches up afterwards; {advice}",
    )


def linger(user: str, root: Path = _ROOT, platform: str = sys.platform) -> Found:
    """Tell whether a logout may end the engine."""
    if platform == "darwin":
        return Grade.NOTE, "a logout from the desktop may end the engine: `looop up` starts it again"
    if not files.present(root / "run" / "systemd" / "system"):
        return Grade.FINE, "no systemd here that ends programs at a logout"
    if lingers(user, root):
        return Grade.FINE, f"{user} lingers: a logout ends nothing that `looop up --install` started"
    advice = f"`loginctl enable-linger {user}`, then `looop up --install`, prevents it"
    return Grade.NOTE, f"a logout may end the engine and its sessions: {advice}"


def linger_of(name: str | None) -> Found:
    """Tell it of a user who may have no name."""
    if name is None:
        return Grade.NOTE, f"uid {os.geteuid()} has no name here: whether a logout ends it is not known"
    return linger(name)


def user() -> str | None:
    """Give the name of the user that this process has, None if it has none."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return None


def lingers(user: str, root: Path = _ROOT) -> bool:
    """Tell whether systemd runs a user's services from boot on, and after a logout too."""
    return files.present(root / "var" / "lib" / "systemd" / "linger" / user)


def _number(path: Path) -> int | None:
    try:
        return int(_at_once(path))
    except (OSError, ValueError):
        return None


def _at_once(path: Path) -> bytes:
    """Read with one call: what /proc/sys gives to a second one is empty, and the size it tells is 0."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, _LIMIT)
    finally:
        os.close(fd)


def _below(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []
