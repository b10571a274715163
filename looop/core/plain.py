"""What a terminal's output says as plain text, and where each byte of it stood in the output.

In: raw output in any pieces. Out: UTF-8 bytes without escape sequences and control characters, with the raw
offset of every byte. Linear and bounded for any bytes. Used by `session.follow` and the verb `log`.
"""

import re
from bisect import bisect_left, bisect_right
from itertools import accumulate

_STRING = 1 << 20
"""Bytes of an unfinished OSC, DCS, APC, PM or SOS that are passed over: an image may be long, not endless."""

_SEQUENCE = 256
"""Bytes of an unfinished shorter sequence that are waited for."""

_TOKEN = re.compile(
    rb"\r+(?=\n)|(?P<cr>\r+)"
    rb"|(?P<csi>\x1b\[[0-?]*[ -/]*[@-~])"
    rb"|\x1b[\]PX^_][^\x07\x18\x1a\x1b]*(?:[\x07\x18\x1a]|(?=\x1b)|(?P<open>\Z))"
    rb"|\x1b(?:[ -/]+[0-~]|[0-OQ-WYZ\\`-~])"
    rb"|[\x00-\x08\x0b-\x0c\x0e-\x1a\x1c-\x1f\x7f]+"
    rb"|(?P<cut>\x1b(?:\[[0-?]*[ -/]*|[ -/]*)\Z)"
    rb"|\x1b"
)
"""ECMA-48's sequences. A lone ESC that begins none is dropped. No repeat is nested, so it is linear."""

_SPECIAL = re.compile(rb"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_ENDS_STRING = re.compile(rb"[\x07\x18\x1a]|(?=\x1b)")
_TO_NEW_LINE = frozenset(b"ABEFHdf")
_SPACES = frozenset(b"CaI")
"""Final bytes of the cursor's moves that part words: to another line, and to the right."""

_WAIT = frozenset({"cr", "cut"})
_MOVES = _TO_NEW_LINE | _SPACES | frozenset(b"G")


class Plain:
    """The plain text of output from a raw offset on. `text` is changed only here."""

    def __init__(self, offset: int = 0) -> None:
        self.text = bytearray()
        self._places = [0]  # where a run of bytes begins in the text …
        self._offsets = [offset]  # … and in the output; runs are equally long in both
        self._next = offset
        self._held = b""
        self._last = b"\n"  # the last byte that became text, dropped by now or not
        self._opened: int | None = None  # where a string began whose end has not come

    @property
    def offset(self) -> int:
        """The raw offset behind all that has become text: what waits for its end begins there."""
        return self._next if self._opened is None else self._opened

    def feed(self, data: bytes) -> None:
        """Take more output. What begins a sequence or a line's end is held back until its end has come."""
        data, self._held = self._held + data, b""
        done = self._pass_string(data)
        base = self._next - done  # the raw offset of data[0]
        if _SPECIAL.search(data, done) is None:
            whole = len(data) - _torn(data, done)
            self._lines(data[done:whole], base + done)
            self._next, self._held = base + whole, data[whole:]
            return
        for token in _TOKEN.finditer(data, done):
            start, end = token.span()
            if start > done:
                self._run(data[done:start], base + done)
            done, kind = end, token.lastgroup
            if kind is None or (kind == "csi" and data[end - 1] not in _MOVES):
                continue
            if kind in _WAIT and end == len(data) and end - start < _SEQUENCE:
                self._next, self._held = base + start, data[start:]
                return
            self._replace(token, kind, base)
        whole = len(data) - _torn(data, done)
        self._run(data[done:whole], base + done)
        self._next, self._held = base + whole, data[whole:]

    def finish(self) -> None:
        """Take what is held back as it is: nothing follows."""
        held, self._held, self._opened = self._held, b"", None
        if held.startswith(b"\r"):
            self._run(b"\n" if self._last != b"\n" else b"", self._next)
        elif not held.startswith(b"\x1b"):
            self._run(held, self._next)
        self._next += len(held)

    def behind(self, place: int) -> int:
        """Give the raw offset behind the first `place` bytes of the text."""
        run = max(0, bisect_left(self._places, place) - 1)
        return self._offsets[run] + place - self._places[run]

    def place(self, offset: int) -> int:
        """Give the first place in the text whose byte stood at the raw offset or behind it."""
        run = max(0, bisect_right(self._offsets, offset) - 1)
        end = self._places[run + 1] if run + 1 < len(self._places) else len(self.text)
        return min(end, max(self._places[run], self._places[run] + offset - self._offsets[run]))

    def drop(self, count: int) -> None:
        """Forget the first bytes of the text; all places move down by as many."""
        run = max(0, bisect_right(self._places, count) - 1)
        first = self._offsets[run] + count - self._places[run]
        self._places = [0, *(place - count for place in self._places[run + 1 :])]
        self._offsets = [first, *self._offsets[run + 1 :]]
        del self.text[:count]

    def _pass_string(self, data: bytes) -> int:
        """Pass over what still belongs to an unfinished string; how many bytes that was."""
        if self._opened is None:
            return 0
        end = _ENDS_STRING.search(data)
        passed = end.end() if end else len(data)
        self._next += passed
        if end or self._next - self._opened > _STRING:
            self._opened = None
        return passed

    def _replace(self, token: re.Match[bytes], kind: str, base: int) -> None:
        """Put what stands for a token in the text, at the raw offset of the token's last byte."""
        last = base + token.end() - 1
        if kind == "open":
            self._opened = base + token.start()
        elif kind == "cr" and self._last != b"\n":
            self._run(b"\n", last)
        elif kind == "csi":
            move = _part(token[0][2:])
            if move and self._last not in {move, b"\n"}:
                self._run(move, last)

    def _lines(self, data: bytes, offset: int) -> None:
        """Take what has no sequence in it at once: a flood is mostly that."""
        first, *rest = data.split(b"\r\n")
        self._run(first, offset)
        if rest:
            lengths = [len(line) + 1 for line in rest]
            self._places += accumulate(lengths[:-1], initial=len(self.text))
            begins = accumulate((length + 1 for length in lengths[:-1]), initial=offset + len(first) + 1)
            self._offsets += begins
            self.text += b"\n" + b"\n".join(rest)
            self._last = bytes(self.text[-1:])

    def _run(self, data: bytes, offset: int) -> None:
        if not data:
            return
        if offset - self._offsets[-1] != len(self.text) - self._places[-1]:
            if self._places[-1] == len(self.text):  # a run without a byte
                self._offsets[-1] = offset
            else:
                self._places.append(len(self.text))
                self._offsets.append(offset)
        self.text += data
        self._last = data[-1:]


def _part(csi: bytes) -> bytes:
    """Give what parts two words that a move of the cursor parts: a space, a new line, or nothing."""
    final = csi[-1]
    if final in _SPACES or (final == ord("G") and csi not in {b"G", b"1G"}):
        return b" "
    return b"\n" if final in _TO_NEW_LINE or final == ord("G") else b""


def _torn(data: bytes, start: int) -> int:
    """Count the bytes at the end that begin a UTF-8 character without ending it."""
    for back in range(1, min(4, len(data) - start + 1)):
        byte = data[-back]
        if byte < 0x80:  # noqa: PLR2004 - ASCII
            return 0
        if byte >= 0xC0:  # noqa: PLR2004 - a first byte
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4  # noqa: PLR2004 - as RFC 3629 has it
            return back if back < length else 0
    return 0
