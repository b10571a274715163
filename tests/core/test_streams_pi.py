"""pi's `--mode json`, in the shapes that 0.87.1 printed."""

import json
from typing import Any

from looop.core.streams import Cost, Event, EventKind, Fault, Result, stream

OVER = {"type": "agent_end", "messages": []}


def message(
    *parts: dict[str, Any], stop: str = "stop", usd: float | None = 0.0042, **more: Any
) -> dict[str, Any]:
    usage = {"input": 1200, "output": 40, "cacheRead": 300, "cacheWrite": 0, "cost": {"total": usd}}
    told = {"role": "assistant", "content": list(parts), "usage": usage, "stopReason": stop} | more
    return {"type": "message_end", "message": told}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "toolCall", "name": name, "arguments": arguments}


def error(words: str) -> dict[str, Any]:
    nothing = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "cost": {"total": 0}}
    return message(stop="error", errorMessage=words, usage=nothing)


def run(*lines: dict[str, Any], code: int | None = 0) -> tuple[list[Event], Result]:
    parser = stream("pi")
    events = parser.feed(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    return events, parser.finish(code)


def test_a_message_is_told_once_however_often_pi_repeats_it() -> None:
    said = message(text("Done."))
    repeats = [
        {"type": "message_start", "message": said["message"]},
        {"type": "turn_end", "message": said["message"]},
        {"type": "agent_end", "messages": [said["message"]]},
    ]
    events, ended = run(repeats[0], said, repeats[1], repeats[2])
    assert events == [Event(EventKind.SAID, "Done.")]
    assert ended.cost == Cost(0.0042, 1500, 40)


def test_the_cost_is_the_sum_over_its_messages() -> None:
    _, ended = run(message(call("bash", command="ls"), stop="toolUse"), message(text("Done.")), OVER)
    assert ended.cost == Cost(2 * 0.0042, 3000, 80)
    assert (ended.fault, ended.acts) == (None, ("bash: ls",))


def test_the_prompt_that_pi_repeats_is_not_what_it_says() -> None:
    prompt = {"type": "message_end", "message": {"role": "user", "content": [text("Do it.")]}}
    assert run(prompt)[0] == []


def test_a_failure_is_seen_although_it_exits_0() -> None:
    body = '{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}'
    _, ended = run(error(f"401 {body}"), OVER)
    assert (ended.fault, ended.reason) == (Fault.LOGIN, "not logged in: 401 invalid x-api-key")
    assert ended.cost == Cost(0.0, 0, 0)


def test_too_many_requests_are_a_rate() -> None:
    body = '{"error":{"type":"rate_limit_error","message":"slow down"}}'
    assert run(error(f"429 {body}"), OVER)[1].fault is Fault.RATE_LIMITED


def test_a_spent_quota_is_a_usage_limit() -> None:
    body = '{"error":{"type":"insufficient_quota","message":"You exceeded your current quota."}}'
    assert run(error(f"429 {body}"), OVER)[1].fault is Fault.USAGE_LIMIT


def test_a_retry_that_helped_leaves_no_fault() -> None:
    retry = {"type": "auto_retry_start", "attempt": 1, "maxAttempts": 3, "errorMessage": "429"}
    events, ended = run(
        error("429 slow down"), OVER | {"willRetry": True}, retry, message(text("Done.")), OVER
    )
    assert Event(EventKind.NOTE, "retry 1 of 3") in events
    assert ended.fault is None


def test_one_that_is_killed_while_it_retries_failed_by_what_it_retried() -> None:
    assert run(error("529 Overloaded"), OVER | {"willRetry": True}, code=None)[1].fault is Fault.OVERLOADED


def test_one_that_is_killed_between_two_steps_gave_no_result() -> None:
    _, ended = run(message(call("bash", command="sleep"), stop="toolUse"), code=None)
    assert (ended.fault, ended.reason) == (Fault.NO_RESULT, "no result: it was killed")


def test_an_aborted_one_gave_no_result() -> None:
    assert run(message(stop="aborted"), OVER)[1].fault is Fault.NO_RESULT


def test_no_output_at_all_is_no_result() -> None:
    assert run(code=0)[1].fault is Fault.NO_RESULT


def test_a_model_without_a_price_costs_an_unknown_sum() -> None:
    assert run(message(text("Done."), usd=0), OVER)[1].cost == Cost(None, 1500, 40)


def test_one_unknown_price_makes_the_sum_unknown() -> None:
    assert run(message(stop="toolUse"), message(text("Done."), usd=None), OVER)[1].cost.usd is None


def test_a_tool_that_failed_is_noted() -> None:
    told = {
        "type": "tool_execution_end",
        "toolName": "bash",
        "isError": True,
        "result": {"content": [text("no")]},
    }
    assert run(told)[0] == [Event(EventKind.NOTE, "bash failed: no")]


def test_a_bad_exit_code_is_a_failure() -> None:
    assert run(message(text("Done.")), OVER, code=2)[1].fault is Fault.FAILED


def test_a_lost_connection_is_a_failure_like_any_other() -> None:
    _, ended = run(error("Connection error."), OVER)
    assert (ended.fault, ended.reason) == (Fault.FAILED, "agent failed: Connection error.")


def test_parts_of_other_kinds_are_passed_over() -> None:
    events, _ = run(message({"type": "thinking", "thinking": "hm"}, text("Done.")), OVER)
    assert events == [Event(EventKind.SAID, "Done.")]
