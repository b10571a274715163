"""A look at the profile and the process at the end of a day: what must hold now, how much there is of all.

In: a quiet moment. Out: a `Look`. Counts of what only grows are taken from the files themselves.
"""

import gc
import os
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import trio

from looop.core.moves import subject
from looop.core.usage import day_of
from looop.loop.clock import Clock
from looop.store import history, ledger, memory, runs
from looop.store.paths import Profile
from year.engine import Keeper
from year.outside import DOLLARS, Outside
from year.rows import ROWS, row_of

DAY = 86400.0
MOST_SESSIONS = 8
SETTLED = 30
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Much:
    """How many files, and how many bytes in them."""

    files: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """One day's end. `rows` are by name of `year.rows`."""

    day: int
    rows: dict[str, Much]
    asked: int
    outcomes: Counter[str]
    living: int
    tasks: int
    descriptors: int
    objects: int
    rss: int
    usd: float
    strange: tuple[str, ...] = field(default=())


class Looker:
    """Looks, and remembers what it takes to tell that nothing was lost or doubled since the last look."""

    def __init__(
        self,
        profile: Profile,
        clock: Clock,
        outside: Outside,
        keeper: Keeper,
        cap: Callable[[str], float],
        performed: Counter[str],
    ) -> None:
        self._profile = profile
        self._clock = clock
        self._outside = outside
        self._keeper = keeper
        self._cap = cap
        self._outcomes: dict[str, str] = {}
        self._dollars: dict[int, float] = defaultdict(float)
        self._descriptors = _open()
        self._performed = performed
        self._stamped = ""
        self._settled: Look | None = None

    def look(self, day: int) -> Look:
        """Assert what must hold, then measure."""
        self._stamp()
        self._ledger()
        self._journal()
        self._moves()
        rows, strange = self._files()
        gc.collect()
        living = len(self._keeper.live)
        look = Look(
            day,
            rows,
            self._outside.asked,
            Counter(self._outcomes.values()),
            living,
            trio.lowlevel.current_statistics().tasks_living,
            _open() - self._descriptors,
            len(gc.get_objects()),
            int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE,
            sum(self._dollars.values()),
            strange,
        )
        assert not strange, f"day {day}: nobody answers for {strange[:5]}"
        assert living <= MOST_SESSIONS, "max_sessions"
        assert look.tasks <= 20 + 10 * living, f"{look.tasks} tasks for {living} sessions"
        assert look.descriptors <= 10 + 4 * living, f"{look.descriptors} descriptors for {living} sessions"
        self._bounded(look)
        return look

    def _bounded(self, look: Look) -> None:
        """No row is beyond what its rule allows; the process grows no more once it has seen everything."""
        for row in ROWS:
            much = look.rows.get(row.name, Much())
            beyond = much.files > row.files or much.bytes > row.bytes
            assert row.own or not beyond, f"day {look.day}: {row.name} has {much}"
        if look.day == SETTLED:
            self._settled = look
        if self._settled is not None:
            assert look.objects <= 1.25 * self._settled.objects, "objects"
            assert look.rss <= self._settled.rss + (64 << 20), "memory"

    def _stamp(self) -> None:
        """Give the day's runs the time that they were made at: the disk's own clock is not the year's."""
        for run in runs.list_runs(self._profile):
            if run.id > self._stamped and (record := runs.read_record(run)):
                os.utime(run.folder, (record.began, record.began))
                self._stamped = run.id

    def _ledger(self) -> None:
        """Every turn of the agent is one entry; no day cost more than the cap and what was under way."""
        since = self._clock.now() - 3 * DAY
        for entry in ledger.entries(self._profile, since):
            if not entry.session:
                assert entry.outcome != ledger.RUNNING, f"{entry.run} ended and nobody wrote it down"
                self._outcomes[entry.run] = entry.outcome
        assert len(self._outcomes) == self._outside.asked, (len(self._outcomes), self._outside.asked)
        for day in range(3):
            start, end = ledger.local_day(self._clock.now() - day * DAY)
            usd = sum(it.usd or 0 for it in ledger.entries(self._profile, start) if it.at < end)
            self._dollars[int(start)] = usd
            assert usd <= self._cap(day_of(start)) + DOLLARS, f"${usd} on {day_of(start)}"

    def _journal(self) -> None:
        """One line for each turn, of the right kind; nothing else but a person's verdicts adds any."""
        lines = memory.journal_lines(self._profile, 1_000_000)
        verdicts = sum("by a person" in line or "a person's approval" in line for line in lines)
        assert len(lines) - verdicts == self._outside.asked, (len(lines), verdicts, self._outside.asked)
        failed = sum(line[19:].startswith("tick failed:") for line in lines)
        well = sum(it in {"landed", "nothing", "waits for a person"} for it in self._outcomes.values())
        assert len(lines) - verdicts - failed == well, "accepted moves and their lines"

    def _moves(self) -> None:
        """No tick changed more than one subject, or had more than one verb performed."""
        for edit in history.read(self._profile).edits:
            if edit.landed and edit.id.startswith("tick-"):
                assert len({subject(version.path) for version in edit.files}) == 1, edit
        assert max(self._performed.values(), default=0) <= 1, self._performed.most_common(1)

    def _files(self) -> tuple[dict[str, Much], tuple[str, ...]]:
        rows: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        strange = []
        for parent, folders, names in os.walk(self._profile.data):
            for name in (*names, *folders):
                path = Path(parent, name)
                place = path.relative_to(self._profile.data).as_posix()
                row = row_of(place)
                if row is None:
                    strange.append(place)
                elif name in names:
                    rows[row.name][0] += 1
                    rows[row.name][1] += path.lstat().st_size
        return {name: Much(*counts) for name, counts in rows.items()}, tuple(sorted(strange))


def _open() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
