"""What stories of sessions share: a keeper and an engine that live, and a session beside what happens.

In: a `support.person.Person`. Out: `Lived`, a story whose part is struck while all live below the trap. A
struck engine is replaced by keeper's next one, a struck keeper by a person's next verb. What must hold is
looked at while they live, and once more after their end. `asked` is a verb without the cost of a process.
"""

import json
import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import trio

from looop.child import tree
from looop.child.proc import Proc
from looop.engine import holder, shutdown
from looop.engine.ask import HERE, Answer, ask
from support.person import Person
from support.supervised import Change, Supervised
from support.surviving import leaderless
from support.waiting import until
from sweep import intact
from sweep.sweep import Story, Trap, supervised

ENGINE, KEEPER, CLIENT = ROLES = "__engine", "__keeper", "-m looop"
"""Whose changes are struck: the first words in its command line that say a role; `CLIENT` is a verb."""

PATIENCE = 60.0
KEPT = "kept"
_ROLE = re.compile(r" (__[a-z]+) | (-m looop) (?!__)")


@dataclass(frozen=True, slots=True)
class Begun:
    """A line that a session's program wrote when it began."""

    session: str
    generation: str
    pid: int

    @property
    def lives(self) -> bool:
        """Whether that very process lives: its environment says whose it is, its number may be another's."""
        with suppress(OSError):
            mark = f"LOOOP_GENERATION={self.generation}".encode()
            return runs(self.pid) and mark in Path(f"/proc/{self.pid}/environ").read_bytes().split(b"\0")
        return False


class Lived(Story):
    """A story of those who live. Each of `who` is struck."""

    who: ClassVar[tuple[str, ...]] = (ENGINE,)
    points = 2

    def prepare(self, looop: Person) -> None:
        """Take away what would begin by itself."""
        leaderless(looop)

    def counts(self, looop: Person, change: Change) -> bool:  # noqa: ARG002 - a story's signature
        """Count what the one does whom this story strikes, and a child of it that is not a program yet."""
        return role(change) in self.who

    def tell(self, looop: Person, trap: Trap) -> None:
        """Have all live, do it with the trap armed, look, and end all."""
        trap.disarm()
        self.trap = trap
        self.found: list[str] = []
        with self.begin(looop, trap) as family:
            try:
                said, _ = family.process.communicate(timeout=PATIENCE)
                assert family.process.returncode == 0, f"could not begin: {said}"
                self.kept, self.keeper = pid_of(looop, KEPT), lived(looop)
                self.before(looop)
                trap.armed = True
                self.act(looop)
                trap.disarm()
                if trap.hit is not None:
                    self.recover(looop)
                self.found += self.after(looop)
                self.found += self.beside(looop)
                self.found += intact.torn(looop.profile)
            except AssertionError as error:
                self.found.append(str(error))
            self.end(looop, family)

    def end(self, looop: Person, family: Supervised) -> None:
        """End all, as `down --all` does, and see that nobody is left."""
        trio.run(partial(shutdown.down, looop.profile, sessions=True))
        if not family.gone(PATIENCE):
            self.found.append("something lives on after `down --all`")

    def begin(self, looop: Person, trap: Trap) -> Supervised:
        """Start keeper and engine with the session beside."""
        return supervised(looop, trap, "start-session", KEPT, "--command", noted(looop, "exec cat"))

    def broken(self, looop: Person) -> Iterator[str]:
        """Say what was found while it lived, and what its end left."""
        yield from self.found
        yield from intact.left(looop.profile)
        yield from (f"{one.session} (pid {one.pid}) lives on" for one in begun(looop) if one.lives)

    def before(self, looop: Person) -> None:
        """Make what must be there before it begins."""

    @abstractmethod
    def act(self, looop: Person) -> None:
        """Do it. Whoever is struck is struck here."""

    @abstractmethod
    def after(self, looop: Person) -> Iterator[str]:
        """Go on as a person would, and say what does not hold."""

    def recover(self, looop: Person) -> None:
        """Wait for keeper's next engine, or start a keeper as a person would."""
        self.mourn(looop)
        if self.keeper_died() and lived(looop) is None:
            looop("start-session", "again", "--command", noted(looop, "exec cat"))
        until(lambda: answers(looop) is not None, "an engine that answers")

    def mourn(self, looop: Person) -> None:
        """Wait for the end of who was struck, and of an engine that has lost its keeper by it."""
        until(self.trap.buried, "the end of who was struck")
        until(lambda: not orphaned(looop), "the engine to leave without keeper")

    def keeper_died(self) -> bool:
        """Whether the keeper of the beginning is no more, and its sessions with it."""
        return self.keeper is None or not tree.alive(self.keeper.pid, self.keeper.start)

    def beside(self, looop: Person) -> Iterator[str]:
        """Say whether the session beside all this did notice, and whether any began twice."""
        view, lives = views(looop)[KEPT], any(one.lives for one in begun(looop, KEPT))
        if self.keeper_died():
            if view["state"] != "lost" or lives:
                yield f"{KEPT} is {view['state']} without its keeper{', and lives' * lives}"
        elif view["pid"] != self.kept or over(view) or not lives:
            yield f"{KEPT} is {view['state']} as pid {view['pid']}, and was pid {self.kept}"
        yield from twice(looop)


