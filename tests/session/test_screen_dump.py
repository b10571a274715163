"""Dumps: a screen goes on from one as if nothing had happened, and takes none that is not ours."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looop.session.pyte_screen import PyteScreen
from support import hostile_streams

RICH = (
    "\x1b]2;title\x07plain 字e\u0301\x1b[1;31;48;5;200mred\x1b[2;3r\x1b[?6h\x1b[2;4H\x1b7\x1b(0qq\x1b[?1049h"
    "alt\x1b[44m\x1b[2J\x1b[>5u\x1b[?2004h\x1b[?7s\x1b[5G\x1bH\x1b[38;2;1;2;3mx\x1b[3"
).encode() + "字".encode()[:2]


def through_json(screen: PyteScreen) -> PyteScreen:
    fresh = PyteScreen(3, 3)
    fresh.load(json.loads(json.dumps(screen.dump())))
    return fresh


@pytest.mark.parametrize("cut", range(len(RICH) + 1))
def test_it_goes_on_from_any_byte(cut: int) -> None:
    whole, half = PyteScreen(20, 5), PyteScreen(20, 5)
    whole.feed(RICH)
    half.feed(RICH[:cut])
    other = through_json(half)
    other.feed(RICH[cut:])
    assert (other.dump(), other.text(), other.modes) == (whole.dump(), whole.text(), whole.modes)


@pytest.mark.slow
@settings(deadline=None)
@given(st.integers(0, 10**9), st.floats(0, 1))
def test_it_goes_on_from_any_byte_of_any_stream(seed: int, part: float) -> None:
    data = hostile_streams.stream(seed)
    cut = int(len(data) * part)
    whole, half = PyteScreen(13, 5), PyteScreen(13, 5)
    whole.feed(data)
    half.feed(data[:cut])
    other = through_json(half)
    other.feed(data[cut:])
    assert other.dump() == whole.dump()


def test_a_dump_is_small_for_a_screen_of_plain_text() -> None:
    screen = PyteScreen(120, 40)
    screen.feed(b"a line of some text\r\n" * 100)
    assert len(json.dumps(screen.dump())) < 8000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("v", 2),
        ("size", [0, 5]),
        ("size", [20, 5000]),
        ("size", [19, 5]),
        ("rows", []),
        ("rows", [[["x\u001b[2J", 0]]] * 5),
        ("rows", [[[20, 99]]] * 5),
        ("rows", [[[10**12, 0]]] * 5),
        ("rows", [[[["", *"x" * 19], 0]]] * 5),
        ("other", [[[20, 0]]]),
        ("styles", [["\u001b[m", "default", *[False] * 7]] * 9),
        ("margins", [3, 3]),
        ("margins", [0, 5]),
        ("cursor", {"x": 21, "y": 0, "pen": 0, "charset": 0, "graphic": [False] * 4}),
        ("cursor", {"x": 0, "y": 5, "pen": 0, "charset": 0, "graphic": [False] * 4}),
        ("saved", {"x": 0, "y": 0, "pen": -1, "charset": 0, "graphic": [False] * 4}),
        ("cursor", {"x": 0, "y": 0, "pen": 0, "charset": 4, "graphic": [False] * 4}),
        ("cursor", {"x": 0, "y": 0, "pen": 0, "charset": 0, "graphic": []}),
        ("rest", "x" * 9999),
        ("half", "zz"),
        ("half", "f09f98f09f98"),
        ("tabs", "many"),
        ("keyboard", None),
        ("unsure", "yes"),
    ],
)
def test_a_dump_that_is_not_ours_is_refused_and_changes_nothing(key: str, value: Any) -> None:
    screen = PyteScreen(20, 5)
    screen.feed(b"here")
    before = screen.dump()
    with pytest.raises(ValueError, match=r"."):
        screen.load({**before, key: value})
    assert screen.dump() == before


@pytest.mark.parametrize("dump", [{}, {"v": 1}, [], None, 5, {"v": 1, "size": {}}])
def test_garbage_is_refused(dump: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        PyteScreen().load(dump)


@pytest.mark.parametrize("key", sorted(PyteScreen(4, 2).dump()))
def test_a_dump_that_lacks_anything_is_refused(key: str) -> None:
    dump = dict(PyteScreen(4, 2).dump())
    del dump[key]
    with pytest.raises(ValueError, match=r"."):
        PyteScreen().load(dump)
