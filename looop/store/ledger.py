"""The ledger: what every ask of the AI cost and every session, and what was spent in the hour and local day.

In: an `Entry` when a tick's agent starts and when it has ended; a session's for each day, again and again.
Out: `Spent`, by which the caps hold. Unknown is never zero: a last line torn by a crash is one ask of unknown
cost; other damage: `CorruptLedger`.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

import msgspec

from looop.store import files
from looop.store.faults import CorruptLedger
from looop.store.paths import Profile

HOUR = 3600.0
DAY = 86400.0
RUNNING = "running"
"""The outcome of an ask that has not ended: its cost is not known yet, which is no news of the agent."""

TORN = "torn"
"""The outcome of an entry of which a crash left only a part."""

_WORTHWHILE = 4096
"""Entries below which nobody gains by leaving some out."""

_FIRST_LOOK = 256 << 10
_LARGEST_LOOK = 16 << 20

Amount = Annotated[float, msgspec.Meta(ge=0)]
Tokens = Annotated[int, msgspec.Meta(ge=0)]


class Entry(msgspec.Struct, frozen=True):
    """One ask, or one day of a session's conversation. None stands for "unknown".

    A later entry of the same run takes the earlier one's place. `at` is when it was spent, `noted` when it
    was written down (0: the same). `session` and `generation` are empty for a tick. `source` says who knows
    the dollars where it is not the agent's own stream: `agent`, `prices`, or `reported` by the worker itself.
    """

    at: float
    run: str
    runner: str
    usd: Amount | None = None
    input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    outcome: str = ""
    session: str = ""
    generation: str = ""
    goal: str = ""
    source: str = ""
    noted: float = 0.0
    v: int = 1


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent. `unknown_today` counts today's ended asks, and sessions, whose cost nobody knows.

    Asks are ticks' alone; money and tokens are of sessions too. `hour_frees_at` is when the oldest ask of the
    hour is an hour old, `day_frees_at` the next local midnight.
    """

    decides_hour: int
    decides_today: int
    usd_today: float
    unknown_today: int
    input_tokens_today: int
    output_tokens_today: int
    hour_frees_at: float
    day_frees_at: float


_DECODER = msgspec.json.Decoder(Entry)


def record(profile: Profile, entry: Entry) -> None:
    """Add an entry, durably; an end that a crash has torn becomes an entry of unknown cost first.

    Ticks and sessions may do it at the same moment. OSError when the disk takes no more.
    """
    files.private_dir(profile.pulse, below=profile.data)
    with files.lock(profile.pulse / "cost.lock", block=True):
        _mend(profile)
        files.append_durable(profile.cost, msgspec.json.encode(entry).decode())


def compact(profile: Profile) -> bool:
    """Leave out what later entries have replaced, durably, once that is most of a large ledger.

    True if it did. Raises CorruptLedger, and then nothing was changed.
    """
    files.private_dir(profile.pulse, below=profile.data)
    with files.lock(profile.pulse / "cost.lock", block=True):
        _mend(profile)
        found, complete = _look(profile, _LARGEST_LOOK)
        kept = _latest(found)
        if not complete or len(found) < _WORTHWHILE or len(kept) * 2 > len(found):
            return False
        files.durable(profile.cost, b"".join(msgspec.json.encode(entry) + b"\n" for entry in kept))
    return True


def spent(profile: Profile, now: float) -> Spent:
    """Sum up the hour and the local day that end at `now` (epoch seconds). Raises CorruptLedger.

    An entry that lies up to a day in the future (a clock that was set back) counts; a later one does not,
    since it would hold the loop for as long as the clock was wrong.
    """
    midnight, next_midnight = local_day(now)
    since = min(midnight, now - HOUR)
    recent = [entry for entry in entries(profile, since) if entry.at <= now + DAY]
    hour = [entry.at for entry in recent if entry.at > now - HOUR and not entry.session]
    today = [entry for entry in recent if entry.at >= midnight]
    return Spent(
        decides_hour=len(hour),
        decides_today=sum(not entry.session for entry in today),
        usd_today=sum(entry.usd or 0.0 for entry in today),
        unknown_today=sum(entry.usd is None and entry.outcome != RUNNING for entry in today),
        input_tokens_today=sum(entry.input_tokens or 0 for entry in today),
        output_tokens_today=sum(entry.output_tokens or 0 for entry in today),
        hour_frees_at=min(hour, default=now) + HOUR if hour else now,
        day_frees_at=next_midnight,
    )


