"""A profile with one of everything that has a name, in files alone: what Tab may offer.

In: a prepared profile. Out: the same with sessions, alive and over, a question, a proposal, and files whose
names mean something to shells.
"""

from collections.abc import Iterable

from looop.core.sessions import Known, Meta, State
from looop.engine import holder
from looop.store import questions, sessions
from looop.store.paths import Profile
from looop.store.sessions import Entry
from support.lived import live_in

HOSTILE = (
    "$(touch owned)",
    "`touch owned`",
    "a b",
    "-rf",
    "semi;colon",
    "tab\there",
    "new\nline",
    "'q'",
    "\x1b[2J",
)
"""Names that must never reach a shell."""


def things_in(profile: Profile) -> None:
    """Leave a morning's traces, four sessions, two open flags, and goals and sensors with odd names."""
    live_in(profile)
    profile.keeper_lock.write_bytes(holder.myself())  # as if this process were their keeper
    working = Known(State.WORKING, 1.0)
    for name, known in (("review", working), ("asks", working), ("drafts", working)):
        _session(profile, name, known)
    _session(profile, "over", Known(State.ENDED, 1.0, code=0, ended=2.0))
    _ask(profile, "asks", None)
    _ask(profile, "drafts", "digest")
    for name in _file_names(HOSTILE):
        (profile.goals / f"{name}.md").write_text("---\ngoal: be odd\n---\n")
        (profile.sensors / f"{name}.sh.off").write_text("#!/bin/sh\n")


def _file_names(words: Iterable[str]) -> list[str]:
    return [word for word in words if "/" not in word]


def _session(profile: Profile, name: str, known: Known) -> None:
    folder = sessions.folder(profile, name)
    folder.mkdir(mode=0o700, parents=True)
    sessions.write_meta(Entry(folder, Meta(name, f"01J{name.upper()}", "sh", "/", 1.0), known))
    sessions.write_known(folder, known, durably=False)


def _ask(profile: Profile, name: str, proposal: str | None) -> None:
    place = questions.place_of(profile, name)
    assert place is not None
    questions.ask(profile, place, "may I?", proposal, now=1.0)
