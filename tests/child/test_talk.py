"""The conversation with a child, where only its own ends matter."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
import trio

from looop.child.capture import Capped, Tail
from looop.child.exits import Exit
from looop.child.talk import Talk


@pytest.fixture
def full() -> Iterator[tuple[int, int]]:
    """Give a descriptor with at least two pieces to read, and how many bytes they are."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)  # noqa: FBT003 - the standard library's signature
        filled = 0
        with suppress(BlockingIOError):
            while True:
                filled += ours.send(b"x" * 4096)
        yield theirs.fileno(), filled


async def test_a_flood_leaves_the_other_tasks_their_turns(full: tuple[int, int]) -> None:
    descriptor, filled = full
    output, turns = Capped(0), 0
    talk, ended = Talk(b"", output, Tail(0), None), Exit(os.getpid())
    os.dup2(descriptor, talk._out)

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    try:
        talk.begin(ended, None)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
            await talk.go_on(trio.current_time() + 60, lambda: len(output.data()) >= filled)
            had = turns
            nursery.cancel_scope.cancel()
    finally:
        talk.close()
        ended.close()
    assert filled >= 2 * 65536
    assert had >= 1
