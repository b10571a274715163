"""What stands in files: CONFIG, sensors' headers and readings, and every book that looop keeps."""

import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from unittest import mock

import msgspec

from fuzz.material import Material, text
from looop.cli import sensors as cli_sensors
from looop.cli import status
from looop.core import duration, reading
from looop.core.problem import Exit, Problem
from looop.core.reading import Snapshot
from looop.core.sessions import Known, Meta
from looop.core.verdict import Check
from looop.core.world import Reading, World
from looop.loop import book, land
from looop.store import (
    claims,
    config,
    files,
    flags,
    grants,
    held,
    money,
    pause,
    questions,
    reported,
    runs,
    sandboxes,
    sensors,
    verdicts,
    written,
)
from looop.store.config import Config
from looop.store.faults import Unreadable
from looop.store.paths import Profile
from looop.store.questions import Place
from looop.store.runs import Run

PROFILE = Profile(Path("/nonexistent/data"), Path("/nonexistent/looop.json"))
PLACE = Place(PROFILE.sessions / "x", "x", "1", newest=True)
RUN = Run(PROFILE.runs / "tick-20260101-000000-aaaaaa")
FIELDS = tuple(Config.__struct_fields__)


def configuration(data: bytes) -> None:
    """CONFIG and variables over it: a Config that reads back as itself, or a Problem for a person."""
    raw, *variables = Material(data).fields()
    env = {}
    for at, value in enumerate(variables):
        env[f"LOOOP_{FIELDS[(at + len(value)) % len(FIELDS)].upper()}"] = text(value).replace("\0", "")
    try:
        found = config._load(config._parse(PROFILE.config, raw), PROFILE, env)
    except Problem as problem:
        told(problem)
        return
    for name in FIELDS:
        value = getattr(found, name)
        assert not isinstance(value, float) or (math.isfinite(value) and value >= 0), name
    if any("\ud800" <= char <= "\udfff" for value in env.values() for char in value):
        return  # the environment may hold what no file can
    written_out = config._text(msgspec.to_builtins(found))
    assert config._load(config._parse(PROFILE.config, written_out), PROFILE, {}) == found


def told(problem: Problem) -> None:
    assert problem.exit_code in {Exit.USAGE, Exit.REFUSED}
    str(problem).encode()


def sensor(data: bytes) -> None:
    """A sensor's header, from its first lines alone; one that is written out reads as itself."""
    found = sensors.header(data)
    assert found == sensors.header(b"\n".join(data.split(b"\n")[: sensors.HEADER_LINES]))
    assert all(0 <= it <= duration.LONGEST for it in (found.timeout or 0, found.interval))
    if found.trouble is not None:
        assert len(found.trouble) < 300
        return
    timeout = "" if found.timeout is None else f" timeout={found.timeout:.20f}"
    line = f"# looop:{timeout} interval={found.interval:.20f} untrusted={'yes' if found.untrusted else 'no'}"
    again = sensors.header(line.encode())
    assert again.untrusted == found.untrusted
    assert math.isclose(again.interval, found.interval, abs_tol=1e-9)


def readings(data: bytes) -> None:
    """A sensor's output: a reading that is the same to the loop once it was kept on disk: nothing wakes."""
    found = reading.parse("x", data)
    assert found.error is None or (found.error.isprintable() and len(found.error) < 300)
    kept = msgspec.json.encode(Snapshot(found.signal, found.detail, found.error))
    again = msgspec.json.decode(kept, type=Snapshot).reading("x", untrusted=False)
    assert seen(again) == seen(found)
    failed = reading.failed("x", "failed", data)
    msgspec.json.encode(Snapshot(failed.signal, failed.detail, failed.error))


def seen(found: Reading) -> object:
    return World(None, (), (found,)).items()


def books(data: bytes) -> None:
    """Every file of looop's own that holds JSON: whatever is there, a value or the error that is declared."""
    given = Material(data)
    read = given.choice(BOOKS)
    raw = given.rest()
    with (
        mock.patch.object(files, "read_regular", return_value=raw),
        mock.patch.object(files, "append"),
    ):
        read()


def _or_unreadable(read: Callable[[], object]) -> Callable[[], object]:
    def call() -> object:
        try:
            return read()
        except (Unreadable, Problem) as error:
            return str(error).encode()

    return call


def _or_bad(read: Callable[[], object]) -> Callable[[], object]:
    """Let ValueError pass, which is declared; RecursionError is none."""

    def call() -> object:
        with suppress(ValueError):
            return read()
        return None

    return call


def _same(kind: type[msgspec.Struct]) -> Callable[[], object]:
    """Read as `questions` and `sessions` do: what is read at all is written as what reads the same."""

    def call() -> object:
        found = questions._decoded(PROFILE.data, kind)
        if found is not None:
            assert msgspec.json.decode(msgspec.json.encode(found), type=kind) == found
        return found

    return call


def _check() -> Check | None:
    found = verdicts.read(PROFILE.data)
    assert found is not None
    assert msgspec.json.decode(msgspec.json.encode(found), type=Check) == found
    return found


BOOKS: tuple[Callable[[], object], ...] = (
    lambda: flags.open_flags(PROFILE),
    _or_unreadable(lambda: written.known(PROFILE)),
    _check,
    _same(questions._Raised),
    _same(questions.Answer),
    lambda: pause.read(PROFILE),
    lambda: money.allowed(PROFILE),
    lambda: money._told(PROFILE),
    lambda: claims._claim(PROFILE, "x.json"),
    _same(Known),
    _same(Meta),
    _or_unreadable(lambda: grants.load(PROFILE, PLACE, "x")),
    _or_unreadable(lambda: grants.ended(PROFILE, PLACE, 1)),
    lambda: held.read(PROFILE, "x"),
    lambda: reported.read(PROFILE.data),
    lambda: book.load(PROFILE),
    lambda: book.baseline(PROFILE),
    lambda: runs.read_record(RUN),
    lambda: sandboxes._read(PROFILE.data / "x@y.json"),
    lambda: status._written(PROFILE, alive=True),
    lambda: cli_sensors._state(PROFILE),
    _or_bad(lambda: land.load(RUN)),
)
