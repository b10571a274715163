"""Step 4: run the agent once, in the tick's folder, with the prompt on stdin; watch and record it.

In: a site, a run, the prompt, the chosen runner. Out: what its stream and its end say. Nothing lands here.
Cancelled, the agent is ended with its whole tree before this returns.
"""

from collections.abc import Callable
from dataclasses import dataclass

import trio

from looop.core.runners import Choice, fill
from looop.core.streams import Event, EventKind, Result, stream
from looop.loop.site import Site
from looop.store import files
from looop.store.runs import Run

LARGEST_LOG = 64 << 20
"""Bytes of an agent's raw output that a run keeps; the stream is parsed beyond that, not stored."""

FULL_DISK_RETRY = 1.0
"""Seconds between tries to write the log on a full disk; the agent waits meanwhile, nothing is dropped."""


@dataclass(frozen=True, slots=True)
class Decided:
    """How the agent's one turn ended."""

    result: Result
    timed_out: bool
    seconds: float


async def decide(
    site: Site, run: Run, prompt: str, choice: Choice, started: Callable[[int], None] | None = None
) -> Decided:
    """Run it. Raises OSError when the shell itself can't start."""
    await files.aside(files.scratch, run.prompt, prompt.encode())
    began = trio.current_time()
    parser = stream(choice.runner.output, now=site.clock.now())
    written = 0

    async def heard(data: bytes) -> None:
        nonlocal written
        for event in parser.feed(data):
            site.say(_line(event))
        if written < LARGEST_LOG:
            written += len(data)
            await _log(run, data if written < LARGEST_LOG else b"\n[looop: the log was cut here]\n")

    ended = await site.run(
        ["/bin/sh", "-c", fill(choice.runner.tick, prompt_file=str(run.prompt), conversation="")],
        cwd=site.profile.tick,
        env=site.environment(**choice.runner.env, LOOOP_RUN_ID=run.id),
        stdin=prompt.encode(),
        deadline=site.config.tick_timeout,
        max_out=0,
        on_out=heard,
        on_started=started,
    )
    return Decided(parser.finish(ended.code, ended.err), ended.timed_out, trio.current_time() - began)


async def _log(run: Run, data: bytes) -> None:
    while True:
        try:
            return await files.aside(files.append, run.output, data)
        except OSError:
            await trio.sleep(FULL_DISK_RETRY)


def _line(event: Event) -> str:
    marks = {EventKind.SAID: "agent:", EventKind.CALLED: "agent calls:", EventKind.NOTE: "agent note:"}
    return f"{marks[event.kind]} {event.text}"
