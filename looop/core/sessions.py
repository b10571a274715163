"""What a session is, as values: what it was started with, what is known of it, and what a person is shown.

Nothing comes in. Out: the types that `session`, `engine` and `cli` hand to each other, and that lie as JSON
in a session's folder. A *generation* is one run of a session's name: flags, claims and answers belong to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

import msgspec


class State(Enum):
    """What a session is doing, never guessed towards idle. `core.states` judges it."""

    STARTING = "starting"
    WORKING = "working"
    IDLE = "idle"
    ASKING = "asking"
    FLAGGED = "flagged"
    STALLED = "stalled"
    FROZEN = "frozen"
    ENDED = "ended"
    KILLED = "killed"
    LOST = "lost"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value

    @property
    def over(self) -> bool:
        """Whether the session no longer runs."""
        return self in _OVER

    @property
    def news(self) -> bool:
        """Whether entering this state may wake the loop."""
        return self in _NEWS


NOT_VERIFIED = "not verified"
"""The verdict on a session that nothing has checked."""

_OVER = frozenset({State.ENDED, State.KILLED, State.LOST})
_NEWS = frozenset({State.IDLE, State.ASKING, State.STALLED, *_OVER})


class Evidence(msgspec.Struct, frozen=True):
    """Why a session counts as being in its state: who said so (`hook`, `title`, `quiet`…), and what.

    `until` (epoch seconds) is when the same facts would be judged otherwise; None: only with new facts.
    """

    state: State
    source: str
    said: str
    until: float | None = None


class Meta(msgspec.Struct, frozen=True):
    """What a generation was started with: `meta.json`, written once, durably, before anything is started.

    `command` is for `/bin/sh -c`, filled in; `env` is only what is added to the engine's own environment.
    `conversation` is the agent's own, kept by a resume. `size` is columns and lines at the start. `run` names
    the tick that started it. `template` and `resume` are the commands before they were filled in, for the
    next generation. `verify` is the command that checks its work, `verify_from` who gave that (`person`,
    `goal`, `looop`). Times are epoch seconds.
    """

    id: str
    generation: str
    command: str
    cwd: str
    created: float
    size: tuple[int, int] = (120, 40)
    runner: str = ""
    goal: str | None = None
    meta: bool = False
    conversation: str = ""
    prompt_file: str = ""
    resumed: bool = False
    run: str | None = None
    env: dict[str, str] = {}
    resume: str = ""
    number: int = 1
    template: str = ""
    verify: str = ""
    verify_from: str = ""
    v: int = 1


class Known(msgspec.Struct, frozen=True):
    """What the engine knows of a generation: `status.json`, replaced whenever it changes in substance.

    `news` counts entries into states that are news, `news_name` is the last one. `code` is the exit code
    (128 and the signal's number if one ended it), None while it runs or when nobody knows. `outside`: ended
    by a SIGKILL that looop did not send. `outcome` and `note` are what `looop done` said (`done`, `failed`).
    `sent` is the log's offset at the last `send` or `key`. `frozen`: a person stopped it; `unpaid`: looop
    did, since the day's money is spent; `froze` is its state till then. `unnoticed`: its state is news as
    soon as nobody sits at its terminal. `replied` is the log's offset up to which a terminal's answers were
    given. `guard` and `guard_said` are `core.rules.Standing`'s word and why, empty until somebody has looked.
    `verdict` is what came of the check of its work.
    """

    state: State = State.STARTING
    since: float = 0.0
    source: str = ""
    said: str = ""
    news: int = 0
    news_name: str = ""
    code: int | None = None
    outside: bool = False
    outcome: str | None = None
    note: str = ""
    ended: float | None = None
    sent: int | None = None
    frozen: bool = False
    unpaid: bool = False
    froze: State | None = None
    unnoticed: bool = False
    replied: int = 0
    guard: str = ""
    guard_said: str = ""
    verdict: str = NOT_VERIFIED
    v: int = 1


class Question(msgspec.Struct, frozen=True):
    """An open flag of a session. `proposal` is the digest of the draft that it asks approval for.

    With `command` it asks to run one, and `proposal` is what that is bound to. `replaces` are the flags in
    whose place it stands because what they asked had changed.
    """

    number: int
    text: str
    raised: float
    proposal: str | None = None
    command: bool = False
    replaces: tuple[int, ...] = ()


class SessionView(msgspec.Struct, frozen=True):
    """One session as verbs show it. `code`, `verdict` and `sent` as in `Known`; `offset` is the log's end."""

    id: str
    generation: str
    state: State
    since: float
    evidence: str
    created: float
    size: tuple[int, int]
    code: int | None = None
    outside: bool = False
    ended: float | None = None
    flag: Question | None = None
    answers: int = 0
    undelivered: int = 0
    outcome: str | None = None
    note: str = ""
    goal: str | None = None
    runner: str = ""
    meta: bool = False
    news: int = 0
    news_name: str = ""
    pid: int | None = None
    offset: int = 0
    title: str = ""
    attached: int = 0
    sent: int | None = None
    guard: str = ""
    guard_said: str = ""
    verdict: str = NOT_VERIFIED

    @property
    def checked(self) -> bool:
        """Whether there is a word on its work beyond that nothing has checked it."""
        return self.verdict != NOT_VERIFIED

    @property
    def over(self) -> bool:
        """Whether it no longer runs."""
        return self.state.over


def ordered(views: Iterable[SessionView]) -> tuple[SessionView, ...]:
    """Sort as a person looks: flagged ones, then live ones, then ended ones, each newest first."""
    return tuple(sorted(views, key=lambda it: (it.flag is None, it.over, -(it.ended or it.created), it.id)))


@dataclass(frozen=True, slots=True)
class Start:
    """A session to start. `env` is the caller's; `command` overrides the runner's; `run` is the tick's name.

    Empty `runner`: CONFIG's. `goal` None: the goal named like the id, if there is one. `verify`: a check of
    its work, which else is the goal's; `verify_from` as in `Meta`.
    """

    id: str
    prompt: str
    runner: str = ""
    goal: str | None = None
    meta: bool = False
    command: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    run: str | None = None
    verify: str = ""
    verify_from: str = ""


@dataclass(frozen=True, slots=True)
class Shot:
    """A screen at one moment. `cells` holds one run of equal style as `(text, style)`, row by row.

    A style is a dict of those attributes of `session.screen.Cell` that differ from plain, and `width`, the
    run's columns, where its characters don't take one each. Plain blanks at a row's end are left out. None
    are there if only the text was asked for.
    `cursor`: column and line, None while hidden. `stale`: this may not be what the program meant. `offset`:
    the log's bytes that it shows.
    """

    columns: int
    lines: int
    text: tuple[str, ...]
    cells: tuple[tuple[tuple[str, Mapping[str, str | bool | int]], ...], ...]
    cursor: tuple[int, int] | None
    title: str
    alternate: bool
    stale: bool
    offset: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Raw output. `offset` is where `data` begins: later than asked for where the log's head was cut."""

    offset: int
    data: bytes
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """What became of input. `offset` is the log's end just before.

    `how` is submitted, queued or unknown; without Enter typed, and for keys pressed: nobody looked.
    """

    offset: int
    how: str


@dataclass(frozen=True, slots=True)
class Expected:
    """A match: the text, its groups, the raw offset behind it; or, with `ended`, that none came."""

    text: str = ""
    groups: tuple[str | None, ...] = ()
    offset: int = 0
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """Why `wait-idle` returned: `settled` or `ended`, with the state and its evidence."""

    why: str
    evidence: Evidence


class Explained(msgspec.Struct, frozen=True):
    """Why a session counts as being in its state, and all that was weighed.

    Times are epoch seconds; None: never. `until` is when the same facts would be judged otherwise,
    `otherwise` says in words what would change the judgement. `hook` is the last word that the agent reported
    of itself, `screen` what its screen looks like, `pids` its processes, the leader first. `check` is the
    command that checks its work, `checked` the end of what it printed.
    """

    id: str
    generation: str
    state: State
    since: float
    source: str
    said: str
    otherwise: str
    until: float | None = None
    agent: str = ""
    output: float | None = None
    typed: float | None = None
    hook: str | None = None
    hooked: float | None = None
    title: str = ""
    screen: str | None = None
    news: int = 0
    news_name: str = ""
    pids: tuple[int, ...] = ()
    guard: str = ""
    guard_said: str = ""
    verdict: str = NOT_VERIFIED
    check: str = ""
    checked: str = ""
    v: int = 1
