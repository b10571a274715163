"""The flags of sessions and a person's answers to them, as files in a generation's folder.

In: a question, an answer, who was told. Out: `flag.json`, `answer-<n>.json`, whole and durable. A flag is
open while its file is there and its answer is not: no crash in between matters. Stray files count as none.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from looop.core import ids
from looop.core.parsed import parsed
from looop.core.problem import Exit, Problem
from looop.core.sessions import Question
from looop.store import files, flags
from looop.store.faults import Unreadable
from looop.store.paths import Profile
from looop.store.policy import names

LONGEST_TEXT = 2000
"""Characters of a question; the same as of the loop's own flags."""

LONGEST_ANSWER = 16 << 10
"""Bytes of an answer: one frame of the socket, and what a terminal takes at once."""

_FLAG = "flag.json"
_LIMIT = 1 << 20
_ANSWER = r"answer-([1-9]\d{0,15})\.json"

T = TypeVar("T")


class Delivered(msgspec.Struct, frozen=True):
    """Where an answer went: `wait`, `typed`, `prompt` or `brief`, and when (epoch seconds)."""

    how: str
    at: float


class Answer(msgspec.Struct, frozen=True):
    """A person's answer. `approved` is the verdict on a proposal, whose digest is `proposal`.

    `landed` says what became of it then, `code` how a command ended. `handed`: a waiting call was about to be
    given it; whether it was, `delivered` says, or after a crash the call itself.
    """

    number: int
    text: str
    at: float
    by: str
    question: str = ""
    proposal: str | None = None
    approved: bool | None = None
    landed: str | None = None
    delivered: Delivered | None = None
    handed: bool = False
    command: bool = False
    code: int | None = None
    v: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """A generation's folder, and whose it is. `newest`: no later generation of the id has begun."""

    folder: Path
    session: str
    generation: str
    newest: bool


class _Raised(Question, frozen=True):
    """A flag as it is on disk. `notified`: a person was told of it, or is for the last time just now."""

    notified: bool = False


class _Meta(msgspec.Struct, frozen=True):
    id: str
    generation: str


@contextmanager
def locked(profile: Profile) -> Iterator[None]:
    """Hold the flags and answers of all sessions still, for moments: to rename a generation's folder too."""
    files.private_dir(profile.pulse, below=profile.data)
    with files.lock(profile.pulse / "questions.lock", block=True):
        yield


def places(profile: Profile) -> tuple[Place, ...]:
    """Give every generation's folder that has a `meta.json`, by name. Unreadable when one can't be read."""
    ours = (it for it in names(profile.sessions) if ids.is_name(it.partition("@")[0]) and it != ids.PULSE)
    return tuple(place for it in ours if (place := _place(profile.sessions / it)))


def place_of(profile: Profile, session: str) -> Place | None:
    """Give the newest generation's folder of a session."""
    return _place(profile.sessions / session)


def here(profile: Profile, place: Place) -> Place:
    """Find a generation where it is now: a later one may have taken its folder's name meanwhile.

    Problem MISSING `no-session` when it was removed.
    """
    same = _place(place.folder)
    if same is not None and same.generation == place.generation:
        return same
    found = next((it for it in places(profile) if it.generation == place.generation), None)
    if found is None:
        raise Problem(
            Exit.MISSING, "no-session", f"The run of {place.session} that this belongs to was removed."
        )
    return found


def find(profile: Profile, which: str) -> tuple[Place, Question]:
    """Find an open flag by its number, or by the id of the session that has it open.

    Problem MISSING `no-flag`; REFUSED `own-flag` for one of the loop's own, `answered` for one that was.
    """
    there = tuple((place, question) for place in places(profile) if (question := read(place.folder)))
    for place, question in there:
        if which == str(question.number):
            return place, question
    for place, question in there:
        if which == place.session and place.newest:
            return place, question
    raise _not_found(profile, which, [f"{question.number} ({place.session})" for place, question in there])


def owed(profile: Profile) -> tuple[tuple[Place, Answer], ...]:
    """Give every answer that nobody was told yet, of all generations."""
    return tuple((place, answer) for place in places(profile) for answer in undelivered(place.folder))


def read(folder: Path) -> Question | None:
    """Give the generation's open flag."""
    raised = _raised(folder)
    return None if raised is None else _plain(raised)


