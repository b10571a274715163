"""Who wrote what looop runs by itself: noted before a landing puts it in place, so that no crash hides it.

In: the writes of a landing, and the verb that goes with them. Out: `store.written`. What a landing only
moves, or leaves as it was, keeps its author. Neighbours: `land` notes a tick's, `engine.proposals` and
`verdicts` what a person approved.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from looop.core.act import Act, Write
from looop.core.digest import digest_bytes
from looop.core.goal import front
from looop.store import files, written
from looop.store.paths import Profile

LONGEST = 4096
"""Bytes of a check that an AI may write: a person has to read it."""

_LARGEST = 16 << 20
_FLAG = "--verify"


def note(
    profile: Profile, run: str, writes: Iterable[Write], act: Act | None = None, *, approved: bool = False
) -> None:
    """Note every script and check of a landing that a person has not written, durably."""
    writes = tuple(writes)
    theirs = set(_standing(profile, writes))
    for digest, path, text in (*_pieces(writes), *_checks(act)):
        if digest not in theirs:
            written.note(profile, digest, path, run, text=text, approved=approved)
        elif approved:  # moved: what a person wrote is in no book, and needs none
            written.approve(profile, digest)


def too_much(profile: Profile, writes: Iterable[Write], act: Act | None) -> str:
    """Say why what a tick wrote for looop to run can't be noted; empty if it can."""
    writes = tuple(writes)
    theirs = set(_standing(profile, writes))
    fresh = {digest: text for digest, _, text in (*_pieces(writes), *_checks(act)) if digest not in theirs}
    longest = max((len(text.encode(errors="replace")) for text in fresh.values()), default=0)
    if longest > LONGEST:
        return f"a check has {longest} bytes, more than {LONGEST}: a script can have them"
    return written.TOO_MUCH if fresh and written.no_room(profile, fresh) else ""


def check_of(goal: str) -> str | None:
    """Give the command of a goal's `verify:` line."""
    return front(goal).get("verify") or None


def _pieces(writes: Iterable[Write]) -> Iterator[tuple[str, str, str]]:
    for write in writes:
        if write.data is not None:
            yield from _of(write.path, write.data)


def _of(path: str, data: bytes) -> Iterator[tuple[str, str, str]]:
    """Give what of a file looop would run: its digest, where it stands, a check's command."""
    if path.startswith("sensors/"):
        yield digest_bytes(data), path, ""
    elif path.startswith("goals/") and (command := check_of(data.decode(errors="replace"))):
        yield written.digest_of_check(command), path, command


def _checks(act: Act | None) -> Iterator[tuple[str, str, str]]:
    """Give the check that a tick has handed to a session's start."""
    words = act.argv if act else ()
    for word, after in zip(words, [*words[1:], ""], strict=False):
        name, equals, value = word.partition("=")
        command = value if equals else after
        if name == _FLAG and command.strip():
            yield written.digest_of_check(command), " ".join(words[:2]), command


def _standing(profile: Profile, writes: Iterable[Write]) -> Iterator[str]:
    """Give the digests of what stands in the places that a landing writes to, or takes away."""
    for write in writes:
        with suppress(OSError):
            data = files.read_regular(profile.data / write.path, _LARGEST)
            yield from (digest for digest, *_ in _of(write.path, data))
