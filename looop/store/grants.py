"""The commands that a person was asked to approve, in a generation's folder: what, whether spent, what came.

In: a command as it was read, a flag's number. Out: `commands/<token>.json` and `<digest>.in` (its input),
then `<number>.spent`, made before anything runs and never twice, `.out`, `.err`, and `.ended` at the end.
"""

from pathlib import Path

import msgspec

from looop.core.command import Command, Moment, Ran, digest
from looop.core.digest import digest_bytes
from looop.core.parsed import parsed
from looop.core.problem import Exit, Problem
from looop.store import files, questions
from looop.store.paths import Profile
from looop.store.questions import Place

LARGEST_INPUT = 1 << 20
"""Bytes of a command's input that are kept for it."""

_LIMIT = 4 << 20
_OUTPUT = 4 << 20


class Asked(msgspec.Struct, frozen=True):
    """A command, and when a person was asked to approve it."""

    command: Command
    at: Moment
    v: int = 1


class _Spent(msgspec.Struct, frozen=True):
    token: str
    at: Moment
    v: int = 1


def token(command: Command) -> str:
    """Give what a flag is bound to; what stands before the dash is the same for the same request."""
    return f"{command.asked[:16]}-{digest(command)}"


def keep(profile: Profile, place: Place, command: Command, stdin: bytes, at: Moment) -> str:
    """Write down, durably, what a person is to be asked; its token."""
    folder = _folder(profile, place)
    files.private_dir(folder, below=profile.data)
    if command.stdin is not None:
        files.durable(folder / f"{command.stdin}.in", stdin)
    name = token(command)
    files.durable(folder / f"{name}.json", msgspec.json.encode(Asked(command, at)))
    return name


def load(profile: Profile, place: Place, name: str) -> Asked:
    """Give what a person was asked. Problem NO `bad-request` when the file is not what it was then."""
    try:
        data = files.read_regular(_folder(profile, place) / f"{name}.json", _LIMIT)
        found = parsed(data, Asked)
        if token(found.command) == name:
            return found
    except (OSError, ValueError):
        pass
    raise Problem(Exit.NO, "bad-request", "what was asked can't be read any more: it has to be asked again")


def stdin(profile: Profile, place: Place, command: Command) -> bytes:
    """Give a command's input as it was given. Problem NO `bad-request` when it is not that any more."""
    if command.stdin is None:
        return b""
    try:
        data = files.read_regular(_folder(profile, place) / f"{command.stdin}.in", LARGEST_INPUT)
        if digest_bytes(data) == command.stdin:
            return data
    except OSError:
        pass
    raise Problem(Exit.NO, "bad-request", "its input can't be read any more: it has to be asked again")


def spend(profile: Profile, place: Place, number: int, name: str, at: Moment) -> bool:
    """Spend an approval, durably; False if it was spent before: then nothing may run."""
    folder = _folder(profile, place)
    try:
        files.exclusive(folder / f"{number}.spent", msgspec.json.encode(_Spent(name, at)))
    except FileExistsError:
        return False
    return True


def spent(profile: Profile, place: Place, number: int) -> bool:
    """Tell whether an approval was spent."""
    return files.present(_folder(profile, place) / f"{number}.spent")


def finish(profile: Profile, place: Place, number: int, ran: Ran, out: bytes, err: bytes) -> None:
    """Write down, durably, how a command ended, and what it wrote."""
    folder = _folder(profile, place)
    ended = msgspec.json.encode(ran)
    output = ((folder / f"{number}.out", out), (folder / f"{number}.err", err))
    files.durable_set((*output, (folder / f"{number}.ended", ended)))


def ended(profile: Profile, place: Place, number: int) -> Ran | None:
    """Give how a command ended, None while nobody wrote that down."""
    try:
        data = files.read_regular(_folder(profile, place) / f"{number}.ended", _LIMIT)
        return parsed(data, Ran)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def output(profile: Profile, place: Place, number: int) -> tuple[bytes, bytes]:
    """Give what a command wrote to stdout and stderr, as far as it was kept."""
    folder = _folder(profile, place)
    return _kept(folder / f"{number}.out"), _kept(folder / f"{number}.err")


def folder(place: Place) -> Path:
    """Name the folder of a generation's commands."""
    return place.folder / "commands"


def _folder(profile: Profile, place: Place) -> Path:
    return folder(questions.here(profile, place))


def _kept(path: Path) -> bytes:
    try:
        return files.read_regular(path, _OUTPUT)
    except OSError:
        return b""
