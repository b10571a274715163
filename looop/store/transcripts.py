"""Agents' own transcripts: which files a session's conversation has written, and what was added to them.

In: the agent, its environment, what its session was started with. Out: paths, and what new whole lines say.
Nothing is written. The files are the agent's: only regular ones are read, no links, a share at each look.
Neighbours: `core.usage_lines` understands the lines, `session.meter` adds them up.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from looop.core import contract, credentials, usage_lines
from looop.core.usage import Trouble, Used
from looop.core.usage_lines import Reader
from looop.store.files.reading import opened, read_head, read_regular

_SLICE = 1 << 20
_SHARE = 64 << 20  # bytes that one look reads; the next look goes on from there
_HEAD = 1 << 20
_MOST = 400  # files that one look for a conversation opens
_LARGEST_DOCUMENT = 32 << 20
_EARLIER = 2.0  # seconds by which two clocks of one machine may differ


@dataclass(frozen=True, slots=True)
class Conversation:
    """Whose transcripts are wanted. `began` is epoch seconds; a `resumed` one may have begun long before."""

    agent: str
    id: str
    session: str
    cwd: str
    began: float
    resumed: bool = False


def find(what: Conversation, env: Mapping[str, str]) -> tuple[Path, ...]:
    """Find the files of a conversation, by name; none as long as there is none, or none can be read."""
    finders = {"claude": _claude, "pi": _pi, "gemini": _gemini, "codex": _codex}
    if what.agent not in finders or not what.id or "/" in what.id:
        return ()
    with suppress(OSError):
        return tuple(sorted(finders[what.agent](what, env)))
    return ()


def own_figure(what: Conversation, env: Mapping[str, str]) -> float | None:
    """Give the dollars that the agent names for all of a conversation, if it keeps such a figure."""
    if what.agent != "claude":
        return None
    figures = [found for path in documents(env) if (found := _figure(path, what.id)) is not None]
    return max(figures, default=None)


def documents(env: Mapping[str, str]) -> tuple[Path, ...]:
    """Name the files in which claude may keep what it knows: a person's, then a cell's copy of it."""
    home = Path(env.get("HOME", "/nowhere"))
    if place := env.get("CLAUDE_CONFIG_DIR"):
        return (Path(place, ".claude.json"),)
    return (home / ".claude.json", home / ".claude" / ".claude.json")


def _figure(document: Path, conversation: str) -> float | None:
    with suppress(OSError):
        return usage_lines.own_figure(read_regular(document, _LARGEST_DOCUMENT), conversation)
    return None


class Tail:
    """One file, of which each look reads what was added since the last one."""

    def __init__(self, path: Path, understand: Reader) -> None:
        self._path = path
        self._understand = understand
        self._offset = 0  # behind the last whole line
        self._file = (0, 0)

    def read(self) -> Iterator[Used | Trouble]:
        """Give what new whole lines say; a file that was made anew is read anew. OSError."""
        with opened(self._path) as (fd, found):
            identity = (found.st_dev, found.st_ino)
            if identity != self._file or found.st_size < self._offset:
                self._file, self._offset = identity, 0
            end = min(found.st_size, self._offset + _SHARE)
            while self._offset < end and (lines := self._lines(fd)):
                yield from usage_lines.read(lines, self._understand)

    def _lines(self, fd: int) -> list[bytes]:
        data = os.pread(fd, _SLICE, self._offset)
        size = data.rfind(b"\n") + 1
        if not size and len(data) == _SLICE:
            size = _SLICE  # a line too long to hold a figure: a picture, a file's whole text
        self._offset += size
        return data[:size].split(b"\n") if size else []


def _claude(what: Conversation, env: Mapping[str, str]) -> Iterator[Path]:
    place = _place(env, "claude") / "projects"
    yield from place.glob(f"*/{what.id}.jsonl")
    yield from place.glob(f"*/{what.id}/subagents/*.jsonl")


def _pi(what: Conversation, env: Mapping[str, str]) -> Iterator[Path]:
    yield from (_place(env, "pi") / "sessions").glob(f"*/*_{what.id}.jsonl")


def _gemini(what: Conversation, env: Mapping[str, str]) -> Iterator[Path]:
    place = _place(env, "gemini") / "tmp"
    yield from place.glob(f"*/chats/session-*-{what.id[:8]}.jsonl")
    yield from place.glob(f"*/chats/{what.id}/*.jsonl")


def _codex(what: Conversation, env: Mapping[str, str]) -> Iterator[Path]:
    """Find it by the brief that stands in it: codex names its conversations itself."""
    place = _place(env, "codex") / "sessions"
    recent: list[tuple[float, Path]] = []
    for path in place.glob("*/*/*/rollout-*.jsonl"):
        with suppress(FileNotFoundError):
            changed = path.lstat().st_mtime
            if changed >= what.began - _EARLIER:
                recent.append((changed, path))
    words = contract.introduction(what.session)
    since = None if what.resumed else what.began - _EARLIER
    for _, path in sorted(recent, reverse=True)[:_MOST]:
        with suppress(OSError):  # a link, say: of no account, and no reason to overlook the others
            head, _ = read_head(path, _HEAD)
            if usage_lines.belongs(head, what.cwd, words, since):
                yield path


def _place(env: Mapping[str, str], agent: str) -> Path:
    return Path(credentials.state(agent, env.get("HOME", "/nowhere"), env)[0])
