"""What Tab offers for an argument, said where the argument is declared: `name: SessionId`.

cyclopts passes these notes over; `cli.completion` reads them off the parser, so that no second table of verbs
has to be kept. Neighbour: `candidates` lists the things there are.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias


class Thing(StrEnum):
    """What a person may name, as `looop complete KIND` lists it."""

    SESSIONS = "sessions"
    LIVING = "living"
    LOGS = "logs"
    GOALS = "goals"
    SENSORS = "sensors"
    SENSORS_ON = "sensors-on"
    SENSORS_OFF = "sensors-off"
    FLAGS = "flags"
    ALL_FLAGS = "all-flags"
    PROPOSALS = "proposals"
    RUNS = "runs"
    STORIES = "stories"
    EDITS = "edits"
    VERSIONED = "versioned"
    EDITED = "edited"
    CLAIMS = "claims"
    RUNNERS = "runners"


@dataclass(frozen=True, slots=True)
class Tab:
    """A note beside a type: things by the names they have then, or fixed words, or folders. Else nothing."""

    thing: Thing | None = None
    words: tuple[str, ...] = ()
    folders: bool = False


SessionId: TypeAlias = Annotated[str, Tab(Thing.SESSIONS)]
LivingId: TypeAlias = Annotated[str, Tab(Thing.LIVING)]
LogId: TypeAlias = Annotated[str, Tab(Thing.LOGS)]
NewId: TypeAlias = Annotated[str, Tab(Thing.GOALS)]  # a session named like a goal works on it
GoalName: TypeAlias = Annotated[str, Tab(Thing.GOALS)]
SensorName: TypeAlias = Annotated[str, Tab(Thing.SENSORS)]
SensorOn: TypeAlias = Annotated[str, Tab(Thing.SENSORS_ON)]
SensorOff: TypeAlias = Annotated[str, Tab(Thing.SENSORS_OFF)]
FlagId: TypeAlias = Annotated[str, Tab(Thing.FLAGS)]
AnyFlag: TypeAlias = Annotated[str, Tab(Thing.ALL_FLAGS)]
ProposalId: TypeAlias = Annotated[str, Tab(Thing.PROPOSALS)]
RunId: TypeAlias = Annotated[str, Tab(Thing.RUNS)]
Story: TypeAlias = Annotated[str, Tab(Thing.STORIES)]
EditId: TypeAlias = Annotated[str, Tab(Thing.EDITS)]
PolicyPath: TypeAlias = Annotated[str, Tab(Thing.VERSIONED)]
Edited: TypeAlias = Annotated[str, Tab(Thing.EDITED)]
ClaimName: TypeAlias = Annotated[str, Tab(Thing.CLAIMS)]
RunnerName: TypeAlias = Annotated[str, Tab(Thing.RUNNERS)]
Folder: TypeAlias = Annotated[str, Tab(folders=True)]
