"""Which moves wait for a person before they land, and why.

In: a judged `Landing`, the files before it, the world that its agent was shown. Out: the reason, or None.
Pure. Neighbours: `core.moves` judges what is a move at all, `loop.tick` lets the move wait.
"""

from collections.abc import Mapping

from looop.core import guardrails, prompt
from looop.core.moves import Landing, Leaf
from looop.core.quote import name, quote
from looop.core.world import World

_PLAYBOOK = "PLAYBOOK.md"
_NAMED = 3
_SHOWN = 120


def why_waits(landing: Landing, before: Mapping[str, Leaf], world: World) -> str | None:
    """Say why a move has to wait for a person; None when it may land now.

    A tick is fed by strangers' text if its prompt shows any, whatever it was that woke it.
    """
    subject = landing.subject or ""
    strange = strangers(world)
    if strange and (subject == "playbook" or subject.startswith("sensor:")):
        shown = ", ".join(name(it) for it in strange[:_NAMED])
        more = f" and {len(strange) - _NAMED} more" if len(strange) > _NAMED else ""
        return f"strangers' text was in its prompt (untrusted: {shown}{more})"
    for write in landing.writes:
        if write.path == _PLAYBOOK and write.data is not None:
            return _of_playbook(before.get(_PLAYBOOK, Leaf()).data, write.data)
    return None


def strangers(world: World) -> tuple[str, ...]:
    """Name the untrusted sensors of which a prompt shows anything that they printed."""
    return tuple(
        reading.name
        for reading in world.readings
        if reading.untrusted and not (reading.signal is None and reading.detail is None)
    )


def _of_playbook(before: bytes, after: bytes) -> str | None:
    old, new = (data.decode(errors="replace") for data in (before, after))
    gone = guardrails.removed(old, new)
    if gone:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        return f"it takes out or rewords a guardrail: “{_short(gone[0])}”{more}"
    if quote(new, prompt.PLAYBOOK.each).missing and not quote(old, prompt.PLAYBOOK.each).missing:
        return "the PLAYBOOK would be longer than a prompt shows, so that its end no longer counts"
    return None


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
