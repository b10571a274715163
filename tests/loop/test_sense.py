"""Sensors as they are in the world: broken, endless, hostile. Each is a reading; none stops a beat."""

import os
from pathlib import Path

import pytest

from looop.core.state import Tried
from looop.core.world import Reading
from looop.loop import sense
from looop.loop.clock import Clock
from looop.loop.fleet import NoFleet
from looop.loop.site import Site
from looop.store import config, memory
from support import profiles
from support.profiles import made_in

pytestmark = pytest.mark.process
PATH = "/usr/local/bin:/usr/bin:/bin"


class Sensing:
    """A profile with sensors, observed once or again."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.profile = made_in(folder)
        settings = {"confine": "off", **settings}
        overrides = {f"LOOOP_{name.upper()}": value for name, value in settings.items()}
        loaded = config.load(self.profile, overrides)
        env = {"PATH": PATH, "HOME": str(folder), "SECRET": "kept", "LOOOP_RUN_ID": "not ours"}
        self.now = 1000.0
        self.site = Site(self.profile, loaded, env, lambda _: None, Clock(lambda: self.now), NoFleet())
        self.tried: dict[str, Tried] = {}

    def add(self, name: str, body: str) -> Path:
        return profiles.sensor(self.profile, name, f"#!/bin/sh\n{body}\n")

    async def all(self) -> dict[str, Reading]:
        sensed = await sense.sense(self.site, memory.observe(self.profile), self.tried)
        self.tried = sensed.tried
        return {reading.name: reading for reading in sensed.world.readings}

    async def one(self, body: str) -> Reading:
        self.add("s", body)
        return (await self.all())["s"]


async def test_a_sensor_prints_one_json_value(tmp_path: Path) -> None:
    assert await Sensing(tmp_path).one('echo \'{"signal": 3, "detail": "x"}\'') == Reading("s", 3, "x")


async def test_a_sensor_runs_in_data_with_nothing_on_stdin_and_the_users_environment(tmp_path: Path) -> None:
    sensing = Sensing(tmp_path)
    reading = await sensing.one(
        'printf \'["%s", "%s", "%s", "%s"]\' "$PWD" "$(cat)" "$SECRET" "$LOOOP_RUN_ID"'
    )
    assert reading.signal == [str(sensing.profile.data), "", "kept", ""]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (":", "printed nothing"),
        ("echo 1; echo 2", "several"),
        ("echo NaN", "NaN"),
        ("printf '\"\\377\"'", "not UTF-8"),
        ("echo 1; exit 3", "exit code 3"),
        ("kill -SEGV $$", "signal 11"),
        ("head -c 100000000 /dev/zero | tr '\\0' 1", "more than 8192 bytes"),
    ],
)
async def test_a_broken_sensor_is_an_error_reading(tmp_path: Path, body: str, says: str) -> None:
    reading = await Sensing(tmp_path).one(body)
    assert says in (reading.error or ""), reading


async def test_stderr_is_context_and_kept_beside_the_reading(tmp_path: Path) -> None:
    sensing = Sensing(tmp_path)
    reading = await sensing.one("echo 'no such host' >&2; exit 1")
    assert (reading.error, reading.detail) == ("ended with exit code 1", "no such host")
    assert (sensing.profile.snapshots / "sensor-s.err").read_text() == "no such host"


async def test_a_late_sensor_that_ignores_term_is_gone_with_its_tree(tmp_path: Path) -> None:
    sensing = Sensing(tmp_path, sensor_timeout="0.3")
    reading = await sensing.one("trap '' TERM; sleep 1000 & echo $! > pid; while :; do sleep 1; done")
    assert reading.error == "was ended after 0.3 s, its deadline"
    pid = int((sensing.profile.data / "pid").read_text())
    assert not Path(f"/proc/{pid}").exists()


async def test_a_daemon_that_holds_stdout_does_not_hold_the_beat(tmp_path: Path) -> None:
    sensing = Sensing(tmp_path)
    reading = await sensing.one("setsid sleep 1000 & echo $! > pid; echo 7")
    assert reading == Reading("s", 7)
    pid = int((sensing.profile.data / "pid").read_text())
    assert not Path(f"/proc/{pid}").exists()


async def test_a_header_gives_a_sensor_its_own_deadline(tmp_path: Path) -> None:
    reading = await Sensing(tmp_path).one("# looop: timeout=200ms\nsleep 1000")
    assert reading.error == "was ended after 0.2 s, its deadline"


async def test_a_header_with_a_mistake_is_told(tmp_path: Path) -> None:
    reading = await Sensing(tmp_path).one("# looop: timeot=20s\necho 1")
    assert "timeout" in (reading.error or "")


async def test_a_sensor_with_an_interval_is_read_from_its_snapshot_in_between(tmp_path: Path) -> None:
    sensing = Sensing(tmp_path)
    sensing.add("s", "# looop: interval=10m\necho x >> runs.txt; echo 1")
    for sensing.now in (1000.0, 1300.0, 1599.0, 1600.0):
        assert (await sensing.all())["s"].signal == 1
    assert (sensing.profile.data / "runs.txt").read_text() == "x\nx\n"


async def test_a_cached_failure_is_not_fresh(tmp_path: Path) -> None:
    sensing = Sensing(tmp_path)
    sensing.add("s", "# looop: interval=10m\necho x >> runs.txt; exit 1")
    await sensing.all()
    await sensing.all()
    assert (sensing.profile.data / "runs.txt").read_text() == "x\nx\n"


async def test_a_sensor_that_keeps_failing_is_tried_ever_more_rarely_until_it_is_edited(
    tmp_path: Path,
) -> None:
    sensing = Sensing(tmp_path)
    sensing.add("s", "echo x >> runs.txt; exit 1")
    for _ in range(12):
        await sensing.all()
    assert len((sensing.profile.data / "runs.txt").read_text()) == 2 * 10
    sensing.add("s", "echo x >> runs.txt; echo 5")
    assert (await sensing.all())["s"].signal == 5


async def test_a_removed_sensor_leaves_no_reading_and_no_snapshot(tmp_path: Path) -> None:
    sensing = Sensing(tmp_path)
    await sensing.one("echo 1")
    (sensing.profile.sensors / "s.sh").unlink()
    assert await sensing.all() == {}
    assert list(sensing.profile.snapshots.iterdir()) == []


async def test_a_sensor_that_deletes_itself_is_read_once(tmp_path: Path) -> None:
    sensing = Sensing(tmp_path)
    assert (await sensing.one('rm "$0"; echo 1')).signal == 1
    assert await sensing.all() == {}


async def test_what_is_no_script_is_an_error_reading_and_blocks_nobody(tmp_path: Path) -> None:
    sensing = Sensing(tmp_path)
    folder = sensing.profile.sensors
    os.mkfifo(folder / "fifo.sh")
    (folder / "link.sh").symlink_to("/bin/true")
    (folder / "plain.sh").write_text("echo 1\n")
    (folder / "plain.sh").chmod(0o700)
    (folder / "asleep.sh").write_text("#!/bin/sh\necho 1\n")
    (folder / "lost.sh").write_text("#!/no/such/interpreter\n")
    (folder / "lost.sh").chmod(0o700)
    readings = await sensing.all()
    assert sorted(readings) == ["asleep", "fifo", "link", "lost", "plain"]
    assert all(reading.error for reading in readings.values()), readings
    assert "executable" in (readings["asleep"].error or "")
    assert "#!" in (readings["plain"].error or "")


async def test_a_device_is_an_error_reading(tmp_path: Path) -> None:
    sensing = Sensing(tmp_path)
    if os.geteuid() == 0:
        os.mknod(sensing.profile.sensors / "null.sh", 0o700 | 0o020000, os.makedev(1, 3))
    else:  # only root makes devices; a link to one is what anybody else can do
        (sensing.profile.sensors / "null.sh").symlink_to("/dev/null")
    assert "not a regular file" in ((await sensing.all())["null"].error or "")


async def test_sensors_run_at_once(tmp_path: Path) -> None:
    sensing = Sensing(tmp_path)
    for name, other in (("a", "b"), ("b", "a")):  # each waits for the other: one by one they never end
        sensing.add(name, f": > {name}.up; while [ ! -e {other}.up ]; do sleep 0.01; done; echo 1")
    readings = await sensing.all()
    assert [reading.signal for reading in readings.values()] == [1, 1]


async def test_the_dry_run_reads_snapshots_and_runs_nothing(tmp_path: Path) -> None:
    sensing = Sensing(tmp_path)
    sensing.add("s", "echo x >> runs.txt; echo 1")
    await sensing.all()
    sensing.add("new", "echo x >> runs.txt; echo 1")
    world = await sense.remembered(sensing.site)
    assert [(reading.name, reading.signal) for reading in world.readings] == [("new", None), ("s", 1)]
    assert (sensing.profile.data / "runs.txt").read_text() == "x\n"
