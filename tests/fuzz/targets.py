"""Every target of the fuzzer by its name: a function of bytes that raises when something does not hold.

In: nothing. Out: `TARGETS`, for `one` (atheris), `test_replay` (pytest), or whoever else has bytes to try.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fuzz import of_files, of_streams, of_terminal, of_texts, of_wire, of_words

JSON = (
    b'{"',
    b'":',
    b"[[[[",
    b"]]]]",
    b"1e999",
    b"-0",
    b"true",
    b"null",
    b"\\ud800",
    b"\\u0000",
    b'"}',
    b"123456789",
)
ESCAPES = (
    b"\x1b[",
    b"\x1b]",
    b"\x1b\\",
    b"\x1bP",
    b"\x1b[?",
    b"1049h",
    b"\x1b7",
    b"\x1b8",
    b";999",
    b"\x9b",
    b"\xe5\xad",
)
TEXTS = (
    b"# NOW",
    b"| ",
    b"\xe2\x80\xa8",
    b"\xc2\x85",
    b"\xe2\x80\xae",
    b"<U+000A>",
    b"\r\n",
    b"\xed\xa0\x80",
    b"\xef\xbc\x83",
)
COMMANDS = (
    b"git",
    b"push",
    b"--force",
    b"-c",
    b"alias.p=",
    b"rm",
    b"-rf",
    b"env",
    b"-S",
    b"xargs",
    b"$'",
    b"\\x",
    b"\xff",
)


@dataclass(frozen=True, slots=True)
class Target:
    """One: what is tried, and words that its inputs are made of."""

    run: Callable[[bytes], None]
    words: tuple[bytes, ...] = ()


TARGETS: Mapping[str, Target] = {
    "wire": Target(of_wire.frames, (b"\x01\0\0\0", b"\x11\0\0\0\x01", b"1\0", b"\0", b"0 0 0 80 24")),
    "config": Target(
        of_files.configuration, (*JSON, b'"runners"', b'"guard"', b"\xff", b'"format"', b"10m", b"claude")
    ),
    "sensors": Target(
        of_files.sensor, (b"# looop:", b"timeout=", b"interval=", b"untrusted", b"10m", b"1h30m", b"\n")
    ),
    "readings": Target(of_files.readings, (*JSON, b'"signal"', b'"detail"')),
    "books": Target(
        of_files.books, (*JSON, b'"number"', b'"open"', b'"v"', b'"pieces"', b'"verdict"', b'"text"')
    ),
    "streams": Target(
        of_streams.streams, (*JSON, b'"type"', b'"result"', b'"usage"', b'"message"', b'"content"', b"\n")
    ),
    "transcripts": Target(
        of_streams.transcripts, (*JSON, b'"type"', b'"payload"', b'"usage"', b'"timestamp"', b"\n")
    ),
    "plain": Target(of_streams.plain, (*ESCAPES, b"\r\n", b"\r", b"\x07")),
    "keys": Target(
        of_words.names, (b"C-", b"M-", b"S-", b"Esc", b"F1", b"Up", b"Enter", b"ctrl-", b"[", b" ")
    ),
    "guard": Target(of_words.guard, COMMANDS),
    "command": Target(of_words.shown, COMMANDS),
    "quote": Target(of_texts.quoting, TEXTS),
    "prompt": Target(of_texts.prompts, (*TEXTS, b"## ", b"- changed x", b"\xff")),
    "mask": Target(
        of_texts.masks, (b"\xff", b"secret", b"https://", b":", b"@", b"[secret ", b"\\", b'"', b"%40")
    ),
    "screen": Target(of_terminal.screens, ESCAPES),
}
