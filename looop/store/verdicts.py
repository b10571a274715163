"""The checks of generations: begun once, judged once, each in its own folder wherever that is by now.

In: a `Check`. Out: `verify.json` in a generation's folder, the verdict in its `status.json`. A file that
can't be understood says that a check was begun. Neighbours: `core.verdict`, `session.verifying`.
"""

from pathlib import Path

import msgspec
from msgspec.structs import replace

from looop.core.known import checked
from looop.core.parsed import parsed
from looop.core.sessions import Known
from looop.core.verdict import Check, Verdict
from looop.store import files, questions, sessions
from looop.store.paths import Profile
from looop.store.sessions import Entry

FILE = "verify.json"
_LIMIT = 1 << 20


def read(folder: Path) -> Check | None:
    """Read a generation's check; None when none was begun. OSError when that can't be known."""
    try:
        return parsed(files.read_regular(folder / FILE, _LIMIT), Check)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (files.NotRegular, files.TooLarge, ValueError):
        return Check("", 0.0, said=f"{FILE} can't be understood")


def begin(profile: Profile, name: str, generation: str, check: Check) -> bool:
    """Write down, durably, that a check begins; False if one was begun before, or the generation has gone.

    Only who gets True may run it.
    """
    with questions.locked(profile):
        entry = _find(profile, name, generation)
        if entry is None:
            return False
        try:
            files.exclusive(entry.folder / FILE, msgspec.json.encode(check))
        except FileExistsError:
            return False
        return True


def conclude(profile: Profile, name: str, generation: str, check: Check) -> None:
    """Write down, durably, what came of a check that was begun; nothing if the generation has gone."""
    with questions.locked(profile):
        if entry := _find(profile, name, generation):
            files.durable(entry.folder / FILE, msgspec.json.encode(check))


def lost(check: Check, why: str) -> Check:
    """Give the verdict on a check of which nobody saw the end."""
    return replace(check, verdict=Verdict.UNKNOWN, said=check.said or why)


def show(profile: Profile, name: str, generation: str, words: str, *, final: bool) -> Known | None:
    """Write the verdict into what is known of a generation; that, or None if it has gone.

    A final one is durable, and counts as news once.
    """
    with questions.locked(profile):
        entry = _find(profile, name, generation)
        if entry is None:
            return None
        known = checked(entry.known, words, final=final)
        if known != entry.known:
            sessions.write_known(entry.folder, known, durably=final)
        return known


def _find(profile: Profile, name: str, generation: str) -> Entry | None:
    return sessions.find(profile, sessions.exact(name, generation))
