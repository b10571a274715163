"""Stories of power cuts while people and workers are at it: what they were told is done must be there."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from faults.cut_ticks import LOOOP, agent, beaten
from faults.cuts import Acks, Story, Telling
from faults.whole import Restarted, readable, steady
from looop.core import edits
from looop.store import claims, grants, history, money, pause, questions, sessions
from looop.store.paths import Profile
from support.person import Person
from support.waiting import until


class Verbs(Story):
    """A person who writes and archives goals, allows money, and pauses."""

    name = "verbs"

    def prepare(self, looop: Person, world: Path) -> None:
        """Make a profile whose loop has had its first look."""
        beaten(looop, world)

    def tell(self, looop: Person, world: Path, telling: Telling) -> None:  # noqa: ARG002
        """Do it all without an engine."""
        telling("goal", "new", "b", "be kept", ack="written")
        telling("goal", "archive", "a", ack="archived")
        telling("unpark", "--allow", "2", ack="allowed")
        telling("pause", ack="paused")
        telling.ack("unpausing")  # from here on the pause may be there or not
        telling("unpause", ack="unpaused")

    def broken(self, looop: Person, world: Path, acks: Acks) -> Iterator[str]:
        """Read the files as they are, then beat."""
        profile = looop.profile
        if "written" in acks and "be kept" not in _text(profile.goals / "b.md"):
            yield "an acknowledged goal is lost"
        old, new = _text(profile.goals / "a.md"), _text(profile.archive / "a.md")
        if "be tested" not in (new if "archived" in acks else old + new):
            yield f"the archived goal is lost: {old!r}, {new!r}"
        allowed = money.allowed(profile)
        if "allowed" in acks and (allowed is None or not allowed.usd):
            yield f"the money that was allowed is forgotten: {allowed}"
        paused = pause.read(profile)
        if "paused" in acks and "unpausing" not in acks and paused is None:
            yield "a pause is forgotten"
        if "unpaused" in acks and paused is not None:
            yield f"a pause that was ended is back: {paused}"
        if paused is not None and paused.trouble:
            yield f"the pause is torn: {paused.trouble}"
        if paused is not None:
            pause.clear(profile)
        agent(world, "")
        yield from steady(Restarted(looop), profile)
        yield from past(profile)


class Working(Story):
    """A session that claims and asks, and a person who answers."""

    name = "working"

    def prepare(self, looop: Person, world: Path) -> None:
        """Write the worker."""
        beaten(looop, world)
        claims_ = f"{LOOOP} claim desk && : > {world}/acks/claimed"
        asks = f"{LOOOP} flag 'which?' && : > {world}/acks/asked"
        (world / "worker.sh").write_text(f"{claims_}\n{asks}\nexec sleep 1000\n")

    def tell(self, looop: Person, world: Path, telling: Telling) -> None:  # noqa: ARG002
        """Start it, wait until it has asked, and answer."""
        command = f"sh {shlex.quote(str(world / 'worker.sh'))}"
        telling("start-session", "a", "--command", command, ack="started")
        until((world / "acks" / "asked").exists, "the flag")
        telling("answer", "a", "this", ack="answered")

    def broken(self, looop: Person, world: Path, acks: Acks) -> Iterator[str]:  # noqa: ARG002
        """Read the files as they are, then start an engine on them."""
        there = {entry.id for entry in sessions.listed(looop.profile)}
        if "started" in acks and there != {"a"}:
            yield f"a session that was started is lost: {there}"
        leases = [(claim.name, claim.session) for claim in claims.read(looop.profile)]
        if "claimed" in acks and leases != [("desk", "a")]:
            yield f"a claim is lost: {leases}"
        yield from _asked(looop.profile, acks)
        done = looop.call("start-session", "b", "--command", "exit 0")
        if done.returncode != 0:
            yield f"no session starts any more: {done.stderr}"
        yield from readable(looop)
        yield from _asked(looop.profile, acks)
        shown = {one["id"]: one["state"] for one in looop.json("ls")["sessions"]}
        if "started" in acks and shown.get("a") != "lost":
            yield f"the session that the cut ended is {shown}"


class Approving(Story):
    """A session that asks to run a command, and a person who approves: it runs once, whatever comes."""

    name = "approving"

    def prepare(self, looop: Person, world: Path) -> None:
        """Write the command, and the worker that asks to run it."""
        beaten(looop, world)
        ship = world / "ship"
        ship.write_text(f"#!/bin/sh\n: > {world}/acks/ran\necho ran >> {world}/runs\necho shipped\n")
        ship.chmod(0o755)
        asks = f"{LOOOP} guard ask -- {ship} x > out 2> err"
        (world / "worker.sh").write_text(f"cd {world}\n{asks}\nexec sleep 1000\n")

    def tell(self, looop: Person, world: Path, telling: Telling) -> None:
        """Start it, wait until it has asked, and approve."""
        command = f"sh {shlex.quote(str(world / 'worker.sh'))}"
        telling("start-session", "a", "--command", command, ack="started")
        until(lambda: looop.session("a")["flag"], "the flag")
        telling("approve", "a", ack="approved")

    def broken(self, looop: Person, world: Path, acks: Acks) -> Iterator[str]:
        """Start an engine on the files, approve again, and count the runs since."""
        (world / "runs").unlink(missing_ok=True)
        place = questions.place_of(looop.profile, "a")
        answers = questions.answers(place.folder) if place else ()
        if "approved" in acks and not any(answer.approved and answer.code == 0 for answer in answers):
            yield f"what became of an approved command is lost: {answers}"
        for answer in answers:
            ended = grants.ended(looop.profile, place, answer.number) if place else None
            if place and ended and grants.output(looop.profile, place, answer.number)[0] != b"shipped\n":
                yield "a command has ended, and its output is lost"
        done = looop.call("start-session", "b", "--command", "exit 0")
        if done.returncode != 0:
            yield f"no session starts any more: {done.stderr}"
        looop.call("approve", "1")
        yield from readable(looop)
        runs = _text(world / "runs").count("ran") + ("ran" in acks)
        if runs > 1:
            yield f"an approval was spent {runs} times"


def past(profile: Profile) -> Iterator[str]:
    """Look whether the history has the bytes that it speaks of."""
    found = history.read(profile)
    if found.damaged:
        yield f"{found.damaged} lines of the history are damaged"
    for path, blob in edits.heads(found.edits).items():
        try:
            history.content(profile, blob)
        except Exception as error:  # noqa: BLE001 - whatever it is, the bytes are not there
            yield f"the last version of {path} is lost: {error}"


def _asked(profile: Profile, acks: Acks) -> Iterator[str]:
    place = questions.place_of(profile, "a")
    open_ = questions.read(place.folder) if place else None
    answers = questions.answers(place.folder) if place else ()
    if "asked" in acks and open_ is None and not answers:
        yield "a flag is lost"
    if "answered" in acks and [answer.text for answer in answers] != ["this"]:
        yield f"an answer is lost: {answers}"


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
