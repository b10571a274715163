"""`up` with a real keeper and engine: seen alive, or told why not."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest
import trio

from looop.child import tree
from looop.core.problem import Exit, Problem
from looop.store import files
from support.household import COMMAND, Household

pytestmark = pytest.mark.process


async def test_up_returns_when_the_pulse_answers(home: Household) -> None:
    assert not (await home.up()).already
    assert await home.ask("phase") == "sleeping"


async def test_a_second_up_finds_the_pulse_alive(home: Household) -> None:
    await home.up()
    engine = home.engine
    assert (await home.up()).already
    assert (home.engine.pid, home.engine.start) == (engine.pid, engine.start)


async def test_ten_ups_at_once_make_one_keeper_and_one_engine(home: Household) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(home.up)
    assert len([process for process in home.meet() if process == home.keeper]) == 1
    below = [process for process in tree.descendants(home.keeper.pid) if not process.dead]
    assert below == [home.engine] or [each.pid for each in below] == [home.engine.pid]
    assert (home.profile.pulse / "keeper.log").read_text().count("engine started") == 1


async def test_up_leaves_word_of_the_wish_and_its_path(home: Household) -> None:
    home.env["PATH"] = "/somewhere:" + home.env["PATH"]
    await home.up()
    assert json.loads(home.profile.up.read_text())["path"] == home.env["PATH"]
    assert stat.S_IMODE(home.profile.up.stat().st_mode) == 0o600


async def test_up_tells_why_the_engine_does_not_start(home: Household) -> None:
    with pytest.raises(Problem) as found:
        await home.up(FAKE_FAILURE="CONFIG holds no JSON: correct line 3.")
    assert (found.value.exit_code, found.value.text) == (Exit.NO, "CONFIG holds no JSON: correct line 3.")


async def test_up_tells_why_the_pulse_does_not_live(home: Household, tmp_path: Path) -> None:
    (tmp_path / "bad").touch()
    with pytest.raises(Problem) as found:
        await home.up(FAKE_TROUBLE="CONFIG is broken.", FAKE_TROUBLE_WHILE=tmp_path / "bad")
    assert found.value.exit_code == Exit.NO
    assert "CONFIG is broken" in found.value.text


async def test_a_pulse_that_could_not_live_is_tried_again_by_the_next_up(
    home: Household, tmp_path: Path
) -> None:
    (tmp_path / "bad").touch()
    with pytest.raises(Problem):
        await home.up(FAKE_TROUBLE="CONFIG is broken.", FAKE_TROUBLE_WHILE=tmp_path / "bad")
    (tmp_path / "bad").unlink()
    engine = home.engine
    await home.up()
    assert await home.ask("phase") == "sleeping"
    assert home.engine.pid == engine.pid


async def test_up_gives_up_on_an_engine_that_dies_without_a_word(home: Household) -> None:
    with pytest.raises(Problem) as found:
        await home.up(FAKE_DEATH=1, patience=1)
    assert found.value.kind == "not-seen"


async def test_up_is_told_of_a_tick_by_hand_that_has_the_profile(home: Household) -> None:
    with files.lock(home.profile.lock) as held:
        held.write_holder(b"pid 1, started 2, boot 3\n")
        with pytest.raises(Problem) as found:
            await home.up()
    assert "pid 1" in found.value.text
    await home.up()
    assert await home.ask("phase") == "sleeping"


async def test_a_shell_that_reads_what_up_prints_is_not_kept_waiting(home: Household) -> None:
    code = (
        "import os, sys, trio\n"
        "from pathlib import Path\n"
        "from functools import partial\n"
        "from looop.engine.startup import up\n"
        "from looop.store.paths import Profile\n"
        "profile = Profile(Path(sys.argv[1]), Path('/c'))\n"
        "trio.run(partial(up, profile, env=os.environ, command=sys.argv[2:]))\n"
        "print('seen')\n"
    )
    argv = [sys.executable, "-c", code, str(home.profile.data), *COMMAND]
    with trio.fail_after(60):
        ran = await trio.run_process(argv, env=home.env, capture_stdout=True, capture_stderr=True)
    assert (ran.stdout, ran.stderr) == (b"seen\n", b"")
    assert await home.ask("phase") == "sleeping"


async def test_keeper_holds_nothing_that_its_caller_had_open(home: Household, tmp_path: Path) -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)  # noqa: FBT003 - the standard library's own signature
    await home.up()
    os.close(write)
    with trio.fail_after(60):
        await trio.lowlevel.wait_readable(read)  # its end: nobody else has the other side
    assert os.read(read, 1) == b""
    os.close(read)
    for process in (home.keeper, home.engine):
        opened = Path(f"/proc/{process.pid}/fd")
        links = [str((opened / number).readlink()) for number in ("0", "1", "2")]
        assert links == ["/dev/null", *[str(home.profile.pulse / "keeper.log")] * 2]


async def test_keeper_has_a_session_of_its_own_and_no_folder_of_anyones(home: Household) -> None:
    await home.up()
    assert home.keeper.session == home.keeper.pid
    for process in (home.keeper, home.engine):
        assert Path(f"/proc/{process.pid}/cwd").readlink() == Path("/")
