"""Who lives in a soaked profile: sessions of several kinds, noisy sensors, and a runner without an AI.

In: a person with a profile. Out: 50 sessions whose programs idle, print, redraw, or end and are started
anew; ten sensors, most of which say something else each time; ticks that edit goals. Or 100 idle sessions.
"""

import itertools
import json
from dataclasses import dataclass, field

from support.person import Person
from support.profiles import GOAL, sensor

IDLE = "exec sleep 1000000"
SHELL = "exec /bin/sh"
PRINTS = "while :; do date; sleep {pause}; done"
REDRAWS = (
    "n=0; while :; do n=$((n+1)); printf '\\033[H\\033[2J'; "
    "for row in 1 2 3 4 5 6 7 8; do printf '\\033[%d;3H\\033[3%dm step %d of row %d \\033[m' "
    "$row $((n % 8)) $n $row; done; sleep {pause}; done"
)
ENDS = "for n in 1 2 3; do echo working $n; sleep {pause}; done; exit {code}"

SHELLS, PRINTING, REDRAWING, ENDING = 20, 12, 6, 12
IDLERS = 100
GOALS = 40

# Each goal is edited in turn by a tick, its note replaced and never added to: what grows is looop's own.
TICK = (
    'cat >/dev/null; n=$(($(date +%s) / 20 % 40)); file=goals/g$n.md; [ -f "$file" ] || exit 1; '
    'sed "s/^- .*/- 2025-11-22 looked at in $(date +%s)/" "$file" >new && cat new >"$file" && rm new; '
    'echo "- looked at goal $n" >>journal.md'
)
SENSORS = {
    "still": 'echo \'{"signal": 1, "detail": "the same"}\'',
    "clock": 'echo "{\\"signal\\": $(date +%s)}"',
    "chance": 'echo "{\\"signal\\": $(($(od -An -N1 -tu1 /dev/urandom) / 64))}"',
    "counter": 'n=$(cat reports/n || echo 0); echo $((n + 1)) >reports/n; echo "{\\"signal\\": $n}"',
    "detail": 'echo "{\\"signal\\": 0, \\"detail\\": $(date +%s)}"',
    "stderr": 'date >&2; echo "{\\"signal\\": $(($(date +%s) / 300))}"',
    "fails": 'echo "no: $(date +%s)" >&2; exit 3',
    "late": "# looop: timeout=2s\nsleep 60 & sleep 60",
    "large": "yes 'a line that is said too often' | head -c 20000",
    "leaves": 'setsid sleep 1000 >/dev/null 2>&1 & echo "{\\"signal\\": $(($(date +%s) / 60))}"',
}
"""Changing, still, failing, late, oversized, and one that leaves a process behind. None asks the network."""

SETTINGS = {
    "runner": "soak",
    "runners": {"soak": {"tick": TICK}},
    "max_sessions": 0,
    "max_decides_per_hour": 0,
    "max_decides_per_day": 0,
    "session_ttl": 900,
}
"""Limits that would end the ticks after an hour are off; ended sessions retire while one looks."""


@dataclass
class Crowd:
    """The sessions of a profile, and who of them must be started anew."""

    looop: Person
    _pauses: "itertools.cycle[int]" = field(default_factory=lambda: itertools.cycle(range(7, 90, 11)))

    def busy(self) -> None:
        """Start 50 sessions, ten sensors and the pulse."""
        profile = self.looop.profile
        self._configure(SETTINGS)
        profile.reports.mkdir(mode=0o700, exist_ok=True)
        for name, script in SENSORS.items():
            sensor(profile, name, f"#!/bin/sh\n{script}\n")
        for number in range(GOALS):
            (profile.goals / f"g{number}.md").write_text(GOAL)
        for number in range(SHELLS):
            self._start(f"shell{number}", SHELL)
        for number in range(PRINTING):
            self._start(f"prints{number}", PRINTS.format(pause=3 + number))
        for number in range(REDRAWING):
            self._start(f"redraws{number}", REDRAWS.format(pause=0.5 + number / 2))
        self.renew()
        self.looop("up")

    def first(self) -> None:
        """Start keeper and engine, without a pulse, by a session or two that do nothing."""
        self._configure({"max_sessions": 0})
        for name in ("first", "second"):  # the first of anything makes what the others share
            self._start(name, IDLE)

    def idle(self) -> None:
        """Start sessions that do nothing."""
        for number in range(IDLERS):
            self._start(f"idle{number}", IDLE)

    def renew(self) -> None:
        """Start anew what has ended."""
        lives = {one["id"] for one in self.looop.json("ls")["sessions"] if one["ended"] is None}
        for number in range(ENDING):
            if (name := f"ends{number}") not in lives:
                self._start(name, ENDS.format(pause=next(self._pauses), code=number % 3))

    def look(self, number: int) -> None:
        """Shoot one of the screens that change, as a person now and then would."""
        self.looop("shot", f"redraws{number % REDRAWING}")

    def _start(self, name: str, command: str) -> None:
        self.looop("start-session", name, "--command", command)

    def _configure(self, settings: dict[str, object]) -> None:
        config = self.looop.profile.config
        config.write_text(json.dumps(json.loads(config.read_text()) | settings))
