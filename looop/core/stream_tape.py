"""What a stream has seen so far, whichever agent it is: words, calls, trouble, cost. Feeds the `Result`.

In: what a format's reader understood. Out: events and, at the end, one result. Everything kept is capped.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from looop.core.stream_base import Cost, Event, EventKind, Fault, Result, line, plain
from looop.core.stream_faults import Finding, classify
from looop.core.stream_json import decode, text_at, total

_WORDS = 4000  # characters of the last words
_ACTS = 200  # calls kept, and characters of each
_ACT = 300
_REASON = 400

# Of a tool's arguments, the one that says most.
_TELLING = (
    "command",
    "cmd",
    "file_path",
    "filePath",
    "path",
    "pattern",
    "url",
    "query",
    "description",
    "prompt",
)


class Tape:
    """One run's record. `now` is epoch seconds at its start, for limits that end "in 3 hours"."""

    def __init__(self, now: float | None) -> None:
        self.now = now
        self._said = ""
        self._acts: list[str] = []
        self._untold = 0
        self._usd: float | None = None
        self._priceless = False
        self._input: int | None = None
        self._output: int | None = None
        self._trouble: tuple[str, Finding] | None = None

    def said(self, text: str) -> list[Event]:
        """Record words."""
        if not text.strip():
            return []
        self._said = plain(text[:_WORDS]).strip()
        return [Event(EventKind.SAID, line(text))]

    def called(self, name: str, arguments: Any = None) -> list[Event]:
        """Record a tool call with the argument that says most."""
        act = line(f"{name or 'a tool'}: {_telling(arguments)}".removesuffix(": "), _ACT) or "a tool"
        if len(self._acts) < _ACTS:
            self._acts.append(act)
        else:
            self._untold += 1
        return [Event(EventKind.CALLED, act)]

    @staticmethod
    def note(text: str) -> list[Event]:
        """Say something about the run itself."""
        return [Event(EventKind.NOTE, line(text))] if text.strip() else []

    def spend(self, usd: float | None, taken: Iterable[int | None], given: Iterable[int | None]) -> None:
        """Add one report of cost. No dollars for some tokens means that the agent knows no price."""
        read, written = total(*taken), total(*given)
        if usd is None or (usd == 0 and (read or written)):
            self._priceless = True
        else:
            self._usd = (self._usd or 0.0) + usd
        self._input, self._output = total(self._input, read), total(self._output, written)

    def stumble(self, text: str, status: int | None = None, until: float | None = None) -> list[Event]:
        """Record trouble that may pass; it is the reason if the run then ends without a result."""
        finding = classify(text, status, self.now)
        self._trouble = (text, Finding(finding.fault, until or finding.until))
        return self.note(text)

    def recover(self) -> None:
        """Forget the trouble: the agent went on."""
        self._trouble = None

    def ended_well(self) -> Result:
        """Tell a run that came to its end."""
        return self._result(None, None, None)

    def failed(self, text: str, status: int | None = None, until: float | None = None) -> Result:
        """Tell a run whose agent said that it failed."""
        finding = classify(text, status, self.now)
        return self._failure(finding.fault, text, until or finding.until)

    def broke_off(self, code: int | None, stderr: bytes = b"", fault: Fault = Fault.NO_RESULT) -> Result:
        """Tell a run that ended without saying how: by its last trouble, else its exit code and stderr."""
        if self._trouble is not None:
            text, finding = self._trouble
            if finding.fault is not Fault.FAILED:
                fault = finding.fault
            return self._failure(fault, text, finding.until)
        last = last_words(stderr)
        how = "it was killed" if code is None else f"it ended with exit code {code}"
        found = classify(last, now=self.now)
        if found.fault is not Fault.FAILED:
            return self._failure(found.fault, last, found.until)
        return self._failure(fault, f"{how}: {last}" if last else how, None)

    def _failure(self, fault: Fault, text: str, until: float | None) -> Result:
        limit = fault in {Fault.USAGE_LIMIT, Fault.RATE_LIMITED, Fault.OVERLOADED}
        said = sentence(text).strip() or "it did not say why"
        return self._result(fault, line(f"{fault}: {said}", _REASON), until if limit else None)

    def _result(self, fault: Fault | None, reason: str | None, until: float | None) -> Result:
        more = (f"… and {self._untold} more",) if self._untold else ()
        cost = Cost(None if self._priceless else self._usd, self._input, self._output)
        return Result(fault, reason, until, cost, self._said, (*self._acts, *more))


def sentence(text: str) -> str:
    """Give an error as people say it: the message inside the JSON that an agent passes on, if it does."""
    start = text.find("{")
    inner = decode(text[start:].encode(errors="replace")) if start >= 0 else None
    message = text_at(inner, "error", "message") or text_at(inner, "message")
    return f"{text[:start]}{message}" if message else text


def last_words(stderr: bytes) -> str:
    """Give the last line of a stderr that says something."""
    lines = stderr[-_WORDS:].decode(errors="replace").splitlines()
    return next((text for text in map(line, reversed(lines)) if text), "")


def _telling(arguments: Any) -> str:
    if isinstance(arguments, str):
        return arguments
    if not isinstance(arguments, dict) or not arguments:
        return ""
    for key in _TELLING:
        found = arguments.get(key)
        if isinstance(found, str) and found:
            return found
        if isinstance(found, list):
            return " ".join(str(word) for word in found[:20])
    try:
        return msgspec.json.encode(arguments).decode()
    except RecursionError:  # it was decoded nearer to the bottom of the stack
        return ""
