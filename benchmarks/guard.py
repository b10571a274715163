"""What the guard costs a command that no rule holds: `git status` with its shim and without, in turn.

Run as a program: `python benchmarks/guard.py [ROUNDS]`. One line each: the time that one call in ten stays
below, which other load of the machine touches least and which the aim is about; beside it the median, and the
median of CPU time. The second pair is `rm -r` of a folder in a sandbox, which is looked at twice.
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
        box = profile.sandboxes / "tea-1"
        box.mkdir(parents=True)
        plain = {"PATH": os.environ["PATH"], "HOME": place, "GIT_CONFIG_NOSYSTEM": "1"}
        envs = {"plain": plain, "guarded": {**plain, "PATH": f"{folder}:{plain['PATH']}"}}
        _pair("git status", ["git", "status", "--short"], _repository(Path(place)), envs, rounds)
        _pair("rm -r build", ["rm", "-r", "build"], box, envs, rounds, _build)


def _pair(
    name: str,
    argv: Sequence[str],
    cwd: Path,
    envs: Mapping[str, Mapping[str, str]],
    rounds: int,
    before: Callable[[], None] = lambda: None,
) -> None:
    """Time both in turn, so that whatever else the machine does befalls both."""
    os.chdir(cwd)
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in envs}
    for _ in range(rounds):
        for kind, env in envs.items():
            before()
            found[kind].append(_once(argv, env))
    quick = {kind: statistics.quantiles((it[0] for it in took), n=10)[0] for kind, took in found.items()}
    wall = {kind: statistics.median(it[0] for it in took) for kind, took in found.items()}
    cpu = {kind: statistics.median(it[1] for it in took) for kind, took in found.items()}
    cost = quick["guarded"] - quick["plain"]
    print(
        f"{name}: {_shown(quick)} (aim {AIM:+g}: {'ok' if cost <= AIM else 'MISSED'}); "
        f"median {_shown(wall)}; CPU {_shown(cpu)}"
    )


def _once(argv: Sequence[str], env: Mapping[str, str]) -> tuple[float, float]:
    """Run it as a shell would; milliseconds by the wall clock and of CPU."""
    program = shutil.which(argv[0], path=env["PATH"]) or argv[0]
    began = time.perf_counter()
    pid = os.posix_spawn(
        program, list(argv), env, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, status, used = os.wait4(pid, 0)
    assert status == 0
    return 1000 * (time.perf_counter() - began), 1000 * (used.ru_utime + used.ru_stime)


def _shown(of: Mapping[str, float]) -> str:
    return f"{of['plain']:.2f} -> {of['guarded']:.2f} ms, {of['guarded'] - of['plain']:+.2f}"


def _repository(place: Path) -> Path:
    repo = place / "repo"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(repo)]
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    for number in range(100):
        (repo / f"{number}.txt").write_text(f"{number}\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "all"], check=True)
    return repo


def _build() -> None:
    Path("build").mkdir()
    Path("build/x").touch()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
