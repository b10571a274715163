"""What looop itself landed is nobody's edit, also where the file that it wrote is no policy any more."""

from pathlib import Path

import pytest

from looop.loop import tick
from support.looping import Looping

MOVES = [
    "mv goals/a.md goals/archive/; echo '- archived' >>journal.md",
    "mv sensors/s.sh sensors/s.sh.off; echo '- off' >>journal.md",
    "rm sensors/s.sh; echo '- removed' >>journal.md",
    "echo '- noted' >>goals/a.md; echo '- noted' >>journal.md",
]


@pytest.mark.parametrize("agent", MOVES)
async def test_a_landing_is_no_persons_edit(tmp_path: Path, agent: str) -> None:
    loop = Looping(tmp_path, agent)
    loop.sensor("s", "1")
    ticked = (await loop.beat()).ticked
    assert ticked is not None
    assert ticked.outcome is tick.Outcome.LANDED
    assert not await loop.beats.edited()
    loop.said.clear()
    loop.agent("true")
    await loop.beat()
    assert [line for line in loop.said if line.startswith("edited")] == []
