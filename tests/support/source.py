"""Our own source as trees: what the tests about size and rules read.

In: the checkout. Out: one `Source` per Python file, its functions with their length, its imports with the
function they happen in. Run as a program it prints the sizes on one line each.
"""

import ast
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Function:
    """A function or method; `lines` runs from its `def` to its last line."""

    name: str
    lines: int


@dataclass(frozen=True)
class Import:
    """One imported module by its full name; `inside` is the function it waits in, None at the top."""

    name: str
    line: int
    inside: str | None


@dataclass(frozen=True)
class Source:
    """One Python file: `name` is its module, or its path where it is none."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @property
    def name(self) -> str:
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def functions(self) -> Iterator[Function]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(f"{self.name}.{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)

    def imports(self) -> Iterator[Import]:
        """Give each import; what stands under `TYPE_CHECKING` never runs and does not count."""
        yield from _imports(self.tree, None)


def sources(*folders: str) -> list[Source]:
    """Give every Python file below the named folders of the checkout; each is read once."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [_source(path) for path in paths]


def report(*folders: str) -> str:
    """Put the sizes into a sentence, for people."""
    files = sources(*folders)
    functions = sorted((function for file in files for function in file.functions()), key=lambda it: it.lines)
    longest = max(files, key=lambda it: it.lines)
    tenth = functions[len(functions) * 9 // 10]
    return (
        f"{', '.join(folders)}: {len(files)} files, median {_median([it.lines for it in files])} lines, "
        f"longest {longest.lines} ({longest.name}); {len(functions)} functions, "
        f"median {_median([it.lines for it in functions])}, nine in ten up to {tenth.lines}, "
        f"longest {functions[-1].lines} ({functions[-1].name})"
    )


@cache
def _source(path: Path) -> Source:
    return Source(path, path.read_text())


def _median(numbers: list[int]) -> int:
    return round(statistics.median(numbers))


def _imports(node: ast.AST, inside: str | None) -> Iterator[Import]:
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, node.lineno, inside) for alias in node.names)
    if isinstance(node, ast.ImportFrom) and node.module:
        yield from (Import(f"{node.module}.{alias.name}", node.lineno, inside) for alias in node.names)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inside = node.name
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, inside)


if __name__ == "__main__":
    for folder in ("looop", "launcher", "tests", "benchmarks"):
        print(report(folder))  # noqa: T201 - it is this program's output
