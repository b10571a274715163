"""The guard on a session's commands, as far as this room knows it: a folder for PATH, and whether it counts.

In: whoever guards (`engine.guarding`). Out: the environment that a program gets, and after its start, without
delaying it, one word in what is known of the session. Neighbours: `births` starts, `life` keeps.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from looop.core.rules import Shims, Standing
from looop.core.sessions import Known


class Guard(Protocol):
    """Who guards."""

    def shims(self, *, celled: bool) -> Shims | None:
        """Give what comes first in PATH, up to date; None where nothing is guarded. OSError."""

    async def standing(self, folder: Path, env: Mapping[str, str]) -> Standing:
        """Tell whether a program with this environment would meet what is in it."""


class NoGuard:
    """Nobody guards."""

    def shims(self, *, celled: bool) -> Shims | None:
        """Give none."""

    async def standing(self, folder: Path, env: Mapping[str, str]) -> Standing:  # noqa: ARG002 - the Protocol's
        """Say that."""
        return Standing("off")


class Knowing(Protocol):
    """A session's life, as far as this needs it."""

    @property
    def known(self) -> Known:
        """What is known of it."""

    async def know(self, known: Known) -> None:
        """Know something new."""


async def watch(life: Knowing, guard: Guard, folder: Path | None, env: Mapping[str, str]) -> None:
    """Look whether its agent meets the guard, and let that be known."""
    found = Standing("off") if folder is None else await guard.standing(folder, env)
    await life.know(replace(life.known, guard=found.word, guard_said=found.said))
