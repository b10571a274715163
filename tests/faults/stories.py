"""All stories of disk faults: those that a power cut ends, and those in which calls to the disk fail."""

from collections.abc import Callable
from pathlib import Path

from faults import cuts, errors
from faults.cut_people import Approving, Verbs, Working
from faults.cut_ticks import Starting, Tick
from faults.error_reads import Looking, Pumping
from faults.error_verbs import Store
from faults.error_verbs import Verbs as Failing

CUTS: tuple[Callable[[], cuts.Story], ...] = (Verbs, Tick, Starting, Working, Approving)
ERRORS: tuple[type[errors.Story], ...] = (errors.Ticking, Failing, Store, Looking, Pumping)


def cut(name: str) -> cuts.Story:
    """Give a story of power cuts by its name."""
    return next(story for make in CUTS if (story := make()).name == name)


def failing(name: str) -> Callable[[Path], errors.Story]:
    """Give a story of disk errors by its name."""
    return next(story for story in ERRORS if story.name == name)