def answers(folder: Path) -> tuple[Answer, ...]:
    """Give the generation's answers by number."""
    try:
        entries = os.listdir(folder)  # noqa: PTH208 - names are all that is wanted
    except (FileNotFoundError, NotADirectoryError):
        return ()
    numbers = sorted(
        int(match[1]) for name in entries if (match := re.fullmatch(_ANSWER, name, flags=re.ASCII))
    )
    return tuple(answer for number in numbers if (answer := answer_to(folder, number)))


def answer_to(folder: Path, number: int) -> Answer | None:
    """Give one answer."""
    answer = _decoded(_path(folder, number), Answer)
    return answer if answer and answer.number == number else None


def is_owed(profile: Profile, place: Place, number: int) -> bool:
    """Tell whether an answer is there and was told to nobody yet."""
    with locked(profile):
        found = answer_to(here(profile, place).folder, number)
    return found is not None and found.delivered is None


def undelivered(folder: Path) -> tuple[Answer, ...]:
    """Give the answers that nobody was told yet, by number."""
    return tuple(answer for answer in answers(folder) if answer.delivered is None)


def ask(
    profile: Profile,
    place: Place,
    text: str,
    proposal: str | None = None,
    *,
    command: bool = False,
    replaces: int | None = None,
    now: float | None = None,
) -> tuple[Question, bool]:
    """Raise the generation's flag, durably; asking again replaces text and proposal under the same number.

    True if it is a new one, of which a person has to be told. A command has a number for itself alone:
    nothing else is ever asked under it. `replaces`: only while that flag is open, else MISSING `no-flag`.
    """
    text = text if command else text[:LONGEST_TEXT]
    with locked(profile):
        place = here(profile, place)
        before = _raised(place.folder)
        if replaces is not None and (before is None or before.number != replaces):
            raise _closed(place, replaces)
        fresh = (
            before is None
            or replaces is not None
            or ((before.command or command) and (before.command, before.proposal) != (command, proposal))
        )
        if before is not None and not fresh:
            question = replace(before, text=text, proposal=proposal)
        else:
            number = flags.next_number(profile, _highest(place.folder))
            past = (*before.replaces, before.number) if before and replaces else ()
            at = time.time() if now is None else now
            question = _Raised(number, text, at, proposal, command, past)
        if question != before:
            files.durable(place.folder / _FLAG, msgspec.json.encode(question))
    return _plain(question), fresh


def unnotified(profile: Profile) -> tuple[tuple[Place, Question], ...]:
    """Give the open flags of which no person was told, as far as anybody wrote down."""
    there = ((place, _raised(place.folder)) for place in places(profile))
    return tuple((place, _plain(raised)) for place, raised in there if raised and not raised.notified)


def notified(profile: Profile, place: Place, number: int) -> None:
    """Write down, durably, that a person was told of an open flag."""
    with locked(profile):
        folder = here(profile, place).folder
        raised = _raised(folder)
        if raised is not None and raised.number == number and not raised.notified:
            files.durable(folder / _FLAG, msgspec.json.encode(replace(raised, notified=True)))


def withdraw(profile: Profile, place: Place) -> Question | None:
    """Take the open flag down without an answer, durably; None if none is open."""
    with locked(profile):
        place = here(profile, place)
        question = read(place.folder)
        if question is not None:
            files.durable_remove(place.folder / _FLAG)
    return question


def answer(
    profile: Profile,
    place: Place,
    number: int,
    text: str,
    by: str,
    *,
    approved: bool | None = None,
    proposal: str | None = None,
    now: float | None = None,
) -> Answer:
    """Record an answer, durably: the first one wins. With `proposal` only while it is what is asked about.

    Problem REFUSED `answered` when somebody was faster, `changed` when the proposal is another by now,
    `command` without a verdict on one; MISSING `no-flag` when it is not open; NO `too-long`.
    """
    if len(text.encode(errors="replace")) > LONGEST_ANSWER:
        raise Problem(
            Exit.NO, "too-long", f"An answer has at most {LONGEST_ANSWER} bytes: put the rest into a file."
        )
    with locked(profile):
        place = here(profile, place)
        question = read(place.folder)
        if question is None or question.number != number:
            raise _closed(place, number)
        if proposal is not None and proposal != question.proposal:
            raise changed(number)
        if question.command and approved is None:
            raise _asks_for_a_command(number)
        at = time.time() if now is None else now
        made = Answer(
            number, text, at, by, question.text, question.proposal, approved, command=question.command
        )
        files.exclusive(_path(place.folder, number), msgspec.json.encode(made))
        files.durable_remove(place.folder / _FLAG)
    return made


