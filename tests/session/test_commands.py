"""A worker's command: asked under a number of its own, decided by a person, told once what came of it."""

from pathlib import Path

import pytest
import trio

from looop.core.command import Wanted
from looop.core.problem import Problem
from looop.core.sessions import State
from looop.session import flags as module
from looop.session import handing
from looop.session.fake_house import FakeHouse, FakeWaiter
from looop.session.flags import Flags
from looop.store import questions
from support.desk import Desk, serving, show, until
from support.profiles import made_in

SHIP = Wanted(("ship",), "/", 1)


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


async def asked(flags: Flags, wanted: Wanted = SHIP) -> int:
    return (await flags.command("fix", wanted)).question.number


def answer(desk: Desk, number: int) -> questions.Answer:
    place = questions.place_of(desk.profile, "fix")
    found = questions.answer_to(place.folder, number) if place else None
    assert found is not None
    return found


async def test_an_approved_command_runs_and_the_waiting_call_is_told(desk: Desk) -> None:
    seat, waiter, codes = desk.house.start("fix", state=State.IDLE), FakeWaiter(), list[int | None]()
    async with serving(desk.flags) as flags, trio.open_nursery() as nursery:
        number = await asked(flags)

        async def wait() -> None:
            codes.append(await flags.wait("fix", number, waiter, 0, show))

        nursery.start_soon(wait)
        await until(lambda: flags._waiters, "the waiter")
        said = await flags.decide("fix", "", "ann", approved=True)
        await until(lambda: codes, "the end of the wait")
        assert (await flags.ran("fix", number)).code == 3
    assert (waiter.goes_on, desk.commands.ran) == (("guard", "ask", "--taken", str(number)), [number])
    assert said.how == "ship-v1 ran. It was given to the call that waited for it."
    assert (desk.how(number), seat.typed) == ("wait", b"")
    assert (answer(desk, number).code, answer(desk, number).command) == (3, True)
    assert desk.notified == ["fix: may this run? ship\nv1"]


async def test_where_no_call_waits_what_came_of_it_is_typed_once(desk: Desk) -> None:
    seat = desk.house.start("fix", state=State.IDLE)
    async with serving(desk.flags) as flags:
        number = await asked(flags)
        await flags.decide(str(number), "", "ann", approved=True)
        await until(lambda: desk.how(number), "the delivery")
    assert seat.typed == b"approved: ship-v1 ran.\r"


async def test_a_denied_command_does_not_run(desk: Desk) -> None:
    seat = desk.house.start("fix", state=State.IDLE)
    async with serving(desk.flags) as flags:
        number = await asked(flags)
        await flags.decide("fix", "not today", "ann", approved=False)
        await until(lambda: desk.how(number), "the delivery")
    assert (seat.typed, desk.commands.ran) == (b"denied: not today\r", [])


async def test_the_same_command_goes_on_with_the_same_flag_and_another_has_its_own(desk: Desk) -> None:
    desk.house.start("fix")
    async with serving(desk.flags) as flags:
        first, again = await asked(flags), await asked(flags)
        other = await asked(flags, Wanted(("other",), "/", 1))
        with pytest.raises(Problem) as gone:
            await flags.decide(str(first), "", "ann", approved=True)
    assert (first == again, other > first, gone.value.kind) == (True, True, "no-flag")
    assert desk.commands.ran == []


async def test_a_command_that_runs_is_gone_on_with_and_not_asked_again(desk: Desk) -> None:
    desk.house.start("fix")
    desk.commands.pause = 1000
    async with serving(desk.flags) as flags, trio.open_nursery() as nursery:
        number = await asked(flags)
        nursery.start_soon(_approve, flags, number)
        await until(lambda: flags._owing.all and flags.ordering.running, "the run")
        desk.commands.version = "v2"  # what it does shows already
        assert await asked(flags) == number
        nursery.cancel_scope.cancel()


async def _approve(flags: Flags, number: int) -> None:
    await flags.decide(str(number), "", "ann", approved=True)


async def test_what_has_changed_is_asked_anew_and_the_old_approval_is_void(desk: Desk) -> None:
    desk.house.start("fix")
    waiter, codes = FakeWaiter(), list[int | None]()
    async with serving(desk.flags) as flags, trio.open_nursery() as nursery:
        number = await asked(flags)

        async def wait() -> None:
            codes.append(await flags.wait("fix", number, waiter, 0, show))

        nursery.start_soon(wait)
        await until(lambda: flags._waiters, "the waiter")
        desk.commands.version = "v2"
        with pytest.raises(Problem) as refused:
            await flags.decide(str(number), "", "ann", approved=True)
        assert (refused.value.kind, desk.commands.ran) == ("changed", [])
        with pytest.raises(Problem):
            await flags.decide(str(number), "", "ann", approved=True)
        (_, fresh) = questions.find(desk.profile, "fix")
        assert (fresh.number > number, fresh.replaces) == (True, (number,))
        await flags.decide(str(fresh.number), "", "ann", approved=True)
        await until(lambda: codes, "the call that asked first")
    assert (waiter.said, desk.commands.ran) == (
        [f"{fresh.number}=approved: ship-v2 ran."],
        [fresh.number],
    )


async def test_no_other_question_is_asked_under_the_number_of_a_command(desk: Desk) -> None:
    desk.house.start("fix")
    async with serving(desk.flags) as flags:
        number = await asked(flags)
        assert (await flags.ask("fix", "")).question.number == number
        plain = (await flags.ask("fix", "which one?")).question
        assert (plain.number > number, plain.command) == (True, False)
        assert await asked(flags) > plain.number


async def test_a_plain_answer_to_a_command_is_refused_with_advice(desk: Desk) -> None:
    desk.house.start("fix")
    async with serving(desk.flags) as flags:
        number = await asked(flags)
        with pytest.raises(Problem) as refused:
            await flags.answer("fix", "yes", "ann")
    assert refused.value.kind == "command"
    assert f"looop approve {number}" in refused.value.text


async def test_whoever_leaves_while_it_runs_leaves_it_running(desk: Desk) -> None:
    seat = desk.house.start("fix", state=State.IDLE)
    desk.commands.pause = 0.2
    async with serving(desk.flags) as flags:
        number = await asked(flags)
        with trio.move_on_after(0.05):
            await flags.decide("fix", "", "ann", approved=True)
        await until(lambda: desk.how(number), "the delivery")
    assert (desk.commands.ran, seat.typed) == ([number], b"approved: ship-v1 ran.\r")


async def test_an_approval_that_an_engine_left_behind_is_run_by_the_next(desk: Desk) -> None:
    desk.house.start("fix", state=State.IDLE)
    async with serving(desk.flags) as flags:
        number = await asked(flags)
    place, question = questions.find(desk.profile, "fix")
    questions.answer(
        desk.profile, place, number, "approved", "ann", approved=True, proposal=question.proposal
    )
    async with serving(desk.another()):
        await until(lambda: desk.how(number), "the delivery")
    assert desk.commands.ran == [number]


async def test_a_flag_was_taken_down_while_it_was_looked_at_again(desk: Desk) -> None:
    desk.house.start("fix")
    async with serving(desk.flags) as flags:
        number = await asked(flags)
        place, _ = questions.find(desk.profile, "fix")
        questions.withdraw(desk.profile, place)
        with pytest.raises(Problem) as refused:
            questions.ask(desk.profile, place, "x", "ship-v2", command=True, replaces=number)
    assert refused.value.kind == "no-flag"
    assert questions.read(place.folder) is None
