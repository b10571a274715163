"""What the guard costs a command that no rule holds: `git status` with its shim and without, in turn.

Run as a program: `python benchmarks/guard.py [ROUNDS]`. One line each, with the difference of the medians,
which the aim is about. The second pair is `rm -r` of a folder in a sandbox, which is looked at twice.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from looop.core.guarded import Guard
from looop.guard import shims
from looop.store import paths
from looop.store.paths import Profile

AIM = 3.0  # ms over the plain program
ROUNDS = 300


def main(rounds: int) -> None:
    """Measure in a temporary folder. A miss is said and no failure: another load, another figure."""
    with tempfile.TemporaryDirectory() as place:
        profile = Profile(Path(place) / "data", Path(place) / "looop.json")
        paths.create(profile)
        folder = shims.write(profile, Guard(), "/nonexistent/looop")
        assert folder is not None
        repo = _repository(Path(place))
        box = profile.sandboxes / "tea-1"
        box.mkdir(parents=True)
        plain = {"PATH": os.environ["PATH"], "HOME": place, "GIT_CONFIG_NOSYSTEM": "1"}
        guarded = {**plain, "PATH": f"{folder}:{plain['PATH']}"}
        _pair("git status", ["git", "status", "--short"], repo, plain, guarded, rounds)
        _pair("rm -r build", ["rm", "-r", "build"], box, plain, guarded, rounds, _build)


def _pair(
    name: str,
    argv: Sequence[str],
    cwd: Path,
    plain: Mapping[str, str],
    guarded: Mapping[str, str],
    rounds: int,
    before: Callable[[Path], None] = lambda _: None,
) -> None:
    """Time both in turn, so that whatever else the machine does befalls both."""
    found: dict[str, list[float]] = {"plain": [], "guarded": []}
    for _ in range(rounds):
        for kind, env in (("plain", plain), ("guarded", guarded)):
            before(cwd)
            program = shutil.which(argv[0], path=env["PATH"]) or argv[0]
            began = time.perf_counter()
            subprocess.run([program, *argv[1:]], cwd=cwd, env=env, check=True, stdout=subprocess.DEVNULL)
            found[kind].append(1000 * (time.perf_counter() - began))
    medians = {kind: statistics.median(times) for kind, times in found.items()}
    cost = medians["guarded"] - medians["plain"]
    verdict = "ok" if cost <= AIM else "MISSED"
    print(
        f"{name}: plain {medians['plain']:.2f} ms, guarded {medians['guarded']:.2f} ms: "
        f"{cost:+.2f} ms (aim {AIM:g}: {verdict})"
    )


def _repository(place: Path) -> Path:
    repo = place / "repo"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(repo)]
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    for number in range(100):
        (repo / f"{number}.txt").write_text(f"{number}\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "all"], check=True)
    return repo


def _build(box: Path) -> None:
    (box / "build").mkdir(exist_ok=True)
    (box / "build" / "x").touch()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
