"""Each session has a door of its own, and what comes in there is that session's, whoever its parents are."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from looop.core import wire
from looop.core.phase import Doing
from looop.engine import control
from looop.engine.ask import ask
from looop.engine.call import Call
from looop.engine.control import Control
from looop.engine.doors import Doors
from looop.engine.fake import FakeLive
from looop.store.paths import PERSONS, TICKS, Profile, door
from support.scripted import ROOT, client
from support.served import Bare, ended

pytestmark = pytest.mark.process

GENERATION, OTHER = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW"
ASKS = """
import subprocess, sys
from looop.engine import client
fork = sys.argv[2:] == ["fled"]
code = "import os; from looop.engine import client; client.relay(%r, ['who'], os.environ, '/')" % sys.argv[1]
subprocess.run([sys.executable, "-c", code], start_new_session=fork)
"""


class Leading(FakeLive):
    """An engine whose sessions' first processes are these."""

    def __init__(self) -> None:
        super().__init__()
        self.led: dict[int, str] = {}

    def leaders(self) -> dict[int, str]:
        return self.led


async def who(argv: object, call: Call, live: object) -> int:
    await call.out(f"{call.caller.kind.name} {call.caller.session}")
    return 0


@asynccontextmanager
async def serving(profile: Profile, live: FakeLive, doors: Doors) -> AsyncIterator[Control]:
    """Answer at all doors, as an engine that no caller is below."""
    it = Control(profile, who, live, doors=doors)
    async with trio.open_nursery() as nursery:
        await nursery.start(it.serve)
        yield it
        nursery.cancel_scope.cancel()


def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing that a test starts be below the engine, which is the test's own process."""
    monkeypatch.setattr(Control, "_ours", property(lambda _: set(), lambda *_: None), raising=False)


async def asked(sock: Path) -> str:
    """Ask who calls; this very process does, which is a person's."""
    answer = await ask(sock, "who")
    assert answer is not None
    return answer.out


def place(profile: Profile, whose: str) -> Path:
    return door(profile, whose) / "sock"


async def test_clients_come_in_by_a_link_to_everybodys_door(profile: Profile) -> None:
    doors = Doors(profile)
    async with serving(profile, FakeLive(), doors):
        assert os.readlink(profile.sock) == "doors/person/sock"  # noqa: PTH115 - as it is written
        for whose in (PERSONS, TICKS):
            assert stat.S_IMODE(door(profile, whose).stat().st_mode) == 0o700
            assert stat.S_IMODE(place(profile, whose).stat().st_mode) == 0o600
        assert await asked(profile.sock) == "PERSON None"
    assert not os.path.lexists(profile.sock)
    assert not list(profile.doors.glob("*/sock"))


async def test_a_person_is_a_worker_at_a_sessions_door(profile: Profile) -> None:
    doors = Doors(profile)
    doors.open(GENERATION, "tea")
    async with serving(profile, FakeLive(), doors):
        assert await asked(profile.sock) == "PERSON None"
        assert await asked(place(profile, GENERATION)) == "CHILD tea"


async def test_the_ticks_door_leads_to_the_tick_only_while_it_decides(profile: Profile) -> None:
    live = FakeLive()
    async with serving(profile, live, Doors(profile)):
        assert await asked(place(profile, TICKS)) == "CHILD None"
        live.doing = Doing.DECIDING
        assert await asked(place(profile, TICKS)) == "TICK None"


@pytest.mark.parametrize("how", [(), ("fled",)])
async def test_who_comes_in_at_anothers_door_may_do_the_least(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, how: tuple[str, ...]
) -> None:
    outside(monkeypatch)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    doors, live = Doors(profile), Leading()
    doors.open(GENERATION, "tea")
    doors.open(OTHER, "milk")
    said = []
    async with serving(profile, live, doors):
        for sock in (place(profile, GENERATION), place(profile, OTHER), place(profile, TICKS), profile.sock):
            with subprocess.Popen(
                [sys.executable, "-c", f"input()\n{ASKS}", str(sock), *how],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            ) as leader:
                live.led = {leader.pid: "tea"}
                said.append((await trio.to_thread.run_sync(leader.communicate, b"\n"))[0].decode())
    assert said == ["CHILD tea", "CHILD None", "CHILD None", "CHILD tea"]


async def test_what_the_engine_itself_started_is_nobody_at_a_sessions_door(profile: Profile) -> None:
    doors = Doors(profile)
    doors.open(GENERATION, "tea")
    async with serving(profile, FakeLive(), doors):
        with client(place(profile, GENERATION), "who") as process:
            assert (await ended(process))[1] == b"CHILD None"


