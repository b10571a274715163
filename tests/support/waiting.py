"""Waiting for a condition, with a generous deadline: the one way a test of real processes waits."""

import time
from collections.abc import Callable

PATIENCE = 60.0


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Return when the condition holds; fail, naming `what`, when it does not in `patience` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience:g} s for {what}"
        time.sleep(0.02)
