"""What a program that looop runs by itself may touch, in words for a person.

In: what kind of program it is. Out: a clause. Whoever confines them says it here, and `looop trust` shows it.
"""

EVERYTHING = "all that you can"
"""Without walls a program of yours does what you can do."""


def reach(kind: str) -> str:  # noqa: ARG001 - every kind the same, until something confines them
    """Give what a `sensor`, `check`, `notify` or `agent` may touch."""
    return EVERYTHING
