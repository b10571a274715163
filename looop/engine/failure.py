"""Why an engine could not start: its own sentence, on its way to the `up` that waits for it.

In: a sentence of the engine. Out: the same, for an `up` of this boot that began earlier. A scratch file,
because engine and `up` share nothing else: it is keeper that starts the engine, and many `up`s may wait.
"""

import time
from pathlib import Path

from looop.child import tree
from looop.store import files
from looop.store.paths import Profile

_LONGEST = 4096


def tell(profile: Profile, sentence: str) -> None:
    """Leave the sentence for whoever waits. A disk that takes nothing is no second failure."""
    text = f"{time.monotonic():.3f} {tree.boot_id()}\n{sentence}\n"
    try:
        files.scratch(_path(profile), text.encode(errors="replace")[:_LONGEST])
    except OSError:
        return


def told(profile: Profile, since: float) -> str | None:
    """Give the sentence if it was left after `since` (CLOCK_MONOTONIC seconds) in this boot."""
    try:
        text = files.read_regular(_path(profile), _LONGEST).decode(errors="replace")
        head, _, sentence = text.partition("\n")
        at, _, boot = head.partition(" ")
        fresh = float(at) >= since and boot == tree.boot_id()
    except (OSError, ValueError):
        return None
    return sentence.strip() if fresh else None


def forget(profile: Profile) -> None:
    """Remove the sentence: the engine lives."""
    _path(profile).unlink(missing_ok=True)


def _path(profile: Profile) -> Path:
    return profile.pulse / "failure.txt"
