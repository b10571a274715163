"""From an argument list to a verb: find, parse, check who asks, await, and turn problems into words.

In: argv and a `Call`. Out: an exit code. The same `run` serves the caller's own process (`main`) and the
engine's control socket, where nothing may print, exit or look at the engine's own environment.
"""

import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from cyclopts import App, ArgumentCollection, CycloptsError

from looop.cli import places
from looop.cli.console import LocalCall
from looop.cli.examples import EXAMPLES
from looop.cli.mistakes import TROUBLE, problem_of, unknown_verb, usage_problem
from looop.cli.show import clean, encode
from looop.cli.verbs import COMMANDS, WAITING, load
from looop.cli.who import find_caller
from looop.core.problem import Exit, Problem
from looop.engine.call import Call, Kind, RunLocally
from looop.engine.live import Live
from looop.store import paths
from looop.store.paths import Profile

INTERRUPTED = 130
_MEMO_LONGEST = 512
_LOOK_AGAIN = 0.2  # seconds between two looks for an engine
_STARTS = 2  # the first engine that answers may be one that was about to leave
_HELP = frozenset({"--help", "-h"})
_HOMELESS = ("help", "version", "config", "complete", "licenses", "goal", "sensor", "guard")
_ABOUT = "A small control loop for a person's work. `looop help` is the manual."
_GROUPS = {
    "goal": "One goal: new, show, edit, archive.",
    "sensor": "One sensor: run, show, off, on.",
    "guard": "What agents may not run by themselves: test, rules, ask.",
}

_NOWHERE: Any = object()
"""In place of the consoles that cyclopts would import rich for: `show_help` and `usage_problem` print."""

IN_PERSON = "it takes a person: run it in a terminal of your own (over ssh: `ssh -t`)"

T = TypeVar("T")


class _NeedsEngineError(Exception):
    """The verb is right and allowed, and there is no engine to run it."""


class _EngineAwayError(Exception):
    """A program of looop's own calls, and only an engine can tell which session's it is."""


