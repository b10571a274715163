"""The setup interview that needs no AI: the program inside a meta session where none was agreed to.

In: a person at the session's terminal. Out: policy files in the session's draft, proposed to the person, and
landed on their approval; this process writes nothing else. `__main__` runs it as the role `__interview`.
Neighbours: `core.interview` asks, `session.looks` looks, `core.starter` writes, `session.draft` shows.
"""

import os
import sys
import termios
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec
import trio

from looop.child import spawn
from looop.core import starter
from looop.core.interview import MOST, QUESTIONS, Answers, Ask, Nonsense, Sort, cleaned
from looop.core.parsed import parsed
from looop.core.problem import Exit, Problem
from looop.session import draft, looks
from looop.session.dialogue import Dialogue, Left
from looop.store import copies, files, paths, questions
from looop.store.faults import Unreadable
from looop.store.paths import Profile

KEPT = "interview.json"
NOT_AN_AI = "a fixed list of questions, not an AI"
INTERRUPTED = 130
"""The exit code after Ctrl-C, as a shell gives it."""

_LARGEST = 1 << 20
_LANDING = 0.5
"""Seconds between two looks for a verdict, and whether what was approved has landed."""

_HANDING = 3.0
"""Seconds in which a verdict that is there is handed to the call that waits for it."""


def main() -> int:
    """Interview the person at this terminal; the exit code: 0 landed, 1 left, 130 after Ctrl-C.

    Answers are kept at once: whoever runs it again in the same session goes on where it was left.
    """
    talk = Dialogue()
    try:
        profile = paths.locate(os.environ, str(Path.cwd()))
        return Interview(profile, os.environ, talk).run()
    except KeyboardInterrupt:
        with suppress(OSError):
            talk.say("\nLeft. Your answers are kept: `looop restart` goes on here.")
        return INTERRUPTED
    except (Left, OSError, termios.error) as error:
        why = "the input has ended" if isinstance(error, Left) else str(error)
        with suppress(OSError):
            talk.say(f"\nThe interview ends here ({why}). Your answers are kept.")
        return int(Exit.NO)
    except (Problem, Unreadable) as error:
        with suppress(OSError):
            talk.say(f"\nlooop: {error.text if isinstance(error, Problem) else error}")
        return int(Exit.NO)


