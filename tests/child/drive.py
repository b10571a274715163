"""A subreaper of its own for one test: `drive.py JSON` runs hostile programs and tells what became of them.

It prints one JSON object: how each ended, the marked processes that were alive afterwards, and descriptors
and children left in this process. It ends what survived, so that a failing test leaves nothing behind.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import trio

from looop.child import spawn, tree

HOSTILE = str(Path(__file__).with_name("hostile.py"))
MARK = f"mark-{os.getpid()}-{os.urandom(4).hex()}"


async def one(plan: dict[str, Any], ended: list[dict[str, Any]]) -> None:
    heard = 0

    async def on_out(data: bytes) -> None:
        nonlocal heard
        heard += len(data)
        await trio.sleep(plan.get("slow", 0))

    argv = [sys.executable, "-S", HOSTILE, plan["kind"], MARK]
    result: spawn.Ended | None = None
    with trio.move_on_after(plan.get("cancel", 60)) as scope:
        result = await spawn.run(
            argv,
            cwd=Path("/"),
            env=spawn.environment(os.environ),
            deadline=plan.get("deadline", 20),
            max_out=plan.get("max_out", 1000),
            grace=plan.get("grace", 0.2),
            on_out=on_out if plan.get("listen") else None,
        )
    if result is None:
        ended.append({"cancelled": scope.cancelled_caught, "survivors_of_run": len(survivors())})
        return
    told = {name: getattr(result, name) for name in ("code", "signal", "timed_out", "oversized", "strays")}
    ended.append(told | {"out": len(result.out), "heard": heard, "survivors_of_run": len(survivors())})


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
    async with trio.open_nursery() as nursery:
        for kind in plan["runs"]:
            nursery.start_soon(one, kind, ended)
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
