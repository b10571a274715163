"""Verbs that begin and end sessions: `start-session`, `restart`, `resume`, `kill`, `prune`.

In: a person's or a tick's wish. Out: programs seen running or seen gone; or the wish recorded, checked as
far as it can be, for the landing of its tick. Neighbours: `fleet`, and `session_steer` for what lives.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated

from cyclopts import Parameter

from looop.cli import fleet
from looop.cli.disk import disk
from looop.cli.fleet import (
    FleetView,
    check_still,
    check_unflagged,
    exactly,
    in_tick,
    record,
    sessions_of,
    subject,
    tell_change,
)
from looop.cli.inject import FLAG, ACall, ALive, AProfile, Json, Text
from looop.cli.mistakes import missing
from looop.cli.show import emit, line, many, news
from looop.cli.tab import GoalName, LivingId, NewId, RunnerName, SessionId
from looop.core import ids
from looop.core.problem import Exit, Problem
from looop.core.sessions import SessionView, Start, State
from looop.core.verdict import AI, PERSON
from looop.engine.call import Call, Kind
from looop.engine.sessions import Sessions
from looop.store import files, written
from looop.store.paths import Profile

_PROMPT = 1 << 20
"""Bytes of a prompt."""

_FIRST_STEPS = 0.3
"""Seconds in which an agent's end is told by the verb that started it."""


async def start_session(  # noqa: PLR0913 - a verb's flags
    name: NewId,
    prompt: Text = "",
    runner: RunnerName = "",
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    goal: Annotated[
        GoalName | None, Parameter(help="The goal that it works on; else the one named alike.")
    ] = None,
    meta: Annotated[bool, FLAG, Parameter(help="It drafts changes of policy, and proposes them.")] = False,
    command: Annotated[
        str, Parameter(allow_leading_hyphen=True, help="Run this for /bin/sh instead of an agent.")
    ] = "",
    verify: Annotated[
        str, Parameter(allow_leading_hyphen=True, help="Check its work with this; else the goal's `verify:`.")
    ] = "",
    json: Json = False,
) -> int:
    """Start a session: an agent on a terminal of its own, with a PROMPT (- reads stdin).

    Returns when its program runs, and prints its id. A check is run once, for /bin/sh, when the session has
    ended as one that is done: in its sandbox if it has one, else in DATA. `looop ls` has the verdict.
    """
    name = ids.session_id(name)
    prompt = await _prompt(prompt, command, call)
    about = _goal(profile, name, goal, in_tick(call))  # a look at a name: a thread would cost more
    run = live.phase().run if live is not None and call.caller.kind is Kind.LOOP else None
    check = verify.strip()
    giver = "" if not check else PERSON if call.caller.kind is Kind.PERSON else AI
    order = Start(name, prompt, runner, about, meta, command, call.env, run, check, giver)
    sessions = sessions_of(profile, live)
    if in_tick(call):
        sessions.check_start(replace(order, goal=None))  # its goal may still have to land, before it
        it = f"goal:{about}" if about else subject(name)
        return await record(_argv(order), it, call, live, json=json)
    if giver == AI:
        path = f"start-session {name}"
        await disk(live, written.note, profile, written.digest_of_check(check), path, run or "")
    view = await sessions.start(order)
    if not command and call.caller.kind is not Kind.LOOP:
        view = await _looked_after(sessions, view, call)
    said = f"{view.id} {'has ended' if view.over else 'runs'}: `looop watch {view.id}` shows it."
    await emit(call, FleetView(said, (view,)), view.id, json=json)
    return int(Exit.DONE)


async def restart(
    name: SessionId, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False
) -> int:
    """Run a session's command and prompt again; a live one is ended first."""
    sessions = sessions_of(profile, live)
    view = sessions.get(name)
    check_unflagged(view, call)
    if in_tick(call):
        return await record(("restart", exactly(view)), subject(view.id), call, live, json=json)
    check_still(view, sessions, call)
    view = await sessions.restart(name, call.env)
    return await tell_change(call, f"{view.id} runs anew.", [view], json=json)


async def resume(
    name: SessionId | None = None,
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    all_: Annotated[bool, FLAG, Parameter(name="--all", help="All sessions that were lost.")] = False,
    json: Json = False,
) -> int:
    """Go on with the conversation of an agent that has ended, for example by a reboot."""
    sessions = sessions_of(profile, live)
    if check_one(name, call, all_=all_):
        lost = [view.id for view in sessions.all() if view.state is State.LOST]
        return await each(lost, lambda it: sessions.resume(it, call.env), "resumed", call, json=json)
    view = sessions.get(name or "")
    if not view.over:
        raise Problem(Exit.REFUSED, "live", f"{view.id} lives: `looop send {view.id}` talks to it.")
    if in_tick(call):
        return await record(("resume", exactly(view)), subject(view.id), call, live, json=json)
    check_still(view, sessions, call)
    view = await sessions.resume(view.id, call.env)
    return await tell_change(call, f"{view.id} goes on with its conversation.", [view], json=json)


