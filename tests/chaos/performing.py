"""The steps of a plan, done one after another in a fresh profile, with the laws looked at after each.

In: a folder, steps. Out: `Told`, or the `Violation` of a step. Neighbours: `deeds` does, `laws` looks, and
`run` is what a person types.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.deeds import Deeds
from chaos.laws import Laws
from chaos.model import Model
from chaos.plan import Step
from chaos.stage import Violation, stage

EVERY = 10  # steps between two full looks


@dataclass(frozen=True, slots=True)
class Told:
    """What a run came to. `deaths` are processes that were killed, `looks` how often all laws held.

    `did` counts the steps, and the verbs under way meanwhile, that found what they are for.
    """

    steps: int
    deaths: int
    refused: int
    looks: int
    ticks: int
    journal: int
    generations: int
    did: dict[str, int]


def perform(folder: Path, steps: Sequence[Step], say: Callable[[str], object] = lambda _: None) -> Told:
    """Do the steps in a new profile in `folder`; Violation, which names the step, when a law is broken."""
    with stage(folder) as place:
        model = Model()
        deeds, laws = Deeds(place, model), Laws(place, model)
        began = time.monotonic()
        for number, step in enumerate((*steps, Step("down-all")), 1):
            try:
                deeds.do(step)
                (
                    laws.full
                    if step.do == "rest" or not number % EVERY or number > len(steps)
                    else laws.quick
                )()
            except (AssertionError, OSError, LookupError, ValueError) as error:
                raise Violation(f"step {number} ({step}): {type(error).__name__}: {error}") from error
            if number % 100 == 0:
                say(f"{number} steps, {deeds.deaths} deaths, {time.monotonic() - began:.0f} s")
        return Told(
            steps=len(steps),
            deaths=deeds.deaths,
            refused=deeds.refused,
            looks=laws.looks,
            ticks=len(place.noted("asked")),
            journal=(place.data / "journal.md").read_text().count("\n- "),
            generations=len(place.noted("born")),
            did=dict(+deeds.did),
        )
