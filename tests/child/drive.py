"""A subreaper of its own for one test: `drive.py JSON` runs hostile programs and tells what became of them.

Those with a `gate` start first, and end when the others have ended. It prints one JSON object: how each
ended, the marked processes that were alive afterwards, and descriptors and children left in this process. It
ends what survived, so that a failing test leaves nothing behind.
"""

import json
import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from looop.child import spawn, tree

HOSTILE = str(Path(__file__).with_name("hostile.py"))
MARK = f"mark-{os.getpid()}-{os.urandom(4).hex()}"


async def one(plan: dict[str, Any], ended: list[dict[str, Any]], ready: trio.Event, gate: Path) -> None:
    async def on_out(_: bytes) -> None:
        ready.set()
        await trio.lowlevel.checkpoint()

    argv = [sys.executable, "-S", HOSTILE, plan["kind"], MARK]
    result: spawn.Ended | None = None
    with trio.move_on_after(plan.get("cancel", 60)) as scope:
        result = await spawn.run(
            argv,
            cwd=Path("/"),
            env=spawn.environment(os.environ) | {"GATE": str(gate)},
            deadline=plan.get("deadline", 20),
            max_out=plan.get("max_out", 1000),
            grace=plan.get("grace", 0.2),
            on_out=on_out if plan.get("listen") or plan.get("gate") else None,
        )
    if result is None:
        ended.append({"cancelled": scope.cancelled_caught})
        return
    told = {name: getattr(result, name) for name in ("code", "signal", "timed_out", "oversized", "strays")}
    ended.append(told | {"out": len(result.out)})


def survivors() -> list[int]:
    found = []
    for entry in tree.table().values():
        try:
            words = Path(f"/proc/{entry.pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if MARK.encode() in words and entry.pid != os.getpid() and not entry.dead:
            found.append(entry.pid)
    return found


def descriptors() -> int:
    return count("/proc/self/fd")


def count(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


async def main(plan: dict[str, Any]) -> dict[str, Any]:
    ended: list[dict[str, Any]] = []
    before = descriptors()
    with TemporaryDirectory() as folder:
        gate = Path(folder, "gate")
        async with trio.open_nursery() as gated:
            for run in (run for run in plan["runs"] if run.get("gate")):
                ready = trio.Event()
                gated.start_soon(one, run, ended, ready, gate)
                await ready.wait()
            async with trio.open_nursery() as others:
                for run in (run for run in plan["runs"] if not run.get("gate")):
                    others.start_soon(one, run, ended, trio.Event(), gate)
            gate.touch()
    return {
        "ended": ended,
        "survivors": len(survivors()),
        "children": len(tree.children(os.getpid())),
        "descriptors": descriptors() - before,
        "threads": count("/proc/self/task"),
    }


if __name__ == "__main__":
    tree.become_subreaper()
    try:
        sys.stdout.write(json.dumps(trio.run(main, json.loads(sys.argv[1]))))
    finally:
        for pid in survivors():
            os.kill(pid, signal.SIGKILL)
