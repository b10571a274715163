"""When the day's money is spent, sessions stand still, until a person, midnight or CONFIG lets them go on."""

import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace

from looop.child import tree
from looop.core.problem import Problem
from looop.core.sessions import Start, State
from looop.engine.purse import Purse
from looop.session import freezing
from looop.session.host import Host
from looop.store import flags, ledger, money
from looop.store.config import Config, Price
from looop.store.ledger import Entry
from support.keeping import Keeping, keeping, until
from support.profiles import made_in

pytestmark = pytest.mark.process

# What stands in for claude: it says in its transcript that it used tokens, and goes on.
AGENT = """#!/bin/sh
mkdir -p "$HOME/.claude/projects/x"
line='{"type":"assistant","message":{"id":"%s","model":"m","usage":{"output_tokens":1000000}}}\\n'
printf "$line" a >> "$HOME/.claude/projects/x/$2.jsonl"
while read -r word; do printf "$line" "$word" >> "$HOME/.claude/projects/x/$2.jsonl"; done
"""


class Paying:
    """A profile with a real keeper, and one engine's sessions and purse after the other."""

    def __init__(self, folder: Path, keeper: Keeping) -> None:
        self.profile = made_in(folder)
        self.keeper = keeper
        self.folder = folder
        agent = folder / "bin" / "claude"
        agent.parent.mkdir()
        agent.write_text(AGENT)
        agent.chmod(0o700)
        command = f"{agent} x {{{{conversation}}}}"
        self.settings = Config(runner="claude", max_daily_usd=10.0, prices={"claude": Price(0.0, 4.0)})
        self.command = command
        self.told: list[str] = []
        self.later = 0.0
        self.host: Host
        self.purse: Purse

    def now(self) -> float:
        return time.time() + self.later

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Host]:
        """Serve both; leaving them is the engine's end, as abrupt as a crash."""
        async with trio.open_nursery() as nursery:
            self.host = Host(
                self.profile,
                self.keeper.leash,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
                settings=lambda: self.settings,
                now=self.now,
                poke=lambda: None,
            )
            self.purse = Purse(
                self.profile,
                self.host,
                settings=lambda: self.settings,
                now=self.now,
                tell=self._tell,
                say=lambda _: None,
            )
            await nursery.start(self.host.serve)
            await nursery.start(self.purse.serve)
            yield self.host
            nursery.cancel_scope.cancel()

    async def start(self, name: str = "a") -> int:
        """Start a session whose agent spends 4 dollars at once, and 4 for each line; its process."""
        view = await self.host.start(Start(id=name, prompt="", command=self.command))
        assert view.pid is not None
        life, leader = self.host.life(name), view.pid
        transcript = self.folder / ".claude/projects/x" / f"{life.meta.conversation}.jsonl"
        await until(transcript.exists, "a transcript")
        return leader

    def running(self, leader: int) -> bool:
        return not self._states(leader) & {"T", "t"}

    def stopped(self, leader: int) -> bool:
        return self._states(leader) == {"T"}

    def spend(self, usd: float) -> None:
        ledger.record(self.profile, Entry(self.now(), f"tick-{usd}-{self.later}", "claude", usd))

    def _states(self, leader: int) -> set[str]:
        below = [entry.pid for entry in tree.descendants(leader) if not entry.dead]
        return {found.state for pid in (leader, *below) if (found := tree.proc(pid))}

    async def _tell(self, sentence: str) -> None:
        self.told.append(sentence)


@pytest.fixture
async def paying(tmp_path: Path) -> AsyncIterator[Paying]:
    made_in(tmp_path)
    async with keeping(tmp_path / "data") as keeper:
        yield Paying(tmp_path, keeper)


