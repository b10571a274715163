"""Flags whose session is over, whose engine died, or whose proposal has to land before anybody is told."""

from pathlib import Path

import pytest
import trio

from looop.core.problem import Problem
from looop.core.sessions import State
from looop.session import flags as module
from looop.session import handing
from looop.session.fake_house import FakeHouse, FakeWaiter, busy
from looop.store import claims, questions
from support.desk import PATIENCE, Desk, serving, show, until
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


async def test_an_answer_to_a_session_that_is_over_goes_into_one_prompt(desk: Desk) -> None:
    desk.house.start("fix")
    async with serving(desk.flags) as flags:
        number = (await flags.ask("fix", "which one?")).question.number
        desk.house.become("fix", State.ENDED)
        said = await flags.answer(str(number), "red", "ann")
        assert "next tick" in said.how
        assert [owed.text for owed in flags.owed()] == ["red"]
        assert await flags.told((number,), "prompt") == (number,)
        assert await flags.told((number,), "brief") == ()
        assert flags.owed() == ()
    assert desk.how(number) == "prompt"


async def test_a_person_is_told_once_more_of_a_flag_whose_engine_died_over_telling(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    async def endless(text: str) -> None:
        begun.append(text)
        await trio.sleep_forever()

    desk.house.start("fix")
    monkeypatch.setattr(desk, "notify", endless)
    async with serving(desk.another()) as flags:
        await flags.ask("fix", "which one?")
        await until(lambda: begun, "the first notification")
    for _ in range(2):
        async with serving(desk.another()):
            await until(lambda: len(begun) == 2, "the second one")
            await trio.sleep(0.06)  # several looks long
    assert begun == ["fix: which one?"] * 2


async def test_a_person_is_told_once_of_a_flag_that_outlives_engines(desk: Desk) -> None:
    desk.house.start("fix")
    async with serving(desk.flags) as flags:
        number = (await flags.ask("fix", "which one?")).question.number
        await until(lambda: not questions.unnotified(desk.profile), "the notification's mark")
    async with serving(desk.another()) as flags:
        assert (await flags.ask("fix", "the red one?")).question.number == number
        await trio.sleep(0.06)  # several looks long
    assert desk.notified == ["fix: which one?"]


async def test_the_next_generation_is_not_typed_the_answer_to_the_one_before(desk: Desk) -> None:
    desk.house.start("fix", "01A")
    async with serving(desk.flags) as flags:
        number = (await flags.ask("fix", "which one?")).question.number
        desk.house.become("fix", State.ENDED)
        new = desk.house.start("fix", "01B", State.IDLE)
        await flags.answer(str(number), "red", "ann")
        await trio.sleep(0.06)  # several looks long
        assert new.typed == b""
        assert [owed.place.generation for owed in flags.owed()] == ["01A"]
        assert await flags.told((number,), "brief") == (number,)


async def test_what_was_recorded_without_an_engine_is_delivered_by_the_next(desk: Desk) -> None:
    seat = desk.house.start("fix", state=State.IDLE)
    place = questions.place_of(desk.profile, "fix")
    assert place is not None
    question, _ = questions.ask(desk.profile, place, "which one?")
    questions.answer(desk.profile, place, question.number, "red", "ann")
    async with serving(desk.flags):
        await until(lambda: desk.how(question.number), "the delivery")
    assert seat.typed == b"red\r"


async def test_what_was_typed_before_a_crash_is_not_typed_again(desk: Desk) -> None:
    seat = desk.house.start("fix", state=State.IDLE)
    place = questions.place_of(desk.profile, "fix")
    assert place is not None
    question, _ = questions.ask(desk.profile, place, "which one?")
    questions.answer(desk.profile, place, question.number, "red", "ann")
    await seat.type(b"red", f"answer-{question.number}")
    await seat.type(b"\r", f"answer-{question.number}-enter")
    desk.house.become("fix", State.ENDED)
    async with serving(desk.flags) as flags:
        assert desk.how(question.number) == "typed"
        assert flags.owed() == ()
    assert seat.typed == b"red\r"


async def test_a_text_typed_before_a_crash_gets_its_enter_and_no_waiting_call_gets_it_too(desk: Desk) -> None:
    seat, waiter = desk.house.start("fix", state=State.IDLE), FakeWaiter()
    place = questions.place_of(desk.profile, "fix")
    assert place is not None
    question, _ = questions.ask(desk.profile, place, "which one?")
    questions.answer(desk.profile, place, question.number, "red", "ann")
    await seat.type(b"red", f"answer-{question.number}")
    async with serving(desk.flags) as flags:
        assert await flags.wait("fix", question.number, waiter, 5, show) is None
        await until(lambda: desk.how(question.number), "the delivery")
    assert (seat.typed, waiter.said) == (b"red\r", [])


async def test_a_text_without_its_enter_in_a_session_that_is_over_is_still_owed(desk: Desk) -> None:
    seat = desk.house.start("fix", state=State.IDLE)
    place = questions.place_of(desk.profile, "fix")
    assert place is not None
    question, _ = questions.ask(desk.profile, place, "which one?")
    questions.answer(desk.profile, place, question.number, "red", "ann")
    await seat.type(b"red", f"answer-{question.number}")
    desk.house.become("fix", State.KILLED)
    async with serving(desk.flags) as flags:
        assert [owed.number for owed in flags.owed()] == [question.number]


async def test_a_call_that_was_handed_the_answer_by_a_killed_engine_says_so(desk: Desk) -> None:
    seat = desk.house.start("fix", state=State.IDLE)
    place = questions.place_of(desk.profile, "fix")
    assert place is not None
    question, _ = questions.ask(desk.profile, place, "which one?")
    questions.answer(desk.profile, place, question.number, "red", "ann")
    async with serving(desk.flags) as flags:
        await flags.taken(question.number, "other")
        assert desk.how(question.number) is None
        await flags.taken(question.number, "fix")
        await flags.taken(question.number, "fix")
        assert desk.how(question.number) == "wait"
        await trio.sleep(0.3)  # past the time in which such calls come back
    assert seat.typed == b""


async def test_a_program_that_takes_no_input_is_asked_again_later(desk: Desk) -> None:
    seat = desk.house.start("fix", state=State.IDLE)
    seat.trouble = busy()
    async with serving(desk.flags) as flags:
        number = (await flags.ask("fix", "which one?")).question.number
        await flags.answer("fix", "red", "ann")
        assert seat.typed == b""
        seat.trouble = None
        await until(lambda: desk.how(number), "the delivery")
    assert seat.typed == b"red\r"


async def test_a_disk_without_room_does_not_give_an_answer_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat, real = desk.house.start("fix", state=State.IDLE), questions.deliver
    fails = [OSError(28, "No space left on device")] * 3

    def deliver(*args: object) -> bool:
        if fails:
            raise fails.pop()
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(questions, "deliver", deliver)
    monkeypatch.setattr(module, "LOOK_AGAIN", 0.02)
    async with serving(desk.flags) as flags:
        number = (await flags.ask("fix", "which one?")).question.number
        await flags.answer("fix", "red", "ann")
        await until(lambda: desk.how(number), "the delivery")
    assert seat.typed == b"red\r"


async def test_an_approved_proposal_lands_before_its_session_is_told(desk: Desk) -> None:
    seat = desk.house.start("setup", state=State.IDLE)
    async with serving(desk.flags) as flags:
        made = await flags.propose("setup", "new goals")
        assert (made.diff, made.asked.question.proposal) == ("setup: v1\n", "v1")
        said = await flags.decide("setup", "", "ann", approved=True)
    assert desk.proposals.landed == [made.asked.question.number]
    assert said.how == "Landed v1. It was typed."
    assert seat.typed == b"approved: Landed v1.\r"


async def test_a_draft_that_changed_since_is_not_approved(desk: Desk) -> None:
    desk.house.start("setup")
    async with serving(desk.flags) as flags:
        await flags.propose("setup", "new goals")
        desk.proposals.draft = "v2"
        with pytest.raises(Problem) as refused:
            await flags.decide("setup", "", "ann", approved=True)
        assert refused.value.kind == "changed"
        said = await flags.decide("setup", "not that", "ann", approved=False)
        assert "idle" in said.how
        [owed] = [it.text for it in flags._owing.all.values()]
    assert (owed, desk.proposals.landed) == ("denied: not that", [])


async def test_a_plain_question_can_not_be_approved(desk: Desk) -> None:
    desk.house.start("fix")
    async with serving(desk.flags) as flags:
        await flags.ask("fix", "which one?")
        with pytest.raises(Problem) as refused:
            await flags.decide("fix", "", "ann", approved=True)
    assert refused.value.kind == "no-proposal"


async def test_an_approval_cut_off_before_its_landing_is_landed_by_the_next_engine(desk: Desk) -> None:
    seat = desk.house.start("setup", state=State.IDLE)
    async with serving(desk.flags) as flags:
        number = (await flags.propose("setup", "new goals")).asked.question.number
        desk.proposals.trouble = busy()
        said = await flags.decide("setup", "", "ann", approved=True)
        assert "as soon as" in said.how
        assert seat.typed == b""
    desk.proposals.trouble = None
    async with serving(desk.another()):
        await until(lambda: desk.how(number), "the delivery")
    assert desk.proposals.landed == [number]
    assert seat.typed == b"approved: Landed v1.\r"


async def test_a_worker_ends_only_its_own_flag(desk: Desk) -> None:
    desk.house.start("fix")
    async with serving(desk.flags) as flags:
        await flags.ask("fix", "which one?")
        with pytest.raises(Problem) as refused:
            await flags.unflag("fix", "other")
        assert refused.value.kind == "not-yours"
        assert (await flags.unflag("fix", "fix")).text == "which one?"


async def test_a_session_that_is_over_raises_no_flag(desk: Desk) -> None:
    desk.house.start("fix")
    desk.house.become("fix", State.ENDED)
    async with serving(desk.flags) as flags:
        for name, kind in (("fix", "over"), ("none", "no-session")):
            with pytest.raises(Problem) as refused:
                await flags.ask(name, "which one?")
            assert refused.value.kind == kind


async def test_a_lease_is_one_sessions_until_it_ends(desk: Desk) -> None:
    desk.house.start("a", "01A")
    desk.house.start("b", "01B")
    async with serving(desk.flags) as flags:
        assert (await flags.claim("deploy", "a")).session == "a"
        before = (desk.profile.claims / "deploy.json").read_bytes()
        assert (await flags.claim("deploy", "a")).session == "a"
        assert (desk.profile.claims / "deploy.json").read_bytes() == before
        assert (await flags.claim("deploy", "b")).session == "a"
        assert await flags.leases.release("a", "01A") == ("deploy",)
        assert await flags.leases.release("a", "01A") == ()
        assert (await flags.claim("deploy", "b")).session == "b"


async def test_a_lease_of_a_generation_that_is_over_is_taken(desk: Desk) -> None:
    desk.house.start("a", "01A")
    async with serving(desk.flags) as flags:
        await flags.claim("deploy", "a")
        desk.house.become("a", State.LOST)
        desk.house.start("a", "01C")
        assert (await flags.claim("deploy", "a")).generation == "01C"
        desk.house.become("a", State.LOST)
        assert await flags.leases.tidy() == ("deploy",)
        assert claims.read(desk.profile) == ()


async def test_whoever_waits_for_a_lease_hears_of_its_end(desk: Desk) -> None:
    desk.house.start("a")
    async with serving(desk.flags) as flags, trio.open_nursery() as nursery:
        await flags.claim("deploy", "a")
        nursery.start_soon(flags.freed, "deploy")
        await trio.sleep(0.06)  # several looks long
        with trio.fail_after(PATIENCE):
            assert await flags.unclaim("deploy") is not None
