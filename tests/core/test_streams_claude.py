"""claude's stream-json, in the shapes that 2.1.197 printed."""

import json
from typing import Any

from looop.core.streams import Cost, Event, EventKind, Fault, Result, stream

INIT = {"type": "system", "subtype": "init", "claude_code_version": "2.1.197", "model": "claude-opus"}
RETRY = {
    "type": "system",
    "subtype": "api_retry",
    "attempt": 1,
    "max_retries": 2,
    "error_status": 429,
    "error": "rate_limit",
}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "assistant", "message": {"content": [{"type": "text", "text": words}]}, **more}


def call(name: str, **arguments: Any) -> dict[str, Any]:
    part = {"type": "tool_use", "name": name, "input": arguments}
    return {"type": "assistant", "message": {"content": [part]}}


def result(words: str = "Done.", **more: Any) -> dict[str, Any]:
    usage = {
        "input_tokens": 2200,
        "cache_creation_input_tokens": 7,
        "cache_read_input_tokens": 300,
        "output_tokens": 90,
    }
    told = {"type": "result", "subtype": "success", "is_error": False, "result": words}
    return told | {"total_cost_usd": 0.0134, "usage": usage, "permission_denials": []} | more


def failed(words: str, status: int | None, kind: str, *before: dict[str, Any]) -> Result:
    usage = {"input_tokens": 0, "output_tokens": 0}
    last = result(words, is_error=True, api_error_status=status, total_cost_usd=0, usage=usage)
    return run(*before, text(words, error=kind), last, code=1)[1]