class Parsed(NamedTuple):
    """A verb with its arguments. Shared by all calls with the same argv: never changed."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    wants: tuple[str, ...]
    help: bool


def main(argv: Sequence[str]) -> int:
    """Run one verb here, for whoever typed it; its exit code. Never raises for what a person can cause."""
    places.open_streams()
    try:
        return _drive(argv, LocalCall())
    except BrokenPipeError:
        return int(Exit.DONE)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BaseException as error:  # noqa: BLE001 - the edge of the process; Trio wraps in groups
        return _fault(error)


async def run(argv: Sequence[str], call: Call, profile: Profile, live: Live | None) -> int:
    """Run one verb; its exit code. Problems are told on the call's stderr.

    With a `live` (inside an engine) raises `RunLocally` for what only the caller's own process may do:
    local verbs, help and usage mistakes. Anything else that is raised is a fault of looop's own.
    """
    argv = places.normal(argv)
    try:
        return await _run(argv, call, profile, live)
    except BrokenPipeError:
        raise
    except TROUBLE as error:
        problem = problem_of(error)
        await tell(call, problem, json=places.asks(argv, "--json"))
        return int(problem.exit_code)


async def tell(call: Call, problem: Problem, *, json: bool) -> None:
    """Tell a problem on stderr: a sentence, or an object with its kind."""
    if json:
        await call.err(encode({"v": 1, "kind": problem.kind, "error": problem.text}))
    else:
        await call.err(f"looop: {clean(problem.text)}\n")


@cache
def app() -> App:
    """Give the parser of all verbs; built once, verbs are imported when one is asked for."""
    root = App(name="looop", version_flags=(), help_format="plaintext", help=_ABOUT)
    for group, about in _GROUPS.items():
        root.command(App(name=group, version_flags=(), help=about, help_format="plaintext"))
    for verb, where in COMMANDS.items():
        first, _, second = verb.partition(" ")
        owner, word = (root[first], second) if second else (root, first)
        shown = verb != WAITING and not places.VERBS[verb].hidden
        epilogue = f"Example: {EXAMPLES[verb]}" if verb in EXAMPLES else None
        owner.command(where, name=word, show=shown, help_epilogue=epilogue)
    return root


def parse(argv: tuple[str, ...]) -> Parsed:
    """Parse with cyclopts, synchronously; CycloptsError for a mistake. Remembered for short argvs."""
    return _parse_memo(argv) if sum(map(len, argv)) < _MEMO_LONGEST else _parse(argv)


def find(verb: str) -> App:
    """Give the parser of one verb."""
    found = app()
    for word in (verb or WAITING).split(" "):
        found = found[word]
    return found


async def show_help(call: Call, argv: Sequence[str]) -> None:
    """Print a verb's help as wide as the caller's terminal. rich draws it; it is imported only here."""
    verb = places.name(argv)
    for shown in (verb,) if verb in COMMANDS else COMMANDS:
        _reflow(find(shown))
    from rich.console import Console  # noqa: PLC0415 - 60 ms that only help and mistakes pay

    words = [word for word in argv if not word.startswith("-")]
    colour = call.tty.stdout and not call.env.get("NO_COLOR")
    console = Console(
        width=max(40, call.tty.columns), force_terminal=colour, no_color=not colour, _environ=dict(call.env)
    )
    with console.capture() as capture:
        app().help_print(words, console=console)
    await call.out(capture.get())


def _reflow(command: App) -> None:
    """Make each paragraph one line, which is then broken where the terminal ends."""
    paragraphs = command.help.split("\n\n")
    command.help = "\n\n".join(" ".join(text.split()) for text in paragraphs)


def _understand(argv: tuple[str, ...]) -> Parsed:
    return parse(argv if places.name(argv) else (WAITING, *argv))


async def _run(argv: tuple[str, ...], call: Call, profile: Profile, live: Live | None) -> int:
    verb = places.name(argv)
    info = places.VERBS.get(verb)
    if live is not None and places.place(argv) is places.Place.LOCAL:
        raise RunLocally
    if info is None:
        raise unknown_verb(verb)
    try:
        parsed = _understand(argv)
    except CycloptsError as error:
        if live is not None:
            raise RunLocally from error
        raise usage_problem(verb, error) from error
    if parsed.help:
        await show_help(call, argv)
        return int(Exit.DONE)
    if live is None and info.worker and call.caller.kind is Kind.CHILD:
        raise _EngineAwayError
    _admit(verb, info, call)
    if info.profile:
        paths.check(profile)
    if info.starts and live is None:
        raise _NeedsEngineError
    given = {"call": call, "profile": profile, "live": live}
    code = await parsed.function(
        *parsed.args, **parsed.kwargs, **{name: given[name] for name in parsed.wants}
    )
    return int(code)


def _admit(verb: str, info: places.VerbInfo, call: Call) -> None:
    """Refuse what the caller may not do: a person's verbs to programs, changes to what sessions run."""
    if not info.changes:
        return
    kind = call.caller.kind
    if kind in {Kind.PERSON, Kind.LOOP}:
        return
    if kind is Kind.STRANGER:
        if info.terminal:
            raise _not_yours(verb, kind, IN_PERSON)
        return
    if info.person:
        raise _not_yours(verb, kind, "only a person may: `looop flag` asks one")
    if kind is Kind.TICK and info.worker:
        raise _not_yours(
            verb, kind, "it is for workers in sessions: a tick says what it needs in its journal line"
        )
    if kind is Kind.CHILD and not (info.worker and call.caller.session):
        who = "a program in a session" if info.worker else "a tick"
        raise _not_yours(verb, kind, f"only {who} or a person may")


def _not_yours(verb: str, kind: Kind, why: str) -> Problem:
    return Problem(Exit.REFUSED, "not-yours", f"`looop {verb}` was called by {kind}, and {why}.")


class _Quick(App):
    """One verb's parser, away from all others, that looks at its function's signature once."""

    def __init__(self, verb: str) -> None:
        super().__init__(name=verb, default_command=load(COMMANDS[verb]), help_flags=(), version_flags=())
        self.arguments: ArgumentCollection | None = None

    def assemble_argument_collection(self, **how: Any) -> ArgumentCollection:
        """Give the verb's arguments, without values."""
        if how:
            return super().assemble_argument_collection(**how)
        if self.arguments is None:
            self.arguments = super().assemble_argument_collection()
        return self.arguments.copy(reset_tokens=True)


_quick = cache(_Quick)


def _parse(argv: tuple[str, ...]) -> Parsed:
    verb = places.name(argv)
    if verb in COMMANDS and not _HELP.intersection(argv):
        with suppress(CycloptsError):  # the parser of all verbs knows better what is wrong
            return _parsed(_quick(verb), argv[len(verb.split()) :])
    return _parsed(app(), argv)


