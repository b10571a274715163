"""What looop is asked to be: every row of the table of results, its yardstick, its aim, and who measures it.

Values only. The aims are promises of the design; a row without one is there to be compared with an earlier
table. A row's source is a program beside this file and one of its parts.
"""

from dataclasses import dataclass
from enum import Enum


class By(Enum):
    """What of many values an aim is about."""

    RATIO = "ratio"  # of the medians
    MEDIAN = "median"
    P99 = "p99"
    MORE = "p10 more"  # what the calls take more that other load of the machine touches least
    MOST = "most"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Aim:
    """A bound of one of them."""

    by: By
    sign: str
    bound: float

    def met(self, value: float) -> bool:
        return value <= self.bound if self.sign == "≤" else value >= self.bound

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:g}"


@dataclass(frozen=True)
class Asked:
    """One row. What is measured has a unit; `yardstick` is what it is compared with in the same run."""

    key: str
    source: tuple[str, str]
    what: str
    unit: str
    aim: Aim | None
    yardstick: str


GROUPS = {
    "Verbs": """
shot           | relay shot      | relayed `looop shot` | ms | ratio ≤ 1.0 | `tmux capture-pane -p`
version        | relay version   | `looop version` | ms | ratio ≤ 0.2 | `python3 -c pass`
frozen         | binary starts   | relayed `shot` through frozen Python | ms | ratio ≤ 1.3 | `python3 -c pass`
attach         | binary starts   | `looop attach` until it sees no terminal | ms | – | `python3 -c pass`
goals          | binary starts   | `looop goals` without an engine | ms | – | `python3 -c pass`
help           | binary starts   | `looop shot --help` | ms | – | `python3 -c pass`
waits          | relay waits     | each of 200 relayed `looop wait`: resident | KB | most ≤ 1024 |
waits-python   | relay waits     | Python processes that these 200 need | | most ≤ 0 |
stream         | relay stream    | `looop log --raw` of 100 MB: resident | KB | most ≤ 1024 |
""",
    "Beats": """
beat-off       | beat off        | unchanged beat, 20 sensors, walls off | ms | ratio ≤ 1.5 | `xargs -P16`
beat-off-cpu   | beat off        | own CPU of it | ms | median ≤ 15 |
beat-auto      | beat auto       | unchanged beat, 20 sensors, walled in | ms | ratio ≤ 1.5 | `xargs -P16`
beat-auto-cpu  | beat auto       | own CPU of it | ms | median ≤ 15 |
beat-edit      | beat edit       | an edit of a goal to a sensor of the beat | ms | median ≤ 100 |
beat-large     | large beat      | 1,000 goals, 100 sensors, 50 sessions: own CPU | ms | median ≤ 100 |
beat-large-all | large beat      | the same as a whole, `looop tick` included | ms | – |
beat-wakeups   | beat idle       | idle pulse: wake-ups of keeper and engine | /s | – |
beat-memory    | beat idle       | idle pulse: their memory, shared parts divided | MB | – |
year           | year –          | a virtual year: memory, descriptors, files flat | | – |
""",
    "Sessions": """
cat            | sessions cat    | `cat` of 100 MB, nothing lost | MB/s | ratio ≥ 0.8 | `script -qc`
cat-tmux       | sessions cat    | `cat` of 100 MB in tmux, for comparison | MB/s | – | `script -qc`
echo           | sessions echo   | echo of a key when attached, 20 floods | ms | p99 ≤ 20 | without floods
echo-asked     | sessions echo   | `send` and `expect`, 20 floods | ms | – | without floods
idle-memory    | sessions idle   | 100 idle sessions: own memory of both, each | KB | median ≤ 150 |
idle-wakeups   | sessions idle   | 100 idle sessions: wake-ups of both | /s | median ≤ 1 |
idle-cpu       | sessions idle   | 100 idle sessions: CPU of both | % | median ≤ 0.5 |
busy-memory    | sessions busy   | 10 sessions of vim, drawn: own memory, each | KB | – |
start          | relay start     | `start-session` to child running | ms | ratio ≤ 1.5 | `tmux new-session -d`
start-memory   | relay start_mem | the same, its files in memory | ms | ratio ≤ 1.5 | `tmux new-session -d`
start-walled   | relay walled    | the same on disk, walled in | ms | ratio ≤ 1.5 | `tmux new-session -d`
start-verb     | relay start     | `start-session` as a whole | ms | – | `tmux new-session -d`
keeper-cat     | ptys cat        | keeper alone: `cat` of 100 MB | MB/s | ratio ≥ 0.8 | `script -qc`
keeper-echo    | ptys echo       | keeper alone: echo of a word, 20 floods | ms | p99 ≤ 20 | without floods
keeper-start   | ptys start      | keeper alone: request to child running | ms | – | `tmux new-session -d`
keeper-many    | ptys many       | keeper alone: grown after 1,000 sessions | KB | – |
""",
    "The file": """
size           | binary size     | the file | MB | most ≤ 15 |
unpacked       | binary size     | what it unpacks | MB | – |
first          | binary first    | first call, CPU, unpacking included | ms | – |
first-beyond   | binary first    | CPU of a call beyond the unpack | ms | median ≤ 150 |
upgrade        | upgrade up      | `looop up` of another build, sessions untouched | ms | – |
""",
    "Guard, cells, screens": """
guard-git      | guard git       | `git status` with its shim | ms | p10 more ≤ 3 | without
guard-rm       | guard rm        | `rm -r` in a sandbox with its shim | ms | p10 more ≤ 3 | without
cell-sensor    | cells starts    | a sensor's cell around nothing | ms | – | nothing
cell-session   | cells starts    | a session's cell around nothing | ms | – | nothing
cell-terms     | cells starts    | making the terms of a cell: CPU | ms | – |
screen-plain   | screens draw    | drawing plain text | MB/s | median ≥ 0.5 |
screen-agent   | screens draw    | drawing what an agent prints | MB/s | median ≥ 0.5 |
screen-vim     | screens draw    | drawing vim | MB/s | median ≥ 0.5 |
scanner-agent  | screens draw    | scanning what an agent prints | MB/s | – |
screen-dump    | screens dump    | dump of a screen | ms | – |
screen-load    | screens dump    | load of a screen | ms | – |
""",
}


def _asked(line: str) -> Asked:
    key, source, what, unit, aim, yardstick = (cell.strip() for cell in line.split("|"))
    script, part = source.split()
    return Asked(key, (script, part), what, unit, _aim(aim), yardstick)


def _aim(text: str) -> Aim | None:
    if text == "–":
        return None
    by, sign, bound = text.rsplit(" ", 2)
    return Aim(By(by), sign, float(bound))


TABLE = {name: tuple(map(_asked, lines.strip().splitlines())) for name, lines in GROUPS.items()}
"""The rows of each group, in the order in which they are shown."""

ASKED = {row.key: row for rows in TABLE.values() for row in rows}
