"""A secret of the environment that sensors print and the agent repeats: where it gets to, and where not."""

import json
from pathlib import Path

import pytest
import trio

from looop.core.act import Act
from looop.core.phase import Doing
from looop.loop import dry, reins
from looop.loop.beat import Beats, Outcome
from looop.loop.fleet import Answer
from looop.loop.voice import Voice
from looop.store import events, flags
from support import profiles
from support.hosting import eventually
from support.leaks import SECRET, leaks
from support.looping import Looping

pytestmark = pytest.mark.process

ESCAPED = json.dumps(SECRET)[1:-1]
SHOWN = "[secret GH_TOKEN]"
SAY = "printf '%s\\n'"  # as it is: some shells' echo reads escapes
AS_JSON = r"""printf %s "$GH_TOKEN" | sed 's/[\"]/\\&/g'"""
RENEWED = """printf '{"signal":"%s"}' "$RENEWED_TOKEN" """


@pytest.fixture
def loop(tmp_path: Path) -> Looping:
    """Give a loop that runs with two secrets: one of its own environment, one of its runner's."""
    loop = Looping(tmp_path)
    loop.env["GH_TOKEN"] = SECRET
    tick = f"exec /bin/sh {loop.agent_file}"
    runner = {"tick": tick, "output": "text", "env": {"RUN_KEY_TOKEN": "runner-secret"}}
    grants = {name: ["ticks", "sensors"] for name in ("GH_TOKEN", "RENEWED_TOKEN")}
    loop.configure(runners={"fake": runner}, grants=grants, notify='printenv LOOOP_TEXT >>"$HOME/told"')
    say = Voice(loop.profile, loop.clock).say
    loop.beats = Beats(loop.profile, env=loop.env, say=say, fleet=loop.fleet, clock=loop.clock)
    return loop


def script(loop: Looping, name: str, body: str) -> None:
    profiles.sensor(loop.profile, name, f"#!/bin/sh\n{body}\n")


async def test_no_file_but_the_raw_log_of_the_agent_holds_a_secret(loop: Looping) -> None:
    script(loop, "json", f"""printf '{{"signal":["%s"],"detail":"x"}}' "$({AS_JSON})" """)
    script(loop, "fails", f'{SAY} "refused for $GH_TOKEN" >&2; exit 1')
    script(loop, "cut", f'{SAY} "$GH_TOKEN$(printf %0490d)" >&2; exit 3')
    used = f'{SAY} "- used $GH_TOKEN, $RUN_KEY_TOKEN" >>journal.md'
    loop.agent(f'{SAY} "I have $GH_TOKEN and $RUN_KEY_TOKEN"; {used}')
    report = await loop.beat()
    assert report.outcome is Outcome.TICKED
    assert SECRET in (loop.profile.runs / str(report.run) / "output.log").read_text()
    assert leaks(loop.profile.data, SECRET, ESCAPED, SECRET[-8:], "runner-secret") == []
    assert loop.journal() == [f"used {SHOWN}, [secret RUN_KEY_TOKEN]"]
    assert f'signal: ["{SHOWN}"]' in loop.prompt()
    assert (loop.profile.snapshots / "sensor-fails.err").read_text() == f"refused for {SHOWN}"


async def test_a_prompt_has_none_though_a_person_wrote_one_down(loop: Looping) -> None:
    loop.goal("a", f"---\ngoal: use {SECRET}\n---\n")
    loop.fleet.answered = (Answer(7, "fix", f"is it {SECRET}?", f"yes, {SECRET}"),)
    report = await loop.beat()
    kept = [name for name in leaks(loop.profile.data, SECRET, ESCAPED) if not name.startswith("history/")]
    assert kept == ["goals/a.md", "tick/goals/a.md"]  # a person's own file, and copies of it
    prompt = loop.prompt()
    for shown in (f"| goal: use {SHOWN}", f"| is it {SHOWN}?", f"| yes, {SHOWN}"):
        assert f"{shown}\n" in prompt
    assert report.outcome is Outcome.TICKED


async def test_why_a_tick_failed_reaches_the_next_prompt_without_it(loop: Looping) -> None:
    loop.agent(f'{SAY} "no login with $GH_TOKEN" >&2; exit 1')
    await loop.beat()
    loop.goal("b")
    await loop.beat()
    assert leaks(loop.profile.data, SECRET, ESCAPED) == []
    assert SHOWN in loop.prompt().partition("# LAST FAILURE")[2]
    assert any(SHOWN in str(event.fields.get("line")) for event in events.read(loop.profile, 100))


async def test_a_verb_that_a_tick_calls_with_it_is_performed_without_it(loop: Looping) -> None:
    loop.agent("while [ ! -e done ]; do sleep 0.05; done")

    async def calls() -> None:
        await eventually(lambda: loop.beats.phase.doing is Doing.DECIDING, "the agent's turn")
        loop.beats.record(Act(("start-session", "a", f"log in with {SECRET}"), "session:a"))
        await eventually((loop.profile.tick / "journal.md").exists, "the agent's folder")
        (loop.profile.tick / "done").touch()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(calls)
        await loop.beat()
    assert [act.argv for act in loop.fleet.performed] == [("start-session", "a", f"log in with {SHOWN}")]
    assert leaks(loop.profile.data, SECRET, ESCAPED) == []


async def test_the_loops_own_flag_and_what_tells_of_it_have_none(loop: Looping) -> None:
    await reins.tell(loop.beats._around.site(), (), "a cause", f"this needs {SECRET}")
    assert [flag.text for flag in flags.open_flags(loop.profile)] == [f"this needs {SHOWN}"]
    assert (loop.profile.data.parent / "told").read_text() == f"this needs {SHOWN}\n"
    assert leaks(loop.profile.data, SECRET, ESCAPED) == []


async def test_a_secret_that_is_renewed_wakes_nobody(loop: Looping) -> None:
    script(loop, "who", RENEWED)
    loop.env["RENEWED_TOKEN"] = "the-first-of-two"
    await loop.beat()
    loop.env["RENEWED_TOKEN"] = "and-then-the-other"
    assert (await loop.beat()).outcome is Outcome.UNCHANGED


async def test_the_same_files_give_the_same_prompt_with_secrets_in_them(loop: Looping) -> None:
    script(loop, "who", RENEWED)
    loop.env["RENEWED_TOKEN"] = "the-first-of-two"
    await loop.beat()
    first, second = [await dry.prompt(loop.beats._around.site()) for _ in range(2)]
    assert first.partition("# NOW")[0] == second.partition("# NOW")[0]
    assert '| signal: "[secret RENEWED_TOKEN]"' in first
