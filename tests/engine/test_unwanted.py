"""An engine that nobody wants leaves, but not while a command runs that a person approved."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import trio

from looop.engine.daemon import Engine
from looop.engine.fake import FakeResidents
from support.profiles import made_in


async def test_it_waits_for_the_end_of_an_approved_command(tmp_path: Path) -> None:
    engine: Any = object.__new__(Engine)
    engine._profile = made_in(tmp_path)
    engine._residents = FakeResidents(busy=True)
    engine._control = SimpleNamespace(idle=True)
    engine._held, engine._unwanted, engine._leave = None, 0, trio.Event()
    for _ in range(3):
        await engine._rest_or_leave()
    assert not engine._leave.is_set()
    engine._residents.busy = False
    for _ in range(2):
        await engine._rest_or_leave()
    assert engine._leave.is_set()
