"""Consent: a person sees what would run, and agrees, once, before any agent does. `init`, and the first `up`.

In: CONFIG, and what is installed. Out: the agent's name in CONFIG. Nobody but a person gets this far, and
nothing here runs an agent.
"""

import shutil
from collections.abc import Iterator, Mapping

from looop.child.walls import Walls
from looop.cli.console import Terminal
from looop.cli.mistakes import quoted
from looop.cli.show import DoneView, emit, line, news
from looop.core import runners
from looop.core.cell import Level
from looop.core.ids import nearest
from looop.core.problem import Exit, Problem
from looop.core.runners import BUILT_IN, Runner
from looop.engine.call import Kind
from looop.store import config
from looop.store.config import Config
from looop.store.paths import Profile

REHEARSAL = "rehearsal"
_YES = {"y", "yes"}
_CONFINED = (
    "It is {}: it sees none of your credentials, and changes only its own folders and the agent's. "
    "The network is open to it."
)
_UNCONFINED = "It is {}. What you can do to your files and accounts, it can do."


async def agree(call: Terminal, profile: Profile, runner: str | None, *, yes: bool, json: bool) -> int:
    """Show the agent's commands and limits, ask, and write its name into CONFIG. 1 when the answer is no.

    Without a terminal only an agent that was named, with `--yes`, counts as agreed; Problem USAGE otherwise.
    """
    asking = call.tty.stdin and call.tty.stderr
    if not yes and not asking:
        raise _unasked()
    settings = config.load(profile, call.env)
    name, chosen = _named(runner or _own_choice(settings, call.env, asking=asking), settings, call.env)
    _first_only(call, profile, name)
    terms = _terms(name, chosen, settings, _confined(profile, settings, call.env))
    await news(call, "\n".join(terms))
    if not yes and (await call.ask("Do you agree? [y/N] ")).lower() not in _YES:
        await news(call, "Nothing was changed. looop rehearses until you agree.")
        return int(Exit.NO)
    caps = await _caps(call, settings) if asking and not yes else {}
    config.set_keys(profile, runner=name, **caps)
    said = f"Agreed: looop asks {name} ({profile.config})."
    await emit(call, DoneView(said), said, json=json)
    return int(Exit.DONE)


async def agree_first(call: Terminal, profile: Profile) -> None:
    """Let the first `up` on a terminal ask, if an agent is there to agree to; the answer may be no."""
    if not (call.tty.stdin and call.tty.stdout and call.tty.stderr):
        return
    settings = config.load(profile, call.env)
    if not config.consented(settings) and installed(call.env):
        await agree(call, profile, None, yes=False, json=False)


def hint(profile: Profile, env: Mapping[str, str]) -> str | None:
    """Say how to agree, as long as nobody has; None afterwards, or when CONFIG has troubles of its own."""
    try:
        if config.consented(config.load(profile, env)):
            return None
    except Problem:
        return None
    return "Nobody has agreed to an agent yet, so no AI is asked: `looop init` shows what would run.\n"


def level_of(profile: Profile, env: Mapping[str, str]) -> Level | None:
    """Tell what confines the programs of a profile; None when CONFIG has troubles of its own."""
    try:
        return Walls(profile, config.load(profile, env), env).level()
    except Problem:
        return None


def walls_around(profile: Profile, env: Mapping[str, str]) -> str | None:
    """Say what confines the agent that was agreed to, or what runs here; None when CONFIG has troubles."""
    try:
        settings = config.load(profile, env)
    except Problem:
        return None
    if not config.consented(settings) or settings.runner == REHEARSAL:
        return f"What runs here is {Walls(profile, settings, env).level()}.\n"
    confined = _confined(profile, settings, env)
    return f"{line(settings.runner, 60)} is not asked for permission by anybody. {confined}\n"


def installed(env: Mapping[str, str]) -> tuple[str, ...]:
    """Name the built-in agents that are on the caller's PATH, in the order in which `auto` prefers them."""
    return tuple(
        name
        for name, program in runners.PROGRAMS.items()
        if program and shutil.which(program, path=env.get("PATH"))
    )