async def kill(
    name: LivingId,
    /,
    *,
    call: ACall,
    profile: AProfile,
    live: ALive,
    now: Annotated[bool, FLAG, Parameter(help="KILL at once, without TERM and its grace.")] = False,
    json: Json = False,
) -> int:
    """End a session with its whole process tree, and return when all of it is gone."""
    sessions = sessions_of(profile, live)
    before = sessions.get(name)
    if in_tick(call):
        argv = ("kill", exactly(before), *["--now"] * now)
        return await record(argv, subject(before.id), call, live, json=json)
    view = await sessions.kill(name, now=now)
    said = f"{view.id} was over already ({fleet.ending(view)})." if before.over else f"{view.id} has ended."
    return await tell_change(call, said, [view], json=json)


async def prune(
    name: SessionId | None = None, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False
) -> int:
    """Remove ended sessions, logs and all; those with an open flag or an unheard answer stay."""
    sessions = sessions_of(profile, live)
    gone = await sessions.prune(name)
    said = f"Removed {many(len(gone), 'ended session')}: {' '.join(map(line, gone))}." if gone else ""
    kept = _kept(sessions.get(name)) if name and not gone else "There was nothing to remove."
    return await tell_change(call, said or kept, [], json=json)


def check_one(name: str | None, call: Call, *, all_: bool) -> bool:
    """Tell whether all are meant; Problem USAGE unless it is one or all, REFUSED `one-only` in a tick."""
    if (name is None) != all_:
        raise Problem(Exit.USAGE, "bad-value", "Name one session, or give --all.")
    if all_ and call.caller.kind in {Kind.TICK, Kind.LOOP}:
        raise Problem(Exit.REFUSED, "one-only", "A tick steers one session: name it.")
    return all_


async def each(
    names: list[str], act: Callable[[str], Awaitable[SessionView]], done: str, call: Call, *, json: bool
) -> int:
    """Do the same to several; one that fails is told on stderr and stops no other. NO when one failed."""
    views: list[SessionView] = []
    failed: list[str] = []
    for name in names:
        try:
            views.append(await act(name))
        except Problem as problem:
            failed.append(name)
            await news(call, f"looop: {line(name)}: {line(problem.text)}")
    said = f"{done.capitalize()}: {' '.join(view.id for view in views)}." if views else f"None {done}."
    await emit(call, FleetView(said, tuple(views), failed=tuple(failed)), said, json=json)
    return int(Exit.NO if failed else Exit.DONE)


def _kept(view: SessionView) -> str:
    if not view.over:
        return f"{view.id} lives, and no earlier run of it is left to remove."
    if view.flag is not None:
        return f"{view.id} stays: its ⚑ {view.flag.number} is open."
    return f"{view.id} stays: a person's answer waits for its next run (`looop restart {view.id}`)."


async def _looked_after(sessions: Sessions, view: SessionView, call: Call) -> SessionView:
    """Say so on stderr when an agent ends right away: a shell runs even when its command is not there."""
    import trio  # noqa: PLC0415 - its help does without

    with trio.move_on_after(_FIRST_STEPS):
        view = await sessions.ended(view.id)
        how = fleet.ending(view)
        await news(
            call, f"looop: {view.id} has ended at once ({how}): `looop log {view.id}` shows its words.\n"
        )
    return view


async def _prompt(prompt: str, command: str, call: Call) -> str:
    if prompt == "-":
        prompt = (await call.stdin(_PROMPT)).decode("utf-8", "replace")
    if not (prompt.strip() or command):
        raise Problem(Exit.USAGE, "missing-argument", "Say what it is to do: give a PROMPT, or - and stdin.")
    return prompt


def _goal(profile: Profile, name: str, goal: str | None, tick: bool) -> str | None:
    """Find the goal that a session is about. A tick's own new goals count too: they land before it starts."""
    folders = (profile.goals, *([profile.tick / "goals"] if tick else []))
    word = ids.goal_name(goal if goal is not None else name)
    if any(files.present(folder / word) for folder in folders):
        return word
    if goal is None:
        return None
    there = [path.name.removesuffix(".md") for folder in folders for path in folder.glob("*.md")]
    raise missing("no-goal", "goal", goal, there, "`looop goals` lists them")


def _argv(order: Start) -> tuple[str, ...]:
    """Give the verb as it is run at landing: the prompt in it, whatever it was read from."""
    flags = [f"--goal={order.goal}"] * bool(order.goal) + ["--meta"] * order.meta
    flags += [f"--command={order.command}"] * bool(order.command)
    flags += [f"--verify={order.verify}"] * bool(order.verify)
    return ("start-session", *flags, "--", order.id, order.prompt, *[order.runner] * bool(order.runner))
