"""Which verbs there are, where each one runs, and which of them need what: one table, asked by everyone.

In: an argument list. Out: the verb's name and its `VerbInfo`. Standard library only, because a relayed
verb imports this module and `engine.client` and nothing else. `cli.app` holds parser and table together.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # mypy knows the name; `typing` and `enum` would double the time of a relayed verb
if TYPE_CHECKING:
    from collections.abc import Sequence


class Place:
    """Where a verb runs: one of the three below, compared by identity."""

    __slots__ = ("name", "text")

    LOCAL: Place
    EITHER: Place
    LIVE: Place

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    def __repr__(self) -> str:
        return f"<Place {self.name}>"

    def __str__(self) -> str:
        return self.text


LOCAL = Place.LOCAL = Place("LOCAL", "in the calling process, never relayed")
EITHER = Place.EITHER = Place("EITHER", "in the engine when one answers, else here on the files")
Place.LIVE = Place("LIVE", "in the engine only")


class VerbInfo:
    """What is true of a verb before its flags are read."""

    __slots__ = ("changes", "hidden", "person", "place", "profile", "starts", "terminal", "trio", "worker")

    def __init__(  # noqa: PLR0913 - the columns of a table
        self,
        place: Place = EITHER,
        *,
        changes: bool = False,  # writes something: programs below a session are refused
        profile: bool = True,  # exits 3 when DATA is missing
        person: bool = False,  # refused to everything that looop started, the tick's agent included
        terminal: bool = False,  # a person's judgement: of the others only who has a terminal of their own
        trio: bool = False,  # waits for something, so that a local run needs an event loop
        worker: bool = False,  # what runs in a session may call it, though it changes something
        starts: bool = False,  # an engine is started for it where none answers
        hidden: bool = False,
    ) -> None:
        self.place = place
        self.changes = changes
        self.profile = profile
        self.person = person
        self.terminal = terminal
        self.trio = trio
        self.worker = worker
        self.starts = starts
        self.hidden = hidden


VERBS: dict[str, VerbInfo] = {
    "": VerbInfo(profile=False),
    "up": VerbInfo(LOCAL, changes=True, profile=False, person=True, trio=True),
    "down": VerbInfo(LOCAL, changes=True, profile=False, person=True, trio=True),
    "tick": VerbInfo(changes=True, profile=False, person=True, trio=True),
    "pause": VerbInfo(changes=True, person=True),
    "unpause": VerbInfo(changes=True, person=True, terminal=True),
    "unpark": VerbInfo(changes=True, person=True, terminal=True),
    "status": VerbInfo(),
    "watch": VerbInfo(trio=True),
    "log": VerbInfo(trio=True),
    "journal": VerbInfo(),
    "runs": VerbInfo(),
    "why": VerbInfo(),
    "history": VerbInfo(),
    "diff": VerbInfo(),
    "undo": VerbInfo(LOCAL, changes=True, person=True, terminal=True, trio=True),
    "cost": VerbInfo(),
    "events": VerbInfo(trio=True),
    "goals": VerbInfo(),
    "goal": VerbInfo(LOCAL, profile=False),
    "goal new": VerbInfo(changes=True),
    "goal show": VerbInfo(),
    "goal edit": VerbInfo(LOCAL, changes=True, person=True),
    "goal archive": VerbInfo(changes=True),
    "sensors": VerbInfo(),
    "sensor": VerbInfo(LOCAL, profile=False),
    "sensor run": VerbInfo(LOCAL, trio=True),
    "sensor show": VerbInfo(),
    "sensor off": VerbInfo(changes=True),
    "sensor on": VerbInfo(changes=True),
    "trust": VerbInfo(),
    "reports": VerbInfo(),
    "claims": VerbInfo(),
    "flag": VerbInfo(changes=True, worker=True, trio=True, starts=True),
    "unflag": VerbInfo(changes=True, worker=True, terminal=True),
    "answer": VerbInfo(changes=True, person=True, terminal=True),
    "propose": VerbInfo(changes=True, worker=True, trio=True, starts=True),
    "approve": VerbInfo(changes=True, person=True, terminal=True, trio=True, starts=True),
    "deny": VerbInfo(changes=True, person=True, terminal=True, trio=True, starts=True),
    "guard": VerbInfo(LOCAL, profile=False),
    "guard ask": VerbInfo(Place.LIVE, worker=True, trio=True),  # says itself who may: each has an advice
    "claim": VerbInfo(changes=True, worker=True, trio=True, starts=True),
    "unclaim": VerbInfo(changes=True, worker=True, terminal=True),
    "done": VerbInfo(changes=True, worker=True, terminal=True, trio=True, starts=True),
    "spent": VerbInfo(Place.LIVE, changes=True, worker=True, terminal=True, trio=True, starts=True),
    "sandbox": VerbInfo(LOCAL, trio=True),
    "guard test": VerbInfo(LOCAL, profile=False),
    "guard rules": VerbInfo(LOCAL, profile=False),
    "guard run": VerbInfo(LOCAL, profile=False, hidden=True),
    "explain": VerbInfo(trio=True),
    "hook": VerbInfo(profile=False, hidden=True),
    "start-session": VerbInfo(Place.LIVE, changes=True, trio=True, starts=True),
    "restart": VerbInfo(Place.LIVE, changes=True, trio=True, starts=True),
    "resume": VerbInfo(Place.LIVE, changes=True, trio=True, starts=True),
    "kill": VerbInfo(Place.LIVE, changes=True, trio=True),
    "freeze": VerbInfo(Place.LIVE, changes=True, person=True, trio=True),
    "thaw": VerbInfo(Place.LIVE, changes=True, person=True, terminal=True, trio=True),
    "resize": VerbInfo(Place.LIVE, changes=True, trio=True),
    "prune": VerbInfo(changes=True, person=True, trio=True),
    "ls": VerbInfo(trio=True),
    "shot": VerbInfo(trio=True),
    "send": VerbInfo(Place.LIVE, changes=True, trio=True),
    "key": VerbInfo(Place.LIVE, changes=True, trio=True),
    "expect": VerbInfo(trio=True),
    "wait": VerbInfo(trio=True),
    "wait-idle": VerbInfo(trio=True),
    "attach": VerbInfo(Place.LIVE, changes=True, person=True, terminal=True, trio=True),
    "detach": VerbInfo(Place.LIVE, changes=True, person=True, trio=True),
    "init": VerbInfo(LOCAL, changes=True, profile=False, person=True),
    "notify": VerbInfo(LOCAL, changes=True, person=True, trio=True),
    "uninstall": VerbInfo(LOCAL, changes=True, profile=False, person=True, trio=True),
    "doctor": VerbInfo(LOCAL, profile=False, trio=True),
    "config": VerbInfo(LOCAL, profile=False),
    "complete": VerbInfo(profile=False, hidden=True),
    "licenses": VerbInfo(LOCAL, profile=False),
    "version": VerbInfo(LOCAL, profile=False),
    "help": VerbInfo(LOCAL, profile=False),
}

GROUPS = ("goal", "sensor", "guard")  # their verbs are two words; alone they show their help
_ALIASES = {"--version": "version", "-V": "version", "--help": "help", "-h": "help"}
_HELP = ("--help", "-h")


def normal(argv: Sequence[str]) -> tuple[str, ...]:
    """Spell out the flags that stand for a verb: `looop --version` is `looop version`."""
    if argv and argv[0] in _ALIASES:
        return (_ALIASES[argv[0]], *argv[1:])
    return tuple(argv)


def name(argv: Sequence[str]) -> str:
    """Give the verb's name as `VERBS` spells it, known or not; "" for a bare `looop` and its flags."""
    if not argv or argv[0].startswith("-"):
        return ""
    if argv[0] in GROUPS and len(argv) > 1 and not argv[1].startswith("-"):
        return f"{argv[0]} {argv[1]}"
    return argv[0]


def place(argv: Sequence[str]) -> Place:
    """Where this call runs. Help and mistakes are LOCAL: they are printed by the caller's own process."""
    argv = normal(argv)
    info = VERBS.get(name(argv))
    if info is None or asks(argv, *_HELP):
        return Place.LOCAL
    return info.place


def asks(argv: Sequence[str], *flags: str) -> bool:
    """Whether one of these flags stands among the options, that is before any `--`."""
    options = argv[: argv.index("--")] if "--" in argv else argv
    return any(flag in options for flag in flags)


def open_streams() -> None:
    """Open /dev/null in place of a closed stdin, stdout or stderr.

    Call first of all: otherwise the next file or socket gets that number, and output is written into it.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            got = os.open(os.devnull, flags)  # the lowest free number, that is this one
            os.set_inheritable(got, True)  # noqa: FBT003 - it takes no keywords