async def test_sessions_that_spend_all_of_it_stand_still_and_a_person_is_told_once(paying: Paying) -> None:
    async with paying.served() as host:
        first, second = await paying.start("a"), await paying.start("b")
        await paying.purse.look()
        assert [flag.cause for flag in flags.open_flags(paying.profile)] == ["money"]
        assert paying.running(first)
        await host.type("a", "more", enter=True, paste=False)
        await _until(paying, lambda: paying.stopped(first) and paying.stopped(second))
        assert {view.state for view in host.all()} == {State.FROZEN}
        assert "looop unpark" in host.get("a").evidence
        with pytest.raises(Problem, match="No session can start"):
            await host.start(Start(id="c", prompt="", command="true"))
        await paying.purse.look()
        assert [flag.cause for flag in flags.open_flags(paying.profile)] == ["money-spent"]
        assert len(paying.told) == 2


@pytest.mark.parametrize(
    "free",
    [
        lambda it: money.allow(it.profile, it.settings, it.now(), None, 0.0),
        lambda it: setattr(it, "later", 86400.0),
        lambda it: setattr(it, "settings", replace(it.settings, max_daily_usd=100.0)),
    ],
    ids=["a person", "midnight", "CONFIG"],
)
async def test_what_was_frozen_for_money_goes_on_and_what_a_person_froze_does_not(
    paying: Paying, free: Callable[[Paying], object]
) -> None:
    async with paying.served() as host:
        theirs, ours = await paying.start("theirs"), await paying.start("ours")
        await host.freeze("theirs")
        paying.spend(10.0)
        await _until(paying, lambda: paying.stopped(ours))
        with pytest.raises(Problem, match="looop unpark"):
            await host.thaw("ours")
        free(paying)
        await _until(paying, lambda: paying.running(ours))
        assert paying.stopped(theirs)
        assert host.get("theirs").state is State.FROZEN
        await host.thaw("theirs")
        assert paying.running(theirs)


async def test_a_crash_between_the_limit_and_its_sessions_changes_nothing(
    paying: Paying, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with paying.served() as host:
        leader = await paying.start()
        paying.spend(10.0)
        with monkeypatch.context() as patch:
            patch.setattr(freezing, "stop", lambda *_: 0)  # it dies before the signal
            await _until(paying, lambda: host.life("a").known.unpaid)
        assert paying.running(leader)
    async with paying.served() as host:
        await until(lambda: paying.stopped(leader), "the tree to stand still")
        paying.settings = replace(paying.settings, max_daily_usd=None)
    async with paying.served() as host:
        await until(lambda: paying.running(leader), "the tree to go on")
        assert not host.life("a").known.unpaid


async def test_what_a_session_cost_is_known_after_its_end_and_its_folder_gone(paying: Paying) -> None:
    async with paying.served() as host:
        await paying.start()
        with trio.fail_after(60):
            await host.kill("a", now=True)
        await host.prune(None)
    (entry,) = ledger.entries(paying.profile, 0.0)
    assert (entry.session, entry.usd, entry.outcome) == ("a", 4.0, "ended")


async def test_an_agent_at_its_limit_is_flagged_until_it_answers_again(paying: Paying) -> None:
    def causes() -> list[str]:
        return [flag.cause for flag in flags.open_flags(paying.profile)]

    failed = {
        "type": "assistant",
        "isApiErrorMessage": True,
        "apiErrorStatus": 401,
        "message": {"id": "e", "content": [{"type": "text", "text": "Invalid API key"}]},
    }
    paying.settings = replace(paying.settings, max_daily_usd=None)
    async with paying.served() as host:
        await paying.start()
        transcript = paying.folder / ".claude/projects/x" / f"{host.life('a').meta.conversation}.jsonl"
        with transcript.open("a") as file:
            file.write(json.dumps(failed) + "\n")
        await _until(paying, lambda: causes() == ["limit a"])
    async with paying.served() as host:
        await _until(paying, lambda: causes() == ["limit a"])
        assert paying.told == ["the agent of session a can't work: not logged in"]
        await host.type("a", "more", enter=True, paste=False)
        await _until(paying, lambda: causes() == [])


async def _until(paying: Paying, condition: Callable[[], bool]) -> None:
    """Look until the condition holds."""
    with trio.fail_after(60):
        while not condition():
            paying.host.spending._seen.clear()  # else a look waits for news, or a minute
            await paying.purse.look()
            await trio.sleep(0.02)
