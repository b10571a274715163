"""What the guard costs a command that no rule holds, with its shim and without, in turn: parts `git rm`.

In: nothing. Out: rows. Their aim is about the time that one call in ten stays below, which other load of the
machine touches least. `rm -r` of a folder in a sandbox is looked at twice.
"""

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import rows
from benchmarks.rows import Row
from looop.core.guarded import Guard
from looop.guard import shims
from looop.store import paths
from looop.store.paths import Profile

ROUNDS = 300


def git() -> Iterator[Row]:
    """Ask what has changed in a repository."""
    rows.needs("git")
    with _place() as (folder, _, envs):
        yield _pair("guard-git", ["git", "status", "--short"], _repository(folder), envs)


def rm() -> Iterator[Row]:
    """Remove a folder in a sandbox."""
    with _place() as (_, box, envs):
        yield _pair("guard-rm", ["rm", "-r", "build"], box, envs, _build)


@contextmanager
def _place() -> Iterator[tuple[Path, Path, Mapping[str, Mapping[str, str]]]]:
    """Give a folder, a sandbox, and the environments of those who have the shims and those who don't."""
    with tempfile.TemporaryDirectory(prefix="guard-bench-") as place:
        profile = Profile(Path(place) / "data", Path(place) / "looop.json")
        paths.create(profile)
        folder = shims.write(profile, Guard(), "/nonexistent/looop")
        assert folder is not None
        box = profile.sandboxes / "tea-1"
        box.mkdir(parents=True)
        plain = {"PATH": os.environ["PATH"], "HOME": place, "GIT_CONFIG_NOSYSTEM": "1"}
        try:
            yield (
                Path(place),
                box,
                {"plain": plain, "guarded": {**plain, "PATH": f"{folder}:{plain['PATH']}"}},
            )
        finally:
            os.chdir("/")


def _pair(
    key: str,
    argv: Sequence[str],
    cwd: Path,
    envs: Mapping[str, Mapping[str, str]],
    before: Callable[[], None] = lambda: None,
) -> Row:
    """Time both in turn, so that whatever else the machine does befalls both."""
    os.chdir(cwd)
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in envs}
    for _ in range(ROUNDS):
        for kind, env in envs.items():
            before()
            found[kind].append(_once(argv, env))
    wall = {kind: [it[0] for it in took] for kind, took in found.items()}
    cpu = {kind: statistics.median(it[1] for it in took) for kind, took in found.items()}
    note = f"CPU {rows.shown(cpu['guarded'])} and {rows.shown(cpu['plain'])} ms"
    return Row(key, wall["guarded"], wall["plain"], note=note)


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


PARTS: dict[str, rows.Part] = {"git": git, "rm": rm}

if __name__ == "__main__":
    rows.main("guard", PARTS)