def entries(profile: Profile, since: float) -> tuple[Entry, ...]:
    """Give every run's entry of `since` or later, oldest first. Raises CorruptLedger.

    Reads from the end until it meets many in a row that were written earlier, since clocks are set back and
    a session's day is written down again later; and at most the last 16 MiB.
    """
    look = _FIRST_LOOK
    while True:
        found, complete = _look(profile, look)
        if complete or look >= _LARGEST_LOOK or _reaches(found, since):
            return tuple(entry for entry in _latest(found) if entry.at >= since)
        look *= 4


def running(profile: Profile) -> frozenset[str]:
    """Name the asks among the last entries of which no end was written down. Raises CorruptLedger."""
    found, _ = _look(profile, _FIRST_LOOK)
    return frozenset(it.run for it in _latest(found) if it.outcome == RUNNING and not it.session)


def _reaches(found: list[Entry], since: float) -> bool:
    """Tell whether what lies before these entries is older than `since`, too."""
    first = found[: max(1, len(found) // 4)]
    return bool(found) and all((entry.noted or entry.at) < since for entry in first)


def _look(profile: Profile, limit: int) -> tuple[list[Entry], bool]:
    """Read the entries in the last `limit` bytes, and tell whether these were all."""
    try:
        data = files.tail(profile.cost, limit)
        torn_at = profile.cost.lstat().st_mtime if data else 0.0
    except OSError as error:
        raise CorruptLedger(f"{profile.cost} could not be read ({error.strerror}): correct it.") from error
    complete = len(data) < limit
    if not complete:
        data = data.partition(b"\n")[2]
    *lines, end = data.split(b"\n")
    return [*_decoded(profile, lines), *_end(end, torn_at)], complete


def _decoded(profile: Profile, lines: Iterable[bytes]) -> Iterator[Entry]:
    for line in lines:
        if line.strip():
            try:
                yield _DECODER.decode(line)
            except (ValueError, RecursionError):  # what is no UTF-8 is a ValueError only
                shown = line[:60].decode(errors="replace")
                raise CorruptLedger(
                    f"{profile.cost} holds a line that is no entry ({shown!r}), so the spend is unknown: "
                    "correct or remove that line."
                ) from None


def _end(end: bytes, torn_at: float) -> Iterator[Entry]:
    """Read what follows the last newline: nothing, an entry without it, or the part of one."""
    if not end:
        return
    try:
        yield _DECODER.decode(end)
    except (ValueError, RecursionError):  # what is no UTF-8 is a ValueError only
        yield Entry(at=torn_at, run="", runner="", outcome=TORN)


def _latest(found: Iterable[Entry]) -> list[Entry]:
    """Keep the last entry of each run; entries without one stand for themselves."""
    by_run: dict[str | int, Entry] = {}
    for number, entry in enumerate(found):
        by_run[entry.run or number] = entry
    return list(by_run.values())


def _mend(profile: Profile) -> None:
    data = files.tail(profile.cost, _FIRST_LOOK)
    end = data.rpartition(b"\n")[2]
    if not end:
        return
    found = profile.cost.lstat()
    (entry,) = _end(end, found.st_mtime)
    files.mend_tail(profile.cost, found.st_size - len(end), msgspec.json.encode(entry) + b"\n")


def local_day(now: float) -> tuple[float, float]:
    """Give the local midnights before and after; a day of a clock change has 23 or 25 hours."""
    here = dt.datetime.fromtimestamp(now)  # noqa: DTZ006 - local time is meant
    # Some zones have midnight twice: a day begins with the first, whichever of them has just been.
    today = here.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return today.timestamp(), (today + dt.timedelta(days=1)).timestamp()
