"""Streams that were made to break a screen: none raises, none tears it; many more run by hand."""

import random

import pytest

from looop.session.pyte_screen import PyteScreen
from support import hostile_streams


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 1500, 250))
def test_hostile_streams_are_borne(first: int) -> None:
    for seed in range(first, first + 250):
        hostile_streams.trial(seed)


def test_the_same_seed_makes_the_same_stream() -> None:
    assert hostile_streams.stream(5) == hostile_streams.stream(5) != hostile_streams.stream(6)


def test_the_streams_reach_what_they_are_meant_to_try() -> None:
    seen = set[str]()
    for seed in range(60):
        chance, screen = random.Random(~seed), PyteScreen(7, 5)
        for step in hostile_streams.steps(chance, hostile_streams.stream(seed)):
            if not isinstance(step, bytes):
                seen.add("a new size")
                screen.resize(*step)
                continue
            for piece in hostile_streams.pieces(chance, step):
                screen.feed(piece)
                seen |= reached(screen)
    assert seen == {"a new size", "alternate", "a region", "origin", "insert", "no wrap", "wide", "half"}


def reached(screen: PyteScreen) -> set[str]:
    hand, modes = screen.hand, screen.modes
    states = {
        "alternate": modes.alternate,
        "a region": hand.region is not None,
        "origin": hand.origin,
        "insert": hand.insert,
        "no wrap": not modes.wrap,
        "wide": any(not cell.text for row in screen.cells() for cell in row),
        "half": bool(screen.dump()["half"]),
    }
    return {name for name, there in states.items() if there}
