"""Output becomes plain text, and every byte of it knows where it stood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core.plain import Plain


def plain(data: bytes, step: int = 0) -> Plain:
    found = Plain()
    for at in range(0, len(data), step or len(data) or 1):
        found.feed(data[at : at + step] if step else data)
    return found


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"one\r\ntwo\r\n", b"one\ntwo\n"),
        (b"\x1b[1;31mred\x1b[0m", b"red"),
        (b"\x1b]0;a title\x07text\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", b"textlink"),
        (b"\x1bP1$r0m\x1b\\\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\ok", b"ok"),
        (b"10%\r20%\rx", b"10%\n20%\nx"),
        (b"a\r\r\nb", b"a\nb"),
        (b"ls\r\n\x1b[?2004l\rone", b"ls\none"),
        (b"\x1b(B\x1b=\x1b>\x1b7x", b"x"),
        (b"a\x00\x07\x08\x0e\x7fb", b"ab"),
        (b"Do\x1b[1Cyou\x1b[5;1Hnext\x1b[Gline\x1b[20Gcolumn", b"Do you\nnext\nline column"),
        ("grün\u2500".encode(), "grün\u2500".encode()),
        (b"\x1b]0;title\x1b[31mred", b"red"),
        (b"a\x1b\x1b[1mb", b"ab"),
        (b"one\r\n\x1b[5;1Htwo", b"one\ntwo"),
        (b"one\n\rtwo", b"one\ntwo"),
    ],
)
@pytest.mark.parametrize("step", [0, 1, 3])
def test_sequences_go_and_words_stay_apart_in_pieces_of_any_size(raw: bytes, text: bytes, step: int) -> None:
    assert bytes(plain(raw, step).text) == text


def test_each_byte_knows_its_offset() -> None:
    raw = b"\x1b[1mab\x1b[0m\r\ncd"
    found = plain(raw)
    assert bytes(found.text) == b"ab\ncd"
    assert [found.behind(place) for place in range(6)] == [4, 5, 6, 12, 13, 14]
    assert [found.place(offset) for offset in (0, 4, 5, 6, 11, 12, 14, 99)] == [0, 0, 1, 2, 2, 3, 5, 5]


def test_what_is_dropped_leaves_the_offsets_of_the_rest() -> None:
    found = plain(b"ab\x1b[1mcd\x1b[0mef")
    found.drop(3)
    assert bytes(found.text) == b"def"
    assert [found.behind(place) for place in (1, 2, 3)] == [8, 13, 14]
    found.drop(3)
    assert (bytes(found.text), found.offset) == (b"", 14)
    found.feed(b"g")
    assert found.behind(1) == 15


def test_what_waits_for_its_end_is_not_passed_by() -> None:
    found = plain(b"ok\x1b[3")
    assert (bytes(found.text), found.offset) == (b"ok", 2)
    found.feed(b"1mred\x1b]0;t")
    assert (bytes(found.text), found.offset) == (b"okred", 10)
    found.feed(b"itle\x07\r")
    assert (bytes(found.text), found.offset) == (b"okred", 20)
    found.finish()
    assert (bytes(found.text), found.offset) == (b"okred\n", 21)


def test_a_line_that_was_taken_away_is_still_begun() -> None:
    found = plain(b"10%")
    found.drop(3)
    found.feed(b"\r20%")
    assert bytes(found.text) == b"\n20%"


def test_a_string_that_never_ends_swallows_no_more_than_a_mebibyte() -> None:
    found = Plain()
    found.feed(b"\x1b]0;")
    for _ in range(17):
        found.feed(b"x" * 65536)
    found.feed(b"seen")
    assert bytes(found.text).endswith(b"seen")


@given(
    st.lists(
        st.binary(max_size=30)
        | st.sampled_from([b"\x1b[", b"\x1b]", b"\r", b"\n", b"\x1b\\", b"\xc3", b"a\r\nb\r\n"])
    )
)
def test_any_bytes_in_any_pieces_keep_their_order_and_offsets(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    found, whole = Plain(), Plain()
    for piece in pieces:
        found.feed(piece)
    whole.feed(raw)
    found.finish()
    whole.finish()
    assert found.text == whole.text
    assert found.offset == whole.offset == len(raw)
    offsets = [found.behind(place) for place in range(1, len(found.text) + 1)]
    assert offsets == sorted(set(offsets))
    for place, offset in enumerate(offsets):
        if found.text[place] not in b" \n":
            assert raw[offset - 1] == found.text[place]


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"one\r", b"one\n"), (b"one\n\r", b"one\n"), (b"one\xe2\x94", b"one\xe2\x94"), (b"one\x1b[3", b"one")],
)
def test_what_was_held_back_comes_at_the_end_but_for_half_a_sequence(raw: bytes, text: bytes) -> None:
    found = plain(raw)
    found.finish()
    assert bytes(found.text) == text
