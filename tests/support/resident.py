"""What lives in the engine of `support.program`: a fake pulse, and verbs that do what a test needs.

FAKE_AGENT is a shell command that the pulse runs; FAKE_LANDING the seconds that its end takes; FAKE_TROUBLE
why it can't live while the file FAKE_TROUBLE_WHILE exists; FAKE_FAILURE why the engine can't start; with
FAKE_DEATH it dies without a word.
"""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import trio

from looop.child import spawn
from looop.core.phase import Doing
from looop.core.problem import Exit, Problem
from looop.engine.call import Call
from looop.engine.daemon import Parts
from looop.engine.fake import FakePulse, FakeResidents
from looop.engine.live import Live
from looop.loop.fleet import Fleet
from looop.store import files
from looop.store.paths import Profile


class Agent(FakePulse):
    """A pulse whose tick runs the shell command in FAKE_AGENT and never ends."""

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        async with trio.open_nursery() as nursery:
            await nursery.start(super().serve)
            self.become(Doing.DECIDING)
            task_status.started()
            command = ["/bin/sh", "-c", os.environ["FAKE_AGENT"]]
            await spawn.run(command, cwd=Path("/"), env=dict(os.environ), deadline=0, max_out=0)
            await trio.sleep_forever()


def build(profile: Profile) -> Parts:
    async def notify(sentence: str) -> None:
        await files.aside(files.append, profile.data / "notified", sentence)

    if sentence := os.environ.get("FAKE_FAILURE"):
        raise Problem(Exit.USAGE, "bad", sentence)
    if "FAKE_DEATH" in os.environ:
        os.kill(os.getpid(), signal.SIGKILL)
    return Parts(run_verb, make_pulse, notify, lambda _keeper, _poke, _doors: FakeResidents())


def make_pulse(fleet: Fleet) -> FakePulse:
    text = os.environ.get("FAKE_TROUBLE")
    if text and Path(os.environ["FAKE_TROUBLE_WHILE"]).exists():
        return FakePulse(trouble=Problem(Exit.USAGE, "bad-config", text))
    landing = float(os.environ.get("FAKE_LANDING", "0"))
    return (Agent if "FAKE_AGENT" in os.environ else FakePulse)(landing=landing)


async def run_verb(argv: Sequence[str], call: Call, live: Live | None) -> int:
    assert live is not None
    match argv:
        case ["pid"]:
            await call.out(str(os.getpid()))
        case ["phase"]:
            await call.out(str(live.phase().doing))
        case ["tick"]:
            return await live.tick(call, force=False)
        case ["who"]:
            await call.out(call.caller.kind.name)
        case ["hang"]:
            await call.out("hanging")
            time.sleep(3600)
        case ["flood", count]:
            for _ in range(int(count)):
                await call.out(b"x" * 1_000_000)
        case ["follow"]:
            await call.resume(["follow"])
            await call.out(f"{os.getpid()}\n")
            await trio.sleep_forever()
    return 0
