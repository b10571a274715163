"""Step 2 of a beat: run the sensors, read the policy files, and make one `World` of it all.

In: a site and what is remembered of earlier tries. Out: `Sensed`. One observation feeds hash, diff and
prompt. Neighbours: `child.spawn` runs the scripts, `core.reading` parses them, `core.diff` compares.
"""

import errno
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import trio

from looop.child import spawn
from looop.child.walls import SENSORS, Who
from looop.core.digest import digest_bytes
from looop.core.limits import sensor_due
from looop.core.parsed import parsed
from looop.core.problem import Problem
from looop.core.reading import AWAITS, Snapshot, failed, parse
from looop.core.state import Tried
from looop.core.world import Reading, World
from looop.loop.site import Site
from looop.store import files, memory
from looop.store.memory import LONGEST_SENSOR, Memory, SensorFile


@dataclass(frozen=True, slots=True)
class Sensed:
    """One observation, and what it taught about the sensors."""

    world: World
    tried: dict[str, Tried]


async def sense(site: Site, policy: Memory, tried: dict[str, Tried], awaited: Collection[str] = ()) -> Sensed:
    """Run the sensors that are due and observe the rest. Cancelled, it ends every sensor's whole tree.

    A script whose digest is `awaited` is not run, and forgets its tries: once approved, it runs at once.
    """
    readings: dict[str, Reading] = {}
    results: dict[str, Tried] = {}
    env = site.environment()
    at_once = trio.CapacityLimiter(site.config.sensor_parallel or len(policy.sensors) or 1)

    async def one(sensor: SensorFile) -> None:
        if sensor.digest in awaited:
            readings[sensor.name] = _awaits(sensor)
            return
        async with at_once:
            readings[sensor.name], results[sensor.name] = await _read(
                site, sensor, env, tried.get(sensor.name)
            )

    async with trio.open_nursery() as nursery:
        for sensor in policy.sensors:
            nursery.start_soon(one, sensor)
    in_order = tuple(readings[name] for name in sorted(readings))
    await files.aside(_keep, site, in_order)
    world = World(policy.playbook, policy.goals, in_order, site.fleet.sessions(), site.fleet.claims())
    return Sensed(world, results)


async def remembered(site: Site, awaited: Collection[str] = ()) -> World:
    """Observe without running anything: the readings are those of the last beat (`tick --dry-run`).

    Raises `memory.Unreadable` for a policy file that is there but can't be read.
    """
    policy = await files.aside(memory.observe, site.profile)
    readings = await files.aside(_all_snapshots, site, policy.sensors, awaited)
    return World(policy.playbook, policy.goals, readings, site.fleet.sessions(), site.fleet.claims())


async def run_sensor(site: Site, sensor: SensorFile, env: Mapping[str, str]) -> Reading:
    """Run one sensor now and give its reading without secrets in it, writing nothing."""
    if sensor.trouble:
        return failed(sensor.name, sensor.trouble, untrusted=sensor.untrusted)
    deadline = site.config.sensor_timeout if sensor.timeout is None else sensor.timeout
    try:
        start = site.walls.confined(Who(SENSORS, sensor.name), [str(sensor.path)], env, site.profile.data)
        ended = await site.run(
            start.argv,
            cwd=site.profile.data,
            env=start.env,
            scoped=start.scoped,
            deadline=deadline,
            max_out=site.config.sensor_max_bytes,
        )
    except OSError as error:
        return failed(sensor.name, _not_started(error), untrusted=sensor.untrusted)
    except Problem as error:
        return failed(sensor.name, f"was not run: {error.text}", untrusted=sensor.untrusted)
    return site.mask.value(_judged(site, sensor, ended, deadline))


def _judged(site: Site, sensor: SensorFile, ended: spawn.Ended, deadline: float) -> Reading:
    if ended.timed_out:
        error = f"was ended after {deadline:g} s, its deadline"
    elif ended.oversized:
        error = f"printed more than {site.config.sensor_max_bytes} bytes (sensor_max_bytes)"
    elif ended.signal is not None:
        error = f"was ended by signal {ended.signal}"
    elif ended.code:
        error = f"ended with exit code {ended.code}"
    else:
        return parse(sensor.name, ended.out, untrusted=sensor.untrusted)
    # Masked before it is cut: half of a secret is none that a mask would know.
    return failed(sensor.name, error, site.mask.data(ended.err), untrusted=sensor.untrusted)


async def _read(
    site: Site, sensor: SensorFile, env: Mapping[str, str], before: Tried | None
) -> tuple[Reading, Tried]:
    now = site.clock.now()
    if not sensor_due(before, sensor.digest, sensor.interval, now):
        cached = await files.aside(_snapshot, site, sensor)
        if cached is not None and before is not None:
            return cached, before
    reading = await run_sensor(site, sensor, env)
    again = before.failures if before and before.digest == sensor.digest else 0
    return reading, Tried(now, sensor.digest, again + 1 if reading.error else 0)


def _snapshot(site: Site, sensor: SensorFile) -> Reading | None:
    """Give the last reading; None when there is none that can be trusted."""
    path = _kept_in(site.profile.snapshots, sensor.name)
    try:
        kept = parsed(files.read_regular(path, limit=1 << 20), Snapshot)
    except (OSError, ValueError):
        return None
    return kept.reading(sensor.name, untrusted=sensor.untrusted)


def _kept_in(folder: Path, name: str) -> Path:
    """Tell where a reading is kept: under its sensor's name, unless that is too long for a file's."""
    short = name if len(name.encode()) <= LONGEST_SENSOR else digest_bytes(name.encode())
    return folder / f"sensor-{short}.json"


def _all_snapshots(
    site: Site, sensors: tuple[SensorFile, ...], awaited: Collection[str]
) -> tuple[Reading, ...]:
    found = ((it.name, _awaits(it) if it.digest in awaited else _snapshot(site, it)) for it in sensors)
    return tuple(failed(name, "has not been read yet") if read is None else read for name, read in found)


def _awaits(sensor: SensorFile) -> Reading:
    return failed(sensor.name, AWAITS, untrusted=sensor.untrusted)


def _keep(site: Site, readings: tuple[Reading, ...]) -> None:
    """Write this beat's readings; a sensor that is gone leaves none behind."""
    folder = site.profile.snapshots
    files.private_dir(folder, below=site.profile.data)
    wanted = set()
    for reading in readings:
        path = _kept_in(folder, reading.name)
        files.scratch(path, msgspec.json.encode(Snapshot(reading.signal, reading.detail, reading.error)))
        wanted.add(path.name)
        if reading.error and reading.detail:
            files.scratch(path.with_suffix(".err"), str(reading.detail).encode())
            wanted.add(path.with_suffix(".err").name)
    for entry in list(folder.iterdir()):
        if entry.name.startswith("sensor-") and entry.name not in wanted:
            entry.unlink(missing_ok=True)


def _not_started(error: OSError) -> str:
    reasons = {
        "ENOEXEC": "can't run: its first line must name an interpreter, such as #!/bin/sh",
        "EACCES": "is not executable; `chmod +x` it",
        "ENOENT": "can't run: the interpreter of its first line does not exist, or the file has just gone",
    }
    name = errno.errorcode.get(error.errno or 0, "")
    return reasons.get(name, f"can't run ({name or type(error).__name__})")
