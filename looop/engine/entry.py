"""The engine's process: what is set up before the first task, and what is said when it can't start.

In: the arguments that keeper gave, and a function that builds the parts. Out: an exit code for keeper; a
failure to start goes to `failure`, where `up` looks for it, and with its traceback to keeper's log.
"""

import faulthandler
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGUSR1

import trio

from looop.child import tree
from looop.core.problem import Problem
from looop.engine import failure
from looop.engine.daemon import Engine, Parts
from looop.engine.leash import Leash
from looop.engine.timing import Timing
from looop.store import files, paths
from looop.store.paths import Profile

STACKS_LIMIT = 1 << 20  # bytes of saved stacks; then they begin anew


@dataclass(frozen=True, slots=True)
class Arguments:
    """`DATA CONFIG TIMING [--line N] [--safe [--tell]]`; `tell` says that safe mode is news."""

    profile: Profile
    timing: Timing
    line: int | None
    safe: bool
    tell: bool

    @classmethod
    def parse(cls, argv: Sequence[str]) -> "Arguments":
        """Read what `engine.startup` and `engine.keeper` wrote."""
        data, config, timing, *rest = argv
        line = int(rest[rest.index("--line") + 1]) if "--line" in rest else None
        profile = Profile(data=Path(data), config=Path(config))
        return cls(profile, Timing.parse(timing), line, "--safe" in rest, "--tell" in rest)


def main(argv: Sequence[str], build: Callable[[Profile], Parts]) -> int:
    """Be the engine until nobody wants one; the exit code is 0 then, and 1 when it could not go on."""
    arguments = Arguments.parse(argv)
    profile = arguments.profile
    try:
        paths.check(profile)
        files.private_dir(profile.pulse, below=profile.data)
        _save_stacks_on_request(profile)
        os.chdir("/")  # DATA may be removed or unmounted while we live
        tree.become_subreaper()
        leash = Leash(arguments.line)
        parts = build(profile)
        trio.run(_serve, profile, parts, leash, arguments)
    except BaseException as error:  # noqa: BLE001 - the edge of the process
        failure.tell(profile, _sentence(profile, error))
        traceback.print_exc(file=sys.stderr)
        return 1
    return 0


async def _serve(profile: Profile, parts: Parts, leash: Leash, arguments: Arguments) -> None:
    engine = Engine(profile, parts, leash, arguments.timing, safe=arguments.safe, tell=arguments.tell)
    await engine.serve()


def _save_stacks_on_request(profile: Profile) -> None:
    """Have SIGUSR1 write all stacks to a file, in C: that works while Python hangs."""
    path = profile.pulse / "stacks.log"
    with suppress(OSError):  # a full disk is no reason not to start
        files.rotate(path, STACKS_LIMIT, keep_all=False)
        files.append(path, b"")
        stacks = path.open("r+b", buffering=0)
        stacks.seek(0, os.SEEK_END)
        faulthandler.register(SIGUSR1, file=stacks, all_threads=True)


def _sentence(profile: Profile, error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, Problem):
        return error.text
    return f"The engine failed ({type(error).__name__}: {error}); {profile.pulse / 'keeper.log'} has it all."
