"""Flags: a worker asks, a person answers, and the answer reaches it once: waiting or idle."""

from pathlib import Path

import pytest
import trio

from looop.core.problem import Problem
from looop.core.sessions import State
from looop.session import flags as module
from looop.session import handing
from looop.session.fake_house import FakeHouse, FakeWaiter
from looop.session.screen import Modes
from looop.store import events
from support.desk import Desk, serving, show, until
from support.profiles import made_in


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing, "_BEFORE_ENTER", 0.0)
    monkeypatch.setattr(module, "REATTACH", 0.2)
    monkeypatch.setattr(module, "_FATE", 0.2)
    monkeypatch.setattr(module, "_SOON", 0.02)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    profile = made_in(tmp_path)
    return Desk(profile, FakeHouse(profile))


async def test_a_new_flag_is_news_once(desk: Desk) -> None:
    seat = desk.house.start("fix")
    async with serving(desk.flags) as flags:
        asked = await flags.ask("fix", "which one?")
        again = await flags.ask("fix", "the red one?")
        await until(lambda: desk.notified, "the notification")
    assert (asked.new, again.new) == (True, False)
    assert again.question.number == asked.question.number
    assert desk.notified == ["fix: which one?"]
    assert desk.pokes == 1
    assert seat.looked == 2
    assert [event.kind for event in events.read(desk.profile, 9)] == ["flag"]


async def test_an_answer_is_handed_to_the_waiting_call(desk: Desk) -> None:
    seat, waiter = desk.house.start("fix"), FakeWaiter()
    async with serving(desk.flags) as flags, trio.open_nursery() as nursery:
        number = (await flags.ask("fix", "which one?")).question.number
        codes = []

        async def wait() -> None:
            codes.append(await flags.wait("fix", number, waiter, 0, show))

        nursery.start_soon(wait)
        await until(lambda: flags._waiters, "the waiter")
        said = await flags.answer("fix", "red", "ann")
        await until(lambda: codes, "the end of the wait")
        desk.house.become("fix", State.IDLE)
    assert (waiter.said, codes) == ([f"{number}=red"], [0])
    assert waiter.goes_on == ("flag", "--taken", str(number))
    assert "the call that waited" in said.how
    assert (desk.how(number), seat.typed) == ("wait", b"")


async def test_an_answer_is_typed_once_the_session_is_idle(desk: Desk) -> None:
    seat = desk.house.start("fix")
    async with serving(desk.flags) as flags:
        number = (await flags.ask("fix", "which one?")).question.number
        said = await flags.answer(str(number), "red\none", "ann")
        assert "as soon as the session is idle" in said.how
        assert (seat.typed, desk.how(number)) == (b"", None)
        desk.house.become("fix", State.IDLE)
        await until(lambda: desk.how(number), "the delivery")
    assert seat.typed == b"red one\r"
    assert desk.how(number) == "typed"


@pytest.mark.parametrize("state", [State.ASKING, State.STARTING, State.WORKING, State.FROZEN, State.FLAGGED])
async def test_nothing_is_typed_into_a_session_that_does_not_wait_for_a_turn(
    desk: Desk, state: State
) -> None:
    seat = desk.house.start("fix", state=state)
    async with serving(desk.flags) as flags:
        await flags.ask("fix", "which one?")
        await flags.answer("fix", "red", "ann")
        desk.house.bell.ring()
        await trio.sleep(0.06)  # several looks long
        assert seat.typed == b""


def test_an_answer_is_pasted_in_brackets_where_the_program_asked_for_them() -> None:
    assert handing.keystrokes("a\x1b[201~\r\nb\x03", bracketed=True) == b"\x1b[200~a[201~\nb\x1b[201~"
    assert handing.keystrokes("a\nb\n", bracketed=False) == b"a b"
    assert Modes().bracketed_paste is False


async def test_a_wait_ends_by_itself_and_goes_on_with_the_same_flag(desk: Desk) -> None:
    desk.house.start("fix")
    async with serving(desk.flags) as flags:
        number = (await flags.ask("fix", "which one?")).question.number
        assert await flags.wait("fix", number, FakeWaiter(), 0.05, show) is None
        waiter = FakeWaiter()
        assert (await flags.ask("fix", "which one?")).question.number == number
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flags.wait, "fix", number, waiter, 0, show)
            await flags.answer("fix", "red", "ann")
    assert waiter.said == [f"{number}=red"]


async def test_of_two_waiting_calls_the_later_one_is_answered(desk: Desk) -> None:
    desk.house.start("fix")
    first, second = FakeWaiter(), FakeWaiter()
    async with serving(desk.flags) as flags, trio.open_nursery() as nursery:
        number = (await flags.ask("fix", "which one?")).question.number
        nursery.start_soon(flags.wait, "fix", number, first, 0, show)
        await until(lambda: flags._waiters, "the first")
        nursery.start_soon(flags.wait, "fix", number, second, 0, show)
        await trio.sleep(0.06)  # several looks long
        await flags.answer("fix", "red", "ann")
    assert (first.said, second.said) == ([], [f"{number}=red"])


async def test_a_call_that_has_gone_leaves_the_answer_to_be_typed(desk: Desk) -> None:
    seat = desk.house.start("fix")
    async with serving(desk.flags) as flags:
        number = (await flags.ask("fix", "which one?")).question.number

        async def leave() -> None:
            with pytest.raises(BrokenPipeError):
                await flags.wait("fix", number, FakeWaiter(gone=True), 0, show)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(leave)
            await until(lambda: flags._waiters, "the waiter")
            await flags.answer("fix", "red", "ann")
        desk.house.become("fix", State.IDLE)
        await until(lambda: desk.how(number), "the delivery")
    assert seat.typed == b"red\r"


async def test_a_flag_taken_down_ends_the_wait(desk: Desk) -> None:
    desk.house.start("fix")
    async with serving(desk.flags) as flags:
        number = (await flags.ask("fix", "which one?")).question.number
        ends = []

        async def wait() -> None:
            with pytest.raises(Problem) as down:
                await flags.wait("fix", number, FakeWaiter(), 0, show)
            ends.append(down.value.kind)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await until(lambda: flags._waiters, "the waiter")
            await flags.unflag("fix")
    assert ends == ["withdrawn"]
