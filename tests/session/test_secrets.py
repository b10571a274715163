"""A secret of the environment or of CONFIG in what a session is told and tells: no file holds it."""

from pathlib import Path

import pytest

from looop.core.hooks import Hook
from looop.core.runners import Runner
from looop.session.fake_house import FakeCommands, FakeHouse, FakeProposals
from looop.session.flags import Flags
from looop.store import events, questions, sessions
from looop.store.masking import Masking
from support.desk import serving
from support.hosting import Hosting, eventually
from support.leaks import SECRET, leaks

OURS = "the-runners-own-key"
RUNNER = Runner(tick="think", interactive="work", resume="again", env={"AGENT_TOKEN": OURS, "MODE": "fast"})
SHOWN = "[secret GH_TOKEN]"


@pytest.fixture
def at(tmp_path: Path) -> Hosting:
    at = Hosting(tmp_path, runner="mine", runners={"mine": RUNNER})
    at.env["GH_TOKEN"] = SECRET
    return at


async def test_a_brief_has_none_whoever_wrote_the_task(at: Hosting) -> None:
    async with at.served():
        view = await at.start(command="", prompt=f"log in with {SECRET} and {OURS}")
        brief = sessions.prompt_file(at.profile, "a", view.generation).read_text()
    assert f"log in with {SHOWN} and [secret AGENT_TOKEN]\n" in brief
    assert leaks(at.profile.data, SECRET, OURS) == []


async def test_the_program_has_its_runners_variables_and_no_file_does(at: Hosting) -> None:
    async with at.served() as host:
        await at.start(command="")
        await at.finish()
        await host.restart("a", {})
        await at.finish()
        await host.resume("a", {})
    given = [(order.env["AGENT_TOKEN"], order.env["MODE"]) for order in at.terminals.spawned]
    assert given == [(OURS, "fast")] * 3
    assert leaks(at.profile.data, OURS) == []


async def test_a_runner_that_has_no_secret_any_more_starts_without(at: Hosting) -> None:
    async with at.served() as host:
        await at.start(command="")
        await at.finish()
        at.settings = type(at.settings)(runner="mine")
        await host.restart("a", {})
    assert "AGENT_TOKEN" not in at.terminals.spawned[1].env


async def test_what_a_worker_says_of_its_end_and_of_its_state_has_none(at: Hosting) -> None:
    async with at.served() as host:
        await at.start(command="")
        host.hook("a", Hook("permission_prompt", at.now(), f"may it use {SECRET}?"))
        await eventually(lambda: "may it use" in host.get("a").evidence, "the hook")
        assert f"may it use {SHOWN}?" in host.get("a").evidence
        await host.done("a", "done", f"pushed with {SECRET}, {OURS}")
        await host.ended("a")
        assert host.get("a").note == f"pushed with {SHOWN}, [secret AGENT_TOKEN]"
    assert leaks(at.profile.data, SECRET, OURS) == []


async def test_a_flag_has_none_where_it_lies_is_told_and_is_listed(at: Hosting) -> None:
    house, told = FakeHouse(at.profile), list[str]()
    house.start("a")

    async def tell(text: str) -> None:
        told.append(text)

    masking = Masking(at.env, lambda: at.settings)
    flags = Flags(
        at.profile,
        house,
        poke=lambda: None,
        notify=tell,
        proposals=FakeProposals(),
        commands=FakeCommands(),
        masked=lambda text: masking.fresh().text(text),
    )
    async with serving(flags):
        asked = await flags.ask("a", f"May I use {SECRET}?")
        await flags.answer("a", f"yes, {OURS}", "a person")
    assert asked.question.text == f"May I use {SHOWN}?"
    assert [event.fields["text"] for event in events.read(at.profile, 9)] == [
        f"May I use {SHOWN}?",
        "yes, [secret AGENT_TOKEN]",
    ]
    assert leaks(at.profile.data, SECRET) == []
    place = questions.place_of(at.profile, "a")
    assert place is not None
    assert [answer.text for answer in questions.answers(place.folder)] == [f"yes, {OURS}"]  # as it was given


def test_a_config_that_can_not_be_read_leaves_the_mask_as_it_was(at: Hosting) -> None:
    def broken() -> object:
        raise OSError

    masking = Masking(at.env, broken)  # type: ignore[arg-type]
    assert masking.fresh().text(SECRET) == SHOWN
