"""What output asks for and announces, found in the raw bytes at once: queries, modes, titles, bells.

In: output in any pieces. Out: a `Scan` of each piece. It draws nothing, so it keeps up with any program; the
screen, which is slow, is fed when somebody looks. What it keeps between pieces never exceeds a few KiB.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from looop.session import queries
from looop.session.queries import ASK_CURSOR
from looop.session.screen import Modes
from looop.session.sequences import LONGEST, WIDEST, apply, clean, parameters
from looop.session.switches import Switches

MOST = 64
"""Replies to one piece: a program that asks in a loop is not served faster than it reads."""

_ASKING = frozenset({b"c", b"n"})  # finals of what asks and changes nothing
_NOTES = 8
_STRING = rb"[^\x07\x18\x1a\x1b]*+"
_CONTROL = rb"[\x00-\x17\x19\x1c-\x1f\x7f]"  # what a control sequence may be sprinkled with
_INSIDE = rb"[\x00-\x17\x19\x1c-?\x7f]*+"
_FOUND = re.compile(
    rb"\x1b(?:"
    rb"\[([<-?]?)([0-9:;]*+)([ -/]*+)(?:([chlnpqrsu])|(" + _CONTROL + _INSIDE + rb")([chlnpqrsu]))"
    rb"|\](" + _STRING + rb")(\x07|(?=\x1b))"
    rb"|([78=>c])"
    rb"|([PX^_])[^\x18\x1a\x1b]*+)"
)
_CONTROLS = re.compile(_CONTROL)
_PLAIN_CSI = re.compile(rb"([<-?]?)([0-9:;]*+)([ -/]*+)\Z")
_OPEN = re.compile(
    rb"\x1b(?:\[" + _INSIDE + rb"|\]" + _STRING + rb"|[PX^_][^\x18\x1a\x1b]*+)?\Z"
)  # what the next piece may complete
_STRING_END = re.compile(rb"[\x07\x18\x1a\x1b]")
_OTHER_END = re.compile(rb"[\x18\x1a\x1b]")
_TITLES = frozenset({"0", "2"})


class Query(NamedTuple):
    """A question: its answer or `ASK_CURSOR`, and where in the piece it ends: a screen is fed up to it."""

    reply: bytes
    end: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What a piece held. `title` is the last one set, None for none; `notes` are desktop notifications."""

    replies: tuple[Query, ...] = ()
    title: str | None = None
    bell: bool = False
    notes: tuple[str, ...] = ()
    modes: Modes = field(default_factory=Modes)


class Scanner:
    """Find what matters in one terminal's output. Nothing raises, whatever the bytes."""

    def __init__(self, switches: Switches | None = None) -> None:
        self.switches = switches or Switches()
        self._rest = b""
        self._inside = b""  # the kind of a string that is too long to be kept; its rest is skipped

    @property
    def modes(self) -> Modes:
        """The modes behind all that was fed."""
        return self.switches.modes

    def feed(self, data: bytes) -> Scan:
        """Take a piece; a sequence may be cut anywhere."""
        skipped = self._skip(data)
        piece = _Piece(self.switches, len(self._rest) - skipped)
        data = self._rest + data[skipped:]
        self._rest = b""
        at = 0
        for found in _FOUND.finditer(data):
            if found[10] is None or found.end() < len(data):
                piece.take(found)
                piece.ring(data, at, found.start())
                at = found.end()
        piece.ring(data, at, self._keep(data))
        return piece.scan(self.modes)

    def _skip(self, data: bytes) -> int:
        """Give how much of a piece belongs to a string that was too long."""
        if not self._inside:
            return 0
        ends = _STRING_END if self._inside == b"]" else _OTHER_END
        if (found := ends.search(data)) is None:
            return len(data)
        self._inside = b""
        return found.end() if found[0] == b"\x07" else found.start()

    def _keep(self, data: bytes) -> int:
        """Keep what the next piece may complete; gives where that begins."""
        since = data.rfind(b"\x1b")
        if since < 0 or _OPEN.match(data, since) is None:
            return len(data)
        if len(data) - since <= LONGEST:
            self._rest = data[since:]
        else:
            self._inside = data[since + 1 : since + 2].replace(b"[", b"")
        return since


class _Piece:
    """What is found in one piece."""

    def __init__(self, switches: Switches, shift: int) -> None:
        self._shift = shift
        self._switches = switches
        self._replies: list[Query] = []
        self._notes: list[str] = []
        self._title: str | None = None
        self._bell = False

    def ring(self, data: bytes, since: int, until: int) -> None:
        self._bell = self._bell or data.find(b"\x07", since, until) >= 0

    def take(self, found: re.Match[bytes]) -> None:
        if found[4] is not None:
            self._control(found, *found.group(1, 2, 3, 4))
        elif found[6] is not None:
            self._sprinkled(found)
        elif found[7] is not None:
            self._command(found[7], found.end(), bell=bool(found[8]))
        elif found[9] == b"c":
            self._switches.reset()
        elif found[9] == b"7":
            self._switches.save_with_cursor()
        elif found[9] == b"8":
            self._switches.restore_with_cursor()
        elif found[9] is not None:
            self._switches.keypad = found[9] == b"="

    def scan(self, modes: Modes) -> Scan:
        return Scan(tuple(self._replies), self._title, self._bell, tuple(self._notes), modes)

    def _sprinkled(self, found: re.Match[bytes]) -> None:
        """Take a control sequence with controls in it: a terminal does these, and then that."""
        self._bell = self._bell or b"\x07" in found[5]
        inside = b"".join(found.group(1, 2, 3, 5))
        if plain := _PLAIN_CSI.match(_CONTROLS.sub(b"", inside)):
            prefix, given, between = plain.group(1, 2, 3)
            self._control(found, prefix, given, between, found[6])

    def _control(
        self, found: re.Match[bytes], prefix: bytes, given: bytes, between: bytes, final: bytes
    ) -> None:
        asks_on = final in _ASKING and len(self._replies) >= MOST
        if len(found[0]) > WIDEST or asks_on:
            return
        key = (prefix + between + final).decode()
        numbers = parameters(given.decode())
        apply(self._switches, key, numbers)
        self._answer(queries.csi(key, numbers, self._switches), found.end())

    def _command(self, raw: bytes, end: int, *, bell: bool) -> None:
        if len(raw) + len(b"\x1b]") > LONGEST:
            return
        body = raw.decode(errors="replace")
        number, _, rest = body.partition(";")
        if number in _TITLES:
            self._title = clean(rest)
        elif note := _note(number, rest):
            self._notes = [*self._notes, note][-_NOTES:]
        else:
            self._answer(queries.osc(body, bell=bell), end)

    def _answer(self, reply: bytes | None, end: int) -> None:
        if reply is not None and len(self._replies) < MOST:
            self._replies.append(Query(reply, end - self._shift))


def _note(number: str, rest: str) -> str:
    """Read a notification: iTerm's OSC 9, urxvt's OSC 777. OSC 9;4 is a progress bar, and none."""
    if number == "9" and not rest.startswith("4;"):
        return clean(rest)
    if number == "777" and rest.startswith("notify;"):
        return clean(rest.removeprefix("notify;").replace(";", ": ", 1))
    return ""


__all__ = ["ASK_CURSOR", "MOST", "Query", "Scan", "Scanner"]
