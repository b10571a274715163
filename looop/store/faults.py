"""What the store says when files can't be made sense of: two facts that every verb can be stopped by.

Out: `Unreadable` by `policy` and its neighbours, `CorruptLedger` by `ledger`. Apart from both, since what
tells people of them (`cli.mistakes`) is loaded by each verb, and needs neither digests nor the ledger's form.
"""

from pathlib import Path


class Unreadable(Exception):  # noqa: N818 - a fact about the file
    """The file is there, but what it holds can't be known: the beat must idle, not take it for absent."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} can't be read ({reason})")
        self.path = path
        self.reason = reason


class CorruptLedger(Exception):  # noqa: N818 - a fact about the file
    """What was spent can't be known: the loop must park until a person has done what the text says."""
