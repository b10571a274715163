"""Ticks that go wrong with a real agent: nothing changes, one line says why, and no process stays."""

import os
import signal
import subprocess
from contextlib import suppress

import pytest

from support import leftovers
from support.agents import Bench, Claude, before, turns
from support.fake_model import BROKEN, LOGIN_EXPIRED, Bash, Hang, Say, playing, rate_limited
from support.waiting import until

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
HALF = Bash("echo '- half done' >> goals/plan.md; echo '- half a move' >> journal.md")


def failed(bench: Bench) -> str:
    """Check that the tick changed nothing but its one line, and give that line."""
    assert bench.policy() == before()
    (line,) = bench.journal()
    assert "tick failed: " in line
    return line


def agents_below(tick: subprocess.Popen[str], bench: Bench) -> list[int]:
    """Give the processes of the agent itself that a running tick started."""
    rows = leftovers.below(tick.pid)
    return [row.pid for row in rows if bench.agent.name in row.command and row.state != "Z"]


def test_an_agent_that_hangs_is_ended_at_the_deadline(bench: Bench) -> None:
    bench.configure(tick_timeout=8)
    with playing(HALF, Hang()) as model:
        done = bench.tick(model)
        assert leftovers.processes() == []
    assert done.code == 1, str(done)
    assert "tick_timeout" in failed(bench)
    record = bench.record()
    assert (record["outcome"], record["cost"]["usd"]) == ("failed", bench.agent.cost_of_one_answer)


def test_an_expired_login_parks_the_loop_with_its_reason(bench: Bench) -> None:
    with playing(LOGIN_EXPIRED) as model:
        done = bench.tick(model)
    assert done.code == 1, str(done)
    failed(bench)
    record = bench.record()
    assert record["outcome"] == "parked"
    assert "log" in record["reason"].lower() or "key" in record["reason"].lower()


def test_a_parked_loop_does_not_ask_the_agent_again(bench: Bench) -> None:
    with playing(LOGIN_EXPIRED) as model:
        bench.tick(model)
        asked = len(model.requests)
        done = bench.tick(model)
        assert len(model.requests) == asked
    assert len(bench.journal()) == 1
    assert "parked" in done.out + done.err or "held" in done.out + done.err


def test_a_rate_limit_fails_the_tick_and_names_itself(bench: Bench) -> None:
    with playing(rate_limited(2)) as model:
        done = bench.tick(model)
    assert done.code == 1, str(done)
    failed(bench)
    record = bench.record()
    assert record["outcome"] in {"failed", "parked"}
    assert "rate" in record["reason"].lower()


def test_a_broken_api_fails_the_tick_whatever_the_exit_code(bench: Bench) -> None:
    """`pi` ends with exit code 0 here, `claude` with 1 and "success" in its result."""
    with playing(HALF, BROKEN) as model:
        done = bench.tick(model)
    assert done.code == 1, str(done)
    failed(bench)
    record = bench.record()
    assert record["outcome"] == "failed"
    assert "500" in record["reason"] or "server error" in record["reason"].lower()


def test_an_agent_that_is_killed_half_way_changes_nothing(bench: Bench) -> None:
    with playing(HALF, Hang()) as model, bench.ticking(model) as tick:
        turns(model, 2)
        agents = agents_below(tick, bench)
        assert agents
        for pid in agents:
            with suppress(ProcessLookupError):  # it went with one that was killed before
                os.kill(pid, signal.SIGKILL)
        out, err = tick.communicate(timeout=60)
        assert leftovers.processes() == []
    assert tick.returncode == 1, (out, err)
    assert "kill" in failed(bench).lower()
    assert bench.record()["outcome"] == "failed"


def test_a_tick_that_is_killed_changes_nothing_and_the_next_one_reports_it(bench: Bench) -> None:
    with playing(HALF, Hang()) as model, bench.ticking(model) as tick:
        turns(model, 2)
        agents = agents_below(tick, bench)
        tick.kill()
        tick.wait()
        assert agents
        assert bench.policy() == before()
        with playing(Say("I see.")) as again:
            done = bench.tick(again)
        until(lambda: leftovers.processes() == [], "the killed tick's agent to be gone")
    assert done.code == 0, str(done)
    lost, told = bench.journal()
    assert "tick failed: " in lost
    assert "tick failed: " not in told
    assert lost.partition("tick failed: ")[2] in again.requests[0].text


@pytest.mark.parametrize("number", STOPS, ids=[it.name for it in STOPS])
def test_a_tick_that_is_told_to_stop_ends_its_agent_and_changes_nothing(
    bench: Bench, number: signal.Signals
) -> None:
    with playing(HALF, Hang()) as model, bench.ticking(model) as tick:
        turns(model, 2)
        tick.send_signal(number)
        tick.wait(timeout=60)
        assert leftovers.processes() == []
    assert tick.returncode != 0
    failed(bench)
    assert bench.record()["outcome"] == "interrupted"


def test_a_tick_stays_out_of_the_agents_list_of_conversations(bench: Bench) -> None:
    with playing(Say("Nothing to do.")) as model:
        bench.tick(model)
    if bench.agent is Claude:
        assert list((bench.home / ".claude").glob("projects/*/*.jsonl")) == []
    else:
        assert list(bench.home.rglob("sessions/**/*.jsonl")) == []
