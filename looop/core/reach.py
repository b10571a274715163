"""What a program that looop runs by itself may touch, in words for a person.

In: what kind of program it is, and whether it is confined. Out: a clause that `looop trust` shows. What it
says is what `child.walls` and its callers do.
"""

EVERYTHING = "all that you can"
"""Without walls a program of yours does what you can do; so does what a person wrote into CONFIG."""

_CONFINED = {
    "sensor": "the network, and files of its own that go with it",
    "check": "the network, and the sandbox of its session",
    "agent": "the network, tick/, and its own state",
}


def reach(kind: str, *, confined: bool) -> str:
    """Give what a `sensor`, `check`, `notify` or `agent` may change or reach."""
    return _CONFINED.get(kind, EVERYTHING) if confined else EVERYTHING
