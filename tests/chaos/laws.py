"""What must hold after every step, whatever was killed: told in words when it does not.

In: a stage, a model. Out: complaints, none if all is well. What needs a moment to come true is looked at
again and again; what must never be is a violation at once.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.model import Fate, Model, Session
from chaos.stage import PATIENCE, Stage, Violation, command_line
from looop.child import tree

PRINTED = (12_000, 7)  # how many lines a printer says, and its exit code then: as in `actor`
WHOLE = b"".join(b"%09d\r\n" % number for number in range(PRINTED[0]))
_OVER = frozenset({"ended", "killed", "lost"})
_ENDING = 20.0  # seconds after which what was asked of a session, and cut off, has happened or never will
_SENT = re.compile(r"(sent|answered|tick)-\S+$")
"""What is told apart in a line that was heard; a key that was pressed before it stands on the same line."""
_TALKS = frozenset({"echo", "agent", "rude"})


Look = Callable[[], list[str]]


@dataclass
class Laws:
    """The laws of one run, and what of them was seen to hold already."""

    stage: Stage
    model: Model
    looks: int = 0
    _said: dict[str, int] = field(default_factory=dict)  # bytes of a printer that were right

    def quick(self) -> None:
        """Check what is cheap: sessions, their processes, the wish for the pulse."""
        self._hold(lambda: [*self._truth(), *self._wish()])

    def full(self) -> None:
        """Check everything."""
        self._hold(lambda: [*self._truth(), *self._wish(), *self._claims(), *self._heard()])
        for complaint in (*self._torn(), *self._bytes(), *self._births(), *self._journal(), *self._answers()):
            raise Violation(complaint)

    def _hold(self, look: "Look") -> None:
        deadline = time.monotonic() + PATIENCE
        while complaints := look():
            if time.monotonic() > deadline:
                raise Violation("; ".join(complaints))
            time.sleep(0.05)
        self.looks += 1

    def _truth(self) -> Iterator[str]:
        """Compare what `ls` says with what is known, and with the machine."""
        views = {view["id"]: view for view in self.stage.looop.json("ls")["sessions"]}
        for name, known in self.model.sessions.items():
            yield from self._as_known(name, known, views.get(name))
        living = {view["generation"]: view for view in views.values() if view["state"] not in _OVER}
        for view in living.values():
            if view["pid"] and tree.proc(view["pid"]) is None:
                yield f"{view['id']} is {view['state']}, and its process {view['pid']} is not there"
        yield from self._survivors(set(living))

    def _as_known(self, name: str, known: Session, view: Any) -> Iterator[str]:
        if view is None:
            if known.removable:
                known.fate = Fate.GONE if _settled(known) else known.fate
            elif known.fate is not Fate.GONE:
                yield f"{name} ({known.generation}) {known.fate.value}, and is not listed"
            return
        shown = f"is shown as {view['state']}({view['code']}): {view['evidence']}"
        if known.fate is Fate.MAYBE:
            self._learn(known, view)
        elif known.fate is Fate.GONE:
            yield f"{name} was removed, and {shown}"
        elif known.generation not in {None, view["generation"]}:
            yield f"{name} is generation {view['generation']}, and was started as {known.generation}"
        else:
            yield from self._as_fated(name, known, view, shown)

    def _as_fated(self, name: str, known: Session, view: Any, shown: str) -> Iterator[str]:
        over = view["state"] in _OVER
        if over and known.fate is Fate.LIVES:
            if known.ends and view["state"] == "ended":
                known.fate = Fate.OVER
            else:
                yield f"{name} ({known.kind}) lives, and {shown}"
        elif not over and known.fate is Fate.OVER:
            yield f"{name} is over, and {shown}"
        elif known.frozen and not over and view["state"] != "frozen":
            yield f"{name} was frozen, and {shown}"

    def _learn(self, known: Session, view: Any) -> None:
        over = view["state"] in _OVER
        if _settled(known):  # else an old run may be over, and a new one about to begin
            known.generation, known.frozen = view["generation"], view["state"] == "frozen"
            known.fate = Fate.OVER if over else Fate.LIVES

    def _survivors(self, living: set[str]) -> Iterator[str]:
        """Find processes of sessions that are over, and those of steps that no engine has below it."""
        engine = self.stage.engine
        procs = tree.table()
        below = {one.pid for one in tree.descendants(engine.pid, procs)} if engine else set()
        mark = f"{self.stage.notes}:"
        step = re.compile(rf"\0(tick|sense-\w+)\0{re.escape(str(self.stage.notes))}")
        for one in procs.values():
            if one.dead:
                continue
            words = command_line(one.pid)
            generation = _generation(one.pid, self.stage.data) or _between(words, mark)
            if generation and generation != "step" and generation not in living:
                if tree.alive(one.pid, one.start) and generation not in self._young():
                    yield f"process {one.pid} of the ended {generation} lives: {words!r}"
            elif (generation == "step" or step.search(words)) and one.pid not in below:
                yield f"process {one.pid} of a step lives, below no engine: {words!r}"

    def _young(self) -> set[str]:
        """Give the generations that live by now: `ls` was asked before the processes were looked at."""
        return {
            view["generation"]
            for view in self.stage.looop.json("ls")["sessions"]
            if view["state"] not in _OVER
        }

    def _wish(self) -> Iterator[str]:
        there = (self.stage.data / ".up").exists()
        if self.model.up is not None and there != self.model.up:
            yield f"`.up` is {'there' if there else 'not there'}, and the pulse was said to be otherwise"
        if self.model.up and not self.stage.answers():
            yield "the pulse is wanted, and no engine answers"

    def _claims(self) -> Iterator[str]:
        living = {
            view["generation"]
            for view in self.stage.looop.json("ls")["sessions"]
            if view["state"] not in _OVER
        }
        held: dict[str, str] = {}
        for path in (self.stage.data / "claims").glob("*.json"):
            with suppress(FileNotFoundError):
                held[path.stem] = json.loads(path.read_text())["generation"]
        for name, holder in held.items():
            if holder not in living and self.stage.answers():
                yield f"{name} is claimed by {holder}, which is over"
        certain = {
            it.generation for it in self.model.sessions.values() if it.fate is Fate.LIVES and not it.ends
        }
        for name, holder in self.model.claims.items():
            if holder in certain and held.get(name) != holder:
                yield f"{name} was claimed by {holder}, and is {held.get(name)}'s"

    def _heard(self) -> Iterator[str]:
        """See that nothing was typed twice, and that what was typed to one that listens arrives."""
        heard = [found[0] for line in self.stage.noted("heard") if (found := _SENT.search(line))]
        for text, times in Counter(heard).items():
            if times > 1:
                raise Violation(f"{text} was heard {times} times")
        listening = {
            it.generation
            for it in self.model.sessions.values()
            if it.fate is Fate.LIVES and it.kind in _TALKS and not it.frozen
        }
        for token, generation in self.model.sent.items():
            if generation in listening and token not in heard:
                yield f"{token} was sent to {generation}, which has not heard it"

    def _torn(self) -> Iterator[str]:
        for path in self.stage.data.rglob("*.json*"):
            if path.name.startswith(".looop-") or path.suffix not in {".json", ".jsonl"}:
                continue
            with suppress(FileNotFoundError):
                text = path.read_text()
                lines = [text] if path.suffix == ".json" else text.split("\n")[:-1]
                for line in lines:
                    try:
                        json.loads(line)
                    except ValueError as error:
                        yield f"{path} is torn ({error}): {line[:200]!r}"
        for name, text in self.model.goals.items():
            if (self.stage.data / "goals" / f"{name}.md").read_text() != text:
                yield f"the goal {name} is not as a person wrote it"

    def _bytes(self) -> Iterator[str]:
        """See that what printers said is in their logs, from the first byte on and without a gap."""
        kinds = {words[1]: words[2] for words in map(str.split, self.stage.noted("born"))}
        for folder in self._folders():
            generation = str(_written(folder / "meta.json").get("generation"))
            if kinds.get(generation) != "printer":
                continue
            known, data = _written(folder / "status.json"), None
            with suppress(FileNotFoundError):
                data = (folder / "output.log").read_bytes()
            if _written(folder / "meta.json").get("generation") != generation:
                continue  # it was removed or moved aside between the looks
            if data is not None:
                yield from self._as_said(f"the log of {generation} in {folder}", generation, data)
                if (known.get("state"), known.get("code")) == ("ended", PRINTED[1]) and data != WHOLE:
                    yield f"{generation} ended by itself, and its log lacks {len(WHOLE) - len(data)} bytes"
            elif generation in self._kept():
                yield f"the log of {generation} in {folder} has vanished"

    def _as_said(self, log: str, generation: str, data: bytes) -> Iterator[str]:
        if not WHOLE.startswith(data):
            yield f"{log} is no beginning of what it said"
        if len(data) < self._said.get(generation, 0):
            yield f"{log} shrank from {self._said[generation]} to {len(data)} bytes"
        self._said[generation] = len(data)

    def _kept(self) -> set[str | None]:
        """Give the generations whose folders nothing may have begun to remove."""
        sure = (Fate.LIVES, Fate.OVER)
        return {it.generation for it in self.model.sessions.values() if it.fate in sure and not it.removable}

    def _folders(self) -> list[Path]:
        return [path for path in (self.stage.data / "sessions").glob("*") if path.name != "pulse"]

    def _births(self) -> Iterator[str]:
        born = [line.split() for line in self.stage.noted("born")]
        for generation, times in Counter(words[1] for words in born).items():
            if times > 1:
                yield f"{generation} was started {times} times"
        for name, times in Counter(words[0] for words in born if words[0].startswith("by-")).items():
            if times > 1:
                yield f"{name}, which one tick has started, was started {times} times"

    def _journal(self) -> Iterator[str]:
        lines = [
            line
            for line in (self.stage.data / "journal.md").read_text().splitlines()
            if line.startswith("- ")
        ]
        runs = list((self.stage.data / "runs").glob("tick-*"))
        asked = self.stage.noted("asked")
        for token, times in Counter(
            word for line in lines for word in line.split() if word.startswith("tick-")
        ).items():
            if times > 1:
                yield f"{token} has {times} journal lines"
        if len(lines) > len(runs):
            yield f"{len(lines)} journal lines of {len(runs)} runs"
        for name, times in Counter(asked).items():
            if times > 1:
                yield f"{name} was asked {times} times"

    def _answers(self) -> Iterator[str]:
        found: dict[int, list[str]] = {}
        for path in self.stage.data.glob("sessions/*/answer-*.json"):
            with suppress(FileNotFoundError):
                value = json.loads(path.read_text())
                found.setdefault(value["number"], []).append(value["text"])
        for number, texts in found.items():
            if len(texts) > 1:
                yield f"flag {number} has {len(texts)} answers: {texts}"
        for number, flag in self.model.flags.items():
            if flag.answer and number in found and found[number] != [flag.answer]:
                yield f"flag {number} was answered {flag.answer}, and {found[number]} is written down"
        for number, texts in found.items():
            if not self.model.given.issuperset(texts):
                yield f"flag {number} has {texts} written down, and nobody gave that answer"


def _settled(known: Session) -> bool:
    """Whether nothing that was asked of it and cut off may still be on its way."""
    return known.fate is not Fate.MAYBE or time.monotonic() - known.since > _ENDING


def _generation(pid: int, data: Path) -> str | None:
    """Give the generation in a process's environment, if it is one of this profile's."""
    with suppress(OSError):
        found = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        if f"LOOOP_DATA_DIR={data}".encode() in found:
            return next(
                (it.partition(b"=")[2].decode() for it in found if it.startswith(b"LOOOP_GENERATION=")), None
            )
    return None


def _written(path: Path) -> dict[str, Any]:
    """Read a JSON file; {} when it is not there."""
    with suppress(FileNotFoundError):
        found: dict[str, Any] = json.loads(path.read_text())
        return found
    return {}


def _between(words: str, mark: str) -> str | None:
    return words.partition(mark)[2].partition("\0")[0] or None
