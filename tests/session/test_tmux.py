"""A tmux window for each session: opened with exact arguments, closed at the end, never in anybody's way."""

import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trio

from looop.child import spawn
from looop.core.sessions import Known, Meta
from looop.session import tmux
from looop.session.tmux import Windows
from looop.store import paths
from looop.store.paths import Profile
from support.profiles import made_in

PID = '{"at": 0, "t": 1.0, "pid": 7, "start": 1, "boot": "b"}\n'


@dataclass
class Ended:
    folder: Path
    meta: Meta
    known: Known = field(default_factory=Known)


@dataclass
class FakeTmux:
    """Notes each call; answers as a tmux with one new window, or fails."""

    code: int = 0
    calls: list[Sequence[str]] = field(default_factory=list)

    async def run(self, argv: Sequence[str], **_terms: Any) -> spawn.Ended:
        self.calls.append(argv)
        await trio.lowlevel.checkpoint()
        return spawn.Ended(
            code=self.code,
            signal=None,
            timed_out=False,
            oversized=False,
            out=b"@5\n",
            err=b"no server \x1b[2J\n",
            strays=0,
        )


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


@pytest.fixture
def folder(profile: Profile) -> Path:
    made = profile.sessions / "build"
    made.mkdir()
    (made / "pty.jsonl").write_text(PID)
    return made


def meta() -> Meta:
    return Meta("build", "G", "true", "/", 1.0)


async def settled(condition: Any) -> None:
    with trio.fail_after(30):
        while not condition():
            await trio.sleep(0.01)


@asynccontextmanager
async def served(windows: Windows) -> AsyncIterator[Windows]:
    async with trio.open_nursery() as nursery:
        await nursery.start(windows.serve)
        yield windows
        nursery.cancel_scope.cancel()


async def test_a_session_gets_a_window_and_loses_it(profile: Profile, folder: Path) -> None:
    fake = FakeTmux()
    async with served(Windows(profile, {}, lambda: True, lambda _: None, fake.run)) as windows:
        await windows.opened(meta(), folder)
        await settled((folder / "tmux-window").exists)
        await windows.closed(Ended(folder, meta()))
        await settled(lambda: len(fake.calls) == 2)
    ours = [f"LOOOP_DATA_DIR={profile.data}", f"LOOOP_CONFIG={profile.config}"]
    assert fake.calls == [
        [
            *("tmux", "new-window", "-d", "-P", "-F", "#{window_id}", "-n", "build", "env"),
            *ours,
            *spawn.own_command("attach", "build"),
        ],
        ["tmux", "kill-window", "-t", "@5"],
    ]


async def test_unless_config_asks_for_it_tmux_is_never_run(profile: Profile, folder: Path) -> None:
    fake = FakeTmux()
    asked: list[bool] = []

    def wanted() -> bool:
        asked.append(True)
        return False

    async with served(Windows(profile, {}, wanted, lambda _: None, fake.run)) as windows:
        await windows.opened(meta(), folder)
        await settled(lambda: asked)
        await windows.closed(Ended(folder, meta()))
    assert fake.calls == []


async def test_a_tmux_that_fails_is_only_said(profile: Profile, folder: Path) -> None:
    fake, said = FakeTmux(code=1), list[str]()
    async with served(Windows(profile, {}, lambda: True, said.append, fake.run)) as windows:
        await windows.opened(meta(), folder)
        await settled(lambda: said)
    assert said == ["tmux new-window failed: no server <U+001B>[2J"]
    assert not (folder / "tmux-window").exists()


async def test_a_session_that_never_starts_gets_no_window(
    profile: Profile, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tmux, "STARTING", 0.05)
    (folder / "pty.jsonl").unlink()
    fake = FakeTmux()
    async with served(Windows(profile, {}, lambda: True, lambda _: None, fake.run)) as windows:
        await windows.opened(meta(), folder)
        other = profile.sessions / "other"
        other.mkdir()
        (other / "pty.jsonl").write_text(PID)
        await windows.opened(Meta("other", "G", "true", "/", 1.0), other)
        await settled(lambda: fake.calls)
    assert fake.calls[0][7] == "other"
    assert len(fake.calls) == 1


async def test_a_flood_of_sessions_makes_nobody_wait(profile: Profile, folder: Path) -> None:
    said: list[str] = []
    windows = Windows(profile, {}, lambda: True, said.append, FakeTmux().run)
    for _ in range(100):
        await windows.opened(meta(), folder)
    assert len(said) == 36


@pytest.fixture
def server(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give the environment of a tmux server of the test's own."""
    env = {"PATH": os.environ["PATH"], "TMUX_TMPDIR": str(tmp_path), "HOME": str(tmp_path), "TERM": "xterm"}
    subprocess.run(["tmux", "-f", "/dev/null", "new-session", "-d", "sleep 600"], env=env, check=True)
    pid = subprocess.run(
        ["tmux", "display-message", "-p", "#{pid}"], env=env, check=True, capture_output=True
    )
    spawn.spare(int(pid.stdout))  # a person's tmux is no child of looop's, and this one is
    yield env
    subprocess.run(["tmux", "kill-server"], env=env, check=False)


@pytest.mark.needs("tmux")
@pytest.mark.process
async def test_nothing_in_a_path_is_a_command_or_a_format_to_tmux(
    tmp_path: Path, server: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, run = tmp_path / "made", f"{tmp_path}/made"
    profile = Profile(tmp_path / f"#(touch {made.name}) $(touch {made.name});", tmp_path / "looop.json;")
    paths.create(profile)
    folder = profile.sessions / "build"
    folder.mkdir(parents=True)
    (folder / "pty.jsonl").write_text(PID)
    script = 'printf %s "$LOOOP_DATA_DIR" >"$0"; sleep 600'
    monkeypatch.setattr(spawn, "own_command", lambda *_argv: ["sh", "-c", script, run + ".told", ";"])
    said: list[str] = []
    async with served(Windows(profile, server, lambda: True, said.append)) as windows:
        await windows.opened(meta(), folder)
        told = tmp_path / "made.told"
        await settled(lambda: said or (told.exists() and told.read_text()))
        assert told.read_text() == str(profile.data)
        await windows.closed(Ended(folder, meta()))
        await settled(lambda: not (folder / "tmux-window").exists())
    assert said == []
    assert list(tmp_path.rglob("made")) == []


@pytest.mark.needs("tmux")
@pytest.mark.process
async def test_a_real_tmux_opens_and_closes_it(
    profile: Profile, folder: Path, server: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spawn, "own_command", lambda *_argv: ["sleep", "600"])

    def names() -> str:
        listed = subprocess.run(
            ["tmux", "list-windows", "-F", "#W"], env=server, check=True, capture_output=True, text=True
        )
        return listed.stdout

    said: list[str] = []
    async with served(Windows(profile, server, lambda: True, said.append)) as windows:
        await windows.opened(meta(), folder)
        await settled(lambda: (folder / "tmux-window").exists() or said)
        assert "build\n" in names()
        await windows.closed(Ended(folder, meta()))
        await settled(lambda: "build\n" not in names())
    assert said == []
