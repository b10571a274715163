"""One row of the table of results, and how a benchmark program tells its rows: to people, or as JSON.

In: parts, functions that measure and yield `Row`s; the command line: parts' names and `--json`. Out: a line
for each row. What a row is asked to be stands in `asked`, so that a program tells only what it has measured.
"""

import json
import os
import shutil
import signal
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import FrameType
from typing import Any, NoReturn

from benchmarks.asked import ASKED, Asked, By

LOOK = 0.0002  # seconds between two looks whether a program runs
TEN = 10  # values from which tenths are a fairer spread than the two ends


class Lacking(Exception):  # noqa: N818 - it is no error: the row says so
    """What a row is measured with is not here."""


@dataclass(frozen=True)
class Row:
    """What was measured: each value, in the unit that `asked` names, ours and the yardstick's in turns.

    `lacks` says why there are none; `note` is what a reader should know of these values.
    """

    key: str
    ours: Sequence[float] = ()
    theirs: Sequence[float] = ()
    note: str = ""
    lacks: str = ""

    @property
    def asked(self) -> Asked:
        return ASKED[self.key]

    def reached(self) -> float | None:
        """Give the value that the aim is about; None when there is none, or it has no yardstick."""
        aim = self.asked.aim
        by = aim.by if aim else By.RATIO if self.theirs else By.MEDIAN
        if not self.ours or (by in {By.RATIO, By.MORE} and not self.theirs):
            return None
        return _REACHED[by](self.ours, self.theirs)

    def met(self) -> bool | None:
        """Whether the aim is met; None when there is no aim, or no value."""
        aim, value = self.asked.aim, self.reached()
        return None if aim is None or value is None else aim.met(value)


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return statistics.median(ours) / statistics.median(theirs)


def _more(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return tenth(ours, 1) - tenth(theirs, 1)


_REACHED: Mapping[By, Callable[[Sequence[float], Sequence[float]], float]] = {
    By.RATIO: _ratio,
    By.MEDIAN: lambda ours, _: statistics.median(ours),
    By.P99: lambda ours, _: percentile(ours, 99),
    By.MORE: _more,
    By.MOST: lambda ours, _: max(ours),
}


def percentile(values: Sequence[float], percent: int) -> float:
    """Give the value that so many in a hundred lie below."""
    return sorted(values)[len(values) * percent // 100]


def tenth(values: Sequence[float], number: int) -> float:
    """Give the value that so many tenths of all lie below."""
    return statistics.quantiles(values, n=10, method="inclusive")[number - 1]


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Give where most values lie: between the first tenth and the last, or all of a few."""
    return (tenth(values, 1), tenth(values, 9)) if len(values) >= TEN else (min(values), max(values))


def shown(value: float) -> str:
    """Write a number with three digits that matter, and none that don't."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def values(these: Sequence[float], unit: str) -> str:
    """Write many numbers as one: their median, and in brackets where most of them lie."""
    if not these:
        return "–"
    if len(these) == 1:
        return f"{shown(these[0])} {unit}".strip()
    low, high = spread(these)
    return f"{shown(statistics.median(these))} {unit}".strip() + f" ({shown(low)}–{shown(high)})"


def verdict(row: Row) -> str:
    """Say whether the aim is met."""
    return {True: "yes", False: "no", None: "–"}[row.met()]


def told(row: Row) -> str:
    """Say a row in one line, to people."""
    asked, reached = row.asked, row.reached()
    if reached is None:
        return f"{asked.what}: not measured: {row.lacks or 'nothing to compare with'}"
    parts = [f"{asked.what}: {values(row.ours, asked.unit)}"]
    if row.theirs:
        parts.append(f"{asked.yardstick} {values(row.theirs, asked.unit)}")
    parts.append(f"n {len(row.ours)}")
    if asked.aim:
        parts.append(f"{asked.aim.by} {shown(reached)}, aim {asked.aim}: {verdict(row)}")
    elif row.theirs:
        parts.append(f"ratio {shown(reached)}")
    return "; ".join(parts + [row.note] * bool(row.note))


def taken(line: str) -> tuple[Row, float]:
    """Read a line of `--json`: the row, and the machine's load when its part began."""
    value: dict[str, Any] = json.loads(line)
    load = value.pop("load")
    return Row(**value), load


Part = Callable[[], Iterator[Row]]


def main(script: str, parts: Mapping[str, Part]) -> None:
    """Measure the parts that the command line names, all without any, and tell each row as it comes.

    A program that a part can't do without is no failure: its rows say so. SIGTERM ends it as an error would,
    so that whatever a part has started is ended.
    """
    signal.signal(signal.SIGTERM, leave)
    names = [word for word in sys.argv[1:] if word != "--json"]
    if wrong := [name for name in names if name not in parts]:
        sys.exit(f"no such part: {', '.join(wrong)}; there are {', '.join(parts)}")
    for name in names or parts:
        for row, load in _measured(script, name, parts[name]):
            text = json.dumps({**asdict(row), "load": load}) if "--json" in sys.argv else told(row)
            print(text, flush=True)
        if "--json" not in sys.argv:
            print(f"    load average: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)


def _measured(script: str, name: str, part: Part) -> Iterator[tuple[Row, float]]:
    missing, load = [it.key for it in ASKED.values() if it.source == (script, name)], os.getloadavg()[0]
    try:
        for row in part():
            missing.remove(row.key)
            yield row, load
    except Lacking as lack:
        yield from ((Row(key, lacks=str(lack)), load) for key in missing)


def leave(number: int, _frame: FrameType | None) -> NoReturn:
    """End by an exception, so that every `with` and `finally` has its turn."""
    sys.exit(128 + number)


def needs(*programs: str) -> None:
    """Go on only if these programs are installed. Raises `Lacking`."""
    if missing := [name for name in programs if not shutil.which(name)]:
        raise Lacking(f"{', '.join(missing)} is not installed")
