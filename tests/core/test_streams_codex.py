"""codex's `exec --json`, in the shapes that 0.169 printed."""

import json
from typing import Any

from looop.core.streams import Cost, Event, EventKind, Fault, Result, stream

USAGE = {"input_tokens": 2500, "cached_input_tokens": 300, "output_tokens": 90}
COMPLETED = {"type": "turn.completed", "usage": USAGE}


def item(kind: str, *, started: bool = False, **more: Any) -> dict[str, Any]:
    return {"type": "item.started" if started else "item.completed", "item": {"type": kind, **more}}


def failed(words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"type": "error", "message": words}, {"type": "turn.failed", "error": {"message": words}}


def run(*lines: dict[str, Any], code: int | None = 0, now: float | None = None) -> tuple[list[Event], Result]:
    parser = stream("codex", now=now)
    events = parser.feed(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    return events, parser.finish(code)


def test_a_command_is_told_when_it_starts_and_only_then() -> None:
    events, ended = run(
        item("command_execution", started=True, command="bash -lc ls", exit_code=None),
        item("command_execution", command="bash -lc ls", exit_code=0),
        item("agent_message", text="Done."),
        COMPLETED,
    )
    assert events == [Event(EventKind.CALLED, "shell: bash -lc ls"), Event(EventKind.SAID, "Done.")]
    assert (ended.fault, ended.said, ended.acts) == (None, "Done.", ("shell: bash -lc ls",))


def test_tokens_are_known_dollars_are_not() -> None:
    assert run(COMPLETED)[1].cost == Cost(None, 2500, 90)


def test_a_command_that_failed_is_noted() -> None:
    assert run(item("command_execution", exit_code=2))[0] == [
        Event(EventKind.NOTE, "the command ended with 2")
    ]


def test_edited_files_are_an_act() -> None:
    changes = [{"path": "goals/a.md", "kind": "update"}, {"path": "b"}]
    assert run(item("file_change", changes=changes), COMPLETED)[1].acts == ("edit: goals/a.md b",)


def test_an_expired_login_is_told() -> None:
    words = "unexpected status 401 Unauthorized: invalid x-api-key, url: http://127.0.0.1/v1/responses"
    _, ended = run(*failed(words), code=1)
    assert (ended.fault, ended.reason) == (Fault.LOGIN, f"not logged in: {words}")


def test_a_used_up_plan_says_until_when() -> None:
    words = "You’ve hit your usage limit. Upgrade to Pro or try again at Nov 25th, 2026 10:42 PM."
    _, ended = run(*failed(words), code=1, now=1795343000.0)
    assert ended.fault is Fault.USAGE_LIMIT
    assert ended.until is not None


def test_a_spent_quota_is_a_usage_limit() -> None:
    words = "Quota exceeded. Check your plan and billing details."
    assert run(*failed(words), code=1)[1].fault is Fault.USAGE_LIMIT


def test_a_retry_that_helped_leaves_no_fault() -> None:
    retry = {"type": "error", "message": "Reconnecting... 1/1 (last status: 429 Too Many Requests)"}
    assert run(retry, item("agent_message", text="Done."), COMPLETED)[1].fault is None


def test_one_that_is_killed_while_it_retries_failed_by_what_it_retried() -> None:
    retry = {"type": "error", "message": "Reconnecting... 1/1 (last status: 429 Too Many Requests)"}
    assert run(retry, code=None)[1].fault is Fault.RATE_LIMITED


def test_a_warning_is_a_note_and_no_fault() -> None:
    events, ended = run(item("error", message="Model metadata not found."), COMPLETED)
    assert (events, ended.fault) == ([Event(EventKind.NOTE, "Model metadata not found.")], None)


def test_no_completed_turn_is_no_result() -> None:
    assert run({"type": "turn.started"}, code=0)[1].fault is Fault.NO_RESULT


def test_a_bad_exit_code_is_a_failure() -> None:
    assert run(COMPLETED, code=1)[1].fault is Fault.FAILED


def test_a_turn_that_failed_is_a_failure_like_any_other() -> None:
    _, ended = run(*failed("stream disconnected before completion"), code=1)
    assert (ended.fault, ended.reason) == (
        Fault.FAILED,
        "agent failed: stream disconnected before completion",
    )


def test_a_retry_that_helped_is_forgotten() -> None:
    retry = {"type": "error", "message": "Reconnecting... 1/1 (last status: 429 Too Many Requests)"}
    assert run(retry, item("agent_message", text="On."), code=None)[1].fault is Fault.NO_RESULT


def test_a_search_tells_its_words() -> None:
    events, _ = run(item("web_search", query="trio nursery"), COMPLETED)
    assert events == [Event(EventKind.CALLED, "web search: trio nursery")]


def test_arguments_of_any_depth_end_no_stream() -> None:
    """What was just decoded may be too deep to be encoded again some calls further up the stack."""
    for depth in range(500, 1000):
        arguments = b'{"a":' * depth + b"1" + b"}" * depth
        line = b'{"type":"item.started","item":{"type":"mcp_tool_call","tool":"x","arguments":%s}}\n'
        parser = stream("codex")
        parser.feed(line % arguments)
        said = json.dumps(item("agent_message", text="Here.")).encode() + b"\n"
        assert parser.feed(said) == [Event(EventKind.SAID, "Here.")]


def test_a_call_of_another_tool_tells_its_arguments() -> None:
    events, _ = run(
        item("mcp_tool_call", started=True, tool="find", arguments={"query": ["x", "y"]}), COMPLETED
    )
    assert [event.text for event in events] == ["find: x y"]


def test_an_item_of_a_kind_that_is_not_known_is_passed_over() -> None:
    assert run(item("reasoning", started=True), item("todo_list"), COMPLETED)[0] == []


def test_a_run_that_breaks_off_after_trouble_of_no_known_kind_tells_that_trouble() -> None:
    _, ended = run({"type": "error", "message": "something odd"}, code=1)
    assert (ended.fault, "something odd" in (ended.reason or "")) == (Fault.NO_RESULT, True)
