"""A policy file as text: the PLAYBOOK, a goal or a sensor's script, and the line that stands for it.

In: what `store.memory` read. Out: a `Document`, which `core.world`, the prompt and the lists of verbs show.
"""

from dataclasses import dataclass

SHORT = 80


@dataclass(frozen=True, slots=True)
class Document:
    """A policy file as it was read: PLAYBOOK.md, a goal or a sensor's script.

    `digest` is of all its bytes; `text` may be cut (`cut` bytes are missing) or be empty when the file
    could not be used, which `trouble` then says in one sentence.
    """

    name: str
    text: str
    digest: str
    cut: int = 0
    trouble: str | None = None


def headline(text: str) -> str:
    """Give a goal's `goal:` line, or the first line that says something."""
    lines = [line.strip() for line in text.splitlines()]
    for line in lines:
        if line.startswith("goal:"):
            return short(line.removeprefix("goal:").strip())
    return next((short(line) for line in lines if line.strip("-# ")), "(empty)")


def short(text: str) -> str:
    """Give the text as one line of at most `SHORT` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= SHORT else flat[: SHORT - 1] + "…"
