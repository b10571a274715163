"""Streams that were made to break a screen: none raises, none tears it; many more run by hand."""

import pytest

from support import hostile_streams


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 400, 50))
def test_hostile_streams_are_borne(first: int) -> None:
    for seed in range(first, first + 50):
        hostile_streams.trial(seed)


def test_the_same_seed_makes_the_same_stream() -> None:
    assert hostile_streams.stream(5) == hostile_streams.stream(5) != hostile_streams.stream(6)
