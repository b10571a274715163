"""Try one sensor now: `sensor run`. Nothing is written, and the loop does not notice.

In: a sensor's name. Out: the reading that a beat would get. Inside a tick's folder it is the agent's draft
that is tried, in DATA as always.
"""

from pathlib import Path
from typing import Any

import msgspec

from looop.cli.inject import ACall, AProfile, Json
from looop.cli.sensors import awaited, no_sensor
from looop.cli.show import clean, emit, line
from looop.cli.tab import SensorName
from looop.core.ids import sensor_name
from looop.core.problem import Exit, Problem
from looop.engine.call import Call
from looop.store import memory
from looop.store.memory import SensorFile
from looop.store.paths import Profile
from looop.store.written import Written


class TrialView(msgspec.Struct, frozen=True):
    """What `sensor run --json` prints: only `signal` can wake the loop; `error` stands in its place."""

    name: str
    script: str
    signal: Any = None
    detail: Any = None
    error: str | None = None
    v: int = 1


async def run(name: SensorName, /, *, call: ACall, profile: AProfile, json: Json = False) -> int:
    """Run a sensor as the loop would, and show what it says; 1 if it fails."""
    from looop.engine import trial  # noqa: PLC0415 - it needs Trio

    sensor = _find(profile, call, sensor_name(name))
    if not _drafted(profile, call) and (piece := awaited(profile, call.env).get(sensor.digest)):
        raise _awaits(sensor.name, piece)
    reading = await trial.read_sensor(profile, call.env, sensor)
    view = TrialView(sensor.name, str(sensor.path), reading.signal, reading.detail, reading.error)
    await emit(call, view, "\n".join(_lines(view)), json=json)
    return int(Exit.NO if reading.error else Exit.DONE)


def _find(profile: Profile, call: Call, name: str) -> SensorFile:
    draft = _drafted(profile, call)
    where = Profile(data=profile.tick, config=profile.config) if draft else profile
    found = next((sensor for sensor in memory.list_sensors(where) if sensor.name == name), None)
    if found is None:
        raise no_sensor(where, name)
    if draft and not found.executable:  # as the landing will do
        found.path.chmod(0o700)
        found = next((sensor for sensor in memory.list_sensors(where) if sensor.name == name), found)
    return found


def _drafted(profile: Profile, call: Call) -> bool:
    """Tell whether a tick's agent tries what it has in its folder: that runs as the agent's own program."""
    return Path(call.cwd).is_relative_to(profile.tick)


def _awaits(name: str, piece: Written) -> Problem:
    return Problem(
        Exit.REFUSED,
        "awaits-approval",
        f"The sensor {name} was written by {piece.run} and awaits approval: look at it with `looop trust`, "
        "then approve it.",
    )


def _lines(view: TrialView) -> list[str]:
    if view.error:
        return [f"{view.name} {line(view.error)}", *([clean(str(view.detail))] if view.detail else [])]
    said = [f"signal  {line(msgspec.json.encode(view.signal).decode())}"]
    if view.detail is not None:
        said.append(f"detail  {line(msgspec.json.encode(view.detail).decode())}")
    return said
