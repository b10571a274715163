"""What counts as one move: judge what a tick left behind, and decide what may land.

In: the policy files before and after, and the verb that the agent called. Out: a `Landing` (one subject,
the files to write, the verb) or a `Rejection` with its reason. Pure; `loop.land` performs it.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from looop.core.act import LARGEST, Act, Write
from looop.core.digest import digest, digest_bytes
from looop.core.goal import is_goal

TIMER_RANGE = (5, 3600)
"""Seconds: what `.next-interval` may ask for; the rest is clamped."""

_VERB = 2
"""Words of a verb that are told: its name, and whom it is for."""

_NAME = r"[^/.][^/]{0,200}?"
_GOAL = re.compile(rf"goals/(?:archive/)?({_NAME}\.md)")
_SENSOR = re.compile(rf"sensors/({_NAME})\.sh(?:\.off)?")


class Kind(Enum):
    """What a move did."""

    GOAL_CREATED = "created a goal"
    GOAL_CHANGED = "changed a goal"
    GOAL_ARCHIVED = "archived a goal"
    SENSOR_ADDED = "added a sensor"
    SENSOR_CHANGED = "changed a sensor"
    SENSOR_REMOVED = "removed a sensor"
    PLAYBOOK_CHANGED = "changed the PLAYBOOK"
    VERB = "called a verb"
    PROPOSAL = "landed a proposal"
    UNDONE = "undid a change"
    NOTHING = "nothing"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Leaf:
    """One file of the tick's folder: its bytes, or why they can't be used (a symlink, a FIFO, its size)."""

    data: bytes = b""
    trouble: str | None = None

    @property
    def digest(self) -> str:
        """The digest that `store.memory` gives the same bytes."""
        return digest_bytes(self.data)


@dataclass(frozen=True, slots=True)
class Landing:
    """One move. `act` is a fleet verb to perform; the writes of a file verb are among `writes`."""

    kind: Kind
    subject: str | None
    writes: tuple[Write, ...] = ()
    act: Act | None = None

    @property
    def after(self) -> str:
        """The digest that the move leaves at its subject: equal moves leave equal digests."""
        return digest([self.left(), self.act.words if self.act else []])

    @property
    def did(self) -> str:
        """Say what the move did, its verb included."""
        if self.act is None:
            return str(self.kind)
        words = [word for word in self.act.words if not word.startswith("-")]
        verb = f"called `looop {' '.join(words[:_VERB])}`"
        return f"{self.kind}, {verb}" if self.writes else verb

    def left(self) -> dict[str, str | None]:
        """Give the digest that each written path is left with; None for one that is removed."""
        return {w.path: None if w.data is None else digest_bytes(w.data) for w in self.writes}

    def __str__(self) -> str:
        return f"{self.kind} ({self.subject})" if self.subject else str(self.kind)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Nothing lands, and this is why."""

    reason: str


class _RejectedError(Exception):
    """Carries the reason out of the checks."""


def subject(path: str) -> str | None:
    """Tell what a changed path is about; None for files that are no policy, or whose name can't be shown."""
    if not path.isprintable():
        return None
    if path == "PLAYBOOK.md":
        return "playbook"
    if match := _GOAL.fullmatch(path):
        return f"goal:{match[1]}"
    if match := _SENSOR.fullmatch(path):
        return f"sensor:{match[1]}"
    return None


def judge(
    before: Mapping[str, Leaf], after: Mapping[str, Leaf], act: Act | None, archived: Collection[str] = ()
) -> Landing | Rejection:
    """Judge a tick's folder against the copy that it was given.

    Both map a path relative to the folder to its file. `archived` names the goals that DATA/goals/archive
    holds already: a goal archived under such a name gets the next free one.
    """
    try:
        return _landing(before, _writes(before, after), act, archived)
    except _RejectedError as rejected:
        return Rejection(str(rejected))


def proposed(
    before: Mapping[str, Leaf], after: Mapping[str, Leaf], archived: Collection[str] = ()
) -> tuple[Write, ...] | Rejection:
    """Judge a meta session's draft by the same rules for each file, whatever number of subjects it has.

    A person sees it all before it lands, so it may be more than one move.
    """
    try:
        writes = _writes(before, after)
    except _RejectedError as rejected:
        return Rejection(str(rejected))
    return tuple(_free(write, archived) for write in writes)


