"""The prompt: everything that one tick's agent is told, as one text. Then: reading our own prompt back.

In: a `PromptView`, from one observation of the world. Out: sections in a fixed order, what seldom changes
first and the time last, so that a provider's cache keeps the beginning. Same view, same bytes; every foreign
byte is quoted by `core.quote`, every part is capped. `loop.decide` sends it; `loop.rehearsal` reads it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import msgspec

from looop.core.brief import HOW, NORMS
from looop.core.diff import Change, ChangeKind
from looop.core.document import Document
from looop.core.quote import flat, name, quote, share, size
from looop.core.world import Claim, Reading, Session, World

KIB = 1024


@dataclass(frozen=True, slots=True)
class Cap:
    """How much of a section is shown: parts, bytes of each part, bytes of all parts."""

    count: int
    each: int
    total: int


WHOLE = 400 * KIB
"""Bytes: about 100,000 tokens, half of the smallest context window in use; the rest is for the agent's work.

Nothing is cut to it at the end: the caps below and the fixed texts add up to less.
"""

PLAYBOOK = Cap(1, 48 * KIB, 48 * KIB)  # some 8,000 words: judgment in prose that is longer has to be groomed
GOALS = Cap(200, 16 * KIB, 160 * KIB)  # a page with notes each; when there are 200, each has its head
READINGS = Cap(200, 8 * KIB, 64 * KIB)  # `sensor_max_bytes` is 8 KiB unless configured
SESSIONS = Cap(32, 1 * KIB, 24 * KIB)  # 8 live ones, and those that ended within days
CLAIMS = Cap(40, 200, 8 * KIB)
JOURNAL = Cap(20, 1536, 30 * KIB)  # a line has at most 500 characters; 1,500 bytes in the widest scripts
CHANGES = Cap(41, 768, 31 * KIB)  # the reason, then 40 with their short values; the whole ones are above
FAILURE = Cap(1, 4 * KIB, 4 * KIB)
ANSWERED = Cap(20, 2 * KIB, 10 * KIB)  # a question and its answer are two parts
NOTICES = Cap(20, 400, 8 * KIB)
NOW = Cap(2, 100, 200)

SHORT = 256
"""Bytes of a change's value before or after."""

NOTE = 80
"""Bytes of the line that says what was cut of a part."""

_SESSIONS = "# SESSIONS"
_CHANGED = "# WHAT CHANGED"
_ANSWERED = "# ANSWERED"
_ANSWER = "- a person's answer"
_NOW = "# NOW"
_CHANGE = re.compile(rf"- ({'|'.join(kind.value for kind in ChangeKind)}) (.+)")


@dataclass(frozen=True, slots=True)
class Told:
    """A person's answer to a session that had ended, and what that had asked: not to be mixed up."""

    session: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class PromptView:
    """What a prompt is made of. `why` says why the AI is asked; `journal` is oldest first.

    `notices` are looop's own: flapping items, edits from outside. `local_time` and `run` come last in the
    prompt and nowhere else.
    """

    world: World
    changes: tuple[Change, ...] = ()
    why: str = ""
    journal: tuple[str, ...] = ()
    last_failure: str | None = None
    notices: tuple[str, ...] = ()
    answered: tuple[Told, ...] = ()
    local_time: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What can be read back from a prompt. Names and values are as they were shown, quoted and cut.

    `sessions` maps ids to states. `answered`: a person has answered a session that had ended.
    """

    why: str
    changes: tuple[Change, ...]
    local_time: str
    sessions: dict[str, str] = field(default_factory=dict)
    answered: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """One thing in a section: a title of ours (or none), and somebody else's text (or none)."""

    title: str = ""
    text: str | None = None
    cut: int = 0
    file: bool = False


def render(view: PromptView) -> str:
    """Give the whole prompt, at most `WHOLE` bytes of UTF-8. Never raises, whatever the view's texts hold."""
    return "\n".join(_sections(view)) + "\n"


def read_back(prompt: str) -> Asked:
    """Read what changed, the sessions and the local time of a prompt of ours; of any other text, nothing."""
    lines = prompt.split("\n")
    because, changes = _read_changes(_section_of(lines, _CHANGED))
    times = [_value("local time", line) for line in _section_of(lines, _NOW)]
    return Asked(
        because,
        changes,
        next(filter(None, times), ""),
        dict(_read_sessions(_section_of(lines, _SESSIONS))),
        answered=_ANSWER in _section_of(lines, _ANSWERED),
    )


