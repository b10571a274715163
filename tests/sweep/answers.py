"""Stories of a person's word: an answer and an approval, with the engine or the verb itself killed anywhere.

The session that asked is told once, whoever is killed; what was acknowledged stays true when all is started
anew. Keeper and the session live on.
"""

import shlex
import subprocess
import time
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path

from looop.core.problem import Exit
from looop.core.sessions import Question
from looop.store import grants, questions
from support import tested
from support.person import PATIENCE, Person
from support.supervised import Answer, Change, Go
from support.surviving import answers
from support.waiting import until
from sweep import whole
from sweep.sweep import Story, Trap, supervised

_LOOOP = shlex.join(tested.LOOOP)
_RESTS = f'while echo "{{}}" | {_LOOOP} hook Stop; do sleep 2; done &\n'
_HEARS = 'while read -r line; do echo "$line" >> typed; done\n'


class Only:
    """Lets a trap judge one process alone: that one, else the first that makes a change."""

    def __init__(self, trap: Trap) -> None:
        self.pid = 0
        self._trap = trap

    def __call__(self, change: Change) -> Answer:
        """Judge one change."""
        self.pid = self.pid or change.pid
        return self._trap(change) if change.pid == self.pid else Go()


class Word(Story):
    """A session whose `script` asks, and the verb `says` by which a person says what it waits for."""

    points = 2
    script: str
    says: tuple[str, ...]
    said: str
    code: int

    def prepare(self, looop: Person) -> None:
        """Write the session's script: its asking, then whatever is typed to it, line by line."""
        for goal in looop.profile.goals.glob("*.md"):
            goal.unlink()
        notes = _notes(looop)
        notes.mkdir()
        script = f"cd {shlex.quote(str(notes))}\n{self.script}{_RESTS}{_HEARS}"
        (notes / "worker.sh").write_text(script)

    def tell(self, looop: Person, trap: Trap) -> None:
        """Start the session, have it ask, say the word below the trap, and wait until it was heard.

        What counts is the verb's own, and from then on its engine's.
        """
        trap.disarm()
        engine, its_own = Only(trap), Only(trap)
        command = f"sh {shlex.quote(str(_notes(looop) / 'worker.sh'))}"
        with supervised(looop, engine, "start-session", "fix", "--command", command) as it:
            started, _ = it.process.communicate(timeout=PATIENCE)
            assert it.process.returncode == 0, f"the session was not started: {started}"
            until(looop.lives, "the engine")
            self.number = self.asked(looop)
            engine.pid, trap.armed = looop.engine.pid, True
            with supervised(looop, its_own, self.says[0], str(self.number), *self.says[1:]) as verb:
                self.said, _ = verb.process.communicate(timeout=PATIENCE)
                self.code = verb.process.returncode
            self._found = tuple(self._afterwards(looop, trap))

    def _afterwards(self, looop: Person, trap: Trap) -> Iterator[str]:
        """Ask again what was not acknowledged, and see what the session is told, and how often."""
        again = self._say(looop)
        if again.returncode not in {Exit.DONE, Exit.REFUSED, Exit.MISSING}:
            yield f"asked again it ended with {again.returncode}: {again.stdout}{again.stderr}"
        if self.code == 0 and again.returncode == 0:
            yield f"it was acknowledged twice: {self.said}{again.stdout}"
        self.settled(looop)
        trap.disarm()
        until(trap.buried, "the end of who was struck")
        until(lambda: answers(looop.profile.sock), "an engine that answers")
        looop("send", "fix", "end")
        until(lambda: "end" in self.lines(looop, "typed"), "what was sent")
        yield from self.heard(looop)

    def broken(self, looop: Person) -> Iterator[str]:
        """Start anew after all is gone, and look."""
        yield from self._found
        if self._say(looop).returncode == 0:
            yield "what had been said was said again after a restart"
        yield from whole.next_beat(looop, edited=True)
        yield from whole.broken(looop)
        yield from self.heard(looop)

    def asked(self, looop: Person) -> int:
        """Wait until something is asked; the number of its flag."""
        until(lambda: self._question(looop), "the flag")
        found = self._question(looop)
        assert found is not None
        return found.number

    def settled(self, looop: Person) -> None:
        """Wait until what was said has reached whom it is for."""
        until(lambda: self._answer(looop).delivered, "the delivery")

    def _say(self, looop: Person) -> "subprocess.CompletedProcess[str]":
        """Say it once more: to the next engine, if one was killed over it just now."""
        deadline = time.monotonic() + PATIENCE
        while True:
            done = looop.call(self.says[0], str(self.number), *self.says[1:])
            if done.returncode != Exit.UNREACHABLE:
                return done
            assert time.monotonic() < deadline, done.stderr

    @abstractmethod
    def heard(self, looop: Person) -> Iterator[str]:
        """Look at what came of it: while the session lives, and once more after a restart."""

    def lines(self, looop: Person, name: str) -> list[str]:
        """Give the lines of one of the session's notes."""
        return whole.lines(_notes(looop) / name)

    def _question(self, looop: Person) -> Question | None:
        place = questions.place_of(looop.profile, "fix")
        return questions.read(place.folder) if place else None

    def _answer(self, looop: Person) -> questions.Answer:
        (place,) = questions.places(looop.profile)
        found = questions.answer_to(place.folder, self.number)
        assert found is not None, f"there is no answer to {self.number}"
        return found


class Answered(Word):
    """An answer to a call that waits for it."""

    name = "answer"
    script = f'{_LOOOP} flag "which one?" --wait >> waited\necho "code $?" >> codes\n'
    says = ("answer", "red")

    def heard(self, looop: Person) -> Iterator[str]:
        """Look for the one answer: given to the call, or typed."""
        told = [*self.lines(looop, "waited"), *self.lines(looop, "typed")]
        if told != ["red", "end"]:
            yield f"the session was told {told}"


class Approval(Word):
    """A person's yes to a command: it runs at most once, and if that was acknowledged, once."""

    name = "approval"
    script = f'{_LOOOP} guard ask -- sh -c "echo ran >> runs" > out 2> err\necho "$?" >> codes\n'
    says = ("approve",)

    def heard(self, looop: Person) -> Iterator[str]:
        """Look for one run at most, and for the one that was told of."""
        count = len(self.lines(looop, "runs"))
        (place,) = questions.places(looop.profile)
        ended = grants.ended(looop.profile, place, self.number)
        if count > 1 or (count == 0 and ended is not None and ended.whole):
            yield f"it ran {count} times, and its end is {ended}"
        if "ran: exit code 0" in self.said and count != 1:
            yield f"it said that it ran, and it ran {count} times"
        codes = self.lines(looop, "codes")
        if codes == ["0"] and count != 1:
            yield f"its call was told that it ran, and it ran {count} times"
        if len(codes) != 1:
            yield f"its call ended with {codes}"


def _notes(looop: Person) -> Path:
    return looop.profile.data.parent / "fix"