def deliver(profile: Profile, place: Place, number: int, how: str, now: float | None = None) -> bool:
    """Write down, durably, that an answer was delivered; False if it was already, or there is none."""
    with locked(profile):
        folder = here(profile, place).folder
        found = answer_to(folder, number)
        if found is None or found.delivered is not None:
            return False
        told = Delivered(how, time.time() if now is None else now)
        files.durable(_path(folder, number), msgspec.json.encode(replace(found, delivered=told)))
    return True


def hand(profile: Profile, place: Place, number: int) -> bool:
    """Write down, durably, that a call is about to be given an answer; False if it is owed no longer."""
    with locked(profile):
        folder = here(profile, place).folder
        found = answer_to(folder, number)
        if found is None or found.delivered is not None:
            return False
        if not found.handed:
            files.durable(_path(folder, number), msgspec.json.encode(replace(found, handed=True)))
    return True


def land(profile: Profile, place: Place, number: int, sentence: str, code: int | None = None) -> None:
    """Write down, durably, what became of an approved proposal or command."""
    with locked(profile):
        folder = here(profile, place).folder
        if (found := answer_to(folder, number)) and found.landed is None:
            files.durable(
                _path(folder, number), msgspec.json.encode(replace(found, landed=sentence, code=code))
            )


def changed(number: int) -> Problem:
    """Say that a proposal is not the one that was looked at."""
    return Problem(
        Exit.REFUSED,
        "changed",
        f"The draft of ⚑ {number} has changed since it was proposed: look at it again.",
    )


def _not_found(profile: Profile, which: str, there: list[str]) -> Problem:
    own = next((flag for flag in flags.open_flags(profile) if which in {str(flag.number), flag.cause}), None)
    if own is not None and own.offer is not None:
        verbs = f"`looop approve {own.number}` or `looop deny {own.number}`"
        return Problem(Exit.REFUSED, "own-flag", f"⚑ {own.number} asks for approval: {verbs}.")
    if own is not None:
        return Problem(
            Exit.REFUSED,
            "own-flag",
            f"⚑ {own.number} is the loop's own and asks nothing: put right what it says, or take it down by "
            f"`looop unflag {own.number}`.",
        )
    if which.isdecimal() and any(answer_to(place.folder, int(which)) for place in places(profile)):
        return _was_answered(int(which))
    open_ones = f"open are {', '.join(there)}" if there else "none is open"
    return Problem(Exit.MISSING, "no-flag", f"There is no open flag {which[:80]!r}: {open_ones}.")


def _was_answered(number: int) -> Problem:
    return Problem(Exit.REFUSED, "answered", f"⚑ {number} was answered already, and the first answer counts.")


def _asks_for_a_command(number: int) -> Problem:
    return Problem(
        Exit.REFUSED,
        "command",
        f"⚑ {number} asks to run a command: `looop approve {number}`, or `looop deny {number} WHY`.",
    )


def _closed(place: Place, number: int) -> Problem:
    if files.present(_path(place.folder, number)):
        return _was_answered(number)
    return Problem(Exit.MISSING, "no-flag", f"⚑ {number} is not open any more: `looop status` shows what is.")


def _raised(folder: Path) -> _Raised | None:
    raised = _decoded(folder / _FLAG, _Raised)
    return None if raised is None or files.present(_path(folder, raised.number)) else raised


def _plain(raised: _Raised) -> Question:
    return Question(
        raised.number, raised.text, raised.raised, raised.proposal, raised.command, raised.replaces
    )


def _highest(folder: Path) -> int:
    question = _decoded(folder / _FLAG, Question)
    return max([question.number if question else 0, *(answer.number for answer in answers(folder))])


def _place(folder: Path) -> Place | None:
    meta = _decoded(folder / "meta.json", _Meta)
    if meta is None or folder.name.partition("@")[0] != meta.id:
        return None
    return Place(folder, meta.id, meta.generation, newest=folder.name == meta.id)


def _path(folder: Path, number: int) -> Path:
    return folder / f"answer-{number}.json"


def _decoded(path: Path, kind: type[T]) -> T | None:
    """Read one of our files; None when it is absent or none of ours. Unreadable for any other trouble."""
    try:
        return parsed(files.read_regular(path, _LIMIT), kind)
    except (FileNotFoundError, NotADirectoryError, files.NotRegular, files.TooLarge):
        return None
    except ValueError:
        return None
    except OSError as error:
        raise Unreadable(path, error.strerror or type(error).__name__) from error
