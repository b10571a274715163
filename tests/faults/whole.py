"""What must hold of any profile after any fault: it reads, it ticks, it asks nobody for help needlessly."""

import json
from collections.abc import Iterator

import trio

from looop.core.act import Act
from looop.loop.beat import Beats, Order, Report
from looop.loop.clock import Clock
from looop.loop.fleet import FakeFleet
from looop.store import flags
from looop.store.paths import Profile
from support.person import Person


class Restarted:
    """The loop of a new process on the files that are there. It starts no session, but notes who would."""

    def __init__(self, looop: Person) -> None:
        self._looop = looop
        self._fleet = FakeFleet()
        self._beats = self._fresh()

    def beat(self) -> Report:
        """Do what `tick --force` does."""
        return trio.run(self._beats.beat, Order(by_hand=True, force=True))

    @property
    def performed(self) -> list[Act]:
        """The verbs of landings that it would have carried out."""
        return self._fleet.performed

    def _fresh(self) -> Beats:
        return Beats(
            self._looop.profile, env=self._looop.env, say=lambda _: None, fleet=self._fleet, clock=Clock()
        )


def journal(profile: Profile) -> list[str]:
    """Give the journal's texts, without their dates."""
    text = profile.journal.read_text() if profile.journal.exists() else ""
    return [line[19:] for line in text.splitlines()]


def steady(loop: Restarted, profile: Profile) -> Iterator[str]:
    """Beat twice, as after a start, and say what stands in the way."""
    loop.beat()
    second = loop.beat()
    if second.exit_code != 0:
        yield f"the second beat: {second.sentence()}"
    yield from (f"a flag is open: {flag.text}" for flag in flags.open_flags(profile))
    yield from written(profile)


def readable(looop: Person) -> Iterator[str]:
    """Call what reads."""
    for verb in ("status", "ls"):
        done = looop.call(verb)
        if "Traceback" in done.stderr:
            yield f"{verb} crashed: {done.stderr[-2000:]}"
        elif done.returncode != 0:
            yield f"{verb} ended with {done.returncode}: {done.stderr}"


def written(profile: Profile) -> Iterator[str]:
    """Look for lines that are none, in what only grows."""
    text = profile.journal.read_text() if profile.journal.exists() else ""
    for line in text.splitlines():
        if not line.startswith("- 2"):
            yield f"the journal has a line that is none: {line!r}"
    entries = profile.cost.read_bytes().splitlines() if profile.cost.exists() else []
    for entry in entries:
        try:
            json.loads(entry)
        except ValueError:
            yield f"the ledger has a line that is none: {entry!r}"
