"""How long the file takes to be replaced by another build of itself, under a living session: part `up`.

In: dist/looop, from `make binary`. Out: a row. What is timed is `looop up` of the new file, which returns
once keeper and engine are of its build; what the new file unpacks at its first call of all is not in it.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import rows
from benchmarks.binary import BINARY
from benchmarks.rows import Lacking, Row

ROUNDS = 8


def up() -> Iterator[Row]:
    """Go from one build to the other and back, again and again."""
    if not BINARY.exists():
        raise Lacking("dist/looop is not there: `make binary` builds it")
    os.environ["TESTED_LOOOP"] = str(BINARY)  # the tests' support reads it when it is imported
    from launcher import pack  # noqa: PLC0415
    from support.frozen import another_build, own, runs_from  # noqa: PLC0415

    pack._LEVEL = 1  # noqa: SLF001 - seconds instead of half a minute; the other build is only to differ
    took = list[float]()
    with tempfile.TemporaryDirectory(prefix="upgrade-bench-") as temp, own(Path(temp)) as it:
        it.looop("start-session", "quiet", "--command", "exec sleep 100000")
        leader = it.looop.session("quiet")["pid"]
        other = another_build(it.folder, Path(temp, "unpacked"), Path(temp, "other"))
        env = {**it.looop.env, "HOME": temp}
        for number in range(ROUNDS):
            it.become(BINARY if number % 2 else other)
            subprocess.run([it.file, "help"], env=env, check=True, stdout=subprocess.DEVNULL)
            began = time.perf_counter()
            it.looop("up")
            took.append((time.perf_counter() - began) * 1000)
            assert runs_from(it.looop.keeper) == runs_from(it.looop.engine) == it.folder
            assert it.looop.session("quiet")["pid"] == leader
    yield Row("upgrade", took)


PARTS: dict[str, rows.Part] = {"up": up}

if __name__ == "__main__":
    rows.main("upgrade", PARTS)
