"""A chaos run: `run.py [--steps N] [--seed N] [--replay FILE]`. It exits with 1 and says how to see it again.

In: a seed. Out: steps done with real processes and laws checked after each. The plan is the same for the same
seed; how far programs have got at each step is the machine's, so a violation may take more than one replay.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from chaos.deeds import Deeds
from chaos.laws import Laws
from chaos.model import Model
from chaos.plan import Step, drawn, load, save
from chaos.stage import Violation, stage
from support import leftovers, sitting

EVERY = 10  # steps between two full looks


@dataclass(frozen=True, slots=True)
class Told:
    """What a run came to. `deaths` are processes that were killed, `looks` how often all laws held."""

    steps: int
    deaths: int
    refused: int
    looks: int
    ticks: int
    journal: int
    generations: int
    did: Counter[str]


def perform(folder: Path, steps: Sequence[Step], say: bool = False) -> Told:
    """Do the steps in a new profile in `folder`; Violation, which names the step, when a law is broken."""
    with stage(folder) as place:
        model = Model()
        deeds, laws = Deeds(place, model), Laws(place, model)
        began = time.monotonic()
        spent: Counter[str] = Counter()
        for number, step in enumerate(steps, 1):
            try:
                t0 = time.monotonic()
                deeds.do(step)
                t1 = time.monotonic(); spent[step.do] += t1 - t0
                if step.do == "rest" or number % EVERY == 0:
                    laws.full()
                else:
                    laws.quick()
            except (Violation, AssertionError, OSError, KeyError, ValueError) as error:
                raise Violation(f"step {number} ({step}): {type(error).__name__}: {error}") from error
            spent["LAWS"] += time.monotonic() - t1
            if time.monotonic() - t0 > 2: print(number, step, round(t1-t0,1), round(time.monotonic()-t1,1), flush=True)
            if say and number % 100 == 0:
                print(f"{number} steps, {deeds.deaths} deaths, {time.monotonic() - began:.0f} s", flush=True)
        print({k: round(v, 1) for k, v in spent.most_common()})
        deeds.do(Step("down-all"))
        laws.full()
        journal = (place.data / "journal.md").read_text().count("\n- ")
        born = len(place.noted("born"))
        return Told(
            len(steps), deeds.deaths, deeds.refused, laws.looks, len(place.noted("asked")), journal, born,
            Counter(step.do for step in steps),
        )


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", type=Path, help="a plan that was written down instead of a seed's")
    asked = parser.parse_args()
    steps = load(asked.replay) if asked.replay else drawn(asked.seed, asked.steps)
    leftovers.guard()
    sitting.sit_down()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        told = perform(folder, steps, say=True)
    except Violation as error:
        return _failed(asked.seed, steps, str(error), folder)
    left = leftovers.processes()
    print(json.dumps({"seed": asked.seed, "seconds": round(time.monotonic() - began), **_facts(told)}))
    for line in left:
        print(f"LEFT BEHIND: {line}")
    return 1 if left else 0


def _facts(told: Told) -> dict[str, object]:
    return {name: getattr(told, name) for name in told.__slots__} | {"did": dict(told.did)}


def _failed(seed: int, steps: Sequence[Step], error: str, folder: Path) -> int:
    number = int(error.split()[1]) if error.startswith("step ") else len(steps)
    plan = Path(f"chaos-{seed}-{number}.plan")
    save(plan, steps[:number])
    print(f"VIOLATION with seed {seed}: {error}\n\nLast steps:")
    for at, step in enumerate(steps[max(0, number - 12) : number], max(1, number - 11)):
        print(f"  {at} {step}")
    print(f"\nAgain: {sys.executable} {sys.argv[0]} --seed {seed} --steps {number}")
    print(f"   or: {sys.executable} {sys.argv[0]} --replay {plan}\nIts files: {folder}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
