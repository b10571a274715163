"""What agents write down about themselves: the lines of their own transcripts, each agent's in its own way.

In: JSON objects of one file, in order. Out: `Used` and `Trouble` values. claude 2.1.197, pi 0.87.1 and codex
0.171.0 were seen to write so; gemini 0.61.0 is read as its source says. Of other agents nothing is read.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

from looop.core.stream_json import at, count_at, decode, number_at, objects_at, text_at
from looop.core.usage import Trouble, Used

_STATUS = re.compile(r"\s*([45]\d\d)\b", re.ASCII)

Reader = Callable[[dict[str, Any]], Used | Trouble | None]


def reader(agent: str) -> Reader | None:
    """Give a reader for one file of an agent; None for an agent whose files nobody here can read."""
    if agent == "codex":
        return _Codex().read
    return {"claude": _claude, "pi": _pi, "gemini": _gemini}.get(agent)


def read(lines: list[bytes], understand: Reader) -> Iterator[Used | Trouble]:
    """Read whole lines; what is no JSON object or says nothing of use is left out."""
    for line in lines:
        value = decode(line)
        if isinstance(value, dict) and (found := understand(value)) is not None:
            yield found


def own_figure(document: bytes, conversation: str) -> float | None:
    """Give what claude itself says a conversation has cost: the last one in a folder, in `.claude.json`.

    It counts requests, too, of which the transcript says nothing.
    """
    projects = at(decode(document), "projects")
    for project in projects.values() if isinstance(projects, dict) else ():
        if conversation and text_at(project, "lastSessionId") == conversation:
            return number_at(project, "lastCost")
    return None


def belongs(head: bytes, cwd: str, words: str, since: float | None) -> bool:
    """Tell whether a codex transcript, by its first lines, is of the session whose brief has these `words`.

    codex names its conversations itself. `since`: it began no earlier (epoch seconds).
    """
    first, *rest = head.split(b"\n")
    meta = decode(first)
    began = stamp(text_at(meta, "timestamp"))
    if text_at(meta, "payload", "cwd") != cwd or (since is not None and (began is None or began < since)):
        return False
    return any(words in text for line in rest for text in _said(decode(line)))


def stamp(text: str) -> float | None:
    """Read an ISO time as epoch seconds."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo else None


def _said(value: Any) -> Iterator[str]:
    if text_at(value, "payload", "role") == "user":
        yield from (text_at(part, "text") for part in objects_at(value, "payload", "content"))


def _claude(value: dict[str, Any]) -> Used | Trouble | None:
    if value.get("type") != "assistant":
        return None
    when, message = stamp(text_at(value, "timestamp")), value.get("message")
    if value.get("isApiErrorMessage") is True:
        said = " ".join(text_at(part, "text") for part in objects_at(message, "content"))
        return Trouble(said, count_at(value, "apiErrorStatus"), when)
    key, usage = text_at(message, "id"), at(message, "usage")
    if not key or text_at(message, "model") == "<synthetic>":
        return None
    return Used(
        key,
        when,
        text_at(message, "model"),
        count_at(usage, "input_tokens") or 0,
        count_at(usage, "cache_read_input_tokens") or 0,
        count_at(usage, "cache_creation_input_tokens") or 0,
        count_at(usage, "output_tokens") or 0,
    )


def _pi(value: dict[str, Any]) -> Used | Trouble | None:
    message = value.get("message")
    if value.get("type") != "message" or text_at(message, "role") != "assistant":
        return None
    when, key, usage = stamp(text_at(value, "timestamp")), text_at(value, "id"), at(message, "usage")
    if text_at(message, "stopReason") == "error":
        said = text_at(message, "errorMessage")
        status = _STATUS.match(said)
        return Trouble(said, int(status[1]) if status else None, when)
    if not key:
        return None
    return Used(
        key,
        when,
        text_at(message, "model"),
        count_at(usage, "input") or 0,
        count_at(usage, "cacheRead") or 0,
        count_at(usage, "cacheWrite") or 0,
        count_at(usage, "output") or 0,
        number_at(usage, "cost", "total"),
    )


class _Codex:
    """The model is told once for many answers; an answer's name is what all answers had used by then."""

    def __init__(self) -> None:
        self._model = ""

    def read(self, value: dict[str, Any]) -> Used | Trouble | None:
        """Understand one line."""
        if value.get("type") == "turn_context":
            self._model = text_at(value, "payload", "model") or self._model
        info = at(value, "payload", "info")
        if text_at(value, "payload", "type") != "token_count" or not isinstance(info, dict):
            return None
        last, total = at(info, "last_token_usage"), at(info, "total_token_usage")
        fields = ("input_tokens", "cached_input_tokens", "output_tokens", "total_tokens")
        cached = count_at(last, "cached_input_tokens") or 0
        written = count_at(last, "cache_write_input_tokens") or 0
        return Used(
            "/".join(str(count_at(total, name) or 0) for name in fields),
            stamp(text_at(value, "timestamp")),
            self._model,
            max(0, (count_at(last, "input_tokens") or 0) - cached - written),
            cached,
            written,
            count_at(last, "output_tokens") or 0,
        )


def _gemini(value: dict[str, Any]) -> Used | None:
    key, tokens = text_at(value, "id"), at(value, "tokens")
    if value.get("type") != "gemini" or not key or not isinstance(tokens, dict):
        return None
    cached = count_at(tokens, "cached") or 0
    return Used(
        key,
        stamp(text_at(value, "timestamp")),
        text_at(value, "model"),
        max(0, (count_at(tokens, "input") or 0) - cached) + (count_at(tokens, "tool") or 0),
        cached,
        0,
        (count_at(tokens, "output") or 0) + (count_at(tokens, "thoughts") or 0),
    )
