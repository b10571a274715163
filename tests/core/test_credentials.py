"""Which places and variables a confined program must not have, and which it keeps."""

import pytest

from looop.core import credentials
from looop.core.credentials import KINDS

HOME = "/home/ada"


def hidden(*granted: str, **env: str) -> set[str]:
    return set(credentials.hidden(HOME, env, granted))


def test_every_kind_of_credential_is_hidden_but_what_was_granted() -> None:
    everything = hidden()
    for kind in KINDS.values():
        assert {f"{HOME}/{path}" for path in kind.paths} <= everything
    assert everything - hidden("ssh") == {f"{HOME}/.ssh"}


def test_what_a_variable_moved_is_hidden_where_it_is_now_and_where_it_was() -> None:
    found = hidden(KUBECONFIG="/srv/one:/srv/two", XDG_CONFIG_HOME="/conf")
    assert {"/srv/one", "/srv/two", "/conf/gh", f"{HOME}/.config/gh", f"{HOME}/.kube"} <= found
    assert not {"/srv/one", "/srv/two"} & hidden("kube", KUBECONFIG="/srv/one:/srv/two")


def test_the_whole_machine_is_never_hidden_nor_what_is_no_full_path() -> None:
    found = hidden(KUBECONFIG="/:relative:", XDG_CONFIG_HOME="relative")
    assert all(path.startswith("/") and path != "/" for path in found)
    assert f"{HOME}/.config/gh" in found


def test_an_agents_state_is_hidden_from_the_others_with_what_it_reads_and_its_file() -> None:
    its = {f"{HOME}/.claude", f"{HOME}/.claude.json"}
    assert its <= hidden("codex")
    assert not its & hidden("claude")
    assert {f"{HOME}/.config/opencode", f"{HOME}/.cache/opencode/bin"} <= hidden("claude")
    assert f"{HOME}/.config/opencode" not in hidden("opencode")


def test_an_agents_state_is_where_its_variable_says() -> None:
    moved = {"CLAUDE_CONFIG_DIR": "/srv/claude"}
    assert credentials.state("claude", HOME, moved) == ("/srv/claude",)
    assert credentials.copied("claude", HOME, moved) == ()
    assert "/srv/claude" in hidden("codex", **moved)


def test_only_an_agent_with_a_file_in_home_gets_a_copy_of_one() -> None:
    assert credentials.copied("claude", HOME, {}) == (f"{HOME}/.claude.json", f"{HOME}/.claude/.claude.json")
    assert credentials.copied("pi", HOME, {}) == ()


def without(*granted: str, **env: str) -> set[str]:
    return set(credentials.without(env, granted))


@pytest.mark.parametrize("name", ["AWS_PROFILE", "GH_TOKEN", "KUBECONFIG", "MY_API_KEY", "DISPLAY"])
def test_secrets_and_ways_out_are_taken_away_unless_they_were_granted_by_name(name: str) -> None:
    assert without(PATH="/bin", **{name: "x"}) == {"PATH"}
    assert without(name, **{name: "x"}) == {name}
    assert list(credentials.without({name: "x"}, (), (name,))) == [name]


def test_a_granted_kind_keeps_its_variables_and_no_other_kinds() -> None:
    assert without("aws", AWS_PROFILE="x", AWS_SECRET_ACCESS_KEY="x", GH_TOKEN="x") == {
        "AWS_PROFILE",
        "AWS_SECRET_ACCESS_KEY",
    }
    assert without(*KINDS, AWS_PROFILE="x", PATH="x") == {"AWS_PROFILE", "PATH"}


def test_an_agent_keeps_its_own_keys_and_no_other_agents() -> None:
    keys = {"ANTHROPIC_API_KEY": "x", "GEMINI_API_KEY": "x"}
    assert without("claude", **keys) == {"ANTHROPIC_API_KEY"}


def test_config_may_grant_a_kind_an_agent_or_a_variable_and_no_misspelling() -> None:
    assert [credentials.known(name) for name in ("ssh", "claude", "MY_TOKEN")] == [True] * 3
    assert [credentials.known(name) for name in ("shh", "my_token", "MY-TOKEN", "")] == [False] * 4
