"""Look for what would stop the loop at night: `doctor`.

In: everything that a beat will need. Out: one line each, with what to do about it. It changes nothing, asks
no agent anything but its version, and works with no profile, a broken CONFIG and a dead engine alike.
"""

import os
import resource
import time
from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from looop.child.walls import Walls
from looop.cli import doctor_agent, doctor_machine
from looop.cli.consent import installed
from looop.cli.findings import Finding, Grade
from looop.cli.inject import ACall, AProfile, Json
from looop.cli.mistakes import TROUBLE, problem_of
from looop.cli.show import emit, line, many, table
from looop.core import limits, runners
from looop.core.problem import Exit, Problem
from looop.engine import holder
from looop.engine.call import Call
from looop.store import config, files, flags, ledger, memory, paths, pause
from looop.store.paths import Profile

_GIVEN = ("LOOOP_BIN", "LOOOP_CHILD", "LOOOP_GENERATION", "LOOOP_RUN_ID", "LOOOP_SESSION_ID")
"""What looop gives its children, and the launcher looop: no setting of a person's."""


class DoctorView(msgspec.Struct, frozen=True):
    """What `doctor --json` prints; `well` is false when anything is bad."""

    well: bool
    findings: tuple[Finding, ...]
    v: int = 1


async def doctor(*, call: ACall, profile: AProfile, json: Json = False) -> int:
    """Look for what would stop the loop; 1 if there is anything."""
    findings = (*_examine(call, profile), *await _start(call, profile))
    well = all(finding.grade is not Grade.BAD for finding in findings)
    rows = [[str(finding.grade), finding.what, line(finding.said)] for finding in findings]
    await emit(call, DoctorView(well, findings), table(rows), json=json)
    return int(Exit.DONE if well else Exit.NO)


def _examine(call: Call, profile: Profile) -> Iterator[Finding]:
    yield _guarded("config", partial(_config, profile, call))
    yield _guarded("agent", partial(_agent, profile, call))
    data = _guarded("data", partial(_data, profile))
    yield data
    if data.grade is not Grade.FINE:
        return
    for what, look in _LOOKS.items():
        yield _guarded(what, partial(look, profile))
    for what, look_at in _SURROUNDINGS.items():
        yield _guarded(what, partial(look_at, profile, call))


def _guarded(what: str, look: Callable[[], tuple[Grade, str]]) -> Finding:
    try:
        return Finding(what, *look())
    except TROUBLE as error:
        return Finding(what, Grade.BAD, problem_of(error).text)


def _config(profile: Profile, call: Call) -> tuple[Grade, str]:
    config.load(profile, call.env)
    overrides = [name for name in call.env if name.startswith("LOOOP_") and name not in _GIVEN]
    return Grade.FINE, " ".join([str(profile.config), *(f"(and {name})" for name in sorted(overrides))])


def _agent(profile: Profile, call: Call) -> tuple[Grade, str]:
    settings = config.load(profile, call.env)
    found = installed(call.env)
    root = os.geteuid() == 0
    choice = runners.choose(settings.runner, settings.runners, found=set(found), root=root)
    there = f"on PATH: {', '.join(found) or 'no agent that looop knows'}"
    if choice.rehearses:
        why = f" ({choice.reason})" if choice.reason else ""
        return Grade.NOTE, f"rehearsal, no AI{why}; {there}; `looop init` lets you agree to one"
    return Grade.FINE, f"{choice.name}; {there}"


def _data(profile: Profile) -> tuple[Grade, str]:
    try:
        paths.check(profile)
    except Problem as problem:
        if problem.exit_code is Exit.MISSING:
            return Grade.NOTE, problem.text
        raise
    if not os.access(profile.data, os.W_OK):
        return Grade.BAD, f"{profile.data} can't be written (read-only): correct its rights or its mount"
    return Grade.FINE, str(profile.data)


def _disk(profile: Profile) -> tuple[Grade, str]:
    free, total = files.free_bytes(profile.data)
    trouble = limits.full(free, total)
    return (Grade.BAD, f"{trouble}; make room") if trouble else (Grade.FINE, f"{free >> 20} MiB free")


def _engine(profile: Profile) -> tuple[Grade, str]:
    wanted, engine = files.present(profile.up), holder.living(profile.lock)
    if engine is not None:
        return Grade.FINE, f"alive, pid {engine.pid}"
    if wanted:
        return Grade.BAD, "a pulse is wanted and none lives: `looop up`"
    return Grade.NOTE, "not running: `looop up` starts it"


