"""Sessions over a real keeper and real programs: driven, frozen, killed whole, found again after a crash."""

import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from looop.child import foreground, tree
from looop.core.sessions import SessionView, Start, State
from looop.session.host import Host
from looop.store.config import Config
from support.keeping import Keeping, keeping, until
from support.profiles import made_in

pytestmark = pytest.mark.process

SPREAD = (
    "(setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 1; done' &) ; "
    "env -i setsid sleep 1000 & sh -c 'sleep 1000 & wait' & echo ready; wait"
)


class Real:
    """A profile with a real keeper, and one host after the other."""

    def __init__(self, folder: Path, keeper: Keeping) -> None:
        self.profile = made_in(folder)
        self.keeper = keeper
        self.settings = Config(confine="off")
        self.host: Host

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Host]:
        async with trio.open_nursery() as nursery:
            self.host = Host(
                self.profile,
                self.keeper.leash,
                env={"PATH": os.environ["PATH"], "HOME": "/", "LOOOP_CONFINE": "off"},
                settings=lambda: self.settings,
                now=time.time,
                poke=lambda: None,
            )
            await nursery.start(self.host.serve)
            yield self.host
            nursery.cancel_scope.cancel()

    async def start(self, command: str, name: str = "a") -> SessionView:
        return await self.host.start(Start(id=name, prompt="", command=command))

    def below(self, leader: int | None) -> list[int]:
        assert leader is not None
        return [entry.pid for entry in tree.descendants(leader) if not entry.dead]


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[Real]:
    made_in(tmp_path)
    async with keeping(tmp_path / "data") as keeper:
        yield Real(tmp_path, keeper)


def _states(pids: list[int]) -> set[str]:
    return {found.state for pid in pids if (found := tree.proc(pid))}


async def test_a_program_is_typed_to_and_its_exit_code_is_kept(real: Real) -> None:
    async with real.served() as host:
        await real.start("read line; echo got:$line:$LOOOP_SESSION_ID; exit 7")
        with trio.fail_after(60):
            await host.type("a", "hello", enter=True, paste=False)
            found = await host.expect("a", "got:hello:a")
            assert found.text == "got:hello:a"
            view = await host.ended("a")
    assert (view.code, view.state, view.outside) == (7, State.ENDED, False)


async def test_a_program_that_somebody_killed_was_killed_from_outside(real: Real) -> None:
    async with real.served() as host:
        view = await real.start("sleep 1000")
        (worker,) = await _until_below(real, view, 1)
        os.kill(worker, signal.SIGKILL)
        with trio.fail_after(60):
            view = await host.ended("a")
    assert (view.code, view.outside) == (137, True)


async def test_killing_a_frozen_session_leaves_nothing_of_its_tree(real: Real) -> None:
    async with real.served() as host:
        view = await real.start(SPREAD)
        below = await _until_below(real, view, 5)
        await host.freeze("a")
        assert _states(below) == {"T"}
        with trio.fail_after(60):
            view = await host.kill("a", now=True)
        assert view.state is State.KILLED
        await until(lambda: not _states(below) - {"Z"}, "the end of the tree")


async def test_a_thawed_tree_goes_on(real: Real) -> None:
    async with real.served() as host:
        view = await real.start("sh -c 'sleep 1000 & wait' & while :; do echo beat; sleep 0.1; done")
        below = await _until_below(real, view, 2)
        await host.freeze("a")
        assert "T" in _states(below)
        await host.thaw("a")
        with trio.fail_after(60):
            await host.expect("a", "beat", now=True)


async def test_a_session_lives_through_the_engines_sigkill(real: Real) -> None:
    async with real.served():
        before = await real.start("echo one; read line; echo two; exit 3")
    await real.keeper.crash()
    async with real.served() as host:
        assert host.get("a").pid == before.pid
        with trio.fail_after(60):
            await host.type("a", "x", enter=True, paste=False)
            assert (await host.ended("a")).code == 3
            text = (await host.read("a", 0)).data
    assert [word for word in text.split() if word in {b"one", b"two"}] == [b"one", b"two"]


async def test_an_end_during_the_engines_absence_is_known_afterwards(real: Real) -> None:
    async with real.served() as host:
        await real.start("read line; exit 9")
        life = host.life("a")
        await life.type(b"\n")
    await real.keeper.crash()
    async with real.served() as host:
        with trio.fail_after(60):
            view = await host.ended("a")
    assert (view.code, view.news) == (9, 1)


