"""How a relayed verb ended, as the last frame of its connection.

In: the function that runs verbs, and one call. Out: EXIT with a code, or LOCAL; whatever the verb raises,
nothing but a cancel of the whole connection gets past here. Neighbours: `engine.control`, `engine.remote`.
"""

import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

import trio

from looop.core import wire
from looop.core.problem import Exit, Problem
from looop.core.quote import visible
from looop.engine.call import RunLocally
from looop.engine.live import Live, RunVerb
from looop.engine.remote import RemoteCall
from looop.store import files

SIGNALLED = 128  # plus the signal's number, as shells have it


async def outcome(
    run_verb: RunVerb, argv: Sequence[str], call: RemoteCall, live: Live, log: Path
) -> wire.Frame:
    """Run the verb to its end; an error of our own becomes one sentence, and a traceback in `log`."""
    try:
        with call.scope:
            return exit_frame(await run_verb(argv, call, live))
        return await _cancelled(call)
    except BaseException as error:  # noqa: BLE001 - SystemExit too: a library's idea of an end is not ours
        leaves = tuple(_leaves(error))
        return await _told(_worst(leaves), error, call, f"`{' '.join(argv[:2])}`", log)


def exit_frame(code: int) -> wire.Frame:
    """Give the frame that ends a verb."""
    return wire.Frame(wire.EXIT, bytes((code & 0xFF,)))


async def note(error: BaseException, during: str, log: Path) -> None:
    """Put a traceback into a log. A disk that takes nothing keeps nobody from going on."""
    text = f"looop: an error of its own in {during}\n{''.join(traceback.format_exception(error))}"
    try:
        await files.aside(files.append, log, text.encode(errors="backslashreplace"))
    except OSError:
        return


async def _cancelled(call: RemoteCall) -> wire.Frame:
    if not call.dismissed:
        return exit_frame(SIGNALLED + call.signalled)
    await _say(call, "the engine has left, and no other follows: somebody ran `looop down`.")
    return exit_frame(Exit.UNREACHABLE)


def _worst(leaves: Sequence[BaseException]) -> BaseException:
    """Pick what to tell when several things went wrong at once: what nobody foresaw comes first."""
    foreseen = (Problem, SystemExit, RunLocally, BrokenPipeError, trio.Cancelled)
    for leaf in leaves:
        if not isinstance(leaf, foreseen):
            return leaf
    return next(leaf for kind in foreseen for leaf in leaves if isinstance(leaf, kind))


async def _told(
    worst: BaseException, whole: BaseException, call: RemoteCall, verb: str, log: Path
) -> wire.Frame:
    match worst:
        case trio.Cancelled():
            raise whole
        case RunLocally():
            return wire.Frame(wire.LOCAL)
        case BrokenPipeError():  # nobody is left to be told
            return exit_frame(Exit.DONE)
        case SystemExit(code=int(code)):
            return exit_frame(code)
        case SystemExit(code=reason):
            return exit_frame(Exit.DONE if reason is None else Exit.NO)
        case Problem():
            await _say(call, worst.text)
            return exit_frame(worst.exit_code)
    await note(whole, verb, log)
    await _say(call, f"{verb} failed by a fault of looop's own ({type(worst).__name__}); {log} has it all.")
    return exit_frame(Exit.NO)


async def _say(call: RemoteCall, sentence: str) -> None:
    try:
        await call.err(f"looop: {visible(sentence)}\n")
    except BrokenPipeError:
        return


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