def _sections(view: PromptView) -> Iterator[str]:
    world = view.world
    yield f"# HOW A TICK WORKS\n{HOW}"
    yield f"# NORMS\n{NORMS}"
    yield _section("# PLAYBOOK", PLAYBOOK, _playbook(world.playbook), "(there is no PLAYBOOK.md)")
    goals = sorted(world.goals, key=lambda goal: goal.name)
    more = _beyond(len(goals), GOALS, "goals; look in goals/")
    yield _section("# GOALS", GOALS, map(_goal, goals), "(no goals)", more)
    readings = sorted(world.readings, key=lambda reading: reading.name)
    more = _beyond(len(readings), READINGS, "readings; `looop sensors` lists them")
    yield _section("# READINGS", READINGS, map(_reading, readings), "(no sensors)", more)
    sessions = sorted(world.sessions, key=lambda session: (session.flag is None, session.ended, session.id))
    more = _beyond(len(sessions), SESSIONS, "sessions")
    yield _section(_SESSIONS, SESSIONS, map(_session, sessions), "(no sessions)", more)
    more = _beyond(len(world.claims), CLAIMS, "claims")
    yield _section("# CLAIMS", CLAIMS, map(_claim, world.claims), "(no claims)", more)
    journal = _lines(view.journal[-JOURNAL.count :], JOURNAL)
    yield _section("# JOURNAL, THE LAST LINES", JOURNAL, journal, "(no lines yet)")
    yield from _news(view)


def _news(view: PromptView) -> Iterator[str]:
    """Give the sections that differ from tick to tick."""
    more = _beyond(len(view.changes) + 1, CHANGES, "changes")
    yield _section(_CHANGED, CHANGES, _changes(view), "", more)
    yield _section("# LAST FAILURE", FAILURE, _failure(view.last_failure), "(none)")
    more = _beyond(2 * len(view.answered), ANSWERED, "questions and answers")
    answers = (part for told in view.answered for part in _told(told))
    yield _section(_ANSWERED, ANSWERED, answers, "(no answers to sessions that had ended)", more)
    more = _beyond(len(view.notices), NOTICES, "notices")
    yield _section("# NOTICES", NOTICES, _lines(view.notices, NOTICES), "(nothing to note)", more)
    now = (f"local time: {view.local_time}", f"run: {view.run}")
    yield _section(_NOW, NOW, _lines(now, NOW), "")


def _section(head: str, cap: Cap, parts: Iterable[_Part], none: str, more: str = "") -> str:
    """Lay out a section: its parts within its caps, the larger ones cut alike; `more` says what is not shown.

    What lies beyond the count is never even made into a part.
    """
    shown = tuple(islice(parts, cap.count))
    # A first level from the raw lengths, which quoting only adds to, spares quoting what is cut anyway.
    most = _level((len(part.title) + len(part.text or "") for part in shown), cap)
    texts = [_laid_out(part, most) for part in shown]
    level = _level(map(size, texts), cap)
    fitting = [
        text if size(text) <= level else _laid_out(part, level)
        for part, text in zip(shown, texts, strict=True)
    ]
    return "\n".join([head, *(fitting or [none]), *([more] if more else []), ""])


def _beyond(total: int, cap: Cap, kind: str) -> str:
    return f"[{total - cap.count} more {kind}]" if total > cap.count else ""


def _level(sizes: Iterable[int], cap: Cap) -> int:
    """Give the bytes that each part may take, its newline apart."""
    return share([part + 1 for part in sizes], cap.each + 1, cap.total) - 1


def _laid_out(part: _Part, limit: int) -> str:
    if part.text is None:
        return part.title
    head = f"{part.title}\n" if part.title else ""
    if not part.text and not part.cut:
        return f"{head}(empty)"
    room = limit - size(head)
    if not part.cut and len(part.text) <= room and not (quoted := quote(part.text, room)).missing:
        return head + quoted.text
    quoted = quote(part.text, room - NOTE)
    note = _note(quoted.missing + part.cut, file=part.file)
    return head + (f"{quoted.text}\n{note}" if quoted.text else note)


def _note(missing: int, *, file: bool) -> str:
    if file:
        return f"[do not rewrite this file whole: {missing} bytes of it are not shown]"
    return f"[cut: {missing} bytes are not shown]"