def _own_choice(settings: Config, env: Mapping[str, str], *, asking: bool) -> str:
    if config.consented(settings):
        return settings.runner
    if not asking:
        raise _unasked()
    if not (found := installed(env)):
        known = ", ".join(name for name, program in runners.PROGRAMS.items() if program)
        raise Problem(
            Exit.NO,
            "no-runner",
            f"None of {known} is on your PATH: install one, or name yours in CONFIG's runners.",
        )
    return found[0]


def _named(name: str, settings: Config, env: Mapping[str, str]) -> tuple[str, Runner]:
    known = {**BUILT_IN, **settings.runners}
    if name not in known:
        meant = nearest(name, known) or ", ".join(known)
        raise Problem(Exit.USAGE, "no-runner", f"There is no runner {quoted(name)}: did you mean {meant}?")
    program = runners.PROGRAMS.get(name)
    if name not in settings.runners and program and not shutil.which(program, path=env.get("PATH")):
        raise Problem(
            Exit.NO,
            "missing-runner",
            f"{program} is not on your PATH: install it first, or name another agent.",
        )
    return name, known[name]


def _confined(profile: Profile, settings: Config, env: Mapping[str, str]) -> str:
    level = Walls(profile, settings, env).level()
    return (_CONFINED if level.by else _UNCONFINED).format(level)


def _first_only(call: Terminal, profile: Profile, name: str) -> None:
    """Let whoever sets a machine up agree to the first agent; another one in its place takes a person."""
    settings = config.load(profile, {})
    if call.caller.kind is Kind.STRANGER and config.consented(settings) and name != settings.runner:
        raise Problem(
            Exit.REFUSED,
            "not-yours",
            f"{line(settings.runner)} was agreed to, and this call has no terminal of its own: to have "
            f"{name} in its place, run it in one.",
        )


def _terms(name: str, runner: Runner, settings: Config, confined: str) -> Iterator[str]:
    yield f"looop will ask {name}, by these commands and no others:"
    for what, command in (
        ("a tick", runner.tick),
        ("a session", runner.interactive),
        ("resuming one", runner.resume),
    ):
        if command:
            yield f"  {what:13} {line(command)}"
    if runner.env:
        yield f"  {'environment':13} {line(' '.join(f'{key}={value}' for key, value in runner.env.items()))}"
    if name != REHEARSAL:
        yield "They skip the agent's own permission questions: it may run any command, as you, unasked."
        yield confined
    yield (
        f"It is asked at most {_limit(settings.max_decides_per_hour)} times an hour and "
        f"{_limit(settings.max_decides_per_day)} a day, for {settings.tick_timeout:g} s each."
    )
    yield (
        f"Money a day: {_dollars(settings.max_daily_usd)}; a warning: {_dollars(settings.warn_daily_usd)}. "
        f"CONFIG holds these limits."
    )


async def _caps(call: Terminal, settings: Config) -> dict[str, float | None]:
    return {
        "max_daily_usd": await _amount(call, "At most how many dollars a day?", settings.max_daily_usd),
        "warn_daily_usd": await _amount(call, "Warn you at how many?", settings.warn_daily_usd),
    }


async def _amount(call: Terminal, question: str, now: float | None) -> float | None:
    """Ask until the answer is an amount, or Enter for what it is now."""
    while True:
        answer = (await call.ask(f"{question} [{_dollars(now)}] ")).lstrip("$")
        if not answer:
            return now
        try:
            amount = float(answer)
        except ValueError:
            amount = -1.0
        if 0 <= amount < float("inf"):
            return amount
        await news(call, "Write an amount such as 5 or 2.50; 0 is no limit.")


def _limit(count: int) -> str:
    return str(count) if count else "any number of"


def _dollars(amount: float | None) -> str:
    return f"${amount:g}" if amount else "no limit"


def _unasked() -> Problem:
    return Problem(
        Exit.USAGE,
        "not-agreed",
        "There is no terminal to ask on: `looop init --runner NAME --yes` agrees to that agent's commands.",
    )
