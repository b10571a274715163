"""Transcripts are found by their agents' names for them, read on from the last look, and never trusted."""

import json
import os
from pathlib import Path

import pytest

from looop.core import usage_lines
from looop.core.usage import Used
from looop.store import transcripts
from looop.store.files.reading import NotRegular
from looop.store.transcripts import Conversation, Tail

ID = "6e76e97f-47c5-4359-9cd4-37ebb25d1c30"


def put(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def line(key: str, output: int = 1) -> str:
    message = {"role": "assistant", "id": key, "model": "m", "usage": {"output_tokens": output}}
    return json.dumps({"type": "assistant", "message": message}) + "\n"


def tail(path: Path) -> Tail:
    understand = usage_lines.reader("claude")
    assert understand is not None
    return Tail(path, understand)


def keys(found: Tail) -> list[str]:
    return [it.key for it in found.read() if isinstance(it, Used)]


@pytest.mark.parametrize(
    ("agent", "env", "place"),
    [
        ("claude", {}, f".claude/projects/-data/{ID}.jsonl"),
        ("claude", {}, f".claude/projects/-data/{ID}/subagents/agent-1.jsonl"),
        ("claude", {"CLAUDE_CONFIG_DIR": "{}/c"}, f"c/projects/-data/{ID}.jsonl"),
        ("pi", {}, f".pi/agent/sessions/--data--/2026-11-26T23-54-18-759Z_{ID}.jsonl"),
        ("pi", {"PI_CODING_AGENT_DIR": "{}/p"}, f"p/sessions/--data--/x_{ID}.jsonl"),
        ("gemini", {}, ".gemini/tmp/data/chats/session-2026-11-26T23-55-6e76e97f.jsonl"),
    ],
)
def test_a_conversation_is_found_by_its_name(
    tmp_path: Path, agent: str, env: dict[str, str], place: str
) -> None:
    path = put(tmp_path / place)
    put(path.with_name("other.txt"))
    put(tmp_path / ".claude" / "projects" / "-data" / "other.jsonl")
    there = {"HOME": str(tmp_path), **{name: value.format(tmp_path) for name, value in env.items()}}
    assert transcripts.find(Conversation(agent, ID, "s", "/data", 0.0), there) == (path,)


def test_a_conversation_of_codex_is_found_by_its_brief(tmp_path: Path) -> None:
    def rollout(name: str, words: str, stamp: str = "2026-11-26T23:54:42Z") -> Path:
        meta = {"timestamp": stamp, "payload": {"cwd": "/data"}}
        user = {"payload": {"role": "user", "content": [{"text": words}]}}
        text = "\n".join(json.dumps(it) for it in (meta, user)) + "\n"
        path = put(tmp_path / "sessions" / "2026" / "11" / "26" / f"rollout-{name}.jsonl", text)
        os.utime(path, (1795737300, 1795737300))
        return path

    mine = rollout("a", "Your session is tea. It serves")
    rollout("b", "Your session is coffee.")
    rollout("c", "Your session is tea.", "2026-11-26T20:00:00Z")
    env = {"CODEX_HOME": str(tmp_path)}
    wanted = Conversation("codex", ID, "tea", "/data", 1795737282.0)
    assert transcripts.find(wanted, env) == (mine,)


def test_nothing_is_found_of_other_agents_and_of_folders_that_are_not_there(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path)}
    for agent in ("claude", "pi", "codex", "gemini", "opencode", ""):
        assert transcripts.find(Conversation(agent, ID, "s", "/", 0.0), env) == ()


def test_a_name_that_is_a_path_finds_nothing(tmp_path: Path) -> None:
    put(tmp_path / ".claude/projects/x/../y.jsonl")
    env = {"HOME": str(tmp_path)}
    assert transcripts.find(Conversation("claude", "../y", "s", "/", 0.0), env) == ()


def test_only_what_was_added_is_read_and_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    path = put(tmp_path / "t.jsonl", line("a") + line("b")[:20])
    found = tail(path)
    assert keys(found) == ["a"]
    path.write_text(line("a") + line("b") + line("c"))
    assert keys(found) == ["b", "c"]
    assert keys(found) == []


def test_a_file_that_was_made_anew_is_read_anew(tmp_path: Path) -> None:
    path = put(tmp_path / "t.jsonl", line("a") + line("b"))
    found = tail(path)
    assert keys(found) == ["a", "b"]
    path.unlink()
    put(path, line("c"))
    assert keys(found) == ["c"]


def test_a_line_of_megabytes_is_passed_over(tmp_path: Path) -> None:
    path = put(tmp_path / "t.jsonl", json.dumps({"x": "y" * (3 << 20)}) + "\n" + line("a"))
    assert keys(tail(path)) == ["a"]


def test_a_link_and_a_pipe_are_not_read(tmp_path: Path) -> None:
    secret = put(tmp_path / "secret", line("a"))
    (tmp_path / "link.jsonl").symlink_to(secret)
    os.mkfifo(tmp_path / "pipe.jsonl")
    for name in ("link.jsonl", "pipe.jsonl"):
        with pytest.raises(NotRegular):
            keys(tail(tmp_path / name))


def test_the_cost_that_claude_keeps_itself_is_read_where_its_settings_are(tmp_path: Path) -> None:
    document = json.dumps({"projects": {"/data": {"lastSessionId": ID, "lastCost": 0.5}}})
    put(tmp_path / ".claude.json", document)
    what = Conversation("claude", ID, "s", "/data", 0.0)
    assert transcripts.own_figure(what, {"HOME": str(tmp_path)}) == 0.5
    assert transcripts.own_figure(what, {"CLAUDE_CONFIG_DIR": str(tmp_path)}) == 0.5
    assert transcripts.own_figure(what, {"HOME": "/nowhere"}) is None
    put(tmp_path / ".claude/.claude.json", document.replace("0.5", "0.75"))  # a cell's copy
    assert transcripts.own_figure(what, {"HOME": str(tmp_path)}) == 0.75
    assert transcripts.own_figure(Conversation("pi", ID, "s", "/", 0.0), {"HOME": str(tmp_path)}) is None


def test_a_file_that_an_agent_planted_hides_no_conversation_of_codex(tmp_path: Path) -> None:
    meta = {"timestamp": "2026-11-26T23:54:42Z", "payload": {"cwd": "/data"}}
    user = {"payload": {"role": "user", "content": [{"text": "Your session is tea."}]}}
    text = "\n".join(json.dumps(it) for it in (meta, user)) + "\n"
    place = tmp_path / "sessions" / "2026" / "11" / "26"
    mine = put(place / "rollout-a.jsonl", text)
    (place / "rollout-b.jsonl").symlink_to(mine)
    os.mkfifo(place / "rollout-c.jsonl")
    old = put(place / "rollout-d.jsonl", text)
    os.utime(old, (1.0, 1.0))
    wanted = Conversation("codex", ID, "tea", "/data", 1795737282.0)
    for path in (mine, place / "rollout-c.jsonl"):
        os.utime(path, (1795737300, 1795737300))
    assert transcripts.find(wanted, {"CODEX_HOME": str(tmp_path)}) == (mine,)


def test_a_home_that_can_not_be_looked_at_holds_none(tmp_path: Path) -> None:
    env = {"HOME": f"/{'x' * 300}"}
    for agent in ("claude", "pi", "codex", "gemini"):
        assert transcripts.find(Conversation(agent, ID, "s", "/", 0.0), env) == ()