def _playbook(playbook: Document | None) -> Iterator[_Part]:
    if playbook is not None:
        yield _document("", playbook)


def _goal(goal: Document) -> _Part:
    return _document(f"## goals/{name(goal.name)}", goal)


def _document(title: str, document: Document) -> _Part:
    if document.trouble is not None:
        title = f"{title} (in trouble: {name(document.trouble)})".lstrip()
    hidden = document.trouble is not None and not document.text and not document.cut
    return _Part(title, None if hidden else document.text, document.cut, file=True)


def _reading(reading: Reading) -> _Part:
    title = f"## {name(reading.name)}{' (untrusted)' if reading.untrusted else ''}"
    failed = reading.error is not None
    lines = [f"error: {flat(reading.error or '', 2 * KIB)}" if failed else f"signal: {_json(reading.signal)}"]
    if reading.detail is not None:
        lines.append(f"detail: {_json(reading.detail)}")
    return _Part(title, "\n".join(lines))


def _session(session: Session) -> _Part:
    facts = {
        "state": session.state,
        "evidence": session.evidence,
        "it said at its end": session.said,
        "verdict": session.verdict,
        "last news": session.news_name,
        "exit code": "" if session.exit_code is None else str(session.exit_code),
        "goal": session.goal,
        "answers": str(session.answers) if session.answers else "",
        "waits for a person": session.flag,
    }
    title = f"## {name(session.id)}{'' if session.flag is None else ' ⚑'}"
    return _Part(title, "\n".join(f"{key}: {flat(value, SHORT)}" for key, value in facts.items() if value))


def _claim(claim: Claim) -> _Part:
    return _Part("", flat(f"{name(claim.name)}: held by {name(claim.session)}", CLAIMS.each - len("| \n")))


def _changes(view: PromptView) -> Iterator[_Part]:
    yield _Part("", f"because: {flat(view.why, SHORT)}")
    if not view.changes:
        yield _Part("(nothing changed since the last tick that ended well)")
    for change in view.changes:
        values = (("was", change.before), ("now", change.after))
        lines = [f"{key}: {flat(value, SHORT)}" for key, value in values if value is not None]
        yield _Part(f"- {change.kind} {name(change.item)}", "\n".join(lines))


def _told(told: Told) -> Iterator[_Part]:
    yield _Part(f"- {name(told.session)} had asked", told.question)
    yield _Part(_ANSWER, told.answer)


def _failure(failure: str | None) -> Iterator[_Part]:
    if failure is not None:
        yield _Part("", failure)


def _lines(lines: Iterable[str], cap: Cap) -> Iterator[_Part]:
    return (_Part("", flat(line, cap.each - len("| \n"))) for line in lines)


def _json(value: Any) -> str:
    """Give JSON in one canonical line, as the digest saw it."""
    try:
        return msgspec.json.encode(value, order="deterministic").decode()
    except (RecursionError, ValueError):
        return "(too deep or not valid: it can't be shown)"


def _section_of(lines: list[str], head: str) -> list[str]:
    if head not in lines:
        return []
    rest = lines[lines.index(head) + 1 :]
    return rest[: next((at for at, line in enumerate(rest) if line.startswith("# ")), len(rest))]


def _read_changes(lines: list[str]) -> tuple[str, tuple[Change, ...]]:
    because, changes = "", list[Change]()
    for line in lines:
        if found := _CHANGE.fullmatch(line):
            changes.append(Change(found[2], ChangeKind(found[1]), None, None))
        elif changes:
            changes[-1] = _with_value(changes[-1], line)
        else:
            because = because or _value("because", line) or ""
    return because, tuple(changes)


def _read_sessions(lines: list[str]) -> Iterator[tuple[str, str]]:
    found = ""
    for line in lines:
        if line.startswith("## "):
            found = line.removeprefix("## ").removesuffix(" ⚑")
        elif (state := _value("state", line)) is not None:
            yield found, state


def _with_value(change: Change, line: str) -> Change:
    if (was := _value("was", line)) is not None:
        return replace(change, before=was)
    if (now := _value("now", line)) is not None:
        return replace(change, after=now)
    return change


def _value(key: str, line: str) -> str | None:
    start = f"| {key}: "
    return line.removeprefix(start) if line.startswith(start) else None