def timer(text: bytes | None) -> tuple[int | None, str | None]:
    """Read `.next-interval`: seconds within `TIMER_RANGE` or none, and what was wrong with it."""
    if text is None:
        return None, None
    word = text[:64].decode(errors="replace").strip()
    if not re.fullmatch(r"[0-9]{1,18}", word):
        return None, f".next-interval held {word[:40]!r}, not a whole number of seconds: no timer was set"
    return min(max(int(word), TIMER_RANGE[0]), TIMER_RANGE[1]), None


def _writes(before: Mapping[str, Leaf], after: Mapping[str, Leaf]) -> tuple[Write, ...]:
    changed = sorted(path for path in {*before, *after} if _differs(before.get(path), after.get(path)))
    return tuple(_write(path, before.get(path), after.get(path), after) for path in changed)


def _differs(before: Leaf | None, after: Leaf | None) -> bool:
    if before is None or after is None:
        return True
    return after.trouble is not None or before.data != after.data


def _write(path: str, before: Leaf | None, leaf: Leaf | None, after: Mapping[str, Leaf]) -> Write:
    if subject(path) is None:
        raise _RejectedError(f"{path} is no name for a goal (goals/x.md) or a sensor (sensors/x.sh)")
    if leaf is None:
        return _removal(path, after)
    if leaf.trouble:
        raise _RejectedError(f"{path} {leaf.trouble}")
    if len(leaf.data) > LARGEST:
        raise _RejectedError(f"{path} has {len(leaf.data)} bytes, more than {LARGEST}")
    return _checked(path, before, leaf.data)


def _removal(path: str, after: Mapping[str, Leaf]) -> Write:
    if path == "PLAYBOOK.md":
        raise _RejectedError("PLAYBOOK.md may be changed, not removed")
    if path.startswith("goals/") and f"goals/archive/{path.removeprefix('goals/')}" not in after:
        raise _RejectedError(f"{path} was deleted: a goal is archived by moving it to goals/archive/")
    return Write(path, None)


def _checked(path: str, before: Leaf | None, data: bytes) -> Write:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _RejectedError(f"{path} is not UTF-8 text") from None
    if path.startswith("sensors/"):
        if not data.startswith(b"#!"):
            raise _RejectedError(f"{path} does not start with #!, so it can't run")
        return Write(path, data, executable=True)
    if path.startswith("goals/") and not is_goal(text):
        had_one = before is None or is_goal(before.data.decode(errors="replace"))
        if had_one and not path.startswith("goals/archive/"):
            raise _RejectedError(f"{path} has no frontmatter with a goal: line")
    return Write(path, data)


def _landing(
    before: Mapping[str, Leaf], writes: tuple[Write, ...], act: Act | None, archived: Collection[str]
) -> Landing:
    subjects = {it for write in writes if (it := subject(write.path))} | ({act.subject} if act else set())
    if len(subjects) > 1:
        raise _RejectedError(f"two moves in one tick: {' and '.join(sorted(subjects))}")
    if not subjects:
        return Landing(Kind.NOTHING, None)
    if act and act.writes and writes:
        raise _RejectedError(f"{act.subject} was changed both by hand and by `looop {' '.join(act.argv)}`")
    writes = tuple(_free(write, archived) for write in (act.writes if act and act.writes else writes))
    fleet = act if act and not act.writes else None
    return Landing(_kind(before, writes), subjects.pop(), writes, fleet)


def _free(write: Write, archived: Collection[str]) -> Write:
    """Give an archived goal a name that no earlier one has."""
    folder, name = write.path.rpartition("/")[::2]
    if folder != "goals/archive" or name not in archived:
        return write
    return Write(f"{folder}/{next(free for free in _numbered(name) if free not in archived)}", write.data)


def _numbered(name: str) -> Iterator[str]:
    count = 2
    while True:
        yield f"{name.removesuffix('.md')}.{count}.md"
        count += 1


def _kind(before: Mapping[str, Leaf], writes: tuple[Write, ...]) -> Kind:
    if not writes:
        return Kind.VERB
    paths = [write.path for write in writes]
    if paths[0] == "PLAYBOOK.md":
        return Kind.PLAYBOOK_CHANGED
    if paths[0].startswith("goals/"):
        if any(path.startswith("goals/archive/") for path in paths):
            return Kind.GOAL_ARCHIVED
        return Kind.GOAL_CHANGED if paths[0] in before else Kind.GOAL_CREATED
    if all(write.data is None for write in writes):
        return Kind.SENSOR_REMOVED
    return Kind.SENSOR_CHANGED if any(path in before for path in paths) else Kind.SENSOR_ADDED
