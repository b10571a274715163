"""All stories that are swept, by name: `make sweep` tells each at every point, the tests at a few."""

from sweep.answers import Answered, Approval
from sweep.logs import LOGS
from sweep.renewals import RENEWALS
from sweep.starts import STARTS
from sweep.sweep import Story
from sweep.ticks import Agent, Landing, Recovery, Tick
from sweep.verdicts import Denial, Undo, Verdict
from sweep.words import WORDS

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
    *STARTS,
    *WORDS,
    *LOGS,
    *RENEWALS,
)
