"""Output taken apart as a terminal does: text, controls, escape and control sequences, commands.

In: bytes in any pieces. Out: calls to a `Handler`, the same ones however the bytes were cut. It follows
https://vt100.net/emu/dec_ansi_parser, but with one regular expression, in which plain text comes first.
"""

import codecs
import re
from typing import Protocol

from looop.session.sequences import LONGEST, WIDEST

_BODY = r"[^\x18\x1a\x1b]*+"  # of DCS, APC, PM, SOS
_COMMAND = r"[^\x07\x18\x1a\x1b]*+"  # of OSC, which BEL ends too
_INSIDE = r"[\x00-\x17\x19\x1c-?\x7f]*+"  # of a CSI, with the controls that it may be sprinkled with
_TOKEN = re.compile(
    r"([^\x00-\x1f\x7f-\x9f]++)"  # 1 text
    r"|\x1b\[([<-?]?)([0-9:;]*+)([ -/]*+)([@-~])"  # 2-5 a control sequence
    r"|(\r\n|[\x00-\x17\x19\x1c-\x1f])"  # 6 a control
    r"|\x1b(?:([ -/]++)([0-~])|([0-OQ-WYZ\\`-~]))"  # 7-9 an escape sequence
    rf"|\x1b\]({_COMMAND})(\x07|(?=[\x18\x1a\x1b]))"  # 10-11 a command
    rf"|\x1b[PX^_]{_BODY}(?=[\x18\x1a\x1b])"  # a string that means nothing to us
    rf"|\x1b\[({_INSIDE})([@-~])"  # 12-13 a control sequence with controls in it, or one that means nothing
    rf"|(\x1b(?:[ -/]*+|\[{_INSIDE}|\]{_COMMAND}|[PX^_]{_BODY})\Z)"  # 14 what the next piece may complete
    rf"|\x1b\[{_INSIDE}|\x1b[ -/]*+"  # broken off
)
_TEXT, _SEQUENCE, _REST = 1, 5, 14
_PLAIN_CSI = re.compile(r"([<-?]?)([0-9:;]*+)([ -/]*+)\Z")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
# By the kind of what is skipped: what ends it, and which of these ends belong to it.
_STRING_END = (re.compile(r"[\x18\x1a\x1b]"), "")
_ENDS = dict.fromkeys("PX^_", _STRING_END) | {
    "]": (re.compile(r"[\x07\x18\x1a\x1b]"), "\x07"),
    "[": (re.compile(r"[\x18\x1a\x1b@-~\x80-\U0010ffff]"), "".join(map(chr, range(0x40, 0x7F)))),
}
_ESCAPE_END = (re.compile(r"[^ -/]"), "".join(map(chr, range(0x30, 0x7F))))


class Handler(Protocol):
    """What a terminal does with each of them."""

    def draw(self, text: str) -> None:
        """Draw printable characters."""

    def control(self, control: str) -> None:
        """Do what a C0 control says; CR LF comes as one."""

    def sequence(self, key: str, parameters: str) -> None:
        """Do what a control sequence says; `key` is prefix, intermediates and final as one word."""

    def escape(self, key: str) -> None:
        """Do what an escape sequence says; `key` is intermediates and final."""

    def command(self, body: str, *, bell: bool) -> None:
        """Do what an OSC says; `bell`: it was ended with BEL."""


class Parser:
    """The state between pieces: half a character, and the beginning of one sequence."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.rest = ""
        self.skipping = ""  # the kind of a sequence that is too long to mean anything, until its end

    @property
    def half(self) -> bytes:
        """The bytes of a character that is not complete."""
        return self._decoder.getstate()[0]

    @half.setter
    def half(self, data: bytes) -> None:
        self._decoder.reset()
        self._decoder.decode(data)

    def feed(self, data: bytes) -> None:
        """Take a piece."""
        text = self._decoder.decode(data)
        if self.skipping:
            text = self._skip(text)
        text, self.rest = self.rest + text, ""
        draw, sequence = self._handler.draw, self._handler.sequence
        for found in _TOKEN.finditer(text):
            kind = found.lastindex
            if kind == _TEXT:
                draw(found[_TEXT])
            elif kind == _SEQUENCE:
                prefix, numbers, between, final = found.group(2, 3, 4, 5)
                if found.end() - found.start() <= WIDEST:
                    sequence(prefix + between + final, numbers)
            elif kind == _REST:
                self._keep(found[_REST])
            elif kind is not None:
                self._do(found, found.end() - found.start())

    def _do(self, found: re.Match[str], length: int) -> None:
        handler = self._handler
        match found.lastindex:
            case 6:
                handler.control(found[6])
            case 8 | 9 if length <= WIDEST:
                handler.escape(found[9] or found[7][:1] + found[8])
            case 11 if len(found[10]) + len("\x1b]") <= LONGEST:
                handler.command(found[10], bell=found[11] != "")
            case 13 if length <= WIDEST:
                self._odd(found[12], found[13])

    def _keep(self, rest: str) -> None:
        if len(rest) > LONGEST:
            self.skipping = rest[1:2]
        else:
            self.rest = rest

    def _skip(self, text: str) -> str:
        """Give what of a piece is behind the end of the sequence that is skipped."""
        ends, own = _ENDS.get(self.skipping, _ESCAPE_END)
        if (found := ends.search(text)) is None:
            return ""
        self.skipping = ""
        return text[found.end() if found[0] in own else found.start() :]

    def take(self, other: "Parser") -> None:
        """Take another one's state."""
        self.rest, self.skipping, self.half = other.rest, other.skipping, other.half

    def _odd(self, inside: str, final: str) -> None:
        """Do the controls in a control sequence first; then the sequence, if it is one without them."""
        for control in "".join(_CONTROLS.findall(inside)).replace("\x7f", ""):
            self._handler.control(control)
        if found := _PLAIN_CSI.match(_CONTROLS.sub("", inside)):
            self._handler.sequence(found[1] + found[3] + final, found[2])