async def test_what_a_dead_keeper_left_running_is_ended_with_the_session(tmp_path: Path) -> None:
    made_in(tmp_path)
    async with keeping(tmp_path / "data") as keeper:
        real = Real(tmp_path, keeper)
        async with real.served():
            view = await real.start("trap '' HUP; (setsid sleep 1000) & setsid sleep 1000")
            below = await _until_below(real, view, 2)
            keeper.process.kill()
            keeper.process.wait()
    assert _states(below) - {"Z"}
    async with keeping(tmp_path / "data") as other:
        real.keeper = other
        async with real.served() as host:
            view = host.get("a")
            assert (view.state, view.code) == (State.LOST, None)
            assert not _states(below) - {"Z"}


ASKS = """stty raw -echo
ask() { printf '\\033[6n' >/dev/tty; dd bs=1 count="$1" 2>/dev/null | tail -c +2; }
flood() { i=0; while [ $i -lt 3000 ]; do printf 'line %05d of a lot of output\\r\\n' $i; i=$((i+1)); done; }
printf '\\033[3;7Hhere'; before=$(ask 7)
flood; printf '\\033[2;9r\\033[?6h\\033[4;5H'; within=$(ask 6); flood
echo "before=$before within=$within."
"""


async def test_a_program_that_asks_for_its_cursor_is_told_where_it_was_just_then(real: Real) -> None:
    async with real.served() as host:
        await real.start(ASKS)
        with trio.fail_after(60):
            found = await host.expect("a", r"before=(\S+) within=(\S+)\.")
    assert found.groups == ("[3;11R", "[4;5R")


async def test_a_program_that_asks_a_real_terminal_is_not_told_by_us(real: Real) -> None:
    async with real.served() as host:
        await real.start("stty raw -echo; read x; printf '\\033[6n'; echo asked; dd bs=1 count=3 2>/dev/null")
        life = host.life("a")
        life.attached = 1
        await life.type(b"\n")
        with trio.fail_after(60):
            await host.expect("a", "asked", since=0)
            await life.type(b"own")
            await host.expect("a", "own", since=0)
            assert (await host.ended("a")).code == 0


FULL_SCREEN = """stty raw -echo
printf '\\033[?1049h\\033[2J\\033[Hheader\\033[2;5r'
n=0; while [ $n -lt 8 ]; do dd bs=1 count=1 2>/dev/null >/dev/null
i=0; while [ $i -lt 800 ]; do printf '\\033[3;1Hstep %02d redrawn %04d times' $n $i; i=$((i+1)); done
n=$((n+1)); done; dd bs=1 count=1 2>/dev/null >/dev/null; printf '\\033[4;1Hbye'
"""


async def test_a_screen_is_right_after_the_head_of_its_log_was_cut(real: Real) -> None:
    real.settings = Config(session_log_max_bytes=100_000)
    wanted = ("header", "", "step 07 redrawn 0799 times")
    async with real.served() as host:
        await real.start(FULL_SCREEN)
        life = host.life("a")
        with trio.fail_after(60):
            for step in range(8):
                await host.type("a", "x", enter=False, paste=False)
                await host.expect("a", f"step {step:02} redrawn 0799", since=0)
                await until(lambda: life.display.offset == life.end(), "the screen to follow by itself")
        assert life.transcript.start() > 0
        shot = await host.shot("a")
        assert (shot.text[:3], shot.stale, shot.alternate) == (wanted, False, True)
    await real.keeper.crash()
    async with real.served() as host:
        shot = await host.shot("a")
        assert (shot.text[:3], shot.stale, shot.alternate) == (wanted, False, True)
        with trio.fail_after(60):
            await host.type("a", "x", enter=False, paste=False)
            assert (await host.ended("a")).code == 0
        shot = await host.shot("a")
        assert (shot.text[:4], shot.stale) == ((*wanted, "bye"), False)


async def test_the_program_in_the_foreground_is_named(real: Real) -> None:
    async with real.served() as host:
        view = await real.start("cat")
        await until(lambda: foreground.program(view.pid or 0) == "cat", "cat in the foreground")
        await host.kill("a")
    assert foreground.program(view.pid or 0) is None


async def _until_below(real: Real, view: SessionView, count: int) -> list[int]:
    await until(lambda: len(real.below(view.pid)) >= count, f"{count} processes below the leader")
    return real.below(view.pid)
