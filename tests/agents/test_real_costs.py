"""What real agents' sessions cost is read from what they themselves write down, while they live and after."""

import json
from typing import Any

from support.agents import Bench, Claude
from support.driving import Driven, driven
from support.fake_model import Bash, Say
from support.waiting import until

WORK = (Bash("echo one > reports/one"), Say("All is done."))


def row(looop: Driven) -> dict[str, Any]:
    rows = json.loads(looop("cost", "--by", "session", "--json"))["rows"]
    return dict(next(iter(rows), {"output_tokens": 0, "usd": 0.0, "unknown": 0}))


def test_what_a_worker_costs_is_known_when_it_is_idle_and_after_its_end(bench: Bench) -> None:
    with driven(bench, *WORK) as looop:
        looop("start-session", "w", "do the thing", "--goal", "plan")
        looop.until("idle")
        until(lambda: row(looop)["output_tokens"] > 0, "tokens in the ledger")
        seen = row(looop)
        assert (seen["name"], seen["sessions"], seen["asks"]) == ("w", 1, 0)
        if bench.agent.cost_of_one_answer is not None:
            assert seen["usd"] == 2 * bench.agent.cost_of_one_answer
        looop("kill", "w")
        ended = row(looop)
        assert ended["usd"] > 0
        assert ended["unknown"] == 0
        assert ended["output_tokens"] == seen["output_tokens"]
        (goal,) = json.loads(looop("cost", "--by", "goal", "--json"))["rows"]
        assert (goal["name"], goal["usd"]) == ("plan", ended["usd"])


def test_a_resumed_conversation_is_one_account(bench: Bench) -> None:
    with driven(bench, *WORK, *WORK) as looop:
        looop("start-session", "w", "do the thing")
        looop.until("idle")
        looop("kill", "w")
        first = row(looop)
        looop("resume", "w")
        looop.until("idle")
        looop("send", "w", "and again")
        until(lambda: row(looop)["output_tokens"] > first["output_tokens"], "more tokens in the ledger")
        looop("kill", "w")
        second = row(looop)
        assert second["output_tokens"] == 2 * first["output_tokens"]
        if bench.agent is not Claude:
            assert second["usd"] == 2 * first["usd"]
