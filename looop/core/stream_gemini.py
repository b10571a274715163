"""gemini's `--output-format json`: nothing while it runs, then one document; a failure's goes to stderr.

In: bytes. Out: no events, and a result. It knows tokens but no dollars, and of its tools only the counts.
"""

import re
from typing import Any

from looop.core.stream_base import LINE, Event, Fault, Result
from looop.core.stream_json import at, count_at, decode, text_at
from looop.core.stream_tape import Tape

_TRIED = re.compile(rb"Attempt \d{1,4} failed with status \d{3}\b")


class Gemini:
    """Reads one run of gemini."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._data = bytearray()

    def feed(self, data: bytes) -> list[Event]:
        """Keep the document, up to 1 MiB; nothing can be told before its end."""
        self._data += data[: LINE + 1 - len(self._data)]
        return []

    def finish(self, code: int | None, stderr: bytes = b"") -> Result:
        """Tell how it ended, once."""
        document = decode(bytes(self._data))
        error = at(document, "error") or at(_last_document(stderr), "error")
        self._record(document)
        if error is not None:
            return self._tape.failed(text_at(error, "message"), count_at(error, "code"))
        if not isinstance(document, dict):
            for tried in _TRIED.finditer(stderr):
                self._tape.stumble(tried[0].decode(errors="replace"))
            return self._tape.broke_off(code, stderr)
        if code not in {0, None}:
            return self._tape.broke_off(code, stderr, Fault.FAILED)
        return self._tape.ended_well()

    def _record(self, document: Any) -> None:
        self._tape.said(text_at(document, "response"))
        tools = at(document, "stats", "tools", "byName")
        for name, tool in (tools if isinstance(tools, dict) else {}).items():
            self._tape.called(name, f"{count_at(tool, 'count')} times")
        models = at(document, "stats", "models")
        for model in (models if isinstance(models, dict) else {}).values():
            tokens = at(model, "tokens")
            self._tape.spend(
                None,
                (count_at(tokens, "prompt"),),
                (count_at(tokens, "candidates"), count_at(tokens, "thoughts")),
            )


def _last_document(stderr: bytes) -> Any:
    """Find the JSON object at the end of a stderr that holds much else."""
    start = stderr.rfind(b"\n{\n")
    return decode(stderr[start + 1 :]) if start >= 0 else None
