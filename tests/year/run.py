"""`make year`: a year of the loop in minutes, and what it comes to: what grows, how much, and by which bound.

In: --days, --seed, --interval, --folder. Out: a table on stdout, progress on stderr; exit code 1 at the first
day on which something is not as it must be. The folder lies in memory where that can be (/dev/shm): the same
calls are made, and an fsync there waits for no disk.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from year.looks import Look, Much
from year.rows import ROWS, Row
from year.whole import INTERVAL, Year, live_through

SHOWN = (30, 90, 180, 365)
_SHM = Path("/dev/shm")
_YEAR = 365


def main() -> int:
    parser = argparse.ArgumentParser(description="Live a year in minutes.")
    parser.add_argument("--days", type=int, default=_YEAR)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--interval", type=int, default=INTERVAL, help="seconds between two quiet beats")
    parser.add_argument("--folder", default=str(_SHM) if _SHM.is_dir() else None)
    given = parser.parse_args()
    began = time.perf_counter()

    def each(look: Look) -> None:
        if look.day % 10 == 0 or look.day == 1:
            took = time.perf_counter() - began
            sys.stderr.write(f"day {look.day}: {look.asked} ticks, {took:.0f} s\n")

    with TemporaryDirectory(prefix="looop-year-", dir=given.folder) as folder:
        year = live_through(Path(folder), given.days, given.seed, interval=given.interval, each=each)
    show(year, time.perf_counter() - began, lambda line: sys.stdout.write(f"{line}\n"))
    return 0


def show(year: Year, took: float, say: Callable[[str], object]) -> None:
    """Print the table."""
    shown = [look for look in year.looks if look.day in SHOWN or look is year.looks[-1]]
    last = shown[-1]
    did = ", ".join(f"{name} {count}" for name, count in year.outside.did.most_common())
    ends = ", ".join(f"{name} {count}" for name, count in last.outcomes.most_common())
    say(f"{last.day} days in {took:.0f} s: {last.asked} ticks ({ends}), ${last.usd:.2f},")
    say(f"{year.sessions} sessions, {year.crashes} crashes of the engine. The agent's turns: {did}.\n")
    head = [f"day {look.day}" for look in shown]
    say(_row("what", head, "bounded by"))
    say(_row("---", ["--:"] * len(shown), "---"))
    for row in ROWS:
        cells = [_much(look.rows.get(row.name, Much())) for look in shown]
        say(_row(f"`{row.name}`", cells, _rule(row, last)))
    for name, rule in _PROCESS.items():
        say(_row(name, [_process(look, name) for look in shown], rule))


_PROCESS = {
    "tasks": "20 and 10 for each live session",
    "descriptors": "10 and 4 for each live session, beyond those before the start",
    "objects": "1.25 of day 30's",
    "RSS": "64 MiB above day 30's",
    "live sessions": "max_sessions (8)",
}


def _process(look: Look, name: str) -> str:
    values = {
        "tasks": look.tasks,
        "descriptors": look.descriptors,
        "objects": look.objects,
        "live sessions": look.living,
    }
    return f"{look.rss / (1 << 20):.0f} MiB" if name == "RSS" else str(values[name])


def _much(much: Much) -> str:
    size = f"{much.bytes / 1024:.0f} KiB" if much.bytes < 1 << 20 else f"{much.bytes / (1 << 20):.1f} MiB"
    return f"{much.files}, {size}"


def _rule(row: Row, last: Look) -> str:
    if not row.own:
        return row.rule
    yearly = last.rows.get(row.name, Much()).bytes * _YEAR / last.day / 1024
    return f"{row.rule}: {yearly:.0f} KiB a year here"


def _row(name: str, cells: list[str], rule: str) -> str:
    return f"| {' | '.join([name, *cells, rule])} |"


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
