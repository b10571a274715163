"""The setup interview without an AI: what is asked, in which order, and which answers make sense.

In: what a person typed. Out: a cleaned answer, or one sentence about what is wrong with it. Pure: whether a
path or a page is really there is looked up by `session.looks`; `core.starter` turns answers into files.
"""

import re
from dataclasses import dataclass
from enum import Enum

import msgspec

from looop.core import duration
from looop.core.quote import visible

LONGEST = 500
"""Characters of one answer; a terminal's own line holds 4,095 bytes."""

MOST = 20
"""Answers to one question."""

SHORTEST_INTERVAL = 10.0
"""Seconds between two looks of one sensor."""

_URL = re.compile(r"https?://[^\s/?#\"'<>\\^`{|}]+(?:[/?#][^\s\"<>\\^`{|}]*)?", re.ASCII)
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")


class Sort(Enum):
    """What kind of answer a question wants; `session.looks` has a second look at the last four."""

    TEXT = "text"
    DURATION = "duration"
    FOLDER = "a git repository"
    GITHUB = "a repository on GitHub"
    URL = "a web page"
    COMMAND = "a command"


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. `many`: one answer a line; `after`: asked only when that question has answers."""

    key: str
    text: str
    help: str
    sort: Sort = Sort.TEXT
    default: tuple[str, ...] = ()
    many: bool = False
    after: str = ""


QUESTIONS = (
    Ask(
        "aim",
        "What would you like to have taken care of when you arrive in the morning?",
        "One sentence. It becomes your first goal: how things should be, not what to do.",
        default=("nothing waits for me that I don't know of",),
    ),
    Ask(
        "folders",
        "Which git repositories on this machine should be watched? One path a line.",
        "looop looks at branch, commits and unfinished work there; it changes nothing.",
        Sort.FOLDER,
        many=True,
    ),
    Ask(
        "folders_often",
        "How often should it look at them?",
        "A duration such as 5m, 1h or 1d.",
        Sort.DURATION,
        ("10m",),
        after="folders",
    ),
    Ask(
        "github",
        "Which repositories on GitHub? One owner/name a line.",
        "Open pull requests and issues are read with your own `gh`, which has to be logged in.",
        Sort.GITHUB,
        many=True,
    ),
    Ask("github_often", "How often?", "Such as 10m or 1h.", Sort.DURATION, ("10m",), after="github"),
    Ask(
        "pages",
        "Which web pages? One address (http:// or https://) a line.",
        "The loop wakes when a page's text or status changes; choose some that don't change by themselves.",
        Sort.URL,
        many=True,
    ),
    Ask("pages_often", "How often?", "Such as 30m or 6h.", Sort.DURATION, ("1h",), after="pages"),
    Ask(
        "commands",
        "Which commands? One shell command a line, that only looks and ends by itself.",
        "The loop wakes when its output changes, such as that of `ls ~/inbox`. It is run once now, to see.",
        Sort.COMMAND,
        many=True,
    ),
    Ask("commands_often", "How often?", "Such as 10m.", Sort.DURATION, ("10m",), after="commands"),
    Ask(
        "goals",
        "What else should hold, besides the first goal? One sentence a line.",
        "Each becomes a goal of its own. One to five in all are enough; more can come later.",
        many=True,
    ),
    Ask(
        "priorities",
        "What comes first when several things are to be done? The most important first, one a line.",
        "They become the priorities in PLAYBOOK.md, below whatever waits for you.",
        many=True,
    ),
    Ask(
        "never",
        "What must never happen without you? One thing a line.",
        "They become guardrails in PLAYBOOK.md, besides what can't be undone anyway.",
        default=("merging, publishing, commenting in public, closing issues, paying, deleting data",),
        many=True,
    ),
)


class Answers(msgspec.Struct, frozen=True):
    """What was answered so far, by the question's key; kept as JSON, so that a kill loses nothing."""

    given: dict[str, tuple[str, ...]] = {}
    v: int = 1

    def to(self, key: str) -> tuple[str, ...]:
        """Give the answers to one question; none if it was not asked yet."""
        return self.given.get(key, ())

    def plus(self, key: str, answer: tuple[str, ...]) -> "Answers":
        """Give all answers with this one."""
        return Answers({**self.given, key: answer})

    def asks(self, ask: Ask) -> bool:
        """Tell whether a question is to be asked at all."""
        return not ask.after or bool(self.to(ask.after))

    def next(self) -> int:
        """Give the place of the first question that is open; the number of questions when none is."""
        places = (at for at, ask in enumerate(QUESTIONS) if self.asks(ask) and ask.key not in self.given)
        return next(places, len(QUESTIONS))


class Nonsense(ValueError):  # noqa: N818 - the answer's, not the program's
    """What is wrong with an answer, as a sentence for the person."""


def cleaned(sort: Sort, text: str) -> str:
    """Give the answer as it is kept. Nonsense says what is wrong with it."""
    text = text.strip()
    if len(text) > LONGEST:
        raise Nonsense(f"That has {len(text)} characters; write at most {LONGEST}.")
    if visible(text) != text or "\t" in text or "\n" in text or "\ufffd" in text:
        raise Nonsense("That holds characters that can't be seen or read. Please type it again.")
    if sort is not Sort.FOLDER and not any(letter.isalnum() for letter in text):
        raise Nonsense("That says nothing. Please write it out, or press Enter.")
    return _CHECKS.get(sort, str)(text)


def _duration(text: str) -> str:
    seconds = duration.parse(text)
    if seconds is None:
        raise Nonsense("Write a duration such as 90s, 10m, 1h or 1d.")
    if seconds < SHORTEST_INTERVAL:
        raise Nonsense(f"Not more often than every {SHORTEST_INTERVAL:g} s, please.")
    return text.lower()


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise Nonsense("Write a whole address, such as https://example.org/news.")
    return text


def _repository(text: str) -> str:
    short = re.sub(r"^https://github\.com/", "", text).removesuffix(".git").rstrip("/")
    if not _REPOSITORY.fullmatch(short) or short.endswith(("/.", "/..")):
        raise Nonsense("Write owner/name, such as python-trio/trio.")
    return short


_CHECKS = {Sort.DURATION: _duration, Sort.URL: _url, Sort.GITHUB: _repository}