def role(change: Change) -> str:
    """Give what part of looop makes a change; empty for another program."""
    found = _ROLE.search(change.command)
    return next(filter(None, found.groups()), "") if found else ""


def runs(pid: int) -> bool:
    """Whether a process lives."""
    found = tree.proc(pid)
    return found is not None and not found.dead


def noted(looop: Person, command: str) -> str:
    """Have a session's program say that it began, before it does something."""
    return f'echo "$LOOOP_SESSION_ID $LOOOP_GENERATION $$" >>{_notes(looop)}; {command}'


def begun(looop: Person, session: str = "") -> list[Begun]:
    """Give what began, all or of one session."""
    notes = _notes(looop)
    rows = [line.split() for line in notes.read_text().splitlines()] if notes.exists() else []
    found = [Begun(name, generation, int(pid)) for name, generation, pid in rows]
    return [one for one in found if session in ("", one.session)]


def twice(looop: Person) -> Iterator[str]:
    """Say which generation began twice, and which session lives twice."""
    found = begun(looop)
    births = Counter((one.session, one.generation) for one in found)
    yield from (f"{name} began {count} times" for (name, _), count in births.items() if count > 1)
    living = [one.session for one in found if one.lives]
    yield from (f"{name} lives {living.count(name)} times" for name in {*living} if living.count(name) > 1)


def asked(looop: Person, *argv: str, patience: float = PATIENCE) -> Answer | None:
    """Run a verb in the engine that is there, without a process of its own; None when none listens."""

    async def within() -> Answer | None:
        with trio.fail_after(patience):
            return await ask(looop.profile.sock, *argv)

    return trio.run(within)


def answers(looop: Person) -> Answer | None:
    """Ask whether there is an engine that runs verbs."""
    found = asked(looop, HERE)
    return found if found is not None and found.code == 0 else None


def surely(looop: Person, *argv: str) -> Answer:
    """Run a verb in whatever engine there will be: only for verbs that may be asked again."""
    answer: list[Answer] = []

    def done() -> bool:
        found = asked(looop, *argv)
        if found is not None and found.code is not None:
            answer.append(found)
        return bool(answer)

    until(done, f"an answer to {' '.join(argv)}")
    return answer[0]


def views(looop: Person) -> dict[str, dict[str, Any]]:
    """Give what `ls --json` says, by id."""
    told = surely(looop, "ls", "--json")
    assert told.code == 0, told.err
    return {one["id"]: one for one in json.loads(told.out)["sessions"]}


def over(view: dict[str, Any]) -> bool:
    """Whether it no longer runs."""
    return view["state"] in {"ended", "killed", "lost"}


def pid_of(looop: Person, name: str) -> int:
    """Give the pid of a session's first process, 0 for one that has ended."""
    return int(views(looop).get(name, {}).get("pid") or 0)


def lived(looop: Person) -> Proc | None:
    """Give keeper, if it lives."""
    return holder.living(looop.profile.keeper_lock)


def orphaned(looop: Person) -> bool:
    """Whether an engine lives that is no child of the keeper that lives."""
    engine, keeper = holder.living(looop.profile.lock), lived(looop)
    return engine is not None and (keeper is None or engine.ppid != keeper.pid)


def once(looop: Person, name: str) -> Iterator[str]:
    """Say what does not hold of a session that lives: its present generation began, once."""
    view = views(looop)[name]
    found = partial(begun, looop, name)
    until(lambda: view["generation"] in {one.generation for one in found()}, f"{name} to begin")
    if [one.generation for one in found() if one.lives] != [view["generation"]]:
        yield f"{name} is {view['state']} as {view['generation']}, and {found()} began"


def _notes(looop: Person) -> Path:
    return looop.profile.data.parent / "begun"
