"""Where a verdict is shown: to people, to machines, in the prompt; and that what a check printed is data."""

import pytest

from looop.core.prompt import PromptView, render
from looop.core.sessions import State
from looop.core.world import World
from looop.engine.fleet import observed
from support.verbs import FakeEngine, Looop

WORDS = ("not verified", "verified", "failed(2)", "timed out", "not known", "awaits approval")


@pytest.mark.parametrize("words", WORDS)
async def test_a_verdict_is_in_ls_status_and_the_prompt(
    relayed: Looop, engine: FakeEngine, words: str
) -> None:
    session = engine.sessions.add("tea", State.ENDED, code=0, ended=1.0, verdict=words)
    assert words in (await relayed("ls")).out
    (shown,) = (await relayed("ls", "--json")).value["sessions"]
    assert shown["verdict"] == words
    rows = (await relayed("status")).out.splitlines()
    told = [row.split(maxsplit=1)[1] for row in rows if row.startswith("check ")]
    quiet = {"not verified", "verified"}
    assert told == ([] if words in quiet else [f"tea: {words} (`looop explain tea`)"])
    prompt = render(PromptView(World(None, sessions=(observed(session.view),))))
    assert f"| verdict: {words}\n" in prompt


async def test_a_session_that_lives_has_no_verdict_in_the_prompt(engine: FakeEngine) -> None:
    session = engine.sessions.add("tea")
    prompt = render(PromptView(World(None, sessions=(observed(session.view),))))
    assert "| verdict:" not in prompt


async def test_what_a_check_printed_moves_no_cursor(relayed: Looop, engine: FakeEngine) -> None:
    engine.sessions.add("tea", State.ENDED, code=0, ended=1.0)
    facts = {"verdict": "failed(1)", "check": "make\x1b[2J", "checked": "no\x1b]0;title\x07\nreally"}
    engine.sessions.facts = facts
    out = (await relayed("explain", "tea")).out
    assert "\x1b" not in out
    assert "verdict     failed(1): make\n" in out
    assert "printed     no really\n" in out
