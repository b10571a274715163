"""`explain` says what a state rests on; `hook` takes an agent's report and disturbs nobody."""

import json

import msgspec
import pytest

from looop.cli.console import FakeCall
from looop.core.problem import Exit
from looop.core.sessions import Explained, State
from looop.engine.call import Caller, Kind
from looop.engine.fake_sessions import NOW
from looop.store.paths import Profile
from support.verbs import FakeEngine, Looop

STOP = json.dumps({"hook_event_name": "Stop", "last_assistant_message": "Done."}).encode()


@pytest.fixture(autouse=True)
def _noon(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW)
    engine.sessions.add(
        "tea", State.IDLE, evidence="hook: it has finished its turn (Stop)", news=2, news_name="idle"
    )
    engine.sessions.facts = {
        "until": NOW + 90,
        "agent": "claude",
        "output": NOW - 5,
        "hook": "Stop",
        "hooked": NOW - 4,
        "title": "✳ Claude\x1b[31m Code",
        "screen": "its screen shows an empty prompt",
        "pids": (7, 8),
    }


def reporting(session: str | None = "tea", kind: Kind = Kind.CHILD, given: bytes = STOP) -> FakeCall:
    return FakeCall(caller=Caller(kind, 1, session), given=given)


async def test_explain_says_who_said_what_and_what_would_change_it(relayed: Looop) -> None:
    said = await relayed("explain", "tea")
    assert said.out.splitlines() == [
        "state       tea is idle, since 1m",
        "because     it has finished its turn (Stop)",
        "says        the agent's own report",
        "holds       until 12:01:30 (1m 30s)",
        "changes it  a test",
        "agent       claude",
        "output      5s ago",
        "typed       never, as far as is known",
        "reported    Stop, 4s ago",
        "title       ✳ Claude Code",
        "screen      its screen shows an empty prompt",
        "news        2, the last one idle",
        "processes   2 processes: 7 8",
    ]


async def test_explain_says_so_to_machines(relayed: Looop) -> None:
    value = (await relayed("explain", "tea", "--json")).value
    shown = msgspec.convert(value, Explained)
    assert (shown.v, shown.state, shown.source, shown.pids) == (1, State.IDLE, "hook", (7, 8))
    assert value.keys() == {*Explained.__struct_fields__}


async def test_explain_of_an_unknown_session_names_the_nearest(relayed: Looop) -> None:
    said = await relayed("explain", "tee", "--json")
    assert said.problem == (Exit.MISSING, "no-session")
    assert "tea" in said.err


async def test_a_hook_reports_for_the_session_that_its_process_is_in(
    relayed: Looop, engine: FakeEngine
) -> None:
    said = await relayed("hook", "Stop", call=reporting())
    assert (said.code, said.out, said.err) == (0, "", "")
    assert engine.sessions.did == [("hook", "tea", "Stop", "")]


@pytest.mark.parametrize(
    ("event", "call"),
    [
        ("Stop", reporting(session=None)),
        ("Stop", reporting(session=None, kind=Kind.PERSON)),
        ("Stop", reporting(session=None, kind=Kind.TICK)),
        ("Stop", reporting(session="gone")),
        ("SubagentStop", reporting()),
        ("UserPromptSubmit", reporting(given=b"x" * ((1 << 20) + 1))),
    ],
)
async def test_a_hook_that_tells_nothing_is_quiet_and_never_fails(
    relayed: Looop, engine: FakeEngine, event: str, call: FakeCall
) -> None:
    said = await relayed("hook", event, call=call)
    assert (said.code, said.out, said.err) == (0, "", "")
    assert engine.sessions.did == []


async def test_a_hook_without_an_engine_or_a_profile_is_quiet(no_profile: Profile) -> None:
    said = await Looop(no_profile)("hook", "Stop", call=reporting())
    assert (said.code, said.out, said.err) == (0, "", "")


async def test_hook_is_not_among_the_verbs_that_a_person_is_shown(looop: Looop) -> None:
    assert "looop hook" not in (await looop("help")).out
