"""Looks at a running profile, again and again, and what became of each figure over time.

In: a profile with keeper and engine. Out: a `Sample` for each look, lines and a table for people. A figure
that could not be had is missing from its sample, and never an error: an engine may just have been replaced.
"""

import json
import os
import statistics
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks import watched
from looop.child import tree
from looop.child.proc import Proc
from looop.engine import holder
from support.person import Person

HOUR = 3600.0
RATES = ("wakeups/s", "CPU %")


@dataclass(frozen=True)
class Sample:
    """One look: seconds since the first, the machine's load, figures by name, the engine's last offender."""

    at: float
    load: float
    figures: dict[str, float]
    offender: str = ""

    def json(self) -> str:
        return json.dumps(asdict(self))


@dataclass
class _Before:
    """What a process had counted when it was last looked at."""

    pid: int
    start: int
    at: float
    switches: dict[str, int]
    cpu: float


@dataclass
class Sampler:
    """Looks at one profile. Without `asks` no verb is run: an idle engine is not woken by being watched.

    `among` is what memory is divided by, so many sessions having been started since the first look.
    """

    looop: Person
    asks: bool = True
    among: int = 0
    _began: float = field(default_factory=time.monotonic)
    _before: dict[str, _Before] = field(default_factory=dict)
    _held: dict[str, int] = field(default_factory=dict)
    _replaced: int = 0

    def begin(self) -> None:
        """Count time, and all that is counted, from here."""
        self.take()
        self._began = time.monotonic()

    def take(self) -> Sample:
        figures, offender = dict[str, float](), ""
        for name, lock in (("keeper", self.looop.profile.keeper_lock), ("engine", self.looop.profile.lock)):
            with suppress(OSError):  # it ended in between
                if proc := holder.living(lock):
                    figures |= {f"{name} {kind}": value for kind, value in self._process(name, proc).items()}
        figures["engines replaced"] = self._replaced
        if keeper := holder.living(self.looop.profile.keeper_lock):
            figures["processes below keeper"] = len(list(tree.descendants(keeper.pid)))
        figures |= _stored(self.looop.profile.data)
        if self.asks:
            asked, offender = self._asked()
            figures |= asked
        return Sample(time.monotonic() - self._began, os.getloadavg()[0], figures, offender)

    def _process(self, name: str, proc: Proc) -> dict[str, float]:
        held, now = watched.memory(proc.pid), time.monotonic()
        found: dict[str, float] = {
            "RSS KB": held.rss,
            "PSS KB": held.pss,
            "own KB": held.own,
            "descriptors": watched.descriptors(proc.pid),
            "threads": len(list(Path(f"/proc/{proc.pid}/task").iterdir())),
        }
        if self.among:
            found["KB each"] = (held.own - self._held.setdefault(name, held.own)) / self.among
        counted = _Before(proc.pid, proc.start, now, watched.switches(proc.pid), watched.cpu(proc.pid))
        was, self._before[name] = self._before.get(name), counted
        if was is not None and (was.pid, was.start) == (proc.pid, proc.start):
            took = now - was.at
            rates = watched.woken(was.switches, counted.switches) / took, (counted.cpu - was.cpu) / took * 100
            return found | dict(zip(RATES, rates, strict=True))
        self._replaced += was is not None
        return found

    def _asked(self) -> tuple[dict[str, float], str]:
        """Ask the engine what only itself knows."""
        began = time.monotonic()
        try:
            done = self.looop.call("status", "--json")
            status = json.loads(done.stdout)
            late, phase = status["lateness"], status["phase"]
            figures = {"p99 lateness ms": late["p99_ms"], "worst lateness ms": late["worst_ms"]}
        except (subprocess.TimeoutExpired, ValueError, TypeError, KeyError):
            return {}, "status did not answer"
        figures |= {"beats": phase["beats"], "ticks": phase["ticks"], "sessions": len(status["sessions"])}
        return figures | {"status takes ms": (time.monotonic() - began) * 1000}, late["offender"]


def _stored(data: Path) -> dict[str, float]:
    """Count files and bytes below a folder that others change meanwhile."""
    sizes = list[int]()
    for folder, _, names in os.walk(data):
        for name in names:
            with suppress(OSError):
                sizes.append(os.lstat(Path(folder, name)).st_size)
    return {"files": len(sizes), "DATA KB": sum(sizes) / 1024}


SHORT = (
    ("keeper RSS KB", "keeper {:.0f}"),
    ("engine RSS KB", "engine {:.0f} KB"),
    ("keeper descriptors", "fds {:.0f}"),
    ("engine descriptors", "{:.0f}"),
    ("keeper wakeups/s", "wakeups/s {:.1f}"),
    ("engine wakeups/s", "{:.1f}"),
    ("engine CPU %", "CPU {:.1f} %"),
    ("p99 lateness ms", "p99 {:.1f} ms"),
    ("worst lateness ms", "worst {:.1f} ms"),
    ("files", "files {:.0f}"),
    ("ticks", "ticks {:.0f}"),
)


def line(sample: Sample) -> str:
    """Say the most important of one sample."""
    parts = [form.format(sample.figures[name]) for name, form in SHORT if name in sample.figures]
    offender = f" ({sample.offender})" if sample.offender else ""
    return f"{sample.at:6.0f} s  load {sample.load:.2f}  {'  '.join(parts)}{offender}"


def table(samples: Iterable[Sample], warm: float) -> str:
    """Give one line for each figure: where it began and ended, how far it went, and its slope in an hour.

    The slope is that of the least squares over all samples since `warm` seconds; a soak that ended before
    is told by all that it has.
    """
    samples = list(samples)
    kept = [sample for sample in samples if sample.at >= warm] or samples
    names = dict.fromkeys(name for sample in kept for name in sample.figures)
    head = f"{'':24}{'first':>12}{'last':>12}{'least':>12}{'median':>12}{'most':>12}{'per hour':>12}"
    rows = [head, *(_row(name, kept) for name in names), _row("load", kept)]
    return "\n".join(rows)


def _row(name: str, kept: list[Sample]) -> str:
    series = [(one.at, one.load if name == "load" else one.figures.get(name)) for one in kept]
    points = [(at, value) for at, value in series if value is not None]
    values = [value for _, value in points]
    shown = (values[0], values[-1], min(values), statistics.median(values), max(values))
    return f"{name:24}" + "".join(f"{value:12.1f}" for value in shown) + f"{_slope(points):>12}"


def _slope(points: list[tuple[float, float]]) -> str:
    if len(points) < 3:
        return "–"
    at, values = zip(*points, strict=True)
    return f"{statistics.linear_regression(at, values).slope * HOUR:+.1f}"
