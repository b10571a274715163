"""A plan of chaos: what is done to one profile, step by step, drawn from a seed and from nothing else.

In: a seed, a number of steps. Out: `Step`s, the same ones for ever; how long each takes on a machine differs.
To be worth its time a plan remembers which names it has probably started, never what has really happened.
"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

NAMES = ("ant", "bee", "cat", "dog", "eel", "fox")
KINDS = {"echo": 5, "printer": 5, "quit": 2, "asker": 3, "rude": 2, "agent": 2}
"""What runs in a session, see `actor`."""

SENSORS = ("one", "two", "three")
SENSES = {"steady": 3, "news": 3, "fails": 1, "hangs": 2, "rude": 2, "floods": 1}
MODES = {"note": 4, "goal": 3, "start": 3, "send": 2, "two": 1, "lines": 1, "fail": 2, "hang": 3, "rude": 2}
"""What the AI does in a tick, see `actor`."""

CLAIMS = ("inbox", "news")
GOALS = ("tea", "mail")
KEYS = ("Enter", "Up", "Tab", "F1", "Left")
SIZES = ("80x24", "120x40", "40x10", "200x60")

_STEPS: Mapping[str, int] = {
    "start": 14,
    "send": 14,
    "key": 3,
    "kill": 5,
    "restart": 6,
    "resume": 3,
    "freeze": 4,
    "thaw": 5,
    "flag": 4,
    "answer": 6,
    "claim": 4,
    "unclaim": 2,
    "goal": 4,
    "sensor": 4,
    "no-sensor": 2,
    "mode": 5,
    "tick": 3,
    "up": 2,
    "down": 2,
    "down-now": 1,
    "down-all": 0,
    "prune": 3,
    "attach": 4,
    "resize": 3,
    "wait": 3,
    "rest": 4,
    "kill-engine": 8,
    "stop-engine": 3,
    "hang-engine": 0,
    "kill-keeper": 3,
    "kill-leader": 4,
    "kill-child": 4,
    "kill-runner": 5,
    "kill-sensor": 3,
    "kill-client": 6,
}
_RARE = {"hang-engine": 150, "down-all": 80}
"""Once in so many steps: each of these is slow, or ends what others would meet."""

_WHILE = {
    "kill-client": 1.0,
    "kill-runner": 0.9,
    "kill-sensor": 0.9,
    "kill-engine": 0.6,
    "kill-keeper": 0.6,
    "stop-engine": 0.5,
    "kill-leader": 0.5,
}
"""How often a verb is under way when this is done, which begins some of these seconds before."""

_OF_TICKS = frozenset({"kill-runner", "kill-sensor"})
_DELAYS = (0, 0.003, 0.02, 0.1, 0.2, 0.3, 0.4, 0.7)
_MEANWHILE = ("start", "restart", "kill", "send", "answer", "flag", "claim", "tick", "freeze", "prune", "up")
_PLACES = {"no-sensor": SENSORS, "goal": GOALS, "unclaim": CLAIMS}
_ON_SESSIONS = frozenset(
    [
        "send",
        "key",
        "kill",
        "restart",
        "resume",
        "freeze",
        "thaw",
        "flag",
        "attach",
        "resize",
        "wait",
        "kill-leader",
        "kill-child",
        "claim",
    ]
)


@dataclass(frozen=True, slots=True)
class Step:
    """One deed. `number` picks among what there is, `after` are seconds, `also` is a verb under way."""

    do: str
    who: str = ""
    how: str = ""
    number: int = 0
    after: float = 0.0
    also: tuple["Step", ...] = ()

    def __str__(self) -> str:
        words = (self.do, self.who, self.how)
        also = f" while {self.also[0]}" if self.also else ""
        return f"{' '.join(word for word in words if word)}{also}"


def drawn(seed: int, steps: int) -> list[Step]:
    """Draw a plan; a shorter one of the same seed is its beginning."""
    return [step for step, _ in zip(_endless(random.Random(f"chaos {seed}")), range(steps), strict=False)]


def save(path: Path, steps: Sequence[Step]) -> None:
    """Write a plan down, for `load`."""
    path.write_text("\n".join(json.dumps(asdict(step)) for step in steps) + "\n")


def load(path: Path) -> list[Step]:
    """Read what `save` wrote."""
    return [_step(json.loads(line)) for line in path.read_text().splitlines()]


def _step(fields: dict[str, object]) -> Step:
    also = fields.pop("also")
    assert isinstance(also, list)
    return Step(**fields, also=tuple(_step(one) for one in also))  # type: ignore[arg-type]


def _endless(rng: random.Random) -> Iterator[Step]:
    probable: set[str] = set()  # names that live, as far as a plan can know
    yield Step("up")
    yield Step("sensor", "one", "news")
    while True:
        do = next((rare for rare, one_in in _RARE.items() if rng.randrange(one_in) == 0), None)
        step = _draw(rng, do or _picked(rng, _STEPS), probable)
        if rng.random() < _WHILE.get(step.do, 0):
            other = _draw(rng, "tick" if step.do in _OF_TICKS else rng.choice(_MEANWHILE), probable)
            step = Step(step.do, step.who, step.how, step.number, rng.choice(_DELAYS), (other,))
        yield step


def _draw(rng: random.Random, do: str, probable: set[str]) -> Step:
    who = how = ""
    number = rng.randrange(1_000_000)
    if do == "start":
        who = _mostly(rng, set(NAMES) - probable)
        how = _picked(rng, KINDS)
        probable.add(who)
    elif do in _ON_SESSIONS:
        who = _mostly(rng, probable)
        how = _manner(rng, do)
        if do in {"kill", "kill-leader"}:
            probable.discard(who)
        if do in {"restart", "resume"}:
            probable.add(who)
    elif do == "sensor":
        who, how = rng.choice(SENSORS), _picked(rng, SENSES)
    elif do in _PLACES:
        who = rng.choice(_PLACES[do])
    elif do == "mode":
        how = _picked(rng, MODES)
    elif do in {"down-all", "kill-keeper"}:
        probable.clear()
        how = rng.choice(("", "now"))
    return Step(do, who, how, number, rng.choice((0.1, 0.3, 1.0)) if do in {"rest", "stop-engine"} else 0.0)


def _manner(rng: random.Random, do: str) -> str:
    choices = {
        "key": KEYS,
        "kill": ("", "now"),
        "resize": SIZES,
        "attach": ("leaves", "killed"),
        "wait": ("wait", "expect", "log"),
        "claim": CLAIMS,
    }
    return rng.choice(choices.get(do, ("",)))


def _mostly(rng: random.Random, names: set[str]) -> str:
    """Pick one of these, now and then any."""
    return rng.choice(sorted(names) if names and rng.random() < 0.85 else NAMES)


def _picked(rng: random.Random, weights: Mapping[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]
