"""`up`: say that a person wants the pulse, see to a keeper, and wait until the pulse is seen alive.

In: a profile that exists, and the environment that keeper and engine shall have. Out: a pulse that answered,
or a Problem with the engine's own reason. However many run at once, one of them starts keeper: the one that
got `.keeper.lock`, which it hands over on an inherited descriptor, so that it is free at no moment.
"""

import fcntl
import itertools
import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import trio

from looop.child import stray
from looop.child.environ import build, own_command
from looop.core import wire
from looop.core.problem import Exit, Problem
from looop.engine import failure, keeper, machine
from looop.engine.ask import HERE, RENEW, START, ask
from looop.engine.timing import Timing
from looop.store import files
from looop.store.paths import Profile

PATIENCE = 30.0  # seconds for a pulse to be seen alive
PAUSE = 0.03  # seconds between two looks
RENEWALS = 3  # renewals that one `up` asks for at most: engine or keeper may die within one
STARTS = 2  # keepers that one `up` starts at most: one may have been told to leave by a `down`


@dataclass(frozen=True, slots=True)
class Seen:
    """A pulse that was seen alive; `already`: before this `up`, too; `renewed`: this looop took over."""

    already: bool
    renewed: bool = False


async def up(
    profile: Profile,
    *,
    env: Mapping[str, str],
    command: Sequence[str] | None = None,
    timing: Timing | None = None,
    patience: float = PATIENCE,
) -> Seen:
    """Have the pulse run, and return when it answered; nothing but that on a second call.

    A keeper and an engine of another version or protocol are replaced in place; sessions don't notice.
    Problem NO with the engine's reason when it can't live, or after `patience` seconds. It stays wanted
    then, and what can be tried again is. OSError when the wish can't be written (a full disk). A cancel
    leaves it wanted too. `command` starts this program; `timing` is for tests.
    """
    starter = _Starter(profile, env, command or own_command(), timing or Timing())
    await files.aside(_want, profile, env)
    renewals = 0
    with trio.move_on_after(patience):
        for look in itertools.count():
            starter.see_to_a_keeper()
            answer = await ask(profile.sock, START)
            if answer is not None and answer.code is not None:
                said, _, version = answer.out.partition(" ")
                ours = version == build() and answer.protocol == wire.PROTOCOL
                if answer.code != Exit.DONE or ours:
                    return _seen(answer.code, answer.out, said, first=look == 0, renewed=renewals > 0)
                if renewals < RENEWALS:  # keeper refuses while it is at it; a crash in between undoes it
                    promise = await ask(profile.sock, RENEW, *(command or own_command()))
                    renewals += promise is not None and promise.code == Exit.DONE
            starter.give_up_for_a_reason()
            await trio.sleep(PAUSE)
    raise Problem(
        Exit.NO,
        "not-seen",
        f"The pulse was not seen alive within {patience:g} s: {profile.pulse / 'keeper.log'} says how far "
        "it got; `looop down --now` clears the way for another try.",
    )


async def engine(
    profile: Profile,
    *,
    env: Mapping[str, str],
    command: Sequence[str] | None = None,
    timing: Timing | None = None,
    patience: float = PATIENCE,
) -> None:
    """Have an engine for sessions, without a wish for the pulse; returns when it answers.

    Problem NO as in `up`. It leaves by itself when no session has lived for some seconds.
    """
    starter = _Starter(profile, env, command or own_command(), timing or Timing(), once=True)
    with trio.move_on_after(patience):
        while True:
            answer = await ask(profile.sock, HERE)
            if answer is not None and answer.code == Exit.DONE:
                return
            if answer is not None and answer.left_to_us:
                raise Problem(
                    Exit.NO,
                    "busy",
                    "A tick by hand has this profile: wait until it has ended, then try again.",
                )
            starter.see_to_a_keeper()
            starter.give_up_for_a_reason()
            await trio.sleep(PAUSE)
    raise Problem(
        Exit.UNREACHABLE,
        "not-seen",
        f"No engine answered within {patience:g} s: {profile.pulse / 'keeper.log'} says how far it got.",
    )


class _Starter:
    """Starts a keeper where there is none; with `once` its first engine needs no wish."""

    def __init__(
        self,
        profile: Profile,
        env: Mapping[str, str],
        command: Sequence[str],
        timing: Timing,
        *,
        once: bool = False,
    ) -> None:
        machine.check()
        self._once = once
        self._profile = profile
        self._env = env
        self._command = command
        self._timing = timing
        self._began = time.monotonic()
        self._starts = 0

    def see_to_a_keeper(self) -> None:
        """Start one if nobody holds its lock."""
        try:
            lock = files.lock(self._profile.keeper_lock)
        except files.Held:
            return
        with lock:
            if self._starts == STARTS:
                raise Problem(
                    Exit.NO,
                    "no-keeper",
                    f"The program that keeps the pulse alive has ended at once: "
                    f"{self._profile.pulse / 'keeper.log'} says why.",
                )
            self._starts += 1
            self._spawn(lock)

    def give_up_for_a_reason(self) -> None:
        """Raise the engine's own reason, if it left one since this `up` began."""
        reason = failure.told(self._profile, self._began)
        if reason is not None:
            raise Problem(Exit.NO, "engine-failed", reason)

    def _spawn(self, lock: files.Lock) -> None:
        profile, timing = self._profile, self._timing.argument()
        engine = [*self._command, "__engine", str(profile.data), str(profile.config), timing]
        once = ("--once",) if self._once else ()
        argv = [*self._command, "__keeper", str(profile.data), timing, *once, *engine]
        files.private_dir(profile.pulse, below=profile.data)
        log = profile.pulse / "keeper.log"
        with suppress(OSError):
            files.rotate(log, keeper.LOG_LIMIT, keep_all=False)
        # Above the numbers that are assigned below, so that none overwrites another.
        handed = fcntl.fcntl(lock.fileno(), fcntl.F_DUPFD_CLOEXEC, keeper.LOCK + 1)
        try:
            keeper_pid = os.posix_spawn(
                argv[0],
                argv,
                self._env,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                    (os.POSIX_SPAWN_DUP2, handed, keeper.LOCK),
                ],
                setsid=True,
                setsigmask=(),
                setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
            )
        finally:
            os.close(handed)
        stray.spare(keeper_pid)  # a tick by hand that starts one must not take it for a leftover


def _want(profile: Profile, env: Mapping[str, str]) -> None:
    wish = {"v": 1, "at": time.time(), "path": env.get("PATH", "")}
    files.durable(profile.up, json.dumps(wish).encode() + b"\n")


def _seen(code: int, told: str, how: str, *, first: bool, renewed: bool) -> Seen:
    if code != Exit.DONE:
        raise Problem(
            Exit.NO,
            "pulse-failed",
            f"The pulse does not live: {told.rstrip('.') or 'its engine said no more'}. It is tried again "
            "by itself; `looop down` ends that.",
        )
    # An engine that came up while we waited says "already" too.
    return Seen(already=first and how == "already", renewed=renewed)
