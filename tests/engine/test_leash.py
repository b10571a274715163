"""The engine's end of the line to keeper, with a keeper that the test plays."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from looop.core.problem import Exit, Problem
from looop.engine.leash import Leash
from looop.engine.link import Link
from looop.session.terminals import Alive, Spawn, Terminals


@asynccontextmanager
async def leashed() -> AsyncIterator[tuple[Leash, Link]]:
    ours, theirs = (end.detach() for end in socket.socketpair())
    leash, keeper = Leash(ours), Link(theirs)
    async with trio.open_nursery() as nursery:
        await nursery.start(leash.serve)
        yield leash, keeper
        nursery.cancel_scope.cancel()
    keeper.close()
    assert leash._link is not None
    leash._link.close()


async def heard(keeper: Link) -> Any:
    await trio.lowlevel.wait_readable(keeper.fd)
    (message,) = keeper.receive()
    return message


async def test_a_leash_is_the_terminals() -> None:
    it: Terminals = Leash(None)
    with pytest.raises(Problem) as caught:
        await it.alive()
    assert (caught.value.exit_code, caught.value.kind) == (Exit.UNREACHABLE, "no-keeper")


async def test_an_order_is_told_whole_and_answered() -> None:
    async with leashed() as (leash, keeper), trio.open_nursery() as nursery:
        order = Spawn("k", Path("/f"), "true", Path("/"), 80, 24, {"A": "b"}, 100)
        got: list[Alive] = []

        async def spawn() -> None:
            got.append(await leash.spawn(order))

        nursery.start_soon(spawn)
        message = await heard(keeper)
        assert message == {
            "n": 1, "do": "spawn", "key": "k", "folder": "/f", "command": "true", "cwd": "/",
            "columns": 80, "lines": 24, "env": {"A": "b"}, "log_max": 100, "scoped": False,
        }  # fmt: skip
        keeper.send({"n": 1, "ok": {"key": "k", "pid": 7, "start": 8, "ending": False}})
        await trio.testing.wait_all_tasks_blocked()
        assert got == [Alive("k", 7, 8)]


async def test_answers_reach_their_requests_in_any_order() -> None:
    got: list[int] = []
    async with leashed() as (leash, keeper), trio.open_nursery() as nursery:

        async def write(key: str) -> None:
            got.append(await leash.write(key, b"x"))

        nursery.start_soon(write, "a")
        first = await heard(keeper)
        nursery.start_soon(write, "b")
        second = await heard(keeper)
        keeper.send({"n": second["n"], "ok": 2})
        await trio.testing.wait_all_tasks_blocked()
        keeper.send({"n": first["n"], "ok": 1})
    assert got == [2, 1]


async def test_keepers_problem_is_raised_as_it_was_told() -> None:
    async with leashed() as (leash, keeper), trio.open_nursery() as nursery:

        async def resize() -> None:
            with pytest.raises(Problem) as caught:
                await leash.resize("a", 1, 1)
            problem = caught.value
            assert (problem.exit_code, problem.kind, problem.text) == (Exit.MISSING, "no-terminal", "Gone.")

        nursery.start_soon(resize)
        keeper.send({"n": (await heard(keeper))["n"], "problem": [3, "no-terminal", "Gone."]})


async def test_a_cancelled_request_leaves_nothing_and_its_answer_is_ignored() -> None:
    async with leashed() as (leash, keeper):
        with trio.move_on_after(0) as scope:
            await leash.write("a", b"x")
        assert scope.cancelled_caught
        assert leash._waiting == {}
        keeper.send({"n": 1, "ok": 5})
        await trio.testing.wait_all_tasks_blocked()


async def test_keepers_end_is_told_to_all_who_wait() -> None:
    problems: list[str] = []
    async with leashed() as (leash, keeper), trio.open_nursery() as nursery:

        async def wait() -> None:
            try:
                await leash.alive()
            except Problem as problem:
                problems.append(problem.kind)

        nursery.start_soon(wait)
        nursery.start_soon(leash.cut)
        nursery.start_soon(leash.cut)
        await heard(keeper)
        keeper.close()
    assert problems == ["no-keeper"]


async def test_cut_reads_by_itself_where_nobody_serves() -> None:
    ours, theirs = (end.detach() for end in socket.socketpair())
    leash, keeper = Leash(ours), Link(theirs)
    leash.pat()
    assert await heard(keeper) == {"do": "pat"}
    async with trio.open_nursery() as nursery:
        nursery.start_soon(leash.cut)
        await trio.testing.wait_all_tasks_blocked()
        await nursery.start(leash.serve)  # it takes over when the first one is cancelled
        keeper.close()
    leash.pat()
    assert leash._link is not None
    leash._link.close()


async def test_hints_reach_their_listener_even_those_that_came_before_it() -> None:
    async with leashed() as (leash, keeper):
        got: list[str] = []
        keeper.send({"more": "a"})
        keeper.send({"more": "b"})
        await trio.testing.wait_all_tasks_blocked()
        leash.listen("a", lambda: got.append("a"))
        assert got == ["a"]
        keeper.send({"more": "a"})
        await trio.testing.wait_all_tasks_blocked()
        assert got == ["a", "a"]
        leash.listen("a", None)
        leash.seen("a")
        assert await heard(keeper) == {"do": "seen", "key": "a"}


async def test_a_hint_of_one_that_nobody_listens_to_any_more_is_not_kept() -> None:
    async with leashed() as (leash, keeper):
        leash.listen("a", lambda: None)
        leash.listen("a", None)
        keeper.send({"more": "a"})
        keeper.send({"more": "b"})
        await trio.testing.wait_all_tasks_blocked()
        assert leash._early == {"b"}
        leash.listen("b", None)
        assert leash._early == set()


async def test_one_that_is_listened_to_again_is_heard_again() -> None:
    async with leashed() as (leash, keeper):
        got: list[str] = []
        leash.listen("a", None)
        leash.listen("a", lambda: got.append("a"))
        keeper.send({"more": "a"})
        await trio.testing.wait_all_tasks_blocked()
        assert got == ["a"]


async def test_a_keeper_that_reads_slowly_gets_all_of_a_long_request() -> None:
    async with leashed() as (leash, keeper), trio.open_nursery() as nursery:
        nursery.start_soon(leash.write, "a", b"\xff" * 1_000_000)
        found: list[Any] = []
        while not found:
            await trio.lowlevel.wait_readable(keeper.fd)
            found += keeper.receive()
        assert found[0]["data"] == "\xff" * 1_000_000
        keeper.send({"n": found[0]["n"], "ok": 0})
