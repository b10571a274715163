"""A keeper and its engine as real processes, in a profile of a test's own, and nothing of them left over."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trio

from looop.child import tree
from looop.child.proc import Proc
from looop.engine import holder, shutdown, startup
from looop.engine.ask import Answer, ask
from looop.engine.timing import Timing
from looop.store.paths import Profile

PATIENCE = 60.0
ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("program.py")))

# An agent whose child ignores TERM, and whose grandchild has fled into a session of its own.
AGENT = """
trap '' TERM
echo $$ >>{pids}
(trap '' TERM HUP; echo $(exec sh -c 'echo $PPID') >>{pids}; sleep 1000) &
setsid sh -c 'echo $$ >>{pids}; exec sleep 1000' &
wait
"""


@dataclass
class Household:
    """One profile, and whoever lives in it."""

    profile: Profile
    timing: Timing
    env: dict[str, str] = field(
        default_factory=lambda: {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    )
    met: set[Proc] = field(default_factory=set)

    async def up(
        self, *, patience: float = PATIENCE, command: Sequence[str] = COMMAND, **fake: object
    ) -> startup.Seen:
        env = self.env | {name: str(value) for name, value in fake.items()}
        try:
            return await startup.up(
                self.profile, env=env, command=command, timing=self.timing, patience=patience
            )
        finally:
            self.meet()

    async def down(self, *, now: bool = False, patience: float = PATIENCE) -> shutdown.Stopped:
        self.meet()
        return await shutdown.down(self.profile, now=now, patience=patience)

    async def ask(self, *argv: str) -> str:
        with trio.fail_after(PATIENCE):
            answer = await self.answer(*argv)
        return answer.out

    async def answer(self, *argv: str) -> Answer:
        answer = await ask(self.profile.sock, *argv)
        assert answer is not None
        return answer

    @property
    def keeper(self) -> Proc:
        found = holder.living(self.profile.keeper_lock)
        assert found is not None
        return found

    @property
    def engine(self) -> Proc:
        found = holder.living(self.profile.lock)
        assert found is not None
        return found

    def meet(self) -> tuple[Proc, ...]:
        """Remember everybody who is there now."""
        found = tuple(
            process
            for lock in (self.profile.keeper_lock, self.profile.lock)
            if (head := holder.living(lock)) is not None
            for process in (head, *tree.descendants(head.pid))
        )
        self.met |= set(found)
        return found

    def at_home(self) -> list[Proc]:
        """Those that were met and still live."""
        return [process for process in self.met if tree.alive(process.pid, process.start)]

    async def next_engine(self, after: Proc) -> Proc:
        """Wait for the engine that takes the place of another, and for its pulse."""

        def found() -> bool:
            engine = holder.living(self.profile.lock)
            return engine is not None and engine.pid != after.pid

        await until(found, "another engine")
        self.meet()
        return self.engine


@asynccontextmanager
async def household(folder: Path, timing: Timing | None = None) -> AsyncIterator[Household]:
    """Give a profile of its own; at the end all that lived in it is killed, by pid, and must be gone."""
    profile = Profile(data=folder / "data", config=folder / "looop.json")
    profile.pulse.mkdir(parents=True)
    profile.data.chmod(0o700)
    home = Household(profile, timing or Timing(pat=0.2))
    try:
        yield home
    finally:
        with trio.CancelScope(shield=True):
            home.meet()
            await shutdown.down(profile, now=True)
            _reap()
            left = home.at_home()
            for process in left:
                tree.kill_tree(process.pid)
    assert left == []


async def until(condition: Callable[[], object], what: str) -> None:
    """Return when the condition holds; fail, naming `what`, when it does not for a long time."""
    with trio.move_on_after(PATIENCE):
        while not condition():
            await trio.sleep(0.02)
        return
    raise AssertionError(f"waited {PATIENCE:g} s for {what}")


def _reap() -> None:
    """Collect keepers, which are children of this process because no shell stands in between."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


async def agents(home: Household, folder: Path) -> list[tuple[int, int]]:
    """Start the pulse with an agent; wait for its three processes."""
    pids = folder / "pids"
    await home.up(FAKE_AGENT=AGENT.format(pids=pids))
    await until(lambda: pids.exists() and len(pids.read_text().split()) == 3, "the agent's processes")
    home.meet()
    found = [(int(pid), tree.start_time(int(pid)) or 0) for pid in pids.read_text().split()]
    assert all(tree.alive(*each) for each in found)
    return found


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    os.kill(pid, number)
