"""All Python modules of the bundle in one file that can be mapped: code as `marshal` has it, nothing packed.

In: what PyInstaller found. Out: eight bytes that give the table's size, the table (name → whether a package,
first and last byte), the code. `boot.py` reads it. The same modules give the same bytes.
"""

import marshal
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Protocol

PYC_HEADER = 16  # bytes before the code in a .pyc file (PEP 552)
_LIBRARY = "base_library.zip"
_START = ("abc", "codecs", "encodings", "genericpath", "io", "os", "posixpath", "stat", "_collections_abc")
"""What Python imports before `boot.py`. It stays in `base_library.zip`, whose table is read each time."""
_CODECS = ("__init__", "aliases", "ascii", "latin_1", "utf_8")

Module = tuple[str, bool, CodeType]
Entry = tuple[str, str, str]


class Found(Protocol):
    """The part of PyInstaller's `Analysis` that matters here."""

    pure: list[Entry]
    datas: list[Entry]


def collect(found: Found, work: Path, optimize: int) -> list[Entry]:
    """Write all code into one file in `work`; what the bundle's data is then, in place of `found.datas`."""
    library = next(Path(source) for name, source, _ in found.datas if name == _LIBRARY)
    rest = [entry for entry in found.datas if entry[0] != _LIBRARY]
    write([*from_library(library), *compiled(found.pure, optimize)], work / "modules")
    keep_the_start(library, work / "start.zip")
    return [
        *rest,
        (_LIBRARY, str(work / "start.zip"), "DATA"),
        ("modules", str(work / "modules"), "DATA"),
    ]


def write(modules: Iterable[Module], target: Path) -> None:
    """Write the file."""
    rows, code, at = dict[str, tuple[bool, int, int]](), list[bytes](), 0
    for name, package, body in sorted(modules, key=lambda module: module[0]):
        packed = marshal.dumps(body)
        rows[name] = (package, at, at + len(packed))
        code.append(packed)
        at += len(packed)
    table = marshal.dumps(rows)
    target.write_bytes(len(table).to_bytes(8, "little") + table + b"".join(code))


def compiled(found: Iterable[Entry], optimize: int) -> Iterator[Module]:
    """Compile what `Analysis.pure` names: name, source, kind. Paths in tracebacks are those in the bundle."""
    for name, source, _ in found:
        path = Path(source)
        if source in {"", "-"}:  # a package without a file of its own
            yield name, True, compile("", f"{name.replace('.', '/')}/__init__.py", "exec")
            continue
        package = path.stem == "__init__"
        shown = f"{name.replace('.', '/')}{'/__init__' if package else ''}.py"
        yield name, package, compile(path.read_bytes(), shown, "exec", dont_inherit=True, optimize=optimize)


def from_library(library: Path) -> Iterator[Module]:
    """Give the modules of PyInstaller's `base_library.zip`."""
    with zipfile.ZipFile(library) as pack:
        for entry in pack.namelist():
            stem = entry.removesuffix(".pyc")
            name = stem.removesuffix("/__init__").replace("/", ".")
            yield name, stem.endswith("/__init__"), marshal.loads(pack.read(entry)[PYC_HEADER:])


def keep_the_start(library: Path, target: Path) -> None:
    """Copy of `base_library.zip` what Python needs to come to `boot.py`."""
    with zipfile.ZipFile(library) as whole, zipfile.ZipFile(target, "w") as small:
        for name in sorted(filter(_early, whole.namelist())):
            small.writestr(zipfile.ZipInfo(name), whole.read(name))


def _early(entry: str) -> bool:
    folder, _, name = entry.removesuffix(".pyc").rpartition("/")
    return name in _START if not folder else folder == "encodings" and name in _CODECS
