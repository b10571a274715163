"""The guard joined to an engine: shims in a session's and a tick's PATH, and what is known of them."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from looop.core.guarded import Guard
from looop.core.rules import Standing
from looop.engine.guarding import FRESH, Guarding, shims_of
from looop.guard import standing
from looop.store.config import Config
from support.hosting import Hosting, eventually
from support.looping import Looping
from support.profiles import made_in


class Answers:
    """A shell's answers in place of a real one's, counted."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.now = 0.0

    async def look(self, _folder: Path, env: Mapping[str, str], _cwd: Path) -> Standing:
        self.asked.append(dict(env))
        return Standing("bypassed", f"because {len(self.asked)}")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    found = Answers()
    monkeypatch.setattr(standing, "look", found.look)
    monkeypatch.setattr("looop.engine.guarding.time", SimpleNamespace(monotonic=lambda: found.now))
    return found


async def test_a_shell_is_asked_once_for_an_environment_and_again_after_a_while(
    tmp_path: Path, answers: Answers
) -> None:
    guarding = Guarding(made_in(tmp_path), {}, Config)
    one = {"SHELL": "/bin/a", "LOOOP_SESSION_ID": "tea"}
    for env in (one, {**one, "LOOOP_SESSION_ID": "milk"}):
        assert await guarding.standing(tmp_path, env) == Standing("bypassed", "because 1")
    for number, other in enumerate(({**one, "SHELL": "/bin/b"}, {**one, "PATH": "/x"}), 2):
        assert (await guarding.standing(tmp_path, other)).said == f"because {number}"
    answers.now = FRESH + 1
    assert (await guarding.standing(tmp_path, one)).said == "because 4"


async def test_a_session_starts_with_the_shims_first_and_its_standing_is_known_later(
    tmp_path: Path, answers: Answers
) -> None:
    hosting = Hosting(tmp_path)
    hosting.guard = Guarding(hosting.profile, hosting.env, lambda: hosting.settings)
    async with hosting.served() as host:
        view = await hosting.start(env={"PATH": "/mine"})
        assert view.guard == ""
        spawned = hosting.terminals.spawned[-1]
        assert spawned.env["PATH"].split(":")[:2] == [str(hosting.profile.shims), "/mine"]
        assert (hosting.profile.shims / "git").exists()
        await eventually(lambda: host.get("a").guard == "bypassed", "what the shell said")
        assert host.get("a").guard_said == "because 1"
        assert answers.asked[0]["PATH"] == spawned.env["PATH"]
        explained = await host.explain("a")
        assert (explained.guard, explained.guard_said) == ("bypassed", "because 1")


async def test_with_all_rules_off_path_is_left_alone_and_nobody_is_asked(
    tmp_path: Path, answers: Answers
) -> None:
    hosting = Hosting(tmp_path, guard=Guard(off=("*",)))
    hosting.guard = Guarding(hosting.profile, hosting.env, lambda: hosting.settings)
    async with hosting.served() as host:
        await hosting.start()
        assert str(hosting.profile.guard) not in hosting.terminals.spawned[-1].env["PATH"]
        await eventually(lambda: host.get("a").guard == "off", "the word")
        assert answers.asked == []


@pytest.mark.process
async def test_a_ticks_agent_has_the_shims_first_too(tmp_path: Path) -> None:
    loop = Looping(tmp_path, "command -v git >seen; command -v ls >>seen; cp seen ..; rm seen\n")
    loop.shims = shims_of(loop.profile, {})
    loop.beats = loop.fresh()
    await loop.beat()
    seen = (loop.profile.data / "seen").read_text().split()
    assert seen[0] == str(loop.profile.shims / "git")
    assert str(loop.profile.shims) not in seen[1]
