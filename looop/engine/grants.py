"""Commands that a person approves: read for the flag, read again before they run, run once, outside.

In: what a worker wants; a flag's number. Out: an `Offer` to show; `Ran`. looop runs them itself, in a clean
environment (`guard.approval`). Spent first (`store.grants`): a crash leaves "not known", never a second run.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from looop.child import tree
from looop.child.capture import Capped
from looop.child.spawn import Ended, run
from looop.core import command as commands
from looop.core.command import Command, Moment, Offer, Outcome, Ran, Wanted, shown
from looop.core.line import flat
from looop.core.problem import Exit, Problem
from looop.core.quote import quote
from looop.guard import approval
from looop.store import files, grants, questions
from looop.store.paths import Profile
from looop.store.questions import Answer, Place

RUN_DEADLINE = 15 * 60.0
"""Seconds that an approved command may take."""

EXPIRY = 24 * 3600.0
"""Seconds after which a request has to be looked at anew, sleep and time off counted."""

_KEPT = 1 << 20  # bytes of each output; more is let through and not kept
_TOLD = 2000  # bytes of the output's end that are typed or told, where no call waits for it
_NEVER_KNOWN = Ran(
    "looop was ended while it ran, or just before: it is not known whether it ran, and it is not run again", 1
)
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # macOS's counts sleep by itself (Not tested)


class Grants:
    """All sessions' commands, for `session.flags`. `env` is looop's own environment."""

    def __init__(self, profile: Profile, env: Mapping[str, str]) -> None:
        self._profile = profile
        self._env = env
        self._ended: dict[int, Ran] = {}

    async def offer(self, place: Place, wanted: Wanted) -> Offer:
        """Read what a worker wants, and keep it for a person. Problem as `guard.approval.asked`."""
        found = await approval.asked(wanted, self._env)
        token, text = grants.token(found), commands.text(found)
        if not await files.aside(self._asked_now, place, token):
            await files.aside(grants.keep, self._profile, place, found, wanted.stdin, moment())
        return Offer(token, text)

    async def changed(self, place: Place, token: str) -> Offer | None:
        """Read a command again: None if all is as it was shown, else what a person is to be asked now.

        Problem when it could not run any more.
        """
        asked = await files.aside(grants.load, self._profile, place, token)
        found = await approval.again(asked.command, self._env)
        changes = commands.differences(asked.command, found)
        if not changes and _expired(asked.at):
            changes = ("nothing, but the request is older than a day",)
        if not changes:
            return None
        stdin = await files.aside(grants.stdin, self._profile, place, asked.command)
        text = commands.text(found, changes)
        return Offer(await files.aside(grants.keep, self._profile, place, found, stdin, moment()), text)

    async def run(self, place: Place, number: int, token: str) -> Ran:
        """Run what was approved under this number, once for ever; what became of it, on each call the same.

        Cancelled, it is killed, and the next call says that nobody knows. OSError or Unreadable when a disk
        fails before it began: then it may be called again.
        """
        known = self._ended.get(number) or await files.aside(grants.ended, self._profile, place, number)
        if known is not None:
            return known
        if await files.aside(grants.spent, self._profile, place, number):
            return _NEVER_KNOWN
        try:
            now, stdin = await self._as_approved(place, token)
        except Problem as problem:
            return Ran(f"it was not run: {problem.text}", int(Exit.REFUSED))
        if not await files.aside(grants.spend, self._profile, place, number, token, moment()):
            return _NEVER_KNOWN
        ran, out, err = await self._run(now, stdin)
        self._ended[number] = ran
        with suppress(OSError, Problem):  # a full disk: that it ran is known as long as this engine lives
            await files.aside(grants.finish, self._profile, place, number, ran, out, err)
            del self._ended[number]
        return ran

    async def outcome(self, place: Place, answer: Answer) -> Outcome:
        """Give what the call that asked is told, once there is an answer and it is complete."""
        if not answer.approved:
            return Outcome(int(Exit.REFUSED), said=f"a person has {answer.text}")
        ran = self._ended.get(answer.number) or await files.aside(
            grants.ended, self._profile, place, answer.number
        )
        if ran is None:
            code = int(Exit.NO) if answer.code is None else answer.code
            return Outcome(code, said=answer.landed or "")
        out, err = await files.aside(grants.output, self._profile, place, answer.number)
        return Outcome(ran.code, out, err, "" if ran.whole else ran.said.partition("\n")[0])

    def _asked_now(self, place: Place, token: str) -> bool:
        """Tell whether a person is asked this already, and not since so long that it has to be asked anew."""
        question = questions.read(questions.here(self._profile, place).folder)
        if question is None or question.proposal != token:
            return False
        try:
            return not _expired(grants.load(self._profile, place, token).at)
        except Problem:
            return False

    async def _as_approved(self, place: Place, token: str) -> tuple[Command, bytes]:
        """Read what was approved again, and its input; Problem REFUSED `changed` if it is not the same."""
        asked = await files.aside(grants.load, self._profile, place, token)
        stdin = await files.aside(grants.stdin, self._profile, place, asked.command)
        now = await approval.again(asked.command, self._env)
        changes = commands.differences(asked.command, now)
        if changes or _expired(asked.at):
            why = flat("; ".join(map(commands.visible, changes)) or "it was asked more than a day ago")
            raise Problem(Exit.REFUSED, "changed", f"it is not what was approved any more: {why}")
        return now, stdin

    async def _run(self, command: Command, stdin: bytes) -> tuple[Ran, bytes, bytes]:
        output = Capped(_KEPT, 0)

        async def heard(data: bytes) -> None:
            output.take(data)

        try:
            ended = await run(
                [command.program, *command.argv[1:]],
                cwd=Path(command.cwd),
                env=approval.variables(command, self._env),
                stdin=stdin,
                deadline=RUN_DEADLINE,
                max_out=0,
                max_err=_KEPT,
                on_out=heard,
            )
        except OSError as error:
            return Ran(f"it could not be started: {error.strerror}", _CANT_START), b"", b""
        return _ran(command, ended, output.data()), output.data(), ended.err


_CANT_START = 126  # what a shell says of such a program


def moment() -> Moment:
    """Give this moment."""
    return Moment(time.time(), tree.boot_id(), time.clock_gettime(_CLOCK))


def _expired(since: Moment) -> bool:
    return since.until(moment()) > EXPIRY


def _ran(command: Command, ended: Ended, out: bytes) -> Ran:
    name, whole = flat(shown(command.argv)), ended.code is not None and not ended.timed_out
    code = ended.code if ended.code is not None else 128 + (ended.signal or 0)
    if ended.timed_out:
        how = f"was ended after {RUN_DEADLINE / 60:.0f} minutes"
    elif ended.code is None:
        how = f"was ended by signal {ended.signal}"
    else:
        how = f"ran: exit code {code}"
    last = (
        quote((out + ended.err)[-_TOLD:].decode(errors="replace"), 2 * _TOLD).text if out or ended.err else ""
    )
    said = f"{name} {how}."
    return Ran(f"{said} The end of its output:\n{last}" if last else said, code, whole)