@pytest.mark.parametrize("whose", [PERSONS, GENERATION])
@pytest.mark.parametrize("reused", [False, True])
async def test_a_caller_that_has_gone_may_do_the_least(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, whose: str, reused: bool
) -> None:
    """It left its end of the line to its parent, so the verb runs: nobody knows any more whose it is."""
    if reused:  # its number is a person's by now, namely ours
        monkeypatch.setattr(control, "peer", lambda _: (os.getpid(), os.geteuid()))
    doors, seen = Doors(profile), list[str]()
    doors.open(PERSONS)
    doors.open(GENERATION, "tea")

    async def verb(argv: object, call: Call, live: object) -> int:
        seen.append(f"{call.caller.kind.name} {call.caller.session}")
        return 0

    with socket.socket(socket.AF_UNIX) as line:
        connect = "import socket, sys; socket.socket(fileno=0).connect(sys.argv[1])"
        subprocess.run(
            [sys.executable, "-c", connect, str(place(profile, whose))], stdin=line.fileno(), check=True
        )
        line.sendall(wire.encode(Bare(profile.sock).run))
        async with trio.open_nursery() as nursery:
            await nursery.start(Control(profile, verb, FakeLive(), doors=doors).serve)
            with trio.fail_after(60):
                while not seen:
                    await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
    assert seen == ["CHILD None"]


async def test_a_door_that_is_shut_is_gone_with_its_folder(profile: Profile) -> None:
    doors = Doors(profile)
    doors.open(GENERATION, "tea")
    async with serving(profile, FakeLive(), doors):
        doors.shut(GENERATION)
        assert not door(profile, GENERATION).exists()
        assert await asked(profile.sock) == "PERSON None"
    doors.shut(GENERATION)


async def test_a_door_that_is_shut_before_it_is_served_is_gone_too(profile: Profile) -> None:
    doors = Doors(profile)
    async with serving(profile, FakeLive(), doors):
        doors.open(GENERATION, "tea")
        doors.shut(GENERATION)
        assert await asked(profile.sock) == "PERSON None"
        assert not door(profile, GENERATION).exists()


@pytest.mark.parametrize("served", [False, True])
async def test_a_removed_door_is_bound_again_in_the_same_folder(profile: Profile, served: bool) -> None:
    doors = Doors(profile)
    doors.open(GENERATION, "tea")
    folder = door(profile, GENERATION).stat().st_ino
    async with serving(profile, FakeLive(), doors) as it:
        if served:
            await asked(place(profile, GENERATION))
        place(profile, GENERATION).unlink()
        it.mend()
        with trio.fail_after(60):
            while not place(profile, GENERATION).exists():
                await trio.lowlevel.checkpoint()
        assert await asked(place(profile, GENERATION)) == "CHILD tea"
    assert door(profile, GENERATION).stat().st_ino == folder


async def test_another_engine_goes_on_behind_the_same_doors_and_clears_away_stale_ones(
    profile: Profile,
) -> None:
    first = Doors(profile)
    first.open(GENERATION, "tea")
    first.open(OTHER, "milk")
    async with serving(profile, FakeLive(), first):
        folder = door(profile, GENERATION).stat().st_ino
    second = Doors(profile)
    second.open_again({GENERATION: "tea"})
    assert not door(profile, OTHER).exists()
    async with serving(profile, FakeLive(), second):
        assert await asked(place(profile, GENERATION)) == "CHILD tea"
        assert await asked(profile.sock) == "PERSON None"
    assert door(profile, GENERATION).stat().st_ino == folder


async def test_the_door_of_a_living_session_that_can_not_be_bound_is_tried_again(profile: Profile) -> None:
    doors = Doors(profile)
    profile.doors.mkdir(mode=0o700)
    door(profile, GENERATION).write_text("in the way")
    doors.open_again({GENERATION: "tea"})
    async with serving(profile, FakeLive(), doors):
        door(profile, GENERATION).unlink()
        with trio.fail_after(60):
            while not place(profile, GENERATION).exists():
                await trio.sleep(0.01)
        assert await asked(place(profile, GENERATION)) == "CHILD tea"


async def test_a_long_path_has_doors_too(tmp_path: Path) -> None:
    deep = Profile(data=tmp_path / ("d" * 90) / ("e" * 90), config=tmp_path / "c")
    deep.pulse.mkdir(parents=True)
    doors = Doors(deep)
    doors.open(GENERATION, "tea")
    async with serving(deep, FakeLive(), doors):
        assert await asked(place(deep, GENERATION)) == "CHILD tea"