def _parsed(parser: App, argv: tuple[str, ...]) -> Parsed:
    function, bound, ignored = parser.parse_args(
        list(argv), console=_NOWHERE, error_console=_NOWHERE, exit_on_error=False, print_error=False
    )
    asked_help = getattr(function, "__name__", "") == "help_print"
    return Parsed(function, bound.args, dict(bound.kwargs), tuple(ignored), asked_help)


_parse_memo = lru_cache(maxsize=256)(_parse)


def _drive(argv: Sequence[str], call: LocalCall) -> int:
    verb = places.name(places.normal(argv))
    info = places.VERBS.get(verb, places.VerbInfo())
    try:
        profile = _profile(call, verb)
    except Problem as problem:
        _step(tell(call, problem, json=places.asks(argv, "--json")))
        return int(problem.exit_code)
    call.find_caller = partial(find_caller, profile)
    try:
        return _here(argv, call, profile, waits=info.trio and _runs(argv))
    except _EngineAwayError:
        return _by_the_next_engine(argv, call, profile)


def _runs(argv: Sequence[str]) -> bool:
    """Tell whether there is more to do than to show help or to say what is wrong with the arguments."""
    try:
        return not _understand(places.normal(argv)).help
    except CycloptsError:
        return False


def _here(argv: Sequence[str], call: LocalCall, profile: Profile, *, waits: bool) -> int:
    if not waits:
        return _step(run(argv, call, profile, None))
    import trio  # noqa: PLC0415 - a third of a second that verbs on files alone don't pay

    try:
        return trio.run(run, argv, call, profile, None)
    except _NeedsEngineError:
        return trio.run(_by_an_engine, argv, call, profile)


def _by_the_next_engine(argv: Sequence[str], call: LocalCall, profile: Profile) -> int:
    """Wait for the engine that replaces one which ended, and have it run the verb.

    None is started here: what runs in a session outlives engines, but can't say that there should be one.
    """
    from looop.engine import client  # noqa: PLC0415 - only where an engine was lost

    until = time.monotonic() + client.RECONNECT
    while time.monotonic() < until:
        code = client.relay(str(profile.sock), argv, call.env, call.cwd)
        if code is not None:
            return code
        time.sleep(_LOOK_AGAIN)
    away = Problem(
        Exit.UNREACHABLE, "no-engine", "No engine has answered within 10 s: try again in a moment."
    )
    _step(tell(call, away, json=places.asks(argv, "--json")))
    return int(away.exit_code)


async def _by_an_engine(argv: Sequence[str], call: LocalCall, profile: Profile) -> int:
    """Start an engine and have it run the verb."""
    from looop.engine import client, startup  # noqa: PLC0415 - only a verb that starts one needs them

    try:
        for _ in range(_STARTS):
            await startup.engine(profile, env=call.env)
            code = client.relay(str(profile.sock), argv, call.env, call.cwd)  # blocking: nothing else runs
            if code is not None:
                return code
        raise Problem(Exit.UNREACHABLE, "no-engine", "The engine left at once; `looop doctor` looks why.")
    except TROUBLE as error:
        problem = problem_of(error)
        await tell(call, problem, json=places.asks(argv, "--json"))
        return int(problem.exit_code)


def _step(coroutine: Coroutine[Any, Any, T]) -> T:
    """Drive a coroutine that never waits, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    coroutine.close()
    raise RuntimeError("a verb that waits must be marked `trio` in cli.places")


def _fault(error: BaseException) -> int:
    """Give the exit code of what no verb foresaw; a fault of looop's own is shown whole, for a report."""
    import traceback  # noqa: PLC0415 - nobody should ever see one

    quiet = (KeyboardInterrupt, BrokenPipeError, SystemExit)
    if isinstance(error, BaseExceptionGroup) and error.split(quiet)[1] is None:
        return INTERRUPTED if error.subgroup(KeyboardInterrupt) else int(Exit.DONE)
    said = "".join(traceback.format_exception(error))
    _step(LocalCall().err(f"{said}looop: a fault of looop's own; the lines above belong into a report.\n"))
    return int(Exit.NO)


def _profile(call: LocalCall, verb: str) -> Profile:
    """Find the profile; help and the like work without a HOME, and then show where it would be."""
    try:
        return paths.locate(call.env, call.cwd)
    except Problem:
        if verb not in _HOMELESS:
            raise
        return Profile(data=Path("~/.local/state/looop"), config=Path("~/.config/looop.json"))
