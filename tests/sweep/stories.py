"""All stories that are swept, by name: `make sweep` tells each at every point, the tests at a few."""

from sweep.answers import Answered, Approval
from sweep.sweep import Story
from sweep.ticks import Agent, Landing, Recovery, Tick
from sweep.verdicts import Denial, Undo, Verdict

STORIES: tuple[type[Story], ...] = (
    Tick,
    Landing,
    Recovery,
    Answered,
    Approval,
    Verdict,
    Denial,
    Undo,
    Agent,
)
