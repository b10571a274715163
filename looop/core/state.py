"""What the loop remembers between beats to hold itself back: `.loop.json`, one value, replaced whole.

Derived and disposable: without it the next tick is still right, only less patient. All times are epoch
seconds. `core.limits` makes new states of old ones; `core.due` reads them.
"""

import msgspec


class Failure(msgspec.Struct, frozen=True):
    """Ticks that failed in a row, when the next may be tried, and why the last one failed."""

    count: int = 0
    retry_at: float = 0.0
    reason: str = ""


class Park(msgspec.Struct, frozen=True):
    """The agent can't work for now: a usage limit, an expired login.

    `count` are such parks in a row. `seal` is what a login waits for to change: CONFIG, credentials.
    """

    reason: str
    until: float
    count: int = 1
    seal: str = ""


class Throttle(msgspec.Struct, frozen=True):
    """An item that woke too often. `row` counts its wakes in a row; `reason` is set once it is held.

    A held item wakes again once `woke_at` is `limits.CALM` ago. `told` says that the AI was told.
    """

    row: int = 0
    woke_at: float = 0.0
    reason: str = ""
    told: bool = False


class Done(msgspec.Struct, frozen=True):
    """A move that landed: its kind, its subject, the digest it left there, and when."""

    kind: str
    subject: str
    after: str
    at: float


class Tried(msgspec.Struct, frozen=True):
    """A sensor's last run: when, which script, how many failures in a row."""

    at: float = 0.0
    digest: str = ""
    failures: int = 0


class LoopState(msgspec.Struct, frozen=True):
    """Everything the loop holds itself back with.

    `known` is the digest of each policy file as looop itself last read or wrote it: another digest is an
    edit. `edits` are the items that people edited since the last tick that ended well. `flagged` are the
    causes that a person has been told of and that still hold. `unparked` names the last `looop unpark` that
    was heeded.
    """

    v: int = 1
    failure: Failure = Failure()
    park: Park | None = None
    due_at: float | None = None
    nothing_at: float | None = None
    nothings: int = 0
    asked_at: float = 0.0
    moved: bool = False
    throttles: dict[str, Throttle] = {}
    moves: tuple[Done, ...] = ()
    tried: dict[str, Tried] = {}
    known: dict[str, str] = {}
    edits: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    flagged: tuple[str, ...] = ()
    unparked: str = ""
