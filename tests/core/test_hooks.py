"""What an agent's hook sends becomes one known word and a short clean message, or nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core.hooks import LONGEST, MEANINGS, report


def sent(event: str, **payload: object) -> tuple[str, str] | None:
    return report(event, json.dumps(payload).encode())


@pytest.mark.parametrize(
    ("event", "payload", "found"),
    [
        ("Stop", {"last_assistant_message": "Done."}, ("Stop", "")),
        ("StopFailure", {"error": "rate_limit"}, ("StopFailure", "rate_limit")),
        ("PermissionRequest", {"tool_name": "Bash"}, ("PermissionRequest", "Bash")),
        ("PreToolUse", {"tool_name": "AskUserQuestion"}, ("AskUserQuestion", "AskUserQuestion")),
        ("PreToolUse", {"tool_name": "Bash"}, ("PreToolUse", "Bash")),
        ("PostToolUse", {"tool_name": "AskUserQuestion"}, ("PostToolUse", "AskUserQuestion")),
        (
            "Notification",
            {"message": "Claude needs your permission", "notification_type": "permission_prompt"},
            ("permission_prompt", "Claude needs your permission"),
        ),
        ("Notification", {"message": "Logged in", "notification_type": "auth_success"}, None),
        ("Notification", {"message": "about the weather"}, None),
        (
            "Notification",
            {"message": "Claude is waiting for your input"},
            ("idle_prompt", "Claude is waiting for your input"),
        ),
        ("SubagentStop", {}, None),
        ("", {}, None),
    ],
)
def test_an_event_becomes_a_word_of_the_table(
    event: str, payload: dict[str, object], found: tuple[str, str] | None
) -> None:
    assert sent(event, **payload) == found


def test_older_words_for_a_permission_are_known() -> None:
    assert sent("Notification", message="Claude needs your permission to use Bash") is not None


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b'{"message": 3}', b"\xff", b"[" * 100_000])
def test_an_event_counts_without_its_message_when_that_can_t_be_read(raw: bytes) -> None:
    assert report("Stop", raw) == ("Stop", "")


def test_a_message_is_one_short_line_without_control_characters() -> None:
    found = sent("Stop", message="a\x1b[31m\n\u202eb" + "c" * 10_000)
    assert found is not None
    assert found[1].startswith("a [31m b")
    assert len(found[1]) == LONGEST


@given(st.text(max_size=20), st.binary(max_size=200))
def test_whatever_is_sent_is_a_known_word_or_nothing(event: str, raw: bytes) -> None:
    found = report(event, raw)
    assert found is None or found[0] in MEANINGS
