"""What is typed in a chaos run: the words of each verb, and what is true once it has said that it was done.

In: a stage, a model, a step. Out: `Typed`, words and an effect upon the model; doubt, where it was cut off.
Neighbour: `deeds` types them, alone or while something is killed.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chaos.model import Fate, Flag, Model, Session
from chaos.plan import Step
from chaos.stage import Stage, Violation


@dataclass
class Done:
    """A verb that has ended. `safe`: no fault could meet it."""

    code: int
    out: str
    err: str
    safe: bool

    def json(self) -> Any:
        """Give what it printed, as a value."""
        return json.loads(self.out)


Typed = tuple[tuple[str, ...], Callable[[Done], None]]
"""What to type, and its effect."""


@dataclass
class Verbs:
    """The verbs of one run."""

    stage: Stage
    model: Model
    serial: int = 0

    def of(self, step: Step) -> "Typed | None":
        """Give what to type for a step; None where that makes no sense."""
        return _VERBS[step.do](self, step)

    def start(self, step: Step) -> Typed:
        command = ["a prompt"] if step.how == "agent" else ["--command", self.stage.actor(step.how)]
        return ("start-session", step.who, *command, "--json"), lambda done: self._born(
            step.who, step.how, done
        )

    def again(self, step: Step) -> Typed:
        known = self.model.sessions.get(step.who)
        kind = known.kind if known else ""
        return (step.do, step.who, "--json"), lambda done: self._born(step.who, kind, done)

    def _born(self, name: str, kind: str, done: Done) -> None:
        (view,) = done.json()["sessions"]
        before = self.model.sessions.get(name)
        if before is not None and before.generation == view["generation"]:
            raise Violation(f"{name} was begun anew and is the same generation {before.generation} still")
        self.model.sessions[name] = Session(kind, view["generation"])
        if not done.safe:
            self.model.unsure(name)

    def send(self, step: Step) -> Typed | None:
        known = self.model.sessions.get(step.who)
        if known is None or known.kind not in {"echo", "agent", "asker", "rude"}:
            return None
        self.serial += 1
        token, generation = f"sent-{self.serial}-{step.number}", known.generation

        def effect(_: Done) -> None:
            if generation is not None and known.generation == generation:
                self.model.sent[token] = generation

        return ("send", step.who, token, "--json"), effect

    def key(self, step: Step) -> Typed | None:
        known = self.model.sessions.get(step.who)
        if known is None or known.kind not in {"echo", "agent", "asker", "rude"}:
            return None
        return ("key", step.who, step.how), lambda _: None

    def kill(self, step: Step) -> Typed:
        def effect(done: Done) -> None:
            (view,) = done.json()["sessions"]
            if view["state"] not in {"ended", "killed", "lost"}:
                raise Violation(f"{step.who} was killed and is {view['state']}")
            known = self.model.sessions.get(step.who)
            if known is not None and known.generation in {None, view["generation"]}:
                known.generation, known.fate, known.frozen = view["generation"], Fate.OVER, False

        return ("kill", step.who, *["--now"] * (step.how == "now"), "--json"), effect

    def freeze(self, step: Step) -> Typed:
        def effect(done: Done) -> None:
            known = self.model.sessions.get(step.who)
            if known is not None:
                known.frozen = step.do == "freeze" and done.safe

        return (step.do, step.who, "--json"), effect

    def flag(self, step: Step) -> Typed:
        def effect(done: Done) -> None:
            view = done.json()
            known = self.model.sessions.get(step.who)
            self.model.flags.setdefault(view["number"], Flag(known.generation if known else None))

        return ("flag", "--session", step.who, f"what of {step.number}?", "--json"), effect

    def answer(self, step: Step) -> Typed | None:
        shown = self._flags()
        if not shown:
            return None
        number = sorted(shown)[step.number % len(shown)]

        def effect(_: Done) -> None:
            flag = self.model.flags.setdefault(number, Flag(shown[number]))
            if flag.answer is not None:
                raise Violation(f"flag {number} was answered twice: {flag.answer} and {_text_of(step)}")
            flag.answer = _text_of(step)
            self.model.given.add(flag.answer)

        return ("answer", str(number), _text_of(step), "--json"), effect

    def _flags(self) -> dict[int, str | None]:
        """Give those that were told, answered ones too, and those that workers raised."""
        found = {number: flag.generation for number, flag in self.model.flags.items()}
        for path in self.stage.data.glob("sessions/*/flag.json"):
            with suppress(OSError, ValueError):
                meta = json.loads((path.parent / "meta.json").read_text())
                found.setdefault(json.loads(path.read_text())["number"], meta["generation"])
        newest = sorted(found)[-4:]
        return {number: found[number] for number in newest}

    def claim(self, step: Step) -> Typed:
        def effect(_: Done) -> None:
            known = self.model.sessions.get(step.who)
            self.model.claims.pop(step.how, None)
            if known is not None and known.fate is Fate.LIVES and not known.ends:
                self.model.claims[step.how] = known.generation or ""

        return ("claim", step.how, "--session", step.who), effect

    def unclaim(self, step: Step) -> Typed:
        def effect(_: Done) -> None:
            self.model.claims.pop(step.who, None)

        return ("unclaim", step.who), effect

    def up(self, _: Step) -> Typed:
        def effect(_: Done) -> None:
            self.model.up = True

        return ("up",), effect

    def prune(self, _: Step) -> Typed:
        return ("prune",), lambda _: self.model.pruned()

    def tick(self, _: Step) -> Typed:
        return ("tick", "--force"), lambda _: None

    def resize(self, step: Step) -> Typed:
        return ("resize", step.who, step.how), lambda _: None

    def doubt(self, step: Step) -> None:
        """Know less: what was cut off may have been done."""
        model = self.model
        if step.do in {"start", "restart", "resume", "kill", "freeze", "thaw"}:
            fresh = Session(step.how, None, removable=True)
            if step.who not in model.sessions or model.sessions[step.who].fate is Fate.GONE:
                model.sessions[step.who] = fresh
            model.sessions[step.who].generation = None
            if step.do == "start":
                model.sessions[step.who].kind = step.how
            model.unsure(step.who)
        elif step.do == "answer":
            model.given.add(_text_of(step))
        elif step.do == "claim":
            model.claims.pop(step.how, None)
        elif step.do == "unclaim":
            model.claims.pop(step.who, None)
        elif step.do in {"up", "down"}:
            model.up = None
        elif step.do == "prune":
            model.pruned()


def _text_of(step: Step) -> str:
    return f"answered-{step.number}"


_VERBS: dict[str, Callable[[Verbs, Step], Typed | None]] = {
    "start": Verbs.start,
    "restart": Verbs.again,
    "resume": Verbs.again,
    "send": Verbs.send,
    "key": Verbs.key,
    "kill": Verbs.kill,
    "freeze": Verbs.freeze,
    "thaw": Verbs.freeze,
    "flag": Verbs.flag,
    "answer": Verbs.answer,
    "claim": Verbs.claim,
    "unclaim": Verbs.unclaim,
    "up": Verbs.up,
    "prune": Verbs.prune,
    "tick": Verbs.tick,
    "resize": Verbs.resize,
}

TYPED = frozenset(_VERBS)
"""The steps that are verbs."""
