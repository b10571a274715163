"""All benchmarks, one after another, into one table: `make bench` writes `benchmarks/RESULTS.md`.

In: optionally names of programs (`relay`, `beat`): then only these are measured, and told, not written. Out:
the table. It fails on nothing: a program that crashes, hangs or lacks what it needs is a row that says so.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from benchmarks import machine, rows
from benchmarks.asked import ASKED, TABLE, Asked
from benchmarks.rows import Row

HERE = Path(__file__).parent
TARGET = HERE / "RESULTS.md"
LONGEST = 1200.0  # seconds of one part
ENDING = 120.0  # seconds that it gets to end what it has started
ELSEWHERE = {"year": "`make year` measures it"}
HEAD = "| what | aim | reached | met | measured: median (spread) | yardstick: median (spread) | n | load |"

ABOUT = """\
Written by `make bench`, never by hand. A ratio is of two medians that were measured in turns in one run, so
that a busy machine slows both; the spread is from the first tenth to the last, of fewer than ten values from
the least to the most. Load is the machine's when a part began: absolute times are worth something only where
it is below the number of cores."""

Found = Mapping[str, tuple[Row, float]]


def main() -> None:
    """Measure, and write the table."""
    signal.signal(signal.SIGTERM, rows.leave)  # an end ends the program that measures, too
    only, facts = set(sys.argv[1:]), list(machine.facts())
    yet = {key: (Row(key, lacks=ELSEWHERE.get(key, "not yet")), 0.0) for key in ASKED}
    found = {} if only else yet
    for row, load in _measured(only):
        found[row.key] = row, load
        if not only:
            TARGET.write_text(written(facts, found))  # after each row: it may be interrupted
    print(written(facts, found) if only else f"written: {TARGET}")


def _measured(only: set[str]) -> Iterator[tuple[Row, float]]:
    for script, part in dict.fromkeys(asked.source for asked in ASKED.values()):
        if only and script not in only:
            continue
        wanted = [asked.key for asked in ASKED.values() if asked.source == (script, part)]
        load = os.getloadavg()[0]
        told, trouble = dict[str, tuple[Row, float]](), ""
        if (HERE / f"{script}.py").exists():
            print(f"{script} {part} …", file=sys.stderr, flush=True)
            told, trouble = ran(script, part)
        for key in wanted:
            lacks = ELSEWHERE.get(key) or trouble or "its program told nothing of it"
            yield told.get(key, (Row(key, lacks=lacks), load))


def ran(script: str, part: str) -> tuple[dict[str, tuple[Row, float]], str]:
    """Run one part of a program; its rows, and what went wrong, if anything did."""
    argv = [sys.executable, str(HERE / f"{script}.py"), part, "--json"]
    began = time.monotonic()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            out, err = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            return {}, f"it had not ended after {time.monotonic() - began:.0f} s"
        finally:
            if process.poll() is None:
                process.terminate()  # upon which it ends what it has started
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.communicate(timeout=ENDING)
                process.kill()
    read = (rows.taken(line) for line in out.splitlines())
    told = {row.key: (row, load) for row, load in read}
    last = (err.strip().splitlines() or ["nothing on stderr"])[-1]
    return told, f"it ended with {process.returncode}: {last[:200]}" if process.returncode else ""


def written(facts: Iterable[tuple[str, str]], found: Found) -> str:
    """Write the whole page: the same of the same figures."""
    parts = [
        "# What looop costs, measured\n",
        f"{ABOUT}\n",
        "\n".join(f"- {name}: {fact}" for name, fact in facts) + "\n",
    ]
    for title, asked in TABLE.items():
        if shown := [line for one in asked if one.key in found for line in _line(one, *found[one.key])]:
            parts.append("\n".join((f"## {title}\n", HEAD, "|---" * 8 + "|", *shown)) + "\n")
    if notes := [f"- {ASKED[key].what}: {row.note}." for key, (row, _) in found.items() if row.note]:
        parts.append("\n".join(("## Notes\n", *notes)) + "\n")
    return "\n".join(parts)


def _line(asked: Asked, row: Row, load: float) -> Iterator[str]:
    reached = row.reached()
    if reached is None:
        cells = [
            str(asked.aim or "–"),
            f"not measured: {row.lacks or 'no yardstick'}",
            "–",
            "–",
            asked.yardstick,
        ]
        yield _cells(asked.what, *cells, "0", f"{load:.1f}")
        return
    kind = f"{asked.aim.by} " if asked.aim else "ratio " if row.theirs else ""
    yard = f"{asked.yardstick} {rows.values(row.theirs, asked.unit)}" if row.theirs else "–"
    yield _cells(
        asked.what,
        str(asked.aim or "–"),
        f"{kind}**{rows.shown(reached)}**" if kind else "–",
        rows.verdict(row),
        rows.values(row.ours, asked.unit),
        yard,
        str(len(row.ours)),
        f"{load:.1f}",
    )


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') or '–' for cell in cells)} |"


if __name__ == "__main__":
    main()
