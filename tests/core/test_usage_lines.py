"""Each agent's own lines are read as it writes them: one figure for each answer, and what stopped it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core import usage_lines
from looop.core.usage import Trouble, Used

WHEN = "2026-11-26T23:53:55.636Z"
AT = 1795737235.636


def read(agent: str, *values: Any) -> list[Used | Trouble]:
    understand = usage_lines.reader(agent)
    assert understand is not None
    return list(usage_lines.read([json.dumps(value).encode() for value in values], understand))


def claude(key: str = "msg_1", output: int = 20, **more: Any) -> dict[str, Any]:
    usage = {
        "input_tokens": 100,
        "cache_creation_input_tokens": 200,
        "cache_read_input_tokens": 1000,
        "output_tokens": output,
    }
    message = {"id": key, "role": "assistant", "model": "claude-opus-4-8", "usage": usage, "content": []}
    return {"type": "assistant", "timestamp": WHEN, "message": message, **more}


def test_an_answer_of_claude_has_its_tokens_and_no_dollars() -> None:
    (used,) = read("claude", {"type": "user", "message": {"role": "user"}}, claude())
    assert used == Used("msg_1", AT, "claude-opus-4-8", 100, 1000, 200, 20)
    assert isinstance(used, Used)
    assert used.input == 1300


def test_a_failure_of_claude_is_no_answer_but_its_trouble() -> None:
    line = claude(isApiErrorMessage=True, apiErrorStatus=401, error="authentication_failed")
    line["message"] |= {"model": "<synthetic>", "content": [{"type": "text", "text": "Invalid API key"}]}
    assert read("claude", line) == [Trouble("Invalid API key", 401, AT)]


def test_what_claude_says_without_a_model_costs_nothing() -> None:
    line = claude(isApiErrorMessage=False)
    line["message"]["model"] = "<synthetic>"
    assert read("claude", line) == []


def test_an_answer_of_pi_has_its_dollars() -> None:
    usage = {"input": 100, "output": 20, "cacheRead": 1000, "cacheWrite": 200, "cost": {"total": 0.00165}}
    message = {"role": "assistant", "model": "scripted", "usage": usage, "stopReason": "toolUse"}
    line = {"type": "message", "id": "4f702a01", "timestamp": WHEN, "message": message}
    assert read("pi", line) == [Used("4f702a01", AT, "scripted", 100, 1000, 200, 20, 0.00165)]


def test_a_failure_of_pi_is_its_trouble() -> None:
    message = {"role": "assistant", "stopReason": "error", "errorMessage": '401 {"type":"error"}'}
    line = {"type": "message", "id": "2c7bd8d8", "timestamp": WHEN, "message": message}
    assert read("pi", line) == [Trouble('401 {"type":"error"}', 401, AT)]


def codex(total: int, last: int) -> dict[str, Any]:
    def usage(count: int) -> dict[str, int]:
        return {"input_tokens": count, "cached_input_tokens": count - 100, "output_tokens": 20}

    info = {"total_token_usage": usage(total), "last_token_usage": usage(last)}
    return {"timestamp": WHEN, "type": "event_msg", "payload": {"type": "token_count", "info": info}}


def test_an_answer_of_codex_is_told_once_however_often_it_is_repeated() -> None:
    model = {"type": "turn_context", "payload": {"model": "gpt-5"}}
    found = read("codex", model, codex(1100, 1100), codex(1100, 1100), codex(2550, 1450))
    assert [(it.model, it.fresh, it.cache_read, it.output) for it in found if isinstance(it, Used)] == [
        ("gpt-5", 100, 1000, 20),
        ("gpt-5", 100, 1000, 20),
        ("gpt-5", 100, 1350, 20),
    ]
    assert len({it.key for it in found if isinstance(it, Used)}) == 2


def test_a_count_of_codex_without_figures_is_none() -> None:
    assert read("codex", {"type": "event_msg", "payload": {"type": "token_count", "info": None}}) == []


def test_an_answer_of_gemini_counts_what_it_thought() -> None:
    tokens = {"input": 500, "output": 20, "cached": 400, "thoughts": 7, "tool": 3, "total": 530}
    line = {"id": "g1", "timestamp": WHEN, "type": "gemini", "model": "gemini-3", "tokens": tokens}
    assert read("gemini", line) == [Used("g1", AT, "gemini-3", 103, 400, 0, 27)]


def test_of_an_agent_that_is_not_known_nothing_is_read() -> None:
    assert usage_lines.reader("opencode") is None


def test_a_transcript_of_codex_belongs_to_the_session_whose_brief_stands_in_it() -> None:
    meta = {"timestamp": WHEN, "type": "session_meta", "payload": {"cwd": "/data"}}
    brief = {"role": "user", "content": [{"type": "input_text", "text": "…\nYour session is tea.\n"}]}
    head = b"\n".join(json.dumps(it).encode() for it in (meta, {"payload": brief}))
    assert usage_lines.belongs(head, "/data", "Your session is tea.", AT - 1)
    assert not usage_lines.belongs(head, "/data", "Your session is te.", AT - 1)
    assert not usage_lines.belongs(head, "/other", "Your session is tea.", AT - 1)
    assert not usage_lines.belongs(head, "/data", "Your session is tea.", AT + 1)
    assert usage_lines.belongs(head, "/data", "Your session is tea.", None)


def test_claude_names_the_cost_of_its_last_conversation_alone() -> None:
    document = json.dumps({"projects": {"/data": {"lastSessionId": "c1", "lastCost": 0.25}}}).encode()
    assert usage_lines.own_figure(document, "c1") == 0.25
    assert usage_lines.own_figure(document, "c2") is None
    assert usage_lines.own_figure(b"{", "c1") is None


@pytest.mark.parametrize("agent", ["claude", "pi", "codex", "gemini"])
@given(
    lines=st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.recursive(
                st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
                lambda inner: st.one_of(
                    st.lists(inner, max_size=2),
                    st.dictionaries(
                        st.sampled_from(
                            ["type", "message", "usage", "payload", "info", "id", "tokens", "timestamp"]
                        ),
                        inner,
                        max_size=4,
                    ),
                ),
                max_leaves=8,
            ).map(lambda value: json.dumps(value).encode()),
        ),
        max_size=6,
    )
)
def test_no_line_raises_or_takes_anything_away(agent: str, lines: list[bytes]) -> None:
    understand = usage_lines.reader(agent)
    assert understand is not None
    for found in usage_lines.read(lines, understand):
        if isinstance(found, Used):
            assert min(found.fresh, found.cache_read, found.cache_write, found.output) >= 0


def test_an_answer_of_pi_without_a_name_can_not_be_counted_once_and_is_none() -> None:
    message = {"role": "assistant", "model": "m", "usage": {"input": 5}}
    assert read("pi", {"type": "message", "timestamp": WHEN, "message": message}) == []


def test_a_time_counts_only_with_its_zone() -> None:
    assert usage_lines.stamp(WHEN) == AT
    assert usage_lines.stamp(WHEN.removesuffix("Z")) is None
    assert usage_lines.stamp("yesterday") is None


def test_a_brief_that_the_agent_itself_repeats_does_not_make_a_transcript_the_sessions() -> None:
    head = {"type": "session_meta", "payload": {"cwd": "/src", "timestamp": WHEN}}
    said = {"type": "response_item", "payload": {"role": "assistant", "content": [{"text": "you are tea"}]}}
    lines = "\n".join(json.dumps(value) for value in (head, said))
    assert not usage_lines.belongs(lines.encode(), "/src", "you are tea", None)
    said["payload"]["role"] = "user"  # type: ignore[index]
    assert usage_lines.belongs(f"{lines}\n{json.dumps(said)}".encode(), "/src", "you are tea", None)


def test_what_is_no_answer_of_a_model_is_none() -> None:
    assert read("pi", {"type": "message", "id": "a", "message": {"role": "user"}}, {"type": "session"}) == []
    assert read("gemini", {"type": "user", "id": "a", "tokens": {}}, {"type": "gemini", "id": "a"}) == []
