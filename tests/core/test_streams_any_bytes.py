"""Whatever bytes come, in whatever pieces: no stream raises, and the pieces change nothing."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looop.core import stream_base
from looop.core.streams import FORMATS, Event, Result, stream

SAMPLES: list[Any] = [
    {"type": "assistant", "message": {"content": [{"type": "text", "text": "x"}]}, "error": "rate_limit"},
    {
        "type": "assistant",
        "message": {"content": [{"type": "tool_use", "name": "B", "input": {"command": "c"}}]},
    },
    {"type": "user", "message": {"content": [{"type": "tool_result", "is_error": True, "content": "x"}]}},
    {"type": "system", "subtype": "api_retry", "attempt": 1, "max_retries": 2, "error_status": 429},
    {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": 1.9e9}},
    {"type": "result", "subtype": "success", "is_error": True, "result": "401 {", "total_cost_usd": 0.1},
    {
        "type": "result",
        "usage": {"input_tokens": 1, "output_tokens": 2},
        "permission_denials": [{"tool_name": "B"}],
    },
    {"type": "message_end", "message": {"role": "assistant", "content": [], "stopReason": "error"}},
    {"type": "message_end", "message": {"role": "assistant", "usage": {"input": 1, "cost": {"total": 0.1}}}},
    {"type": "tool_execution_end", "isError": True, "toolName": "b", "result": {"content": [{"text": "x"}]}},
    {"type": "auto_retry_start", "attempt": 1, "maxAttempts": 3},
    {"type": "agent_end", "willRetry": True},
    {"type": "item.started", "item": {"type": "mcp_tool_call", "tool": "t", "arguments": {"path": "p"}}},
    {"type": "item.completed", "item": {"type": "file_change", "changes": [{"path": "p"}]}},
    {"type": "item.completed", "item": {"type": "command_execution", "exit_code": 1}},
    {"type": "turn.completed", "usage": {"input_tokens": 1, "output_tokens": 2}},
    {"type": "turn.failed", "error": {"message": "429 try again in 3 hours"}},
    {"type": "tool_use", "part": {"tool": "b", "state": {"status": "error", "input": {}, "error": "x"}}},
    {
        "type": "step_finish",
        "part": {"reason": "stop", "tokens": {"input": 1, "cache": {"read": 1}}, "cost": 0.1},
    },
    {"type": "error", "timestamp": 1e12, "error": {"data": {"responseHeaders": {"retry-after": "9"}}}},
    {
        "response": "x",
        "stats": {"models": {"m": {"tokens": {"prompt": 1}}}, "tools": {"byName": {"t": {"count": 1}}}},
    },
    {"error": {"message": "resets 3pm (UTC)", "code": 429}},
]
WRONG: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just([]) | st.just({})
)


@st.composite
def damaged(draw: Callable[..., Any], value: Any) -> Any:
    """Give a sample with some of its parts replaced by others of any type."""
    if draw(st.integers(0, 9)) == 0:
        return draw(WRONG)
    if isinstance(value, dict):
        return {key: draw(damaged(inner)) for key, inner in value.items()}
    if isinstance(value, list):
        return [draw(damaged(inner)) for inner in value]
    return value


LINES = st.sampled_from(SAMPLES).flatmap(damaged).map(lambda value: json.dumps(value).encode())
OUTPUT = st.lists(LINES | st.binary(max_size=30), max_size=5).map(b"\n".join)
CODES = st.none() | st.integers(0, 255)


def run(output: str, pieces: list[bytes], code: int | None, err: bytes) -> tuple[list[Event], Result]:
    parser = stream(output, now=1.8e9)
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events, parser.finish(code, err)


@given(out=OUTPUT, cuts=st.lists(st.integers(0, 400), max_size=6), code=CODES, err=OUTPUT)
@settings(max_examples=150, deadline=None)
def test_any_bytes_in_any_pieces_give_the_same(
    out: bytes, cuts: list[int], code: int | None, err: bytes
) -> None:
    pieces = [out[start:end] for start, end in pairwise([0, *sorted(cuts), len(out) + 400])]
    for output in FORMATS:
        events, ended = run(output, [out], code, err)
        assert run(output, pieces, code, err) == (events, ended)
        assert all(event.text == stream_base.line(event.text) != "" for event in events)
        assert (ended.fault is None) == (ended.reason is None)
        " ".join([ended.reason or "", ended.said, *ended.acts]).encode()  # no lone surrogate


@pytest.mark.parametrize("output", FORMATS)
def test_lines_around_the_limit_are_cut_the_same_way_in_any_pieces(
    output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("looop.core.stream_lines.LINE", 50)
    out = b"".join(b'{"type":"%s"}\n' % (b"x" * size) for size in range(30, 50)) * 2
    whole = run(output, [out], 0, b"")
    for size in (1, 7, 64):
        assert run(output, [out[start : start + size] for start in range(0, len(out), size)], 0, b"") == whole


def test_a_flood_of_calls_is_counted_not_kept() -> None:
    parser = stream("claude")
    part = {"type": "tool_use", "name": "T", "input": {"path": "x" * 9999}}
    call = json.dumps({"type": "assistant", "message": {"content": [part]}}).encode() + b"\n"
    for _ in range(1000):
        parser.feed(call)
    ended = parser.finish(0)
    assert len(ended.acts) == 201
    assert all(len(act) <= 300 for act in ended.acts)
    assert ended.acts[-1] == "… and 800 more"


@pytest.mark.parametrize("output", FORMATS)
def test_json_nested_without_end_is_no_harm(output: str) -> None:
    run(output, [b'{"type":' + b"[" * (stream_base.LINE // 2) + b"\n"], 1, b"\n{\n" + b'{"a":' * 9000)