def _sensors(profile: Profile) -> tuple[Grade, str]:
    found = memory.list_sensors(profile)
    bad = [f"{sensor.name} {sensor.trouble}" for sensor in found if sensor.trouble]
    return (Grade.BAD, "; ".join(bad)) if bad else (Grade.FINE, many(len(found), "sensor"))


def _goals(profile: Profile) -> tuple[Grade, str]:
    found = memory.read_goals(profile)
    bad = [f"{goal.name} {goal.trouble}" for goal in found if goal.trouble]
    return (Grade.BAD, "; ".join(bad)) if bad else (Grade.FINE, many(len(found), "goal"))


def _playbook(profile: Profile) -> tuple[Grade, str]:
    found = memory.read_playbook(profile)
    if found is None:
        return Grade.BAD, f"{profile.playbook} is missing: it holds your priorities and limits; write one"
    return (Grade.BAD, found.trouble) if found.trouble else (Grade.FINE, f"{len(found.text)} characters")


def _ledger(profile: Profile) -> tuple[Grade, str]:
    spent = ledger.spent(profile, time.time())
    if spent.unknown_today:
        return Grade.NOTE, f"{many(spent.unknown_today, 'ask')} of unknown cost today: money caps can't hold"
    return Grade.FINE, f"{many(spent.decides_today, 'ask')} today"


def _waiting(profile: Profile) -> tuple[Grade, str]:
    found = [flag.text for flag in flags.open_flags(profile)]
    if paused := pause.in_force(profile, time.time()):
        found.append(paused.hold().reason)
    return (Grade.NOTE, "; ".join(found)) if found else (Grade.FINE, "nothing")


def _user(_: Profile) -> tuple[Grade, str]:
    if os.geteuid() == 0:
        return Grade.NOTE, "root: agents run without any limit of rights; an ordinary user is safer"
    return Grade.FINE, f"uid {os.geteuid()}"


async def _start(call: Call, profile: Profile) -> tuple[Finding, ...]:
    """Start the agent's program as a night would, with or without DATA; CONFIG's trouble is told already."""
    from looop.cli import doctor_start  # noqa: PLC0415 - Trio, which the manual's look at this verb spares

    try:
        settings = config.load(profile, call.env)
    except TROUBLE:
        return ()
    try:
        return (Finding("start", *await doctor_start.start(profile, settings, call.env)),)
    except TROUBLE as error:
        return (Finding("start", Grade.BAD, problem_of(error).text),)


_LOOKS: dict[str, Callable[[Profile], tuple[Grade, str]]] = {
    "user": _user,
    "disk": _disk,
    "engine": _engine,
    "playbook": _playbook,
    "goals": _goals,
    "sensors": _sensors,
    "ledger": _ledger,
    "waiting": _waiting,
}


def _dialogs(profile: Profile, call: Call) -> tuple[Grade, str]:
    return doctor_agent.dialogs(profile, config.load(profile, call.env), call.env)


def _path(profile: Profile, call: Call) -> tuple[Grade, str]:
    return doctor_agent.path(profile, config.load(profile, call.env), call.env)


def _walls(profile: Profile, call: Call) -> tuple[Grade, str]:
    settings = config.load(profile, call.env)
    level = Walls(profile, settings, call.env).level()
    if level.by is not None or settings.confine == config.OFF:
        return (Grade.FINE if level.by else Grade.NOTE), f"what looop runs is {level}"
    advice = f"what looop runs is {level}; install bubblewrap (docs/security.md)"
    return (Grade.BAD if settings.confine == config.REQUIRE else Grade.NOTE), advice


def _terminals(profile: Profile, call: Call) -> tuple[Grade, str]:
    return doctor_machine.terminals(config.load(profile, call.env).max_sessions)


def _descriptors(profile: Profile, call: Call) -> tuple[Grade, str]:
    settings = config.load(profile, call.env)
    engine = holder.living(profile.lock)
    theirs = doctor_machine.soft_limit(engine.pid) if engine else None
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if theirs is None else theirs
    soft = -1 if soft == resource.RLIM_INFINITY else soft
    return doctor_machine.descriptors(soft, settings.max_sessions, settings.sensor_parallel)


def _sleep(_profile: Profile, _call: Call) -> tuple[Grade, str]:
    return doctor_machine.sleep()


def _linger(_profile: Profile, _call: Call) -> tuple[Grade, str]:
    return doctor_machine.linger_of(doctor_machine.user())


_SURROUNDINGS: dict[str, Callable[[Profile, Call], tuple[Grade, str]]] = {
    "dialogs": _dialogs,
    "path": _path,
    "walls": _walls,
    "ptys": _terminals,
    "files": _descriptors,
    "sleep": _sleep,
    "linger": _linger,
}
