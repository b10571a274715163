"""The loop's own switches: `up`, `down`, `tick`, `pause`, `unpause`.

In: what a person wants. Out: an engine that was seen alive, or seen gone; one beat; a pause that holds.
Neighbours: `engine.startup`, `shutdown` and `foreground`, imported only where one of them is needed.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import msgspec
from cyclopts import Parameter

from looop.cli import follow, service, times
from looop.cli.consent import agree_first, hint, level_of, walls_around
from looop.cli.disk import disk
from looop.cli.inject import FLAG, ACall, ALive, AProfile, ATerminal, Json
from looop.cli.service import InstalledView
from looop.cli.show import DoneView, emit, line, news, until
from looop.cli.status import StatusView
from looop.core.phase import Phase
from looop.core.problem import Exit, Problem
from looop.engine.call import Call, Kind, RunLocally
from looop.engine.live import Live, RunVerb
from looop.store import paths, searchpath
from looop.store import pause as pauses
from looop.store.paths import Profile
from looop.store.pause import Pause
from looop.store.profile import prepare


class UpView(msgspec.Struct, frozen=True):
    """What `up --json` prints: the pulse as it was seen alive; `already`, before this `up` too.

    `renewed`: another version of looop ran, and this one has taken its place. `confined` says what confines
    the programs it runs, or that nothing does. `service`: with --install.
    """

    already: bool
    phase: Phase
    renewed: bool = False
    confined: str = "unknown"
    service: InstalledView | None = None
    v: int = 1


class DownView(msgspec.Struct, frozen=True):
    """What `down --json` prints: whether anything ran, which pids survived, why `.up` stays, which go on."""

    ran: bool
    survivors: tuple[int, ...] = ()
    trouble: str | None = None
    sessions: int = 0
    v: int = 1


async def up(
    *,
    call: ATerminal,
    profile: AProfile,
    watch: Annotated[bool, FLAG, Parameter(help="Follow the pulse; Ctrl-C leaves it running.")] = False,
    install: Annotated[bool, FLAG, Parameter(help="Have it start by itself after a reboot, too.")] = False,
    uninstall: Annotated[bool, FLAG, Parameter(help="Only undo --install; a running pulse goes on.")] = False,
    json: Json = False,
) -> int:
    """Start the pulse. Returns when it is seen alive, or says why it is not."""
    from looop.engine import startup  # noqa: PLC0415 - keeper and engine, which only two verbs need

    if install and uninstall:
        raise Problem(Exit.USAGE, "bad-value", "Give --install or --uninstall, not both.")
    if uninstall:
        return await service.uninstall(call, profile, json=json)
    if prepare(profile, call.env):
        await news(call, f"A new profile: {profile.data}")
    await agree_first(call, profile)
    env = _unattended(profile, call)
    installed = await service.install(call, profile) if install else None
    seen = await startup.up(profile, env=env)
    level = level_of(profile, env) or "unknown"
    view = UpView(seen.already, await _phase(profile), seen.renewed, str(level), installed)
    said = service.installed(installed) if installed else ""
    await emit(call, view, said + _seen(view), json=json)
    await news(call, "".join(_warnings(profile, call, view.phase)))
    await news(call, service.after_logout(installed) if installed else "")
    return await follow.watch(call=call, profile=profile, live=None) if watch else int(Exit.DONE)


async def down(
    *,
    call: ACall,
    profile: AProfile,
    now: Annotated[bool, FLAG, Parameter(help="Kill at once; works with a hung engine.")] = False,
    all_: Annotated[bool, FLAG, Parameter(name="--all", help="End the sessions too.")] = False,
    json: Json = False,
) -> int:
    """Stop the pulse, and return when it is seen gone.

    A landing in progress is finished first.
    """
    from looop.engine import shutdown  # noqa: PLC0415 - as in `up`

    paths.check_folder(profile)
    stopped = await shutdown.down(profile, now=now, sessions=all_)
    survivors = tuple(process.pid for process in stopped.survivors)
    view = DownView(stopped.ran, survivors, stopped.trouble, stopped.sessions)
    await emit(call, view, _gone(view), json=json)
    if view.survivors:
        await news(call, f"looop: still alive: {', '.join(f'pid {pid}' for pid in view.survivors)}.")
    if view.trouble:
        await news(call, f"looop: {line(view.trouble)}: the pulse stays wanted until that file is gone.")
    return int(Exit.NO if view.survivors or view.trouble else Exit.DONE)


async def tick(
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    dry_run: Annotated[bool, FLAG, Parameter(help="Print what the AI would be told; run nothing.")] = False,
    force: Annotated[
        bool, FLAG, Parameter(help="Ask the AI even if nothing changed or something holds.")
    ] = False,
) -> int:
    """Do one beat now, and follow it.

    A running pulse is asked for it; Ctrl-C then ends the following, not the beat.
    """
    if live is not None:
        if dry_run:
            raise RunLocally
        code = await live.tick(call, force=force)
    else:
        from looop.engine import foreground  # noqa: PLC0415 - the whole loop, which only this verb needs here

        code = await foreground.tick(profile, call, _run_verb(profile), dry_run=dry_run, force=force)
    if text := await disk(live, hint, profile, call.env):
        await news(call, f"looop: {text}")
    return code


async def pause(
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    for_: Annotated[str | None, Parameter(name="--for", help="How long: 90, 20m, 2h, 1d.")] = None,
    until_: Annotated[
        str | None, Parameter(name="--until", help="Until when: 18:00, or 2026-03-01 09:00.")
    ] = None,
    json: Json = False,
) -> int:
    """Ask the AI no more for a while.

    Sensing goes on. Without a time it lasts until `looop unpause`.
    """
    if for_ is not None and until_ is not None:
        raise Problem(Exit.USAGE, "bad-value", "Give --for or --until, not both.")
    now = time.time()
    made = Pause(since=now, until=_end(for_, until_, now))
    if call.caller.kind is Kind.STRANGER:
        _longer_only(await disk(live, pauses.in_force, profile, now), made)
    await disk(live, pauses.write, profile, made)
    if live is not None:
        live.poke()
    said = f"Paused {until(made.until, now)}; `looop unpause` ends it."
    await emit(call, DoneView(said), said, json=json)
    return int(Exit.DONE)


async def unpause(*, call: ACall, profile: AProfile, live: ALive, json: Json = False) -> int:
    """End a pause."""
    ended = await disk(live, pauses.clear, profile)
    if live is not None:
        live.poke()
    said = "The pause is over." if ended else "There was no pause."
    await emit(call, DoneView(said), said, json=json)
    return int(Exit.DONE)


def _longer_only(held: Pause | None, made: Pause) -> None:
    """Refuse to cut a pause short for whoever is no person to be seen."""
    if held is not None and made.until is not None and (held.until is None or made.until < held.until):
        raise Problem(
            Exit.REFUSED,
            "not-yours",
            f"It is paused {until(held.until, made.since)}, and only a person makes that shorter: run it in "
            "a terminal of your own.",
        )


def _end(for_: str | None, until_: str | None, now: float) -> float | None:
    if until_ is not None:
        return times.moment(until_, now)
    seconds = times.span(for_) if for_ is not None else 0.0
    return now + seconds if seconds else None


def _run_verb(profile: Profile) -> RunVerb:
    async def run_verb(argv: Sequence[str], call: Call, live: Live | None) -> int:
        from looop.cli.app import run  # noqa: PLC0415 - app imports its verbs lazily, and so this module

        return await run(argv, call, profile, live)

    return run_verb


async def _phase(profile: Profile) -> Phase:
    """Ask the engine that has just been seen what its pulse does."""
    from looop.engine.ask import ask  # noqa: PLC0415 - as in `up`

    answer = await ask(profile.sock, "status", "--json")
    try:
        return msgspec.json.decode(answer.out, type=StatusView).phase if answer else Phase()
    except msgspec.MsgspecError:  # it has been ended in this very moment
        return Phase()


def _unattended(profile: Profile, call: Call) -> Mapping[str, str]:
    """Give keeper's environment: at a terminal the caller's, whose PATH is kept; else with the one kept.

    A unit, cron or ssh has a PATH of its own, where neither the agent nor what sensors call may be.
    """
    kept = None if call.tty.stdin else searchpath.recall(profile)
    if kept is not None:
        return {**call.env, "PATH": kept}
    searchpath.remember(profile, call.env.get("PATH", ""))
    return call.env


def _seen(view: UpView) -> str:
    how = "is up, in its new version" if view.renewed else "was up already" if view.already else "is up"
    return f"The pulse {how}. `looop watch` follows it; a bare `looop` says what waits for you."


def _gone(view: DownView) -> str:
    if not view.ran:
        return "Nothing was running."
    if not view.sessions:
        return "The pulse has ended."
    go_on = "1 session goes on" if view.sessions == 1 else f"{view.sessions} sessions go on"
    return f"The pulse has ended; {go_on} (`looop down --all` ends them too)."


def _warnings(profile: Profile, call: Call, phase: Phase) -> Iterator[str]:
    if text := hint(profile, call.env):
        yield f"looop: {text}"
    if text := walls_around(profile, call.env):
        yield f"looop: {text}"
    if not phase.costs_known:
        yield f"looop: {line(phase.runner)} does not tell what it costs, so money caps can't hold.\n"
