"""gemini's `--output-format json`, in the shapes that 0.61 printed."""

import json

from looop.core.stream_base import LINE
from looop.core.streams import Cost, Fault, Result, stream

NOISE = b"YOLO mode is enabled.\nRipgrep is not available. Falling back to GrepTool.\n"


def document() -> dict[str, object]:
    tokens = {"input": 1900, "prompt": 2200, "candidates": 90, "thoughts": 10, "cached": 300}
    tools = {"byName": {"run_shell_command": {"count": 2}}}
    return {"response": "Done.", "stats": {"models": {"gemini-x": {"tokens": tokens}}, "tools": tools}}


def run(out: bytes, code: int | None = 0, err: bytes = b"") -> Result:
    parser = stream("gemini")
    assert parser.feed(out) == []
    return parser.finish(code, err)


def test_one_document_at_the_end_tells_it_all() -> None:
    ended = run(json.dumps(document(), indent=2).encode(), 0, NOISE)
    assert ended == Result(cost=Cost(None, 2200, 100), said="Done.", acts=("run_shell_command: 2 times",))


def test_a_failure_is_found_at_the_end_of_a_noisy_stderr() -> None:
    inner = '{"error":{"type":"authentication_error","message":"invalid key"}}'
    told = {"session_id": "x", "error": {"type": "Error", "message": inner, "code": 401}}
    ended = run(b"", 145, NOISE + b"_ApiError {\n  status: 401\n}\n" + json.dumps(told, indent=2).encode())
    assert (ended.fault, ended.reason) == (Fault.LOGIN, "not logged in: invalid key")


def test_one_that_is_killed_while_it_retries_failed_by_what_it_retried() -> None:
    ended = run(b"", None, NOISE + b"Attempt 2 failed with status 429. Retrying with backoff... {\n}\n")
    assert (ended.fault, ended.reason) == (
        Fault.RATE_LIMITED,
        "rate limited: Attempt 2 failed with status 429",
    )


def test_no_output_at_all_is_no_result() -> None:
    assert run(b"", 0).fault is Fault.NO_RESULT


def test_a_document_without_end_is_not_kept() -> None:
    parser = stream("gemini")
    for _ in range(20):
        parser.feed(b"[" * 500_000)
    assert len(parser._data) <= LINE + 1  # type: ignore[attr-defined]
    assert parser.finish(0).fault is Fault.NO_RESULT


def test_a_bad_exit_code_is_a_failure() -> None:
    assert run(json.dumps(document()).encode(), 1).fault is Fault.FAILED
