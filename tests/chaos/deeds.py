"""What each step of a plan does, and what must be true after it.

In: a stage, a model, a step. Out: a verb typed, a file written, a process hit; the model knows of it. A verb
that a fault may have met is believed if it says that it was done, and not if it says that it was not.
"""

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from chaos.model import Model
from chaos.plan import Step
from chaos.stage import PATIENCE, Stage, Violation, hit, must
from chaos.verbs import TYPED, Done, Verbs
from looop.child import tree
from looop.child.proc import Proc

_REFUSALS = frozenset({1, 3, 5})
_TIMEOUT = 124


@dataclass
class Deeds:
    """The steps of one run, as they are done."""

    stage: Stage
    model: Model
    deaths: int = 0
    refused: int = 0
    did: Counter[str] = field(default_factory=Counter)  # the steps that found what they are for
    verbs: Verbs = field(init=False)

    def __post_init__(self) -> None:
        self.verbs = Verbs(self.stage, self.model)

    def do(self, step: Step) -> None:
        """Do one step, with the verb that is under way meanwhile."""
        verb = self.verbs.of(step.also[0]) if step.also else None
        if verb is None:
            self._deed(replace(step, also=()))
            return
        (other,), (argv, effect) = step.also, verb
        client = self.stage.looop.start(*argv)
        try:
            time.sleep(step.after)
            if step.do == "kill-client":
                self.did[step.do] += client.poll() is None
                client.kill()
            else:
                self._deed(step)
            out, err = client.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Violation(f"`looop {' '.join(argv)}` never returned while {step}") from None
        finally:
            client.kill()
            client.communicate()
        self.did[other.do] += 1
        self._judge(other, argv, Done(client.returncode, out, err, safe=False), effect)

    def _deed(self, step: Step) -> None:
        self.did[step.do] += _DEEDS[step.do](self, step) is not False

    def verb(self, step: Step) -> bool:
        """Type a verb, and take its effect over; False where it makes no sense, and nothing was typed."""
        verb = self.verbs.of(step)
        if verb is None:
            return False
        argv, effect = verb
        reachable = self.stage.answers()
        try:
            done = self.stage.looop.call(*argv, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Violation(f"`looop {' '.join(argv)}` never returned") from None
        self._judge(step, argv, Done(done.returncode, done.stdout, done.stderr, safe=reachable), effect)
        return True

    def _judge(self, step: Step, argv: tuple[str, ...], done: Done, effect: Callable[[Done], None]) -> None:
        said = f"`looop {' '.join(argv)}` ended with {done.code}: {done.err.strip()[-1500:]}"
        if "Traceback" in done.err or (done.safe and done.code not in {0, _TIMEOUT, *_REFUSALS}):
            raise Violation(said)
        if done.code == 0:
            effect(done)
        else:
            self.refused += 1
            if not done.safe or done.code == _TIMEOUT:
                self.verbs.doubt(step)

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

    def no_client(self, step: Step) -> bool:
        """Rest: no verb is under way that could be killed."""
        time.sleep(step.after)
        return False

    def attach(self, step: Step) -> bool:
        """Sit down at a session, and leave by the keys or by dying; False if it was not to be seen."""
        looop, lives = self.stage.looop, step.who in self.model.lives()
        wanted = -signal.SIGKILL if step.how == "killed" else 0
        pid, master = pty.fork()
        if pid == 0:
            os.chdir(looop.profile.data.parent)
            os.execve(looop.program[0], [looop.program[0], "attach", step.who], looop.env)
        try:
            seen = self._sit(pid, master, step)
            if step.how == "leaves":
                must(
                    partial(_ended, pid), f"the end of `attach {step.who}`, which has let go of its terminal"
                )
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.close(master)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if b"Traceback" in seen or (code != wanted and (lives or code < 0)):
            raise Violation(f"`looop attach {step.who}` ended with {code}: {seen[-1500:]!r}")
        return b"\x1b" in seen

    def _sit(self, pid: int, master: int, step: Step) -> bytes:
        """Give what was seen until it ended, or until the first of the session where it is to be killed."""
        until, seen, told = time.monotonic() + PATIENCE, b"", False
        while time.monotonic() < until:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    seen += os.read(master, 65536)
                except OSError:  # it has ended
                    return seen
            if b"\x1b" not in seen or told:  # before, the terminal is not raw, and the keys are a signal
                continue
            if step.how == "killed":
                return seen
            told = True
            with suppress(OSError):  # the session has ended by itself
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

    def kill_engine(self, _: Step) -> bool:
        engine = self.stage.engine
        if engine is None:
            return False
        below = tree.descendants(engine.pid)
        if not self._hit(engine):
            return False
        self.back(engine)
        _gone(below, "a process of the killed engine's")
        return True

    def _hit(self, process: Proc | None) -> bool:
        killed = hit(process)
        self.deaths += killed
        return killed

    def stop_engine(self, step: Step) -> bool:
        engine = self.stage.engine
        if engine is None or not tree.send(engine, signal.SIGSTOP):
            return False
        time.sleep(step.after)
        return tree.send(engine, signal.SIGCONT)

    def hang_engine(self, _: Step) -> bool:
        engine = self.stage.engine
        if engine is None or self.stage.keeper is None or not tree.send(engine, signal.SIGSTOP):
            return False
        self.back(engine)
        return True

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

    def kill_keeper(self, _: Step) -> bool:
        keeper, engine = self.stage.keeper, self.stage.engine
        below = tree.descendants(engine.pid) if engine else ()
        if not self._hit(keeper):
            return False
        if engine is not None:
            must(lambda: not tree.alive(engine.pid, engine.start), "the engine to leave without keeper")
            _gone(below, "a process of an engine that has lost its keeper")
        self.model.all_over()
        self._deed(Step("up"))
        return True

    def kill_leader(self, step: Step) -> bool:
        found = self._leader(step.who)
        if found is not None:
            self.model.unsure(step.who)
        return self._hit(found)

    def kill_child(self, step: Step) -> bool:
        found = self._leader(step.who)
        below = [one for one in tree.descendants(found.pid) if not one.dead] if found else []
        if not below:
            return False
        self.model.unsure(step.who)
        return self._hit(below[step.number % len(below)])

    def _leader(self, name: str) -> Proc | None:
        known = self.model.sessions.get(name)
        if known is None:
            return None
        for view in self.stage.looop.json("ls")["sessions"]:
            if view["id"] == name and view["pid"]:
                return tree.proc(view["pid"])
        return None

    def kill_step(self, step: Step) -> bool:
        word, until = "sense-" if step.do == "kill-sensor" else "actor.py\0tick", time.monotonic() + 1
        while not (found := self.stage.steps(word)) and time.monotonic() < until:
            time.sleep(0.01)
        return self._hit(found[step.number % len(found)] if found else None)


def _ended(pid: int) -> bool:
    found = tree.proc(pid)
    return found is None or found.dead


def _gone(processes: tuple[Proc, ...], what: str) -> None:
    must(lambda: not [one for one in processes if tree.alive(one.pid, one.start)], f"the end of {what}")


_DEEDS: dict[str, Callable[[Deeds, Step], bool | None]] = dict.fromkeys(TYPED, Deeds.verb) | {
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
    "kill-client": Deeds.no_client,
}
