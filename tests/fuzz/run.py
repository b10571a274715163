"""Fuzz targets with coverage, two at a time: `run.py [--seconds 60] [--jobs 2] [TARGET…]`. Needs atheris.

In: names of `targets`, none for all. Out: a line for each with its executions, its coverage and what was
found; exit code 1 if anything was. What was learned is kept in .cache/fuzz/TARGET, a finding there as
`crash-…`: once its cause is put right it belongs into tests/fuzz/corpus/TARGET, which `test_replay` replays.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parents[1]
CORPUS = TESTS / "fuzz" / "corpus"
KEPT = TESTS.parent / ".cache" / "fuzz"
SLOWEST = 10  # seconds that one input may take, of a few KiB
LONGEST = 4096  # bytes of an input
MOST_MEMORY = 1024  # MiB
FINDINGS = ("crash-*", "timeout-*", "oom-*", "slow-unit-*")


class Ran(NamedTuple):
    """What came of one target."""

    name: str
    executions: int
    features: int
    kept: int
    findings: tuple[Path, ...]
    end: str


def fuzz(name: str, seconds: int) -> Ran:
    """Fuzz one target in a process of its own, for so many seconds or until something is found."""
    sys.path.insert(0, str(TESTS))
    folder = KEPT / name
    folder.mkdir(parents=True, exist_ok=True)
    for finding in found_in(folder):
        finding.unlink()
    words = folder.with_suffix(".dict")
    words.write_text("".join(f'"{escaped}"\n' for escaped in dictionary(name)))
    (folder / "corpus").mkdir(exist_ok=True)
    argv = [sys.executable, str(TESTS / "fuzz" / "one.py"), name, str(folder / "corpus"), str(CORPUS / name)]
    argv += [f"-max_total_time={seconds}", f"-timeout={SLOWEST}", f"-rss_limit_mb={MOST_MEMORY}"]
    argv += [f"-max_len={LONGEST}", f"-dict={words}", f"-artifact_prefix={folder}/", "-print_final_stats=1"]
    env = {
        **os.environ,
        "FINDINGS": str(folder),
        "PYTHONPATH": os.pathsep.join(map(str, (TESTS, TESTS.parent))),
    }
    done = subprocess.run(argv, env=env, capture_output=True, text=True, errors="replace", check=False)
    (folder / "log").write_text(done.stdout + done.stderr)
    report = done.stderr + done.stdout
    features = max((int(it) for it in re.findall(r"\bft: (\d+)", report)), default=0)
    executions = re.search(r"number_of_executed_units:\s*(\d+)", report)
    found = tuple(found_in(folder))
    end = "" if done.returncode == 0 and not found else reason(report, done.returncode)
    kept = len(list((folder / "corpus").iterdir()))
    return Ran(name, int(executions[1]) if executions else 0, features, kept, found, end)


def found_in(folder: Path) -> Iterator[Path]:
    for pattern in FINDINGS:
        yield from folder.glob(pattern)


def dictionary(name: str) -> Iterator[str]:
    """Give a target's words in libFuzzer's spelling."""
    from fuzz.targets import TARGETS

    for word in TARGETS[name].words:
        yield "".join(f"\\x{byte:02x}" for byte in word)


def reason(report: str, code: int) -> str:
    error = re.compile(r"[A-Za-z.]*(Error|Exception|Problem|ALARM|out-of-memory)")
    errors = [line.strip() for line in report.splitlines() if error.match(line.strip())]
    return errors[0][:200] if errors else f"it ended with {code}: see its log"


def main() -> int:
    """Fuzz what was named, or all; print a line for each as it ends."""
    sys.path.insert(0, str(TESTS))
    from fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    if unknown := [name for name in asked.targets if name not in TARGETS]:
        parser.error(f"no target {unknown[0]}: there are {', '.join(TARGETS)}")
    wrong = False
    with ThreadPoolExecutor(asked.jobs) as pool:
        for ran in pool.map(lambda name: fuzz(name, asked.seconds), asked.targets or list(TARGETS)):
            end = ran.end or "nothing found"
            figures = f"{ran.executions:>9} executions {ran.features:>6} features {ran.kept:>5} inputs kept"
            sys.stdout.write(f"{ran.name:<12}{figures}  {end}\n")
            sys.stdout.writelines(f"            {finding}\n" for finding in ran.findings)
            sys.stdout.flush()
            wrong = wrong or bool(ran.end)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
