"""Every story, killed at a few of its changes: the same few until the story itself has changed.

`make sweep` kills them at every one.
"""

import random

import pytest

from sweep.stories import STORIES
from sweep.sweep import Story, staged, sweep

SEED = 6

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_nothing_is_lost_or_doubled_wherever_it_is_killed(story: type[Story]) -> None:
    with staged(story()) as stage:
        whole = stage.at(0)
        assert whole.violations == ()
        changes = sum(whole.calls.values())
        assert changes
        points = list(sweep(stage, spread(story.points, changes)))
    assert [point for point in points if point.violations] == []
    # What tasks do at the same time is not always as many changes: the last of several may be past the end.
    hits = sum(point.hit is not None for point in points)
    assert hits >= max(1, min(story.points, changes) - 1)


def spread(points: int, changes: int) -> list[int]:
    """Give one point of each equal share of a story."""
    draw = random.Random(SEED)
    share = changes / points
    return sorted({1 + int((number + draw.random()) * share) for number in range(points)})


def test_the_points_are_spread_over_the_story() -> None:
    assert spread(5, 5) == [1, 2, 3, 4, 5]
    points = spread(8, 80)
    assert len(points) == 8
    assert all(10 * number < point <= 10 * number + 10 for number, point in enumerate(points))
