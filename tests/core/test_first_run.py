"""Dialogs that an agent would show at its first start are seen before it stands at one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core import first_run

READY: dict[str, Any] = {
    "hasCompletedOnboarding": True,
    "bypassPermissionsModeAccepted": True,
    "projects": {"/desk": {"hasTrustDialogAccepted": True}},
    "customApiKeyResponses": {"approved": ["-ends-in-twenty-char"], "rejected": []},
}

ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


def test_a_claude_that_was_set_up_and_agreed_asks_nothing() -> None:
    assert first_run.claude(READY, "/desk", key="key-that-ends-in-twenty-char") == ()


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("hasCompletedOnboarding", "never set up"),
        ("bypassPermissionsModeAccepted", "skip permissions"),
        ("projects", "trust /desk"),
        ("customApiKeyResponses", "ANTHROPIC_API_KEY"),
    ],
)
def test_each_dialog_of_claude_is_named(missing: str, words: str) -> None:
    config = {name: value for name, value in READY.items() if name != missing}
    (said,) = first_run.claude(config, "/desk", key="key-that-ends-in-twenty-char")
    assert words in said


def test_without_a_configuration_claude_asks_everything_but_for_a_key_that_is_not_there() -> None:
    assert len(first_run.claude(None, "/desk")) == len(("set-up", "trust", "permissions"))


def test_a_trusted_folder_above_counts() -> None:
    assert first_run.claude(READY, "/desk/drawer") == ()
    assert first_run.claude(READY, "/desktop") != ()


def test_claude_as_root_is_named() -> None:
    assert "IS_SANDBOX" in first_run.claude(READY, "/desk", root=True)[0]


def test_pi_asks_for_a_folder_with_settings_of_its_own_until_it_was_answered() -> None:
    assert "trust /desk" in first_run.pi(None, "/desk", has_own=True)[0]
    assert first_run.pi({"/desk": True}, "/desk", has_own=True) == ()
    assert first_run.pi({"/desk": False}, "/desk", has_own=True) == ()
    assert first_run.pi({}, "/desk", has_own=False) == ()


@given(ANY, st.dictionaries(st.sampled_from(list(READY)), ANY))
def test_no_configuration_is_too_strange(config: Any, near: dict[str, Any]) -> None:
    for value in (config, near):
        first_run.claude(value, "/desk", key="k")
        first_run.pi(value, "/desk", has_own=True)
