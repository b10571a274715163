"""What lies in DATA, row by row: by which rule each is bounded, and what it may come to at most.

In: a path below DATA. Out: its row, or None: nobody answers for such a file, a temporary one above all.
"""

import re
from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of file. `rule` says what bounds it; `files` and `bytes` what this year may come to.

    `own`: it is a person's own record, meant to grow, and only its growth is told.
    """

    name: str
    paths: str
    rule: str
    files: int = 0
    bytes: int = 0
    own: bool = False


_ID = r"[A-Za-z0-9][A-Za-z0-9._-]*"

ROWS = (
    Row(
        "PLAYBOOK.md, goals/",
        r"PLAYBOOK\.md|goals|goals/archive|goals/[^/]+\.md",
        "a person's, and the moves on them",
        own=True,
    ),
    Row("goals/archive/", r"goals/archive/[^/]+", "a person's own: nothing archived is removed", own=True),
    Row("sensors/", r"sensors(/[^/]+)?", "a person's, and the moves on them", own=True),
    Row(
        "journal.md",
        r"journal(-\d{4}-\d\d-\d\d-\d+)?\.md",
        "a person's own: no part is ever deleted; one line a tick",
        own=True,
    ),
    Row("reports/", r"reports(/[^/]+)?", "a person's own: what workers hand in", own=True),
    Row("cost.jsonl", r"cost\.jsonl", "a person's own: one entry a tick, and a session's day", own=True),
    Row(
        "history/",
        r"history(/.*)?",
        "1,000 versions of a file, 10,000 edits, 200 MiB (core.edits), "
        "and the last version of each file that ever was",
        4000,
        40 * MIB,
    ),
    Row("events.jsonl", r"events(\.1)?\.jsonl", "two of 8 MiB (store.events)", 2, 16 * MIB + 4096),
    Row(
        "runs/", r"runs(/.*)?", "14 days and 500 MB, always the last 50 (store.runs)", 14 * 300 * 8, 500 * MIB
    ),
    Row(
        "sessions/",
        rf"sessions|sessions/(?!pulse(/|$)){_ID}(@\d+)?(/.*)?",
        "session_ttl (3 days) after the end; each output.log twice session_log_max_bytes",
        1500,
        64 * MIB,
    ),
    Row("prompts/", r"prompts(/[^/]+\.md)?", "gone with their generations", 400, 4 * MIB),
    Row(
        "sessions/pulse/output.log",
        r"sessions/pulse(/output(\.1)?\.log)?",
        "two of 8 MiB (loop.voice)",
        2,
        16 * MIB + 65536,
    ),
    Row(
        "sessions/pulse/written.json",
        r"sessions/pulse/written\.(json|lock)",
        "2,000 pieces (store.written)",
        2,
        2 * MIB,
    ),
    Row(
        "sessions/pulse/, the rest",
        r"sessions/pulse/((status|flags|money)\.json|(cost|flags|claims|questions)\.lock"
        r"|(held|verdicts)(/.*)?)",
        "one file each, replaced whole; 20 held moves (store.held)",
        80,
        MIB,
    ),
    Row("claims/", r"claims(/[^/]+\.json)?", "ended with their sessions", 24, 65536),
    Row("snapshots/", r"snapshots(/sensor-[^/]+)?", "one for each sensor, and its .err", 40, 8192 * 40),
    Row("doors/", rf"doors(/({_ID})(/sock)?)?", "two, and one for each live session", 10, 0),
    Row("guard/", r"guard(/.*)?", "one shim for each guarded program", 100, MIB),
    Row("tick/", r"tick(/.*)?", "emptied before each tick", 400, 4 * MIB),
    Row(
        "sandboxes/",
        r"sandboxes(/.*)?",
        "14 days after removal (store.sandboxes); what is not saved stays",
        100,
        MIB,
    ),
    Row(
        "dot files",
        r"\.(format|last-world\.json|last-tick-hash|loop\.json|pause|allowance|sock|up|copied|nothing|path"
        r"|lock|policy\.lock|keeper\.lock)",
        "one each, replaced whole",
        14,
        MIB,
    ),
)
"""All of them, first match first."""

_COMPILED = tuple((re.compile(row.paths), row) for row in ROWS)


def row_of(place: str) -> Row | None:
    """Find the row of a path below DATA."""
    return next((row for form, row in _COMPILED if form.fullmatch(place)), None)
