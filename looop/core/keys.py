"""Names of keys, and the bytes that a terminal sends for them.

In: names as people type them (`Enter Esc Up C-c M-x F1 S-Tab C-Left`), and what the program asked of its
terminal. Out: bytes. The encodings are xterm's (ctlseqs, "PC-style function keys") and kitty's keyboard
protocol for the programs that switched it on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from looop.core.ids import nearest
from looop.core.problem import Exit, Problem

DISAMBIGUATE = 1
ALL_AS_SEQUENCES = 8
"""The flags of kitty's protocol that change what is sent for a press."""

_MOST = 1000
"""Keys in one go."""

_SHIFT, _ALT, _CONTROL = 1, 2, 4
_MODIFIERS = {
    "s": _SHIFT,
    "shift": _SHIFT,
    "m": _ALT,
    "a": _ALT,
    "alt": _ALT,
    "meta": _ALT,
    "c": _CONTROL,
    "ctrl": _CONTROL,
    "control": _CONTROL,
}

_CURSOR = {"up": "A", "down": "B", "right": "C", "left": "D", "end": "F", "home": "H"}
_SS3 = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
_TILDE = {
    "insert": 2,
    "delete": 3,
    "pageup": 5,
    "pagedown": 6,
    "f5": 15,
    "f6": 17,
    "f7": 18,
    "f8": 19,
    "f9": 20,
    "f10": 21,
    "f11": 23,
    "f12": 24,
}
_PLAIN = {"enter": 13, "esc": 27, "tab": 9, "bspace": 127, "space": 32}
_ALIASES = {
    "return": "enter",
    "cr": "enter",
    "escape": "esc",
    "backspace": "bspace",
    "bs": "bspace",
    "spc": "space",
    "ins": "insert",
    "ic": "insert",
    "del": "delete",
    "dc": "delete",
    "pgup": "pageup",
    "ppage": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "npage": "pagedown",
    "btab": "s-tab",
    "arrowup": "up",
    "arrowdown": "down",
    "arrowleft": "left",
    "arrowright": "right",
}
_SPELLED = ("Enter", "Esc", "Tab", "S-Tab", "BSpace", "Space", "Up", "Down", "Left", "Right", "Home", "End")
NAMES = (*_SPELLED, "PageUp", "PageDown", "Insert", "Delete", *(f"F{number}" for number in range(1, 13)))
"""The named keys, as help shows them; each may follow `C-`, `M-` and `S-`, as any single character may."""

_LISTED = "Enter Esc Tab BSpace Space Up Down Left Right Home End PageUp PageDown Insert Delete F1 to F12, \
any one character, and C- M- S- before each"

# What a US keyboard sends for Control with a key that is no letter, as xterm has it.
_CONTROLLED = {"@": 0, " ": 0, "2": 0, "[": 27, "3": 27, "\\": 28, "4": 28, "]": 29, "5": 29}
_CONTROLLED |= {"^": 30, "6": 30, "_": 31, "/": 31, "7": 31, "-": 31, "?": 127, "8": 127}


@dataclass(frozen=True, slots=True)
class KeyModes:
    """What the program asked for: application cursor keys (DECCKM), and the flags of kitty's protocol."""

    application_cursor: bool = False
    kitty: int = 0


@dataclass(frozen=True, slots=True)
class _Key:
    """A key: its name in small letters, or one character; and the modifiers' bits."""

    name: str
    modifiers: int = 0

    @property
    def named(self) -> bool:
        return len(self.name) > 1


def encode(names: Sequence[str], modes: KeyModes) -> bytes:
    """Give the bytes for all the keys; Problem USAGE `no-key` for one that is none, `too-many-keys`."""
    if len(names) > _MOST:
        raise Problem(Exit.USAGE, "too-many-keys", f"{len(names)} keys are too many: {_MOST} is the most.")
    return b"".join([_bytes(key, modes) for key in [_parse(name) for name in names]])


def is_escape(name: str) -> bool:
    """Tell whether a terminal sends ESC alone for this, behind which programs wait for a sequence."""
    try:
        return _bytes(_parse(name), KeyModes()) == b"\x1b"
    except Problem:
        return False


