"""A live session that floods, or whose log is not what keeper left there."""

from pathlib import Path

import pytest
import trio

from looop.core.sessions import State
from looop.session.pace import LEAST
from support.hosting import PATIENCE, Hosting, eventually

ATTRIBUTES = b"\x1b[c"


@pytest.fixture
def at(tmp_path: Path) -> Hosting:
    return Hosting(tmp_path)


async def test_an_end_is_known_however_much_is_still_to_be_read(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        life = host.lives["a"]
        async with host.around.turn:  # somebody else's output is read all the while
            at.say(ATTRIBUTES * 1_000_000)
            view = await at.finish(3)
        assert (view.code, view.offset, life.offset) == (3, 3_000_000, 0)
        assert at.terminals.typed[life.key] == b""


async def test_an_end_in_the_middle_of_the_reading_ends_the_reading(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at.served() as host:
        await at.start()
        life = host.lives["a"]
        take = life._take

        async def then_stuck(*of: object) -> None:
            await take(*of)  # type: ignore[arg-type]
            await trio.sleep_forever()

        monkeypatch.setattr(life, "_take", then_stuck)
        at.say(ATTRIBUTES * 1_000_000)
        await eventually(lambda: life.offset, "the first piece")
        assert (await at.finish()).code == 0


async def test_what_floods_has_shown_something_from_its_first_piece_on(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at.served() as host:
        await at.start()
        life = host.lives["a"]

        await eventually(lambda: at.terminals.live[life.key].hint, "somebody who follows it")
        assert life.last_output is None

        async def stuck(*_: object) -> None:
            await trio.sleep_forever()

        monkeypatch.setattr(life, "_take", stuck)
        at.say(ATTRIBUTES * 1_000_000)
        await eventually(lambda: life.offset, "the first piece")
        assert life.offset < 100_000
        assert life.last_output is not None


async def test_who_asks_in_a_loop_is_found_out_in_small_pieces_too(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at.served() as host:
        await at.start()
        key, life = at.key(), host.lives["a"]
        monkeypatch.setattr(life._pace, "took", lambda *_: None)
        life._pace.size = LEAST
        at.say((ATTRIBUTES + b"x" * 60) * 10_000)
        await eventually(lambda: life.offset == 630_000, "all of it")
        assert len(at.terminals.typed[key]) < 200 * len(b"\x1b[?62;22c")


async def test_a_log_that_became_a_link_makes_its_session_unknown_and_nothing_fail(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        await at.start("b")
        at.say(b"hello")
        await eventually(lambda: host.lives["a"].offset == 5, "the output")
        (at.folder() / "output.log").unlink()
        (at.folder() / "output.log").symlink_to("/dev/null")
        host.lives["a"]._hear()
        await eventually(lambda: host.get("a").state is State.UNKNOWN, "the state")
        assert "output.log" in host.get("a").evidence
        assert {view.id for view in host.all()} == {"a", "b"}
        assert "output.log" in (await host.explain("a")).said
        with trio.fail_after(PATIENCE):
            at.terminals.finish(at.key(), 4)
            assert (await host.ended("a")).code == 4
    async with at.served() as host:
        assert host.get("a").code == 4


async def test_what_is_over_says_when_it_wrote_last(at: Hosting) -> None:
    async with at.served() as host:
        await at.start()
        at.say(b"hello")
        await at.finish()
        assert (await host.explain("a")).output is not None


async def test_what_floods_from_its_start_is_judged_before_all_of_that_is_read(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at.served() as host:
        await at.start()
        life, take = host.lives["a"], host.lives["a"]._take

        async def once(*of: object) -> None:
            await take(*of)  # type: ignore[arg-type]
            await trio.sleep_forever()

        monkeypatch.setattr(life, "_take", once)
        at.say(ATTRIBUTES * 1_000_000)  # before anybody looked at the log for the first time
        await eventually(lambda: host.get("a").state is State.WORKING, "the state")
        assert life.offset < 100_000
