"""Who may call which verb: the whole table, written down a second time."""

from typing import Any

import pytest

from looop.cli import app, places
from looop.cli.console import FakeCall
from looop.core.problem import Problem
from looop.engine.call import Caller, Kind
from looop.store.paths import Profile
from support.verbs import FakeEngine

CALLERS = {
    "person": Caller(Kind.PERSON, 9),
    "stranger": Caller(Kind.STRANGER, 9),
    "worker": Caller(Kind.CHILD, 9, "fix"),
    "tick": Caller(Kind.TICK, 9),
    "child": Caller(Kind.CHILD, 9),  # a sensor, and whoever can't be told
}
ALL, OUTSIDE, STEERS = set(CALLERS), {"person", "stranger"}, {"person", "stranger", "tick"}
TOLD, JUDGED, SPEAKS = {"person", "stranger", "worker"}, {"person"}, {"person", "worker"}

MAY = {
    # looking is free
    **dict.fromkeys(("", "status", "watch", "log", "journal", "runs", "why", "cost", "events"), ALL),
    **dict.fromkeys(("goals", "goal", "goal show", "sensors", "sensor", "sensor show", "reports"), ALL),
    **dict.fromkeys(
        ("trust", "history", "diff", "claims", "explain", "ls", "shot", "expect", "wait", "wait-idle"), ALL
    ),
    **dict.fromkeys(("doctor", "config", "complete", "licenses", "version", "help"), ALL),
    # in the caller's own process, with its own rights alone; a hook speaks of the session that it comes from
    **dict.fromkeys(("sensor run", "sandbox", "hook"), ALL),
    **dict.fromkeys(("guard", "guard test", "guard rules", "guard run"), ALL),
    "guard ask": ALL,  # it judges for itself: everybody is told something else
    # what units, cron and scripts do for a person
    **dict.fromkeys(("up", "down", "tick", "pause", "init", "uninstall", "notify"), OUTSIDE),
    **dict.fromkeys(("goal edit", "freeze", "prune", "detach"), OUTSIDE),
    # a tick's one move
    **dict.fromkeys(("goal new", "goal archive", "sensor off", "sensor on"), STEERS),
    **dict.fromkeys(("start-session", "restart", "resume", "kill", "resize", "send", "key"), STEERS),
    # a worker's word, which a script may give for a session
    **dict.fromkeys(("flag", "propose", "claim"), TOLD),
    # a worker's word for itself; for it, nobody but a person
    **dict.fromkeys(("unflag", "unclaim", "done", "spent"), SPEAKS),
    # a person's judgement
    **dict.fromkeys(("answer", "approve", "deny", "unpause", "unpark", "thaw", "attach", "undo"), JUDGED),
}


def test_the_table_has_every_verb() -> None:
    assert set(MAY) == set(places.VERBS)


@pytest.mark.parametrize("verb", places.VERBS)
async def test_those_may_call_it_and_no_others(
    verb: str, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def done() -> int:
        return 0

    monkeypatch.setattr(app, "_understand", lambda _: app.Parsed(done, (), {}, (), help=False))
    local = places.VERBS[verb].place is places.LOCAL
    may = set()
    for name, caller in CALLERS.items():
        live: Any = None if local else FakeEngine()
        call = FakeCall(caller=caller)
        code = await app.run(verb.split(), call, profile, live)
        assert (code, "was called by" in call.stderr) in {(0, False), (5, True)}
        may |= {name} if code == 0 else set()
    assert may == MAY[verb]


async def test_who_needs_a_terminal_is_told_so(profile: Profile) -> None:
    call = FakeCall(caller=CALLERS["stranger"])
    assert await app.run(["answer", "7", "yes"], call, profile, FakeEngine()) == 5
    assert call.stderr == (
        "looop: `looop answer` was called by a program without a terminal of its own, and it takes a person: "
        "run it in a terminal of your own (over ssh: `ssh -t`).\n"
    )


@pytest.mark.parametrize("verb", ["start-session", "restart", "resume", "init", "up"])
def test_no_verb_can_loosen_what_confines_its_session(verb: str) -> None:
    """CONFIG alone says how sessions are confined: who may start one can't start one that is less so."""
    flags = {name for argument in app.find(verb).assemble_argument_collection() for name in argument.names}
    assert not {name for name in flags if "confin" in name or "sandbox" in name or "grant" in name}


def test_a_problem_of_rights_names_its_kind() -> None:
    with pytest.raises(Problem) as refused:
        app._admit("down", places.VERBS["down"], FakeCall(caller=CALLERS["worker"]))
    assert (refused.value.exit_code, refused.value.kind) == (5, "not-yours")
