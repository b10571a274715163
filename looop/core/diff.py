"""Diff: the world now against the world that the last good tick had seen.

In: the baseline (or none) and a `World`. Out: the changes, in a fixed order. Their absence means sleep.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

import msgspec

from looop.core.mask import NOTHING, Mask
from looop.core.world import SESSION, Item, Session, World


class ChangeKind(Enum):
    """How an item differs."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Change:
    """One item that differs, with its short values before and after."""

    item: str
    kind: ChangeKind
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.kind is ChangeKind.CHANGED:
            return f"{self.item} changed: {self.before} → {self.after}"
        return f"{self.item} {self.kind}: {self.after if self.before is None else self.before}"


class Baseline(msgspec.Struct, frozen=True):
    """The world as the last good tick had sensed it. `at` is epoch seconds: a tick's timer counts from it."""

    at: float
    hash: str
    items: dict[str, Item]

    @classmethod
    def of(cls, world: World, at: float, mask: Mask = NOTHING) -> "Baseline":
        """Make the baseline that a tick on this world commits.

        What is shown of an item is masked, what is compared is not: neither key nor digest shows a text.
        """
        shown = {key: replace(item, short=mask.text(item.short)) for key, item in world.items().items()}
        return cls(at=at, hash=world.digest(), items=shown)


def compare(baseline: Baseline | None, world: World) -> tuple[Change, ...]:
    """Tell what differs; without a baseline everything is new, which `due` calls a first look."""
    now = world.items()
    before = baseline.items if baseline else {}
    if baseline and baseline.hash == world.digest():
        return ()
    return tuple(
        change
        for key in [*now, *(gone for gone in before if gone not in now)]
        if (change := _change(key, before.get(key), now.get(key)))
    )


def untold(baseline: Baseline | None, sessions: Iterable[Session]) -> frozenset[str]:
    """Name the sessions that ended and of which the last good tick has not seen what they came to."""
    known = baseline.items if baseline else {}
    now = World(None, sessions=tuple(it for it in sessions if it.ended)).items()
    differ = (key for key, item in now.items() if key not in known or known[key].digest != item.digest)
    return frozenset(key.removeprefix(SESSION) for key in differ)


def _change(key: str, before: Item | None, now: Item | None) -> Change | None:
    if before is None and now is not None:
        return Change(key, ChangeKind.ADDED, None, now.short)
    if now is None and before is not None and not before.fades:
        return Change(key, ChangeKind.REMOVED, before.short, None)
    if before is not None and now is not None and before.digest != now.digest:
        return Change(key, ChangeKind.CHANGED, before.short, now.short)
    return None
