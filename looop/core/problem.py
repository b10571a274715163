"""What can go wrong for a caller: one sentence that says what to do, a kind for machines, an exit code.

Raised anywhere, caught in two places only: the edge of a verb and the edge of a beat.
"""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every verb (SPEC 7)."""

    DONE = 0
    NO = 1
    USAGE = 2
    MISSING = 3
    UNREACHABLE = 4
    REFUSED = 5
    TIMEOUT = 124


class Problem(Exception):  # noqa: N818 - it is a problem to tell a person, not a failure of this program
    """One clear sentence for a person, with its exit code.

    `kind` is a stable kebab-case word for machines (`--json` prints it); the text says what to do next.
    """

    def __init__(self, exit_code: Exit, kind: str, text: str) -> None:
        super().__init__(text)
        self.exit_code = exit_code
        self.kind = kind
        self.text = text
