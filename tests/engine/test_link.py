"""The line between engine and keeper: messages in any pieces, to an end that reads slowly or has gone."""

import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core.problem import Exit, Problem
from looop.engine.link import LONGEST, Link, Reply, bytes_of, text_of


@pytest.fixture
def ends() -> Iterator[tuple[Link, Link]]:
    pair = tuple(Link(end.detach()) for end in socket.socketpair())
    yield pair[0], pair[1]
    for link in pair:
        link.close()


def test_messages_arrive_in_order(ends: tuple[Link, Link]) -> None:
    for number in range(3):
        ends[0].send({"n": number, "data": "a\nb"})
    assert ends[1].receive() == [{"n": number, "data": "a\nb"} for number in range(3)]
    assert ends[1].receive() == []


@given(st.binary(max_size=300), st.text(max_size=20))
def test_all_bytes_and_all_text_pass(data: bytes, text: str) -> None:
    one, other = (Link(end.detach()) for end in socket.socketpair())
    one.send({"data": text_of(data), "text": text})
    (message,) = other.receive()
    assert (bytes_of(message["data"]), message["text"]) == (data, text)
    one.close()
    other.close()


def test_an_environment_that_is_no_text_passes(ends: tuple[Link, Link]) -> None:
    ends[0].send({"env": {"A": os.fsdecode(b"\xff")}})
    assert ends[1].receive() == [{"env": {"A": os.fsdecode(b"\xff")}}]


def test_a_message_in_pieces_is_whole_at_its_end(ends: tuple[Link, Link]) -> None:
    for piece in (b'{"a', b'":', b"1}"):
        os.write(ends[0].fd, piece)
        assert ends[1].receive() == []
    os.write(ends[0].fd, b'\n{"b":2}\n{')
    assert ends[1].receive() == [{"a": 1}, {"b": 2}]
    assert ends[1].buffers() == (b"{", b"")


def test_what_is_no_message_is_left_out(ends: tuple[Link, Link]) -> None:
    os.write(ends[0].fd, b'.\n\n[1]\n\xff\n{"a":1}\n' + b"[" * 3000 + b'\n{"b":2}\n')
    assert ends[1].receive() == [{"a": 1}, {"b": 2}]
    assert not ends[1].gone


def test_an_end_that_does_not_read_holds_nobody(ends: tuple[Link, Link]) -> None:
    for _ in range(20):
        ends[0].send({"data": "x" * 100_000})
    assert ends[0].unsent > 1_000_000
    heard = []
    while ends[0].unsent:
        heard += ends[1].receive()
        ends[0].flush()
    while len(heard) < 20:
        heard += ends[1].receive()
    assert [len(message["data"]) for message in heard] == [100_000] * 20


def test_a_line_without_an_end_counts_as_gone(ends: tuple[Link, Link]) -> None:
    sent = 0
    while not ends[1].gone and sent < 2 * LONGEST:
        sent += os.write(ends[0].fd, b"x" * 65536)
        ends[1].receive()
    assert LONGEST < sent < 2 * LONGEST


def test_the_other_ends_end_is_seen_and_no_error(ends: tuple[Link, Link]) -> None:
    ends[0].send({"last": 1})
    ends[0].close()
    ends[0].close()
    assert ends[1].receive() == [{"last": 1}]
    ends[1].send({"a": 1})
    assert ends[1].receive() == []
    assert (ends[1].gone, ends[1].unsent) == (True, 0)


def test_a_link_made_of_anothers_buffers_goes_on(ends: tuple[Link, Link]) -> None:
    link = Link(os.dup(ends[1].fd), b'{"a":', b'{"said":1}\n')
    os.write(ends[0].fd, b"1}\n")
    assert link.receive() == [{"a": 1}]
    link.flush()
    assert ends[0].receive() == [{"said": 1}]
    link.close()


def test_replies_carry_the_requests_number(ends: tuple[Link, Link]) -> None:
    Reply(ends[0], 7).done([1])
    Reply(ends[0], 8).refuse(Problem(Exit.MISSING, "no-terminal", "Gone."))
    Reply(ends[0], None).done()
    assert ends[1].receive() == [{"n": 7, "ok": [1]}, {"n": 8, "problem": [3, "no-terminal", "Gone."]}]
