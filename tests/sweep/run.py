"""The full kill sweep: every story, killed once at every change. `make sweep` calls it.

    .venv/bin/python tests/sweep/run.py [STORY…] [--every K] [--from N] [--only N] [--jobs 2] [--json]

Out: progress on stderr; at the end one row a story, and the command that repeats each point at which
something did not hold. Exit code 1 with such a point, or with a process left behind. Workers share a story's
points between them, each in a profile of its own.
"""

import argparse
import json
import selectors
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]  # in place of this folder, whose `sweep.py` is no package

from support import leftovers, sitting  # noqa: E402 - its folder is found from here on
from sweep.stories import STORIES  # noqa: E402 - as above
from sweep.sweep import Point, Stage, staged  # noqa: E402 - as above

_PATIENT = 3
"""Tellings in a row that may raise: then nothing is learned by more of them."""


@dataclass
class Swept:
    """What came of one story. `calls` are those of the longest telling."""

    story: str
    points: int = 0
    seconds: float = 0.0
    calls: Mapping[str, int] = field(default_factory=dict)
    broken: dict[int, tuple[str, tuple[str, ...]]] = field(default_factory=dict)

    def take(self, told: dict[str, Any]) -> None:
        """Count one point, as a worker has told it."""
        point = Point(**told)
        self.points += point.hit is not None
        self.calls = max(self.calls, point.calls, key=lambda calls: sum(calls.values()))
        if point.violations:
            self.broken[point.at] = (str(point.hit), tuple(point.violations))


def main() -> int:
    """Sweep what the command line names; the exit code."""
    asked = _asked()
    if asked.worker is not None:
        return _work(asked)
    leftovers.guard()
    began = time.monotonic()
    all_swept = [_sweep(name, asked) for name in asked.stories or [story.name for story in STORIES]]
    if asked.json:
        sys.stdout.write(json.dumps([asdict(swept) for swept in all_swept], indent=1) + "\n")
    else:
        sys.stdout.write("".join(_table(all_swept)))
    _say(f"{sum(it.points for it in all_swept)} points in {time.monotonic() - began:.0f} s")
    left = leftovers.processes()
    for line in left:
        _say(f"LEFT BEHIND: {line}")
    return int(bool(left) or any(swept.broken for swept in all_swept))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Kill every story once at every change; look at what is left."
    )
    names = [story.name for story in STORIES]
    parser.add_argument("stories", nargs="*", metavar="STORY", help=f"of {', '.join(names)}; else all")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="try each K-th change only")
    parser.add_argument("--from", type=int, default=1, metavar="N", dest="first", help="begin with the N-th")
    parser.add_argument("--only", type=int, metavar="N", help="try the N-th alone")
    parser.add_argument("--jobs", type=int, default=2, help="workers (2)")
    parser.add_argument("--json", action="store_true", help="print what came of it as JSON")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if unknown := set(asked.stories) - set(names):
        parser.error(f"there is no story {', '.join(sorted(unknown))}")
    return asked


def _sweep(name: str, asked: argparse.Namespace) -> Swept:
    """Have workers tell one story at all of its points."""
    swept, began = Swept(name), time.monotonic()
    jobs = 1 if asked.only is not None else asked.jobs
    command = [sys.executable, __file__, name, "--every", str(asked.every), "--from", str(asked.first)]
    command += ["--jobs", str(jobs), *(["--only", str(asked.only)] if asked.only is not None else [])]
    workers = [
        subprocess.Popen([*command, "--worker", str(number)], stdout=subprocess.PIPE, text=True)
        for number in range(jobs)
    ]
    try:
        for told in _told(workers):
            swept.take(told)
            how = "; ".join(told["violations"]) or "holds"
            _say(f"{name} {told['at']} ({told['seconds']:.1f} s): {told['hit'] or 'past its end'}: {how}")
    finally:
        for worker in workers:
            with suppress(ProcessLookupError):
                worker.terminate()
            worker.wait()
    swept.seconds = time.monotonic() - began
    return swept


def _told(workers: Sequence["subprocess.Popen[str]"]) -> Iterator[dict[str, Any]]:
    """Give what any of the workers says, until all have ended; RuntimeError when one breaks down."""
    with selectors.DefaultSelector() as selector:
        for worker in workers:
            assert worker.stdout is not None
            selector.register(worker.stdout, selectors.EVENT_READ, worker)
        while selector.get_map():
            for key, _ in selector.select():
                if line := key.fileobj.readline():  # type: ignore[union-attr]
                    yield json.loads(line)
                    continue
                selector.unregister(key.fileobj)
                if code := key.data.wait():
                    raise RuntimeError(f"a worker ended with {code}")


def _work(asked: argparse.Namespace) -> int:
    """Tell one story at a share of its points; each a line of JSON on stdout."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # INT is ignored below a shell's `&`
    sitting.sit_down()
    (name,) = asked.stories
    story = next(story for story in STORIES if story.name == name)
    step = asked.every * asked.jobs
    numbers = (
        [asked.only] if asked.only is not None else count(asked.first + asked.worker * asked.every, step)
    )
    raised = 0
    with suppress(KeyboardInterrupt), staged(story()) as stage:
        for number in numbers:
            point, error = _point(stage, number)
            raised = raised + 1 if error else 0
            sys.stdout.write(json.dumps(asdict(point)) + "\n")
            sys.stdout.flush()
            if (point.hit is None and not error) or raised > _PATIENT:
                break
    return 0


def _point(stage: Stage, number: int) -> tuple[Point, bool]:
    """Tell it once; what is raised, a wait above all that was in vain, is a violation."""
    began = time.monotonic()
    try:
        return stage.at(number), False
    except Exception as error:  # noqa: BLE001 - it is told, with the point at which it was raised
        seconds = time.monotonic() - began
        return Point(number, None, seconds, (f"{type(error).__name__}: {error}",), {}), True


def _table(all_swept: Sequence[Swept]) -> Iterator[str]:
    yield f"{'story':16}{'points':>7}{'seconds':>9}{'violations':>12}  calls\n"
    for it in all_swept:
        calls = " ".join(f"{name}:{number}" for name, number in Counter(it.calls).most_common())
        yield f"{it.story:16}{it.points:7}{it.seconds:9.0f}{len(it.broken):12}  {calls}\n"
    for it in all_swept:
        for at, (hit, violations) in sorted(it.broken.items()):
            yield f"\n{it.story} {at}, at {hit}: .venv/bin/python tests/sweep/run.py {it.story} --only {at}\n"
            yield from (f"  {violation}\n" for violation in violations)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
