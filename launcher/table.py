"""What the launcher must know of the Python program, as a C header: written at each build, edited never.

In: the modules that hold the facts (verbs and their places, the protocol, the client's patience and its
sentences). Out: the text of `table.h`. So no number and no verb is kept by hand in two places.
"""

import re
from collections.abc import Iterable, Iterator

from looop import __version__
from looop.cli import places
from looop.core import wire
from looop.engine import address, client

RAW_TERMINAL = ("attach",)
"""Relayed by the Python client alone, since they need a terminal made raw."""

_MILLISECONDS = ("PATIENCE", "RECONNECT", "OWNING_UP", "GRACE", "PAUSE")
_SENTENCES = ("LOST", "UNWRITABLE", "OTHER_PROTOCOL")


def relayed() -> list[str]:
    """Name the verbs that the launcher hands to the engine, sorted as `strcmp` sorts."""
    return sorted(
        verb
        for verb, info in places.VERBS.items()
        if info.place is not places.Place.LOCAL and verb not in RAW_TERMINAL
    )


def header() -> str:
    """Write `table.h`."""
    return "\n".join(("/* Written by launcher/table.py; never edited. */", *_facts(), ""))


def _facts() -> Iterator[str]:
    yield f"#define VERSION {_text(__version__)}"
    yield from _protocol()
    yield from _client()
    yield _list("RELAYED", map(_text, relayed()))
    yield _list("GROUPS", map(_text, places.GROUPS))
    yield _list("ALIASES", (f"{{{_text(a)}, {_text(b)}}}" for a, b in places._ALIASES.items()))  # noqa: SLF001
    yield _list("HELP_FLAGS", map(_text, places._HELP))  # noqa: SLF001


def _protocol() -> Iterator[str]:
    yield _tunable("PROTOCOL", wire.PROTOCOL)
    yield _tunable("OLDEST", wire.OLDEST)
    yield f"#define HEADER {wire.HEADER}"
    yield f"#define LARGEST {wire.LARGEST}"
    yield f"#define CHUNK {wire.CHUNK}"
    kinds = ", ".join(f"{name} = {kind}" for kind, name in wire.NAMES.items())
    yield f"enum frame_kind {{ {kinds} }};"
    yield f"#define KNOWN_KINDS {sum(1 << kind for kind in wire.NAMES):#x}u /* one bit for each */"
    yield _list("ENVIRONMENT", map(_text, wire.ENVIRONMENT))
    yield _list("PREFIXES", map(_text, wire.PREFIXES))


def _client() -> Iterator[str]:
    for name in _MILLISECONDS:
        yield _tunable(f"{name}_MS", round(1000 * getattr(client, name)))
    yield f"#define REDIAL_MS {round(1000 * address.PAUSE)}"
    yield f"#define LONGEST_PATH {address.LONGEST}"
    yield f"#define PIECE {client.PIECE}"
    yield f"#define SIGNALLED {client.SIGNALLED}"
    yield f"#define UNREACHABLE {client.UNREACHABLE}"
    names = [name.decode() for name in client.FORWARDED.values()]
    yield _list("FORWARDED", (f"{{SIG{name}, {_text(name)}}}" for name in names))
    for name in _SENTENCES:
        yield f"#define {name} {_text(_format(getattr(client, name)))}"


def _format(sentence: str) -> str:
    """Turn `{name}` and `{name:d}` into what `printf` takes for a string and a number."""
    return re.sub(r"\{\w+(:d)?\}", lambda found: "%d" if found[1] else "%s", sentence)


def _tunable(name: str, number: int) -> str:
    """Define a number that a test's build may set instead."""
    return f"#ifndef {name}\n#define {name} {number}\n#endif"


def _list(name: str, items: Iterable[str]) -> str:
    return f"#define {name} {{ {', '.join(items)} }}"


def _text(value: str) -> str:
    """Write a C string. Anything but plain ASCII would need thought, and there is none."""
    if not value.isascii() or not value.isprintable() or set(value) & set('"\\?'):
        raise ValueError(f"{value!r} has no plain spelling in C")
    return f'"{value}"'


if __name__ == "__main__":
    print(header(), end="")
