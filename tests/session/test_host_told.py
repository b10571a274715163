"""What is said of a session stands: of how its worker ended it, of a start that came to nothing."""

from pathlib import Path

import pytest

from looop.core.problem import Exit, Problem
from looop.store import sessions
from support.hosting import Hosting


@pytest.fixture
def at(tmp_path: Path) -> Hosting:
    return Hosting(tmp_path)


async def test_a_session_that_ends_before_it_can_say_how_is_not_said_to_have_said_it(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    async def tell() -> None:
        told.append("done")

    async with at.served() as host:
        await at.start()
        life = host.lives["a"]
        await at.finish(1)
        with monkeypatch.context() as late:
            late.setitem(host.lives, "a", life)  # found alive, and over by the time it is written down
            with pytest.raises(Problem, match="a is over already") as caught:
                await host.done("a", "done", "all of it", tell)
        assert (caught.value.exit_code, caught.value.kind, told) == (Exit.NO, "over", [])


async def test_a_worker_is_told_once_its_outcome_stands_and_ended_even_if_it_hears_nothing(
    at: Hosting,
) -> None:
    known: list[str | None] = []

    async def tell() -> None:
        known.append(sessions.listed(at.profile)[0].known.outcome)
        raise BrokenPipeError

    async with at.served() as host:
        view = await at.start()
        with pytest.raises(BrokenPipeError):
            await host.done("a", "done", "all of it", tell)
        assert known == ["done"]
        assert [key for key, _ in at.terminals.ended] == [view.generation]


async def test_a_start_of_which_keeper_says_nothing_shows_what_lies_in_its_folder(
    at: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_: object) -> None:
        raise Problem(Exit.UNREACHABLE, "no-keeper", "Nothing is heard.")

    async with at.served() as host:
        await at.start()
        before = await at.finish(3)
        monkeypatch.setattr(at.terminals, "spawn", silent)
        with pytest.raises(Problem, match="Nothing is heard"):
            await host.restart("a", {})
        now = host.get("a")
        assert (now.generation != before.generation, now.code) == (True, None)
        entry = sessions.find(at.profile, "a")
        assert entry is not None
        assert entry.meta.generation == now.generation
