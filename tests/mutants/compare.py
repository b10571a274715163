"""Mutation tests: each small change to what decides makes a test of the core fail, or is argued to be none.

In: `looop/core` and its tests, copied into a scratch folder, and `equivalent.txt` beside this file. Out: exit
code 0 if every mutant was killed but for those that the list argues, each of which survived. mutmut makes and
runs the mutants; without conftest, whose guard would take other workers for what a session left behind.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("equivalent.txt")
SCRATCH = ROOT / ".cache" / "mutants"
MODULES = ("moves", "limits", "states")
TESTS = (*MODULES, "states_words", "due")
COPIED = ("looop/__init__.py", "looop/core", "looop/store", "tests/core", "tests/support", "pyproject.toml")
OUTCOMES = {0: "survived", 1: "killed", 3: "killed", 24: "timed out", 36: "timed out", -24: "timed out"}
"""mutmut's exit codes of a worker: pytest's, its own for one that took too long, and SIGXCPU's."""

WHY = "why: "
"""What the last lines of an argued mutant begin with; a blank line ends it."""


class Change(NamedTuple):
    """A mutant, by what stays when others come and go: its function, the lines that it takes and adds."""

    where: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((self.where, *self.lines))


def prepare() -> None:
    """Copy what is needed, so that nothing is ever changed in the checkout itself."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    for name in COPIED:
        target = SCRATCH / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    lists = {
        "source_paths": ["looop"],
        "only_mutate": [f"looop/core/{name}.py" for name in MODULES],
        "pytest_add_cli_args": ["--noconftest", "-pno:cacheprovider"],
        "pytest_add_cli_args_test_selection": [f"tests/core/test_{name}.py" for name in TESTS],
    }
    text = "".join("\n    ".join((f"{name} =", *many)) + "\n" for name, many in lists.items())
    (SCRATCH / "setup.cfg").write_text(f"[mutmut]\nuse_git_change_detection = false\n{text}")


def mutmut(*argv: str) -> str:
    """Run it in the scratch folder, with the examples of CI: the same each time."""
    env = {**os.environ, "CI": "true", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "mutmut", *argv]
    done = subprocess.run(command, cwd=SCRATCH, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"mutmut {' '.join(argv)}: {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def outcomes() -> dict[str, str]:
    """Give what became of each mutant, by mutmut's name for it."""
    found: dict[str, str] = {}
    for path in sorted(SCRATCH.glob("mutants/looop/core/*.meta")):
        codes = json.loads(path.read_text())["exit_code_by_key"]
        found |= {name: OUTCOMES.get(code, f"ended with {code}") for name, code in codes.items()}
    return found


def change(name: str) -> Change:
    """Read one mutant as a change."""
    lines = mutmut("show", name).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("@@")) + 1
    module, _, function = name.rpartition("__mutmut_")[0].removeprefix("looop.core.").partition(".")
    where = function.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    marked = (f"{line[0]} {line[1:].strip()}" for line in lines[start:] if line[:1] in {"-", "+"})
    return Change(f"{module}.{where}", tuple(marked))


def argued() -> Iterator[Change]:
    """Read the list. An entry without a reason is an error."""
    for block in LIST.read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            places = [at for at, line in enumerate(lines) if line.startswith(WHY)]
            if not places:
                sys.exit(f"{LIST} gives no reason for:\n{block}")
            yield Change(lines[0], tuple(lines[1 : places[0]]))


def tell(text: str) -> None:
    """Say it on stdout."""
    sys.stdout.write(f"{text}\n")


def main() -> None:
    """Run all, and say what neither a test nor an argument covers."""
    began = time.monotonic()
    prepare()
    mutmut("run", "--max-children", str(os.cpu_count() or 1))
    found = outcomes()
    alive = [name for name, outcome in found.items() if outcome not in {"killed", "timed out"}]
    survivors, reasoned = Counter(map(change, alive)), Counter(argued())
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(Counter(found.values()).items()))
    tell(f"{len(found)} mutants of {len(MODULES)} modules in {time.monotonic() - began:.0f} s: {told}")
    open_ones, gone = survivors - reasoned, reasoned - survivors
    for one in open_ones.elements():
        tell(f"\nNo test fails, and nothing argues it away:\n{one}")
    for one in gone.elements():
        tell(f"\nArgued in {LIST.name}, and not among the survivors:\n{one}")
    tell(f"{reasoned.total() - gone.total()} argued as equivalent, {open_ones.total()} open")
    sys.exit(bool(open_ones or gone or not found))


if __name__ == "__main__":
    main()
