"""A chaos run: `run.py [--steps N] [--seed N] [--replay FILE]`. It exits with 1 and says how to see it again.

In: a seed. Out: steps done with real processes and laws looked at after each. The plan is the same for the
same seed; how far programs have got at each step is the machine's: a violation may take several replays.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]


def main() -> int:
    """Run what the command line asks for."""
    from chaos.performing import perform
    from chaos.plan import drawn, load
    from chaos.stage import Violation
    from support import leftovers, sitting

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", type=Path, help="a plan that was written down instead of a seed's")
    asked = parser.parse_args()
    steps = load(asked.replay) if asked.replay else drawn(asked.seed, asked.steps)
    leftovers.guard()
    sitting.sit_down()  # as a person: of others not everything is taken
    began, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        told = perform(folder, steps, say)
    except Violation as error:
        failed(asked, steps, str(error), folder)
        return 1
    shutil.rmtree(folder)
    left = leftovers.processes()
    say(json.dumps({"plan": _named(asked), "seconds": round(time.monotonic() - began), **asdict(told)}))
    for line in left:
        say(f"LEFT BEHIND: {line}")
    return 1 if left else 0


def failed(asked: argparse.Namespace, steps: Sequence[object], error: str, folder: Path) -> None:
    """Say what was broken, and how to see it again; the shortest plan that led there is written down."""
    from chaos.plan import Step, save

    number = int(error.split()[1]) if error.startswith("step ") else len(steps)
    done = [step for step in steps[:number] if isinstance(step, Step)]
    plan = Path(f"chaos-{asked.replay.stem if asked.replay else asked.seed}-{number}.plan")
    save(plan, done)
    say(f"VIOLATION with {_named(asked)}: {error}\n\nThe last steps:")
    for at in range(max(0, len(done) - 12), len(done)):
        say(f"  {at + 1} {done[at]}")
    say(f"\nAgain: {sys.executable} {sys.argv[0]} --replay {plan}\nIts files: {folder}")


def _named(asked: argparse.Namespace) -> str:
    return f"--replay {asked.replay}" if asked.replay else f"--seed {asked.seed} --steps {asked.steps}"


def say(line: str) -> None:
    """Write a line now."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