def _parse(given: str) -> _Key:
    rest, modifiers = given, 0
    while True:
        if key := _key(rest):
            return _Key(key.name, key.modifiers | modifiers)
        word, dash, behind = rest.partition("-")
        modifier = _MODIFIERS.get(word.lower())
        if not (dash and behind and modifier):
            raise _no_key(given, rest)
        modifiers |= modifier
        rest = behind


def _key(text: str) -> _Key | None:
    """Read a key without its modifiers: one character, or a name in any case."""
    if len(text) == 1 and text.isprintable():
        return _Key("space" if text == " " else text)
    name = text.lower()
    name = _ALIASES.get(name, name)
    if name == "s-tab":
        return _Key("tab", _SHIFT)
    known = name in _CURSOR or name in _SS3 or name in _TILDE or name in _PLAIN
    return _Key(name) if known else None


def _no_key(given: str, rest: str) -> Problem:
    shown = ascii(given[:40])
    meant = nearest(rest[:40], (*NAMES, *_ALIASES))
    before = given[: len(given) - len(rest)][:20]
    hint = f"did you mean {before}{meant}?" if meant else f"there are {_LISTED}."
    return Problem(Exit.USAGE, "no-key", f"There is no key {shown}: {hint} `looop send` types text.")


def _bytes(key: _Key, modes: KeyModes) -> bytes:
    if key.name in _CURSOR or key.name in _SS3:
        return _lettered(key, modes)
    if key.name in _TILDE:
        return f"\x1b[{_TILDE[key.name]}{_parameter(key, ';')}~".encode()
    if modes.kitty & (DISAMBIGUATE | ALL_AS_SEQUENCES):
        return _kitty(key, modes)
    return _legacy(key)


def _lettered(key: _Key, modes: KeyModes) -> bytes:
    """Encode the cursor keys and F1 to F4: with modifiers CSI, alone SS3 where that is in force."""
    if key.modifiers:
        letter = _CURSOR.get(key.name) or _SS3[key.name]
        if key.name == "f3" and modes.kitty:  # CSI R would be a cursor report
            return f"\x1b[13{_parameter(key, ';')}~".encode()
        return f"\x1b[1{_parameter(key, ';')}{letter}".encode()
    if key.name in _SS3:
        return f"\x1bO{_SS3[key.name]}".encode()
    return f"\x1b{'O' if modes.application_cursor else '['}{_CURSOR[key.name]}".encode()


def _parameter(key: _Key, separator: str) -> str:
    return f"{separator}{key.modifiers + 1}" if key.modifiers else ""


def _kitty(key: _Key, modes: KeyModes) -> bytes:
    """Encode as CSI u what would be ambiguous otherwise: Esc, and all with Control or Alt.

    Enter, Tab and BSpace without modifiers stay as they were, so that a person can still type `reset`, unless
    the program asked for every key.
    """
    every = modes.kitty & ALL_AS_SEQUENCES
    if key.named and key.name != "space":
        if key.modifiers == 0 and key.name != "esc" and not every:
            return bytes([_PLAIN[key.name]])
        return f"\x1b[{_PLAIN[key.name]}{_parameter(key, ';')}u".encode()
    if not (every or key.modifiers & (_CONTROL | _ALT)):
        return _legacy(key)
    char = " " if key.named else key.name
    shifted = _SHIFT if char != char.lower() else 0
    code, modifiers = ord(char.lower()[0]), key.modifiers | shifted
    return f"\x1b[{code}{_parameter(_Key(key.name, modifiers), ';')}u".encode()


def _legacy(key: _Key) -> bytes:
    if key.name == "tab" and key.modifiers & _SHIFT:
        sent = b"\x1b[Z"
    elif key.named:
        sent = bytes([_PLAIN[key.name]])
        if key.modifiers & _CONTROL:
            sent = {"space": b"\0", "bspace": b"\b"}.get(key.name, sent)
    elif key.modifiers & _CONTROL:
        sent = _controlled(key.name)
    else:
        char = key.name.upper() if key.modifiers & _SHIFT and key.name.isascii() else key.name
        sent = char.encode()
    return b"\x1b" + sent if key.modifiers & _ALT else sent


def _controlled(char: str) -> bytes:
    if char.isascii() and char.isalpha():
        return bytes([ord(char.upper()) & 0x1F])
    return bytes([_CONTROLLED[char]]) if char in _CONTROLLED else char.encode()
