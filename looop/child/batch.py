"""Programs that are started in the same moment: one restricted thread (`child.scope`) starts them all.

In: what starts a program. Out: the program, started before any other task runs again. A beat starts all its
sensors at once, and a thread for each of them cost more than the sensors themselves. Used by `child.spawn`.
"""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import trio

from looop.child import scope

Program = subprocess.Popen[bytes]

_AT_ONCE = 16  # programs for a thread: other tasks wait meanwhile, for some milliseconds


@dataclass(eq=False)
class _Birth:
    """One start that was asked for. `known` is told of the program before any task runs again."""

    start: Callable[[], Program]
    known: Callable[[Program], None]
    error: BaseException | None = None
    over: trio.Event = field(default_factory=trio.Event)

    def try_it(self) -> Program | None:
        """Start it; what went wrong is kept for who asked."""
        try:
            return self.start()
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            self.error = error
            return None

    def make_known(self, program: Program) -> None:
        """Tell of it; if that fails it is ended, and who asked for it gets the error."""
        try:
            self.known(program)
        except BaseException as error:  # noqa: BLE001 - as above
            self.error = error
            program.kill()
            program.wait()


_asked = trio.lowlevel.RunVar[list[_Birth]]("births")


async def scoped(start: Callable[[], Program], known: Callable[[Program], None]) -> None:
    """Start a program in a restricted thread, with all that are asked for in the same moment.

    `known` is called with it in the calling thread. Raises what `start` does; OSError or RuntimeError when
    there can be no such thread. Not cancelled halfway: a program that was started is always known.
    """
    birth = _Birth(start, known)
    births = _asked.get([])
    births.append(birth)
    _asked.set(births)
    if len(births) == 1:
        await trio.lowlevel.cancel_shielded_checkpoint()  # the others of this moment
        _asked.set([])
        await _all(births)
    with trio.CancelScope(shield=True):
        await birth.over.wait()
    if birth.error is not None:
        raise birth.error


async def _all(births: Sequence[_Birth]) -> None:
    for first in range(0, len(births), _AT_ONCE):
        some = births[first : first + _AT_ONCE]
        _start(some)
        for birth in some:
            birth.over.set()
        await trio.lowlevel.cancel_shielded_checkpoint()


def _start(births: Sequence[_Birth]) -> None:
    try:
        programs = scope.within(lambda: [birth.try_it() for birth in births])
    except BaseException as error:  # noqa: BLE001 - no such restriction, no more threads; each gets it
        for birth in births:
            birth.error = error
        return
    for birth, program in zip(births, programs, strict=True):
        if program is not None:
            birth.make_known(program)
