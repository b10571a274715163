"""Sensors, as a person lists, tries, reads and switches them: `sensors`, `sensor run|show|off|on`.

In: scripts, their last readings, the loop's count of failures. Out: views, or plans for `cli.change`.
A sensor that is off is the same file with `.off` behind its name, which the loop does not look at.
"""

from collections.abc import Mapping
from contextlib import suppress

import msgspec

from looop.cli.change import Plan, commit
from looop.cli.disk import disk
from looop.cli.inject import ACall, ALive, AProfile, Json
from looop.cli.mistakes import missing
from looop.cli.show import clean, emit, line, span, table
from looop.cli.tab import SensorName, SensorOff, SensorOn
from looop.core.act import LARGEST, Write
from looop.core.ids import sensor_name
from looop.core.parsed import parsed
from looop.core.problem import Exit, Problem
from looop.core.reading import Snapshot
from looop.core.state import LoopState
from looop.store import config, files, memory, written
from looop.store.paths import Profile
from looop.store.written import Written

AUTO = "auto"
_SNAPSHOT = 1 << 20
_STATE = 8 << 20
_SHORT = 80


class SensorLine(msgspec.Struct, frozen=True):
    """One sensor: its header, what keeps it from running, and its last reading (`read_at`: epoch seconds).

    `awaits`: an AI wrote it, and no person has approved it yet.
    """

    name: str
    on: bool = True
    timeout: float | None = None
    interval: float = 0.0
    untrusted: bool = False
    trouble: str | None = None
    signal: str | None = None
    error: str | None = None
    failures: int = 0
    read_at: float | None = None
    awaits: bool = False


class SensorsView(msgspec.Struct, frozen=True):
    """What `sensors --json` prints."""

    sensors: tuple[SensorLine, ...]
    v: int = 1


class SensorView(msgspec.Struct, frozen=True):
    """What `sensor show --json` prints."""

    sensor: SensorLine
    script: str
    v: int = 1


async def sensors(*, call: ACall, profile: AProfile, live: ALive, json: Json = False) -> int:
    """List the sensors with their last readings."""
    view = SensorsView(await disk(live, listed, profile, call.env))
    text = (
        table(_row(sensor) for sensor in view.sensors)
        or f"No sensors yet: put a script into {profile.sensors}."
    )
    await emit(call, view, text, json=json)
    return int(Exit.DONE)


async def show(
    name: SensorName, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False
) -> int:
    """Print one sensor's script and its last reading."""
    view = await disk(live, _view, profile, sensor_name(name), call.env)
    text = f"{clean(view.script).rstrip()}\n\n{table([_row(view.sensor)])}"
    await emit(call, view, text, json=json)
    return int(Exit.DONE)


async def off(name: SensorOn, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False) -> int:
    """Switch a sensor off: it keeps its file, as NAME.sh.off, and no longer runs."""
    return await _switch(name, call, profile, live, on=False, json=json)


async def on(name: SensorOff, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False) -> int:
    """Switch a sensor on again."""
    return await _switch(name, call, profile, live, on=True, json=json)


def listed(profile: Profile, env: Mapping[str, str]) -> tuple[SensorLine, ...]:
    """List what there is, on and off, sorted by name."""
    waiting = awaited(profile, env)
    tried = _state(profile).tried
    found = [
        _with_reading(
            profile,
            SensorLine(
                sensor.name,
                timeout=sensor.timeout,
                interval=sensor.interval,
                untrusted=sensor.untrusted,
                trouble=sensor.trouble,
                failures=tried[sensor.name].failures if sensor.name in tried else 0,
                awaits=sensor.digest in waiting,
            ),
        )
        for sensor in memory.list_sensors(profile)
    ]
    silent = [
        SensorLine(path.name.removesuffix(".sh.off"), on=False) for path in profile.sensors.glob("*.sh.off")
    ]
    return tuple(sorted(found + silent, key=lambda sensor: (sensor.name, not sensor.on)))


