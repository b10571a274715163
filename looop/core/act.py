"""What a verb does to policy: files to be written, and the verb itself as a tick's agent called it.

Out: `Write`s, which verbs perform and ticks land, and an `Act`, which `core.moves` judges with them.
"""

import re
from dataclasses import dataclass

LARGEST = 1 << 20
"""Bytes of one policy file that a tick may land."""

_GENERATION = r"(?<=[A-Za-z0-9._-])@[0-9A-Z]{26}$"


@dataclass(frozen=True, slots=True)
class Write:
    """One policy file to be written (or, with no data, removed). `path` is relative to DATA."""

    path: str
    data: bytes | None
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """A changing verb that a tick's agent called: recorded now, performed when the tick lands.

    File verbs carry their `writes`; verbs for the fleet carry none and are performed by `argv`.
    `subject` is what the move is about: `goal:x.md`, `sensor:today`, `playbook` or `session:id`.
    """

    argv: tuple[str, ...]
    subject: str
    writes: tuple[Write, ...] = ()

    @property
    def words(self) -> list[str]:
        """Give the verb with sessions named by id alone: equal for every generation of one."""
        return [re.sub(_GENERATION, "", word) for word in self.argv]