def run(*lines: dict[str, Any], code: int | None = 0, now: float | None = None) -> tuple[list[Event], Result]:
    parser = stream("claude", now=now)
    events = parser.feed(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    return events, parser.finish(code)


def test_what_it_says_and_calls_is_told_as_it_comes() -> None:
    events, ended = run(INIT, text("I look."), call("Bash", command="ls -l", description="x"), text("Done."))
    assert events == [
        Event(EventKind.NOTE, "claude 2.1.197 with claude-opus"),
        Event(EventKind.SAID, "I look."),
        Event(EventKind.CALLED, "Bash: ls -l"),
        Event(EventKind.SAID, "Done."),
    ]
    assert (ended.said, ended.acts) == ("Done.", ("Bash: ls -l",))


def test_a_run_that_ended_well_has_no_fault_and_its_cost() -> None:
    _, ended = run(text("Done."), result())
    assert (ended.fault, ended.reason, ended.until) == (None, None, None)
    assert ended.cost == Cost(0.0134, 2507, 90)


def test_an_expired_login_is_told_from_a_result_that_says_success() -> None:
    ended = failed("Invalid API key · Fix external API key", 401, "authentication_failed")
    assert ended.fault is Fault.LOGIN
    assert ended.reason == "not logged in: Invalid API key · Fix external API key"


def test_never_having_logged_in_is_the_same() -> None:
    assert failed("Not logged in · Please run /login", None, "authentication_failed").fault is Fault.LOGIN


def test_a_revoked_token_is_the_same() -> None:
    ended = failed("Failed to authenticate. API Error: 403 OAuth token revoked", 403, "authentication_failed")
    assert ended.fault is Fault.LOGIN


def test_a_used_up_subscription_says_until_when() -> None:
    limit = {"status": "rejected", "resetsAt": 1795351371, "rateLimitType": "five_hour"}
    event = {"type": "rate_limit_event", "rate_limit_info": limit}
    ended = failed("You've hit your limit · resets 12:42pm (UTC)", 429, "rate_limit", event)
    assert (ended.fault, ended.until) == (Fault.USAGE_LIMIT, 1795351371)


def test_a_limit_that_is_only_near_is_no_fault() -> None:
    limit = {"status": "allowed_warning", "resetsAt": 1795351371, "rateLimitType": "seven_day"}
    events, ended = run({"type": "rate_limit_event", "rate_limit_info": limit}, text("Done."), result())
    assert events[0] == Event(EventKind.NOTE, "the seven day limit: allowed_warning")
    assert (ended.fault, ended.until) == (None, None)


def test_an_empty_purse_is_a_usage_limit_without_an_end() -> None:
    ended = failed("Credit balance is too low", 400, "billing_error")
    assert (ended.fault, ended.until) == (Fault.USAGE_LIMIT, None)


def test_too_many_requests_are_a_rate() -> None:
    ended = failed(
        "API Error: Request rejected (429) · This would exceed your rate limit.", 429, "rate_limit"
    )
    assert ended.fault is Fault.RATE_LIMITED


def test_an_overloaded_model_is_told() -> None:
    assert (
        failed("API Error: 529 Overloaded. Try again in a moment.", 529, "server_error").fault
        is Fault.OVERLOADED
    )


def test_a_lost_connection_is_a_failure_like_any_other() -> None:
    ended = failed("API Error: Unable to connect to API (ECONNRESET)", None, "server_error")
    assert ended.fault is Fault.FAILED
    assert ended.reason == "agent failed: API Error: Unable to connect to API (ECONNRESET)"


def test_what_the_api_says_in_the_agents_name_is_not_its_last_word() -> None:
    assert failed("Invalid API key", 401, "authentication_failed", text("I begin.")).said == "I begin."


def test_a_failure_half_way_still_has_its_cost() -> None:
    _, ended = run(text("first"), result("401 token expired", is_error=True, api_error_status=401), code=1)
    assert ended.cost.usd == 0.0134


def test_an_interrupted_run_that_exits_0_gave_no_result() -> None:
    _, ended = run(INIT, code=0)
    assert ended.fault is Fault.NO_RESULT
    assert ended.reason == "no result: it ended with exit code 0"
    assert ended.cost == Cost(None, None, None)


def test_no_output_at_all_is_no_result() -> None:
    assert run(code=0)[1].fault is Fault.NO_RESULT


def test_one_that_is_killed_while_it_retries_failed_by_what_it_retried() -> None:
    _, ended = run(INIT, RETRY, code=None)
    assert ended.fault is Fault.RATE_LIMITED
    assert ended.reason == "rate limited: retry 1 of 2: rate_limit (429)"


def test_a_retry_that_helped_is_forgotten() -> None:
    _, ended = run(RETRY, text("Here I am."), code=None)
    assert ended.fault is Fault.NO_RESULT


def test_a_denied_tool_is_noted() -> None:
    denied = [{"tool_name": "Bash", "tool_input": {"command": "ls"}}]
    events, ended = run(result(permission_denials=denied))
    assert events == [Event(EventKind.NOTE, "not permitted: Bash")]
    assert ended.fault is None


def test_a_tool_that_failed_is_noted() -> None:
    part = {"type": "tool_result", "is_error": True, "content": "no such\nfile"}
    events, _ = run({"type": "user", "message": {"content": [part]}})
    assert events == [Event(EventKind.NOTE, "a tool failed: no such file")]


def test_out_of_turns_is_a_failure() -> None:
    _, ended = run(result("", subtype="error_max_turns", is_error=True))
    assert (ended.fault, ended.reason) == (Fault.FAILED, "agent failed: error max turns")


def test_a_good_result_with_a_bad_exit_code_is_a_failure() -> None:
    _, ended = run(result(), code=3)
    assert (ended.fault, ended.reason) == (Fault.FAILED, "agent failed: it ended with exit code 3")


def test_no_dollars_for_some_tokens_are_unknown_dollars() -> None:
    assert run(result(total_cost_usd=0))[1].cost == Cost(None, 2507, 90)


def test_the_last_result_counts_since_its_figures_cover_all() -> None:
    assert run(result(total_cost_usd=0.01), result(total_cost_usd=0.03))[1].cost.usd == 0.03


def test_a_result_that_calls_itself_an_error_is_one_whatever_the_exit_code() -> None:
    _, ended = run(result("API Error: 500 internal", is_error=True, api_error_status=500), code=0)
    assert ended.fault is Fault.FAILED


def test_the_end_of_a_limit_that_was_only_near_is_not_the_end_of_another_fault() -> None:
    limit = {"status": "allowed_warning", "resetsAt": 1795351371, "rateLimitType": "seven_day"}
    ended = failed("slow down", 429, "rate_limit", {"type": "rate_limit_event", "rate_limit_info": limit})
    assert (ended.fault, ended.until) == (Fault.RATE_LIMITED, None)


def test_only_a_limit_has_an_end() -> None:
    limit = {"status": "rejected", "resetsAt": 1795351371, "rateLimitType": "five_hour"}
    event = {"type": "rate_limit_event", "rate_limit_info": limit}
    assert failed("Invalid API key", 401, "authentication_failed", event).until is None


def test_parts_of_other_kinds_are_passed_over() -> None:
    thinking = {"type": "thinking", "thinking": "hm"}
    told = {"type": "assistant", "message": {"content": [thinking, {"type": "text", "text": "Done."}]}}
    fine = {"type": "tool_result", "is_error": False, "content": "ok"}
    broken = {"type": "tool_result", "is_error": True, "content": "no"}
    parser = stream("claude")
    lines = (
        told,
        {"type": "user", "message": {"content": [fine, broken]}},
        {"type": "system", "subtype": "x"},
    )
    events = parser.feed(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    assert events == [Event(EventKind.SAID, "Done."), Event(EventKind.NOTE, "a tool failed: no")]


def test_a_call_tells_the_words_of_a_list_and_else_all_its_arguments() -> None:
    parser = stream("claude")
    calls = (call("Run", command=["ls", "-l"]), call("Ask", depth=3), call("Read", file_path="/x"))
    events = parser.feed(b"".join(json.dumps(line).encode() + b"\n" for line in calls))
    assert [event.text for event in events] == ["Run: ls -l", 'Ask: {"depth":3}', "Read: /x"]
