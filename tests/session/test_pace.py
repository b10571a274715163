"""How much is read at once: little of what is dear, much of what is cheap."""

from collections.abc import Callable

from looop.session.pace import AIM, LEAST, MOST, Pace


def _after(cost: Callable[[int], float], reads: int = 20) -> Pace:
    pace = Pace()
    for _ in range(reads):
        pace.took(pace.size, cost(pace.size))
    return pace


def test_what_costs_little_is_read_in_the_largest_pieces() -> None:
    assert _after(lambda size: size * 1e-9).size == MOST


def test_what_costs_much_is_read_in_pieces_that_take_as_long_as_they_may() -> None:
    each = 0.04 / MOST
    assert abs(_after(lambda size: size * each).size * each - AIM) < AIM / 100


def test_one_dear_piece_is_enough_to_read_less() -> None:
    pace = _after(lambda size: size * 1e-9)
    pace.took(MOST, 0.05)
    assert pace.size == MOST // 10


def test_one_cheap_piece_at_most_doubles_it() -> None:
    pace = Pace()
    before = pace.size
    pace.took(before, 0.0)
    assert pace.size == 2 * before


def test_a_machine_that_stood_still_does_not_stop_the_reading() -> None:
    pace = Pace()
    pace.took(pace.size, 10.0)
    assert pace.size == LEAST
