"""Which looop this is: `version`. Apart from `setup`, since it needs nothing of agents and profiles.

Out: a version. A bare `looop version` does not come here: `__main__`, or the launcher, answers it.
"""

import platform
import sys

import msgspec

from looop import __version__
from looop.cli.inject import ACall, Json
from looop.cli.show import emit
from looop.core.problem import Exit


class VersionView(msgspec.Struct, frozen=True):
    """What `version --json` prints."""

    version: str
    python: str
    platform: str
    v: int = 1


async def version(*, call: ACall, json: Json = False) -> int:
    """Print the version."""
    view = VersionView(__version__, platform.python_version(), sys.platform)
    await emit(call, view, f"looop {view.version}", json=json)
    return int(Exit.DONE)
