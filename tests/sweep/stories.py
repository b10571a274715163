"""All stories that are swept, by name: `make sweep` tells each at every point, the tests at a few."""

from sweep.answers import Answered, Approval
from sweep.sweep import Story
from sweep.ticks import Landing, Recovery, Tick

STORIES: tuple[type[Story], ...] = (
    Tick,
    Landing,
    Recovery,
    Answered,
    Approval,
)
