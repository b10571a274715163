"""Step 4: run the agent once, in the tick's folder, with the prompt on stdin; watch and record it.

In: a site, a run, the prompt, the chosen runner. Out: what its stream and its end say. Nothing lands here.
Cancelled, the agent is ended with its whole tree before this returns.
"""

from dataclasses import dataclass

import trio

from looop.child.environ import led
from looop.child.walls import TICKS, Confined, Who, agents_of
from looop.core.runners import Choice, fill
from looop.core.streams import Event, EventKind, Result, Stream, stream
from looop.loop.site import Site
from looop.store import files, paths
from looop.store.runs import Run

LARGEST_LOG = 64 << 20
"""Bytes of an agent's raw output that a run keeps; the stream is parsed beyond that, not stored."""

MOST_SHOWN = 2000
"""Events of one tick that the pulse's log shows; a flood of them belongs in the run's own output alone."""

FULL_DISK_RETRY = 1.0
"""Seconds between tries to write the log on a full disk; the agent waits meanwhile, nothing is dropped."""

_SLICE = 1 << 10  # bytes that are parsed at once: 500 events, were each a letter and a line's end


@dataclass(frozen=True, slots=True)
class Decided:
    """How the agent's one turn ended."""

    result: Result
    timed_out: bool


@dataclass
class _Ear:
    """Hears the agent: every byte is parsed, the first ones are kept and shown."""

    site: Site
    run: Run
    parser: Stream
    written: int = 0
    shown: int = 0

    async def hear(self, data: bytes) -> None:
        for start in range(0, len(data), _SLICE):
            for event in self.parser.feed(data[start : start + _SLICE]):
                self._show(event)
            await trio.lowlevel.checkpoint()
        if self.written < LARGEST_LOG:
            self.written += len(data)
            cut = b"\n[looop: the log was cut here]\n"
            await _log(self.run, data if self.written < LARGEST_LOG else cut)

    def _show(self, event: Event) -> None:
        self.shown += 1
        if self.shown <= MOST_SHOWN:
            self.site.say(_line(event))
        elif self.shown == MOST_SHOWN + 1:
            self.site.say(f"agent note: it says more than is shown here; see {self.run.output}")


async def decide(site: Site, run: Run, prompt: str, choice: Choice) -> Decided:
    """Run it. Raises OSError when the shell itself can't start; Problem REFUSED when it can't be confined."""
    await files.aside(files.scratch, run.prompt, prompt.encode())
    ear = _Ear(site, run, stream(choice.runner.output, now=site.clock.now()))
    command = fill(choice.runner.tick, prompt_file=str(run.prompt), conversation="")
    start = await files.aside(_start, site, run, choice, command)
    ended = await site.run(
        start.argv,
        cwd=site.profile.tick,
        env=start.env,
        scoped=start.scoped,
        stdin=prompt.encode(),
        deadline=site.config.tick_timeout,
        max_out=0,
        on_out=ear.hear,
    )
    return Decided(ear.parser.finish(ended.code, ended.err), ended.timed_out)


def _start(site: Site, run: Run, choice: Choice, command: str) -> Confined:
    shims = site.shims(site.config, site.walls.level().by is not None)
    who = Who(
        TICKS,
        choice.name,
        agents=agents_of(choice.name, command),
        given=tuple(choice.runner.env),
        write=(str(site.profile.tick),),
        over=shims.over if shims else (),
        door=str(paths.door(site.profile, paths.TICKS)),
    )
    env = led(site.environment(**choice.runner.env, LOOOP_RUN_ID=run.id), shims.folder if shims else None)
    return site.walls.confined(who, ["/bin/sh", "-c", command], env, site.profile.tick)


async def _log(run: Run, data: bytes) -> None:
    while True:
        try:
            return await files.aside(files.append, run.output, data)
        except OSError:
            await trio.sleep(FULL_DISK_RETRY)


def _line(event: Event) -> str:
    marks = {EventKind.SAID: "agent:", EventKind.CALLED: "agent calls:", EventKind.NOTE: "agent note:"}
    return f"{marks[event.kind]} {event.text}"