def awaited(profile: Profile, env: Mapping[str, str]) -> dict[str, Written]:
    """Give what an AI wrote and may not run yet, by digest. With a CONFIG that can't be used, all of it."""
    with suppress(Problem):
        if config.load(profile, env).sensors == AUTO:
            return {}
    return written.awaited(profile)


async def _switch(name: str, call: ACall, profile: Profile, live: ALive, *, on: bool, json: bool) -> int:
    name = sensor_name(name)
    here, there = f"sensors/{name}.sh", f"sensors/{name}.sh.off"
    source, target = (there, here) if on else (here, there)

    def plan() -> Plan:
        if (profile.data / target).exists():
            raise Problem(Exit.REFUSED, "exists", _already(profile, name, source, on=on))
        try:
            data = files.read_regular(profile.data / source, LARGEST)
        except FileNotFoundError:
            raise no_sensor(profile, name) from None
        if on and not data.startswith(b"#!"):
            raise Problem(
                Exit.REFUSED, "no-interpreter", f"{source} does not begin with #!, so it can't run."
            )
        writes = (Write(source, None), Write(target, data, executable=on))
        return Plan(f"sensor:{name}", writes, f"Sensor {name} is {'on' if on else 'off'}.", source=source)

    return await commit(plan, ("sensor", "on" if on else "off", name), call, profile, live, json=json)


def _already(profile: Profile, name: str, source: str, *, on: bool) -> str:
    if (profile.data / source).exists():
        return f"{name}.sh and {name}.sh.off are both there: remove one of them from {profile.sensors}."
    return f"The sensor {name} is {'on' if on else 'off'} already."


def no_sensor(profile: Profile, name: str) -> Problem:
    """Say that there is no such sensor."""
    there = [path.name.partition(".sh")[0] for path in profile.sensors.glob("*.sh*")]
    return missing("no-sensor", "sensor", name, there, "`looop sensors` lists them")


def _view(profile: Profile, name: str, env: Mapping[str, str]) -> SensorView:
    found = next((sensor for sensor in listed(profile, env) if sensor.name == name), None)
    if found is None:
        raise no_sensor(profile, name)
    path = profile.sensors / (f"{name}.sh" if found.on else f"{name}.sh.off")
    return SensorView(found, files.read_head(path, LARGEST)[0].decode(errors="replace"))


def _with_reading(profile: Profile, sensor: SensorLine) -> SensorLine:
    path = profile.snapshots / f"sensor-{sensor.name}.json"
    try:
        read_at = path.lstat().st_mtime
        snapshot = parsed(files.read_regular(path, _SNAPSHOT), Snapshot)
    except (OSError, ValueError):
        return sensor  # scratch: what can't be read there is not known, no more
    signal = msgspec.json.encode(snapshot.signal).decode()
    return msgspec.structs.replace(
        sensor,
        signal=None if snapshot.error else line(signal, _SHORT),
        error=snapshot.error,
        read_at=read_at,
    )


def _state(profile: Profile) -> LoopState:
    try:
        return parsed(files.read_regular(profile.state, _STATE), LoopState)
    except (OSError, ValueError):
        return LoopState()


def _row(sensor: SensorLine) -> list[str]:
    often = f"every {span(sensor.interval)}" if sensor.interval else "every beat"
    if not sensor.on:
        return [line(sensor.name, 40), "off", ""]
    if sensor.awaits:
        return [line(sensor.name, 40), often, "awaits approval: `looop trust` shows it"]
    if sensor.trouble or sensor.error:
        failed = f" ({sensor.failures} times in a row)" if sensor.failures > 1 else ""
        return [
            line(sensor.name, 40),
            often,
            f"fails: {line(sensor.trouble or sensor.error or '', 160)}{failed}",
        ]
    return [line(sensor.name, 40), often, line(sensor.signal or "not run yet", 160)]
