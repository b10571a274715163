"""The person's own service manager, `systemctl --user`, asked to look again or to start a service.

In: the caller's environment, a unit's name. Out: whether it did. It may be absent, unreachable or hung: each
call has a deadline, and a no is no trouble, since the unit's files alone are enough at the next boot.
"""

from collections.abc import Mapping
from pathlib import Path

from looop.child import spawn
from looop.child.environ import environment

_LOOK = 10.0  # seconds for reading units anew
_START = 60.0  # seconds for an `up`, which has 30 itself
_MAX_OUT = 65536


async def reload(env: Mapping[str, str]) -> bool:
    """Have it read its units anew."""
    return await _systemctl(env, "daemon-reload", deadline=_LOOK)


async def restart(env: Mapping[str, str], unit: str) -> bool:
    """Have it start a unit anew, and return when the pulse was seen alive."""
    return await _systemctl(env, "restart", unit, deadline=_START)


async def _systemctl(env: Mapping[str, str], *words: str, deadline: float) -> bool:
    argv = ["systemctl", "--user", "--no-ask-password", *words]
    try:
        ended = await spawn.run(
            argv, cwd=Path("/"), env=environment(env), deadline=deadline, max_out=_MAX_OUT
        )
    except OSError:
        return False
    return ended.code == 0
