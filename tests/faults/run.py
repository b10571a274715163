"""All disk faults: every power cut by every adversary, every call to the disk with every error.

    .venv/bin/python tests/faults/run.py [cuts|errors] [STORY…] [--every K] [--seed S] [--jobs 2]

Out: what did not hold on stderr as it is found; at the end one row a story and fault on stdout. Exit code 1
if anything did not hold, or nothing was tried of a story; 2 if there is none of that name. The parts are
spread over workers, each in folders of its own.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import trio

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from faults import cuts, errors, stories  # noqa: E402 - their folder is found from here on
from support import sitting  # noqa: E402 - as above
from support.powercut import Adversary  # noqa: E402 - as above


@dataclass
class Row:
    """One part: a story and what befalls it. `points` is what was there, `tried` what was tried of it."""

    kind: str
    story: str
    fault: str
    points: int = 0
    tried: int = 0
    violations: int = 0
    seconds: float = 0.0

    def line(self) -> str:
        """Write it as a line of the table."""
        numbers = f"{self.points:8}{self.tried:7}{self.violations:12}{self.seconds:9.0f}"
        return f"{self.kind:8}{self.story:11}{self.fault:24}{numbers}\n"


def main() -> int:
    """Try what the command line names; the exit code."""
    asked = _asked()
    if asked.worker:
        return _work(asked)
    parts = list(_parts(asked))
    with ThreadPoolExecutor(asked.jobs) as pool:
        done = dict(zip(parts, pool.map(lambda part: _worker(part, asked), parts), strict=True))
    rows = [row for some in done.values() for row in some]
    untried = [part for part, some in done.items() if not any(row.tried for row in some)]
    head = f"{'':8}{'story':11}{'fault':24}{'points':>8}{'tried':>7}{'violations':>12}{'seconds':>9}\n"
    sys.stdout.write(head + "".join(row.line() for row in rows))
    for kind, story in untried:
        _say(f"{story}: nothing was tried of its {kind}")
    return int(bool(untried) or any(row.violations for row in rows))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Try every disk fault, and look at what is left.")
    parser.add_argument("kind", nargs="?", choices=("cuts", "errors"), help="power cuts or errors; else both")
    parser.add_argument("stories", nargs="*", metavar="STORY", help="else all")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="try each K-th point only")
    parser.add_argument("--seed", type=int, default=0, help="where torn files are torn (0)")
    parser.add_argument("--jobs", type=int, default=2, help="parts at a time (2)")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if unknown := set(asked.stories) - {name for _, name in _there(asked)}:
        there = ", ".join(dict.fromkeys(name for _, name in _there(asked)))
        parser.exit(2, f"There is no story {', '.join(sorted(unknown))}: give some of {there}.\n")
    return asked


def _parts(asked: argparse.Namespace) -> Iterator[tuple[str, str]]:
    return (part for part in _there(asked) if not asked.stories or part[1] in asked.stories)


def _there(asked: argparse.Namespace) -> Iterator[tuple[str, str]]:
    there = {"cuts": [make().name for make in stories.CUTS], "errors": [make.name for make in stories.ERRORS]}
    return ((kind, name) for kind, names in there.items() if asked.kind in {None, kind} for name in names)


def _worker(part: tuple[str, str], asked: argparse.Namespace) -> list[Row]:
    """Have another process try one part."""
    command = [sys.executable, __file__, part[0], part[1], "--worker", "yes"]
    command += ["--every", str(asked.every), "--seed", str(asked.seed)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [Row(**json.loads(line)) for line in done.stdout.splitlines()]


def _work(asked: argparse.Namespace) -> int:
    (name,) = asked.stories
    for row in _cut(name, asked) if asked.kind == "cuts" else _fail(name, asked):
        sys.stdout.write(json.dumps(asdict(row)) + "\n")
    return 0


def _cut(name: str, asked: argparse.Namespace) -> Iterator[Row]:
    sitting.sit_down()
    rows = {each: Row("cuts", name, each.value) for each in Adversary}
    with cuts.staged(stories.cut(name), asked.seed) as stage:
        for number, cut in enumerate(stage.told.states):
            row = rows[cut.adversary]
            row.points += 1
            if number % asked.every:
                continue
            tried = stage.attempt(cut)
            row.tried += 1
            row.seconds += tried.seconds
            row.violations += bool(tried.violations)
            for violation in tried.violations:
                _say(f"{name}, {cut.adversary.value}, before {cut.at} ({cut.change}): {violation}")
    yield from rows.values()


def _fail(name: str, asked: argparse.Namespace) -> Iterator[Row]:
    make = stories.failing(name)
    for how in errors.HOWS:
        began = time.monotonic()
        well = trio.run(errors.attempt, make, 0, how)
        row = Row("errors", name, str(how), len(well.calls))
        _count(row, well)
        for at in range(1, row.points + 1, asked.every):
            row.tried += 1
            _count(row, trio.run(errors.attempt, make, at, how))
        row.seconds = time.monotonic() - began
        yield row


def _count(row: Row, told: errors.Failed) -> None:
    row.violations += bool(told.violations)
    for violation in told.violations:
        _say(f"{row.story}, {row.fault}, at {told.at} ({told.hit or 'nothing failed'}): {violation}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
