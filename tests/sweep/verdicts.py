"""Stories of a person's word about what the loop itself has done: a yes, a no, an undo."""

import json
import re
import shlex
from collections.abc import Iterator

from looop.store import flags
from support.person import Person
from support.waiting import until
from sweep import whole
from sweep.answers import Word
from sweep.sweep import Trap, supervised
from sweep.ticks import GOAL, PAID, PATIENCE, Beaten

_RULES = "# PLAYBOOK\n\n## Guardrails\n\n- Never push.\n- Ask first.\n"
_SENSOR = "#!/bin/sh\necho 42\n"


class _Verdict(Word):
    """A word about what the move `move` of an agent has raised the flag for."""

    points = 1
    script = ""
    move: str

    def prepare(self, looop: Person) -> None:
        """Have a tick make the move, and the next one, which does nothing, raise the flag that it needs."""
        super().prepare(looop)
        agent = looop.profile.data.parent / "agent.sh"
        agent.write_text(f"{self.move}\necho {shlex.quote(PAID)}\n")
        runner = {"tick": f"exec /bin/sh {agent}", "output": "claude"}
        settings = {"runner": "mine", "runners": {"mine": runner}, "edit_settle": 0}
        looop.profile.config.write_text(json.dumps(settings))
        looop.profile.playbook.write_text(_RULES)
        looop("tick", "--force")
        agent.write_text(f"echo {shlex.quote(PAID)}\n")
        looop("tick", "--force")

    def asked(self, looop: Person) -> int:
        """Give the flag's number."""
        (waits,) = flags.open_flags(looop.profile)
        return waits.number

    def settled(self, looop: Person) -> None:
        """Wait until nothing waits any more."""
        until(lambda: not flags.open_flags(looop.profile), "the end of the flag")

    def told(self, looop: Person, text: str) -> Iterator[str]:
        """Look for the one line of the journal that tells of it."""
        lines = [line for line in whole.journal(looop.profile) if text in line]
        if len(lines) != 1:
            yield f"the journal has {len(lines)} lines with {text!r}: {lines}"


class Verdict(_Verdict):
    """A yes to a move that waits: it lands once."""

    name = "verdict"
    says = ("approve",)
    move = "sed -i '/Never push/d' PLAYBOOK.md; echo '- looser rules' >> journal.md"

    def heard(self, looop: Person) -> Iterator[str]:
        """Look for the move, landed."""
        playbook = looop.profile.playbook.read_text()
        if playbook != _RULES.replace("- Never push.\n", ""):
            yield f"the move has not landed: {playbook!r}"
        yield from self.told(looop, "landed on a person's approval")


class Denial(_Verdict):
    """A no to a script that a tick wrote: it is put away once, under another name."""

    name = "denial"
    says = ("deny", "no mail here")
    move = f"printf {shlex.quote(_SENSOR)} > sensors/mail.sh; echo '- a sensor' >> journal.md"

    def heard(self, looop: Person) -> Iterator[str]:
        """Look for the script where it was put, and nowhere else."""
        found = {path.name: path.read_text() for path in looop.profile.sensors.glob("mail*")}
        if found != {"mail.sh.off": _SENSOR}:
            yield f"the script that was denied is {found}"
        yield from self.told(looop, "was denied by a person")


class Undo(Beaten):
    """An undo of the last landing: all of it or nothing, and one line."""

    name = "undo"
    points = 3
    move = "mv goals/a.md goals/archive/a.md; echo '- moved' >> journal.md"

    _verb = "looop undo"
    _edited = True

    def prepare(self, looop: Person) -> None:
        """Have the move landed."""
        super().prepare(looop)
        looop("tick", "--force")
        self.agent(looop, "")

    def tell(self, looop: Person, trap: Trap) -> None:
        """Undo it."""
        self._root, self._found = 0, ()
        with supervised(looop, trap, "undo") as it:
            self.said, _ = it.process.communicate(timeout=PATIENCE)

    def _verdicts(self, looop: Person) -> int:
        return self._undone(looop)

    def _undone(self, looop: Person) -> int:
        return sum("undid" in line.lower() for line in whole.journal(looop.profile))

    def _move(self, looop: Person) -> Iterator[str]:
        places = (looop.profile.goals / "a.md", looop.profile.archive / "a.md")
        goal, archived = (path.read_text() if path.exists() else None for path in places)
        undone = self._undone(looop)
        if (goal, archived) != ((GOAL, None) if undone else (None, GOAL)) or undone > 1:
            yield f"it was undone {undone} times, and the goal is {goal!r}, archived {archived!r}"
        if re.search(r"^Undid ", self.said, re.MULTILINE) and not undone:
            yield f"it said that it is undone, and it is not: {self.said}"