class Interview:
    """One interview, from its first question to what became of its proposal."""

    def __init__(self, profile: Profile, env: Mapping[str, str], talk: Dialogue) -> None:
        self._profile = profile
        self._env = env
        self._talk = talk
        self._name = env.get("LOOOP_SESSION_ID", "")
        self._folder = profile.sessions / self._name
        self._answers = Answers()

    def run(self) -> int:
        """Ask, write, propose, until it is landed; the exit code."""
        if not self._name or not files.present(self._folder / draft.DRAFT):
            return self._no_worker()
        self._answers = self._load()
        self._greet()
        at: int | None = self._answers.next()
        while at is not None:
            self._ask_from(at)
            at = self._again()
        self._talk.say(f"Done: your answers have landed. This was {NOT_AN_AI}.")
        self._verb("done", "-m", "the person's answers have landed")
        return int(Exit.DONE)

    def _no_worker(self) -> int:
        """Say that rules can't do a worker's task."""
        said = "rehearsal is no AI and can't do a worker's task: agree to an agent with `looop init`"
        self._talk.say(f"This is {NOT_AN_AI}: {said}.")
        if self._name:
            self._verb("done", "--failed", "-m", said)
        return int(Exit.NO)

    def _greet(self) -> None:
        self._talk.say(f"Setup. This is {NOT_AN_AI}. It asks what you want, writes it down as")
        self._talk.say("a proposal, shows it to you, and changes nothing before you approve it.")
        self._talk.say("Enter takes what stands in brackets; `back` goes back; `?` explains; Ctrl-C leaves.")
        self._talk.say("Your answers are kept all the while.")
        if self._answers.given:
            self._talk.say("You were here before: this goes on where you left.")

    def _ask_from(self, at: int) -> None:
        """Ask all questions from this one on; `back` goes to the one before."""
        while at < len(QUESTIONS):
            ask = QUESTIONS[at]
            if not self._answers.asks(ask):
                at += 1
                continue
            answer = self._answer(ask, at)
            if answer is None:
                at = max((i for i in range(at) if self._answers.asks(QUESTIONS[i])), default=0)
                continue
            self._keep(self._answers.plus(ask.key, answer))
            at += 1

    def _answer(self, ask: Ask, at: int) -> tuple[str, ...] | None:
        """Ask one question until it has an answer; None for `back`."""
        now = self._answers.to(ask.key) if ask.key in self._answers.given else ask.default
        shown = "; ".join(now) or "none"
        self._talk.say(f"\n{at + 1}/{len(QUESTIONS)} {ask.text}")
        more = ", `none` for none; an empty line ends the list" if ask.many else ""
        self._talk.say(f"    [{shown}]{more}")
        found = list[str]()
        while len(found) < MOST:
            word = self._talk.ask("> ")
            if word == "back":
                return None
            if word == "?":
                self._talk.say(f"    {ask.help}")
            elif word == "":
                return tuple(found) or now
            elif word == "none" and ask.many:
                return ()
            elif (answer := self._looked_at(ask.sort, word)) is not None:
                found += [] if answer in found else [answer]
                if not ask.many:
                    break
        return tuple(found)

    def _looked_at(self, sort: Sort, word: str) -> str | None:
        try:
            answer = cleaned(sort, word)
            if sort in {Sort.TEXT, Sort.DURATION}:
                return answer
            self._talk.say("    looking …")
            return looks.look(sort, answer, self._env, Path(self._env.get("HOME", "/")))
        except Nonsense as wrong:
            self._talk.say(f"    {wrong}")
            return None

    def _again(self) -> int | None:
        """Write the draft and have it approved; the place of the question to go on with, None once landed."""
        self._write()
        try:
            shown = draft.diff(self._profile, self._folder)
        except Problem as problem:
            if problem.kind != "no-changes":
                raise
            self._talk.say("\nNothing is left to propose: all of this has landed already.")
            return None if self._talk.ask("[end], `back` to change an answer: ") == "" else 0
        self._talk.say(f"\nThis is what would change:\n\n{shown}\nNothing of it has happened yet.")
        if (word := self._talk.ask("Propose it? [yes], `back` to change an answer: ").lower()) == "back":
            return max(at for at, ask in enumerate(QUESTIONS) if self._answers.asks(ask))
        if word not in {"", "y", "yes"}:
            return 0
        denied = self._propose()
        if denied is None:
            return None
        self._talk.forget()
        self._talk.say(f"\nIt did not land: {denied}")
        self._talk.say("Change what is to be changed; Enter keeps an answer.")
        return 0

    def _write(self) -> None:
        """Make the draft anew from the policy files as they are, so that no earlier try is left in it."""
        place = draft.fill(self._profile, self._folder)
        leaves, _ = copies.collect(place)
        there = {path: leaf.data.decode(errors="replace") for path, leaf in leaves.items()}
        for path, text in starter.files(self._answers, there).items():
            mode = 0o700 if path.startswith("sensors/") else 0o600
            files.scratch(place / path, text.encode(), mode=mode)
            if path.startswith("sensors/") and path not in there:
                self._try(place / path)
        if files.present(place / "goals" / "setup.md"):
            files.durable_rename(place / "goals" / "setup.md", place / "goals" / "archive" / "setup.md")

    def _try(self, path: Path) -> None:
        try:
            said = looks.try_sensor(path, self._env)
        except Nonsense as wrong:
            self._talk.say(f"sensor {path.stem} does NOT work yet: {wrong}")
        else:
            self._talk.say(f"sensor {path.stem} works: {said}")

    def _propose(self) -> str | None:
        """Propose until somebody has decided; None when it landed, else what they said."""
        asked = draft.digest(self._profile, self._folder)
        old = {answer.number for answer in questions.answers(self._folder)}  # the same may be asked again
        self._talk.say("\nProposed. Decide from another terminal (Ctrl-\\ Ctrl-\\ leaves this one):")
        self._talk.say(f"    looop approve {self._name}        or: looop deny {self._name} 'why not'")
        while True:
            ended = trio.run(self._proposed, asked, old)
            if (verdict := self._verdict(asked, old)) is not None:
                return verdict or None
            if ended.code not in {int(Exit.DONE), int(Exit.TIMEOUT)}:
                said = (ended.err or ended.out).decode(errors="replace").strip()
                self._talk.say(f"It could not be proposed: {said or f'exit {ended.code}'}")
                self._talk.ask("Enter tries again: ")

    async def _proposed(self, asked: str, old: set[int]) -> spawn.Ended:
        """Propose, and stop waiting when a verdict is there that this call will not be given.

        Somebody may have decided between two calls: the next one asks again, for nothing.
        """
        ended = spawn.Ended(
            code=int(Exit.TIMEOUT), signal=None, timed_out=False, oversized=False, out=b"", err=b"", strays=0
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._overtaken, asked, old, nursery.cancel_scope)
            ended = await self._called("propose", "--wait")
            await trio.sleep(_LANDING)  # so that a call which returns at once is not made without end
            nursery.cancel_scope.cancel()
        return ended

    async def _overtaken(self, asked: str, old: set[int], scope: trio.CancelScope) -> None:
        while self._verdict(asked, old) is None:  # noqa: ASYNC110 - another process writes it
            await trio.sleep(_LANDING)
        await trio.sleep(_HANDING)
        scope.cancel()

    def _verdict(self, asked: str, old: set[int]) -> str | None:
        """Tell why it did not land, "" when it did, None while nobody has decided or it has not landed yet.

        Read from the files: that holds however the answer was to be delivered to this session.
        """
        new = (it for it in questions.answers(self._folder) if it.number not in old)
        answer = next((it for it in new if it.proposal == asked and it.approved is not None), None)
        if answer is None or (answer.approved and answer.landed is None):
            return None
        if not answer.approved:
            return answer.text or "no reason was given"
        return "" if draft.landed(self._profile, self._folder) else answer.landed

    def _verb(self, *argv: str) -> spawn.Ended:
        return trio.run(partial(self._called, *argv))

    async def _called(self, *argv: str) -> spawn.Ended:
        program = [self._env["LOOOP_BIN"]] if self._env.get("LOOOP_BIN") else spawn.own_command()
        call = partial(spawn.run, [*program, *argv], cwd=self._profile.data, env=self._env)
        return await call(deadline=0, max_out=1 << 20)

    def _keep(self, answers: Answers) -> None:
        self._answers = answers
        files.durable(self._folder / KEPT, msgspec.json.format(msgspec.json.encode(answers), indent=1))

    def _load(self) -> Answers:
        """Read the answers of this generation, else those of the newest earlier one that has any."""
        earlier = sorted(
            self._profile.sessions.glob(f"{self._name}@*"),
            key=lambda path: (
                int(path.name.rpartition("@")[2]) if path.name.rpartition("@")[2].isdecimal() else 0
            ),
            reverse=True,
        )
        for folder in (self._folder, *earlier):
            try:
                return parsed(files.read_regular(folder / KEPT, _LARGEST), Answers)
            except (OSError, ValueError):
                continue
        return Answers()


if __name__ == "__main__":
    sys.exit(main())
