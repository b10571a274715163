"""Waiting for a condition, with a generous deadline: the one way a test of real processes waits."""

import time
from collections.abc import Callable

PATIENCE = 60.0


def until(
    condition: Callable[[], object], what: str, patience: float = PATIENCE, *, look: float = 0.02
) -> None:
    """Return when the condition holds; fail, naming `what`, when it does not in `patience` seconds.

    It is looked at every `look` seconds.
    """
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience:g} s for {what}"
        time.sleep(look)
