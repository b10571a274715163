"""What lies between looop and a person: `reports` and `claims`, as the files have them.

In: the files. Out: views. Neighbours: `flags` and `workers`, which change such things.
"""

import os
import time

import msgspec

from looop.cli.disk import disk
from looop.cli.inject import ACall, ALive, AProfile, Json
from looop.cli.show import emit, line, span, table
from looop.core.problem import Exit
from looop.store import claims as leases
from looop.store.paths import Profile
from looop.store.policy import names


class Report(msgspec.Struct, frozen=True):
    """One file in reports/: its size in bytes and when it last changed (epoch seconds)."""

    name: str
    bytes: int
    changed: float


class ReportsView(msgspec.Struct, frozen=True):
    """What `reports --json` prints, the newest first; `folder` is where they are."""

    folder: str
    reports: tuple[Report, ...]
    v: int = 1


class ClaimLine(msgspec.Struct, frozen=True):
    """One lease: a name, and the session that holds it."""

    name: str
    session: str
    generation: str


class ClaimsView(msgspec.Struct, frozen=True):
    """What `claims --json` prints."""

    claims: tuple[ClaimLine, ...]
    v: int = 1


async def reports(*, call: ACall, profile: AProfile, live: ALive, json: Json = False) -> int:
    """List the reports that were delivered, the newest first."""
    view = ReportsView(str(profile.reports), await disk(live, _reports, profile))
    now = time.time()
    rows = [
        [f"{span(now - report.changed)} ago", f"{report.bytes} bytes", f"{view.folder}/{line(report.name)}"]
        for report in view.reports
    ]
    await emit(call, view, table(rows) or f"No reports yet; they will be in {view.folder}.", json=json)
    return int(Exit.DONE)


async def claims(*, call: ACall, profile: AProfile, live: ALive, json: Json = False) -> int:
    """List the claims: names that one session has for itself."""
    found = await disk(live, leases.read, profile)
    view = ClaimsView(tuple(ClaimLine(claim.name, claim.session, claim.generation) for claim in found))
    rows = [[line(claim.name, 60), line(claim.session, 60)] for claim in view.claims]
    await emit(call, view, table(rows) or "Nothing is claimed.", json=json)
    return int(Exit.DONE)


def _reports(profile: Profile) -> tuple[Report, ...]:
    found = []
    for name in names(profile.reports):
        try:
            here = os.lstat(profile.reports / name)
        except FileNotFoundError:
            continue
        found.append(Report(name, here.st_size, here.st_mtime))
    return tuple(sorted(found, key=lambda report: -report.changed))
