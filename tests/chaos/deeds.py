"""What each step of a plan does, and what must be true after it.

In: a stage, a model, a step. Out: a verb typed, a file written, a process hit; the model knows of it. A verb
that a fault may have met is believed if it says that it was done, and not if it says that it was not.
"""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chaos.model import Fate, Flag, Model, Session
from chaos.plan import Step
from chaos.stage import PATIENCE, Stage, Violation, hit, must
from looop.child import tree
from looop.child.proc import Proc

_REFUSALS = frozenset({1, 3, 5})
_UNREACHABLE = 4
_TIMEOUT = 124


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


@dataclass
class Deeds:
    """The steps of one run, as they are done."""

    stage: Stage
    model: Model
    deaths: int = 0
    refused: int = 0
    serial: int = 0
    _clients: list["subprocess.Popen[str]"] = field(default_factory=list)

    def do(self, step: Step) -> None:
        """Do one step, with the verb that is under way meanwhile."""
        if not step.also:
            _DEEDS[step.do](self, step)
            return
        (other,) = step.also
        verb = _VERBS[other.do](self, other)
        if verb is None:
            return
        argv, effect = verb
        client = self.stage.looop.start(*argv)
        self._clients.append(client)
        try:
            time.sleep(step.after)
            if step.do == "kill-client":
                client.kill()
            else:
                _DEEDS[step.do](self, step)
            out, err = client.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Violation(f"`looop {' '.join(argv)}` never returned while {step}") from None
        finally:
            client.kill()
            client.communicate()
        self._judge(other, argv, Done(client.returncode, out, err, safe=False), effect)

    def verb(self, step: Step) -> None:
        """Type a verb, and take its effect over."""
        verb = _VERBS[step.do](self, step)
        if verb is None:
            return
        argv, effect = verb
        reachable = self.stage.answers()
        try:
            done = self.stage.looop.call(*argv, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Violation(f"`looop {' '.join(argv)}` never returned") from None
        self._judge(step, argv, Done(done.returncode, done.stdout, done.stderr, safe=reachable), effect)

    def _judge(self, step: Step, argv: tuple[str, ...], done: Done, effect: Callable[[Done], None]) -> None:
        said = f"`looop {' '.join(argv)}` ended with {done.code}: {done.err.strip()[-1500:]}"
        if "Traceback" in done.err or (done.safe and done.code not in {0, _TIMEOUT, *_REFUSALS}):
            raise Violation(said)
        if done.code == 0:
            effect(done)
        else:
            self.refused += 1
            if not done.safe or done.code == _TIMEOUT:
                self._doubt(step)

    def _doubt(self, step: Step) -> None:
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
            for flag in model.flags.values():
                flag.maybe.append(_text_of(step))
        elif step.do == "claim":
            model.claims.pop(step.how, None)
        elif step.do == "unclaim":
            model.claims.pop(step.who, None)
        elif step.do in {"up", "down"}:
            model.up = None
        elif step.do == "prune":
            model.pruned()

    # What is typed: the words, and what is true once the verb has said that it was done.

    def start(self, step: Step) -> "Typed":
        command = ["a prompt"] if step.how == "agent" else ["--command", self.stage.actor(step.how)]
        return ("start-session", step.who, *command, "--json"), lambda done: self._born(
            step.who, step.how, done
        )

    def again(self, step: Step) -> "Typed":
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

    def send(self, step: Step) -> "Typed | None":
        known = self.model.sessions.get(step.who)
        if known is None or known.kind not in {"echo", "agent", "asker", "rude"}:
            return None
        self.serial += 1
        token, generation = f"sent-{self.serial}-{step.number}", known.generation

        def effect(_: Done) -> None:
            if generation is not None and known.generation == generation:
                self.model.sent[token] = generation

        return ("send", step.who, token, "--json"), effect

    def key(self, step: Step) -> "Typed | None":
        known = self.model.sessions.get(step.who)
        if known is None or known.kind not in {"echo", "agent", "asker", "rude"}:
            return None
        return ("key", step.who, step.how), lambda _: None

    def kill(self, step: Step) -> "Typed":
        def effect(done: Done) -> None:
            (view,) = done.json()["sessions"]
            if view["state"] not in {"ended", "killed", "lost"}:
                raise Violation(f"{step.who} was killed and is {view['state']}")
            known = self.model.sessions.get(step.who)
            if known is not None and known.generation in {None, view["generation"]}:
                known.generation, known.fate, known.frozen = view["generation"], Fate.OVER, False

        return ("kill", step.who, *["--now"] * (step.how == "now"), "--json"), effect

    def freeze(self, step: Step) -> "Typed":
        def effect(done: Done) -> None:
            known = self.model.sessions.get(step.who)
            if known is not None:
                known.frozen = step.do == "freeze" and done.safe

        return (step.do, step.who, "--json"), effect

    def flag(self, step: Step) -> "Typed":
        def effect(done: Done) -> None:
            view = done.json()
            known = self.model.sessions.get(step.who)
            self.model.flags.setdefault(view["number"], Flag(known.generation if known else None))

        return ("flag", "--session", step.who, f"what of {step.number}?", "--json"), effect

    def answer(self, step: Step) -> "Typed | None":
        shown = self._flags()
        if not shown:
            return None
        number = sorted(shown)[step.number % len(shown)]

        def effect(_: Done) -> None:
            flag = self.model.flags.setdefault(number, Flag(shown[number]))
            if flag.answer is not None:
                raise Violation(f"flag {number} was answered twice: {flag.answer} and {_text_of(step)}")
            flag.answer = _text_of(step)

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

    def claim(self, step: Step) -> "Typed":
        def effect(_: Done) -> None:
            known = self.model.sessions.get(step.who)
            self.model.claims.pop(step.how, None)
            if known is not None and known.fate is Fate.LIVES and not known.ends:
                self.model.claims[step.how] = known.generation or ""

        return ("claim", step.how, "--session", step.who), effect

    def unclaim(self, step: Step) -> "Typed":
        def effect(_: Done) -> None:
            self.model.claims.pop(step.who, None)

        return ("unclaim", step.who), effect

    def up(self, _: Step) -> "Typed":
        def effect(_: Done) -> None:
            self.model.up = True

        return ("up",), effect

    def prune(self, _: Step) -> "Typed":
        return ("prune",), lambda _: self.model.pruned()

    def tick(self, _: Step) -> "Typed":
        return ("tick", "--force"), lambda _: None

    def resize(self, step: Step) -> "Typed":
        return ("resize", step.who, step.how), lambda _: None

    # What is done otherwise.

    def down(self, step: Step) -> None:
        every, now = step.do == "down-all", "now" in (step.how, step.do.removeprefix("down-"))
        flags = (*["--all"] * every, *["--now"] * now)
        try:
            done = self.stage.looop.call("down", *flags, timeout=2 * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Violation(f"`looop down {' '.join(flags)}` never returned") from None
        named = [int(word) for word in re.findall(r"(?<=pid )\d+", done.stderr)]
        if done.returncode and not named:
            raise Violation(f"`looop down {' '.join(flags)}`: {done.returncode}: {done.stdout}{done.stderr}")
        for pid in named:  # killed, and on a busy machine not yet gone
            must(partial(_ended, pid), f"the end of {pid}, which `down` has named")
        self.model.up = False
        if every:
            self.model.all_over()
            must(lambda: not self.stage.looop.lives(), f"the end of keeper and engine: {done.stdout}")

    def goal(self, step: Step) -> None:
        text = f"---\ngoal: be {step.number}\n---\n"
        path = self.stage.data / "goals" / f"{step.who}.md"
        new = path.with_name(f".{step.number}.tmp")
        new.write_text(text)
        new.rename(path)
        self.model.goals[step.who] = text

    def sensor(self, step: Step) -> None:
        path = self.stage.data / "sensors" / f"{step.who}.sh"
        new = path.with_name(f".{step.number}.tmp")
        new.write_text(f"#!/bin/sh\n# {step.number}\n{self.stage.actor(f'sense-{step.how}')}\n")
        new.chmod(0o700)
        new.rename(path)

    def no_sensor(self, step: Step) -> None:
        (self.stage.data / "sensors" / f"{step.who}.sh").unlink(missing_ok=True)

    def mode(self, step: Step) -> None:
        new = self.stage.notes / "mode.new"
        new.write_text(step.how)
        new.rename(self.stage.notes / "mode")

    def rest(self, step: Step) -> None:
        time.sleep(step.after)

    def attach(self, step: Step) -> None:
        """Sit down at a session, and leave by the keys or by dying."""
        looop = self.stage.looop
        pid, master = pty.fork()
        if pid == 0:
            os.chdir(looop.profile.data.parent)
            os.execve(looop.program[0], [looop.program[0], "attach", step.who], looop.env)
        try:
            self._sit(pid, master, step)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.close(master)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def _sit(self, pid: int, master: int, step: Step) -> None:
        until, told = time.monotonic() + PATIENCE, False
        while time.monotonic() < until:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    seen = os.read(master, 65536)
                except OSError:  # it has ended
                    return
                if not told and seen and step.how == "killed":
                    return
            if not told:  # typed right away it would be lost: the terminal is not raw yet
                time.sleep(0.05)
                told = True
            with suppress(OSError):
                os.write(master, b"\x1c\x1c")
        raise Violation(f"attach {step.who} does not leave (pid {pid})")

    def wait(self, step: Step) -> None:
        """Begin to wait for something, and be killed while waiting."""
        words = {
            "wait": ("wait", step.who),
            "expect": ("expect", step.who, "never said", "--timeout", "30s"),
            "log": ("log", step.who, "-f", "--raw"),
        }
        client = self.stage.looop.start(*words[step.how])
        time.sleep(0.05)
        client.kill()
        client.communicate()

    def kill_engine(self, _: Step) -> None:
        engine = self.stage.engine
        if engine is None:
            return
        below = tree.descendants(engine.pid)
        if hit(engine):
            self.deaths += 1
            self.back(engine)
            _gone(below, "a process of the killed engine's")

    def stop_engine(self, step: Step) -> None:
        engine = self.stage.engine
        if engine is not None and tree.send(engine, signal.SIGSTOP):
            time.sleep(step.after)
            tree.send(engine, signal.SIGCONT)

    def hang_engine(self, _: Step) -> None:
        engine = self.stage.engine
        if engine is not None and self.stage.keeper is not None and tree.send(engine, signal.SIGSTOP):
            self.back(engine)

    def back(self, before: Proc) -> None:
        """See that another engine answers, if anybody wants one."""
        stage = self.stage

        def settled() -> bool:
            engine = stage.engine
            another = engine is not None and (engine.pid, engine.start) != (before.pid, before.start)
            return stage.keeper is None or (another and stage.answers())

        must(settled, "an engine to answer after the last one was killed, or keeper to leave")
        if stage.keeper is None and (self.model.up or self.model.lives()):
            raise Violation("keeper left when its engine was killed, although somebody wants one")

    def kill_keeper(self, _: Step) -> None:
        keeper, engine = self.stage.keeper, self.stage.engine
        below = tree.descendants(engine.pid) if engine else ()
        if hit(keeper):
            self.deaths += 1
            if engine is not None:
                must(lambda: not tree.alive(engine.pid, engine.start), "the engine to leave without keeper")
                _gone(below, "a process of an engine that has lost its keeper")
            self.model.all_over()
            self.verb(Step("up"))

    def kill_leader(self, step: Step) -> None:
        found = self._leader(step.who)
        if found is not None:
            self.model.unsure(step.who)
            if hit(found):
                self.deaths += 1

    def kill_child(self, step: Step) -> None:
        found = self._leader(step.who)
        below = [one for one in tree.descendants(found.pid) if not one.dead] if found else []
        if below:
            self.model.unsure(step.who)
            self.deaths += hit(below[step.number % len(below)])

    def _leader(self, name: str) -> Proc | None:
        known = self.model.sessions.get(name)
        if known is None:
            return None
        for view in self.stage.looop.json("ls")["sessions"]:
            if view["id"] == name and view["pid"]:
                return tree.proc(view["pid"])
        return None

    def kill_step(self, step: Step) -> None:
        word, until = "sense-" if step.do == "kill-sensor" else "actor.py\0tick", time.monotonic() + 1
        while not (found := self.stage.steps(word)) and time.monotonic() < until:
            time.sleep(0.01)
        if found:
            self.deaths += hit(found[step.number % len(found)])


Typed = tuple[tuple[str, ...], Callable[[Done], None]]


def _ended(pid: int) -> bool:
    found = tree.proc(pid)
    return found is None or found.dead


def _gone(processes: tuple[Proc, ...], what: str) -> None:
    must(lambda: not [one for one in processes if tree.alive(one.pid, one.start)], f"the end of {what}")


def _text_of(step: Step) -> str:
    return f"answered-{step.number}"


_VERBS: dict[str, Callable[[Deeds, Step], Typed | None]] = {
    "start": Deeds.start,
    "restart": Deeds.again,
    "resume": Deeds.again,
    "send": Deeds.send,
    "key": Deeds.key,
    "kill": Deeds.kill,
    "freeze": Deeds.freeze,
    "thaw": Deeds.freeze,
    "flag": Deeds.flag,
    "answer": Deeds.answer,
    "claim": Deeds.claim,
    "unclaim": Deeds.unclaim,
    "up": Deeds.up,
    "prune": Deeds.prune,
    "tick": Deeds.tick,
    "resize": Deeds.resize,
}
_DEEDS: dict[str, Callable[[Deeds, Step], None]] = dict.fromkeys(_VERBS, Deeds.verb) | {
    "down": Deeds.down,
    "down-now": Deeds.down,
    "down-all": Deeds.down,
    "goal": Deeds.goal,
    "sensor": Deeds.sensor,
    "no-sensor": Deeds.no_sensor,
    "mode": Deeds.mode,
    "rest": Deeds.rest,
    "attach": Deeds.attach,
    "wait": Deeds.wait,
    "kill-engine": Deeds.kill_engine,
    "stop-engine": Deeds.stop_engine,
    "hang-engine": Deeds.hang_engine,
    "kill-keeper": Deeds.kill_keeper,
    "kill-leader": Deeds.kill_leader,
    "kill-child": Deeds.kill_child,
    "kill-runner": Deeds.kill_step,
    "kill-sensor": Deeds.kill_step,
    "kill-client": Deeds.rest,
}
