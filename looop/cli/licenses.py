"""The licences of what looop is made of: `licenses`.

In: the texts that came with the program. Out: a list of its parts, and every text in full.
"""

import msgspec

from looop.cli.inject import ACall, Json
from looop.cli.mistakes import missing
from looop.cli.show import clean, emit, line, table
from looop.core.problem import Exit
from looop.store import licences
from looop.store.licences import Package


class LicensesView(msgspec.Struct, frozen=True):
    """What `licenses --json` prints: each part of the program, with the full texts of its licence."""

    packages: tuple[Package, ...]
    v: int = 1


async def licenses(name: str | None = None, /, *, call: ACall, json: Json = False) -> int:
    """Print what looop is made of and the licence of each part, or of one by its NAME."""
    there = licences.found()
    packages = tuple(it for it in there if name is None or licences.plain(it.name) == licences.plain(name))
    if not packages:
        raise missing(
            "no-package",
            "part of looop called",
            name or "",
            [it.name for it in there],
            "`looop licenses` lists them",
        )
    await emit(call, LicensesView(packages), _text(packages), json=json)
    return int(Exit.DONE)


def _text(packages: tuple[Package, ...]) -> str:
    rows = [[it.name, it.version, line(it.licence)] for it in packages]
    return "\n\n".join([table(rows), *(_of(it) for it in packages)])


def _of(package: Package) -> str:
    head = f"== {package.name} {package.version}: {line(package.licence)}"
    texts = [f"-- {line(text.name)}\n\n{clean(text.text).rstrip()}" for text in package.texts]
    missing = [] if texts else ["Its text did not come with it."]
    return "\n\n".join([head, *filter(None, [package.note]), *texts, *missing])
