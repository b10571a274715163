"""A tmux window for each session, for who lives in tmux: CONFIG's `tmux`, off unless somebody sets it.

In: sessions that start and end. Out: `tmux new-window` with `looop attach` in it, `tmux kill-window` at the
end. A convenience: whatever fails here is said once and stops nothing. Only exact argument lists, no shell;
tmux looks for formats in a window's name alone, and a session's id can hold none.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

import trio

from looop.child import spawn
from looop.core.problem import Problem
from looop.core.quote import flat
from looop.core.sessions import Meta
from looop.session import records
from looop.session.around import Ended
from looop.store import files
from looop.store.paths import Profile

DEADLINE = 10.0
"""Seconds that tmux may take."""

STARTING = 30.0
"""Seconds in which a session's program has to be there; nobody can attach before."""

_WINDOW = "tmux-window"
_ID = re.compile(rb"@\d{1,9}")
_LOOK = 0.2
_WAITING = 64


Run = Callable[..., Awaitable[spawn.Ended]]
"""`child.spawn.run`, or a test's stand-in."""

Job = Callable[[], Awaitable[None]]


class Windows:
    """The windows of one profile's sessions. `wanted` tells whether CONFIG asks for them, now.

    `opened` and `closed` go into `session.around`'s lists; they only note what is to be done, and never wait.
    """

    def __init__(
        self,
        profile: Profile,
        env: Mapping[str, str],
        wanted: Callable[[], bool],
        say: Callable[[str], None],
        run: Run = spawn.run,
    ) -> None:
        self._profile = profile
        self._env = env
        self._wanted = wanted
        self._say = say
        self._run = run
        self._send, self._receive = trio.open_memory_channel[Job](_WAITING)

    async def serve(self, *, task_status: "trio.TaskStatus[None]" = trio.TASK_STATUS_IGNORED) -> None:
        """Open and close windows until cancelled, one after another; windows stay."""
        task_status.started()
        async for job in self._receive:
            try:
                await job()
            except (OSError, Problem) as error:
                self._say(f"tmux: {error}")

    async def opened(self, meta: Meta, folder: Path) -> None:
        """Note that a session starts."""
        self._note(partial(self._open, meta.id, folder))

    async def closed(self, ended: Ended) -> None:
        """Note that a session is over."""
        self._note(partial(self._close, ended.folder))

    def _note(self, job: Job) -> None:
        try:
            self._send.send_nowait(job)
        except trio.WouldBlock:
            self._say("tmux: too many sessions at once; one has no window")

    async def _open(self, name: str, folder: Path) -> None:
        if not self._wanted() or not await self._lives(folder):
            return
        ours = [f"LOOOP_DATA_DIR={self._profile.data}", f"LOOOP_CONFIG={self._profile.config}"]
        attach = ["env", *ours, *spawn.own_command("attach", name)]
        shown = await self._tmux("new-window", "-d", "-P", "-F", "#{window_id}", "-n", name, *attach)
        if _ID.fullmatch(shown.strip()):
            await files.aside(files.scratch, folder / _WINDOW, shown.strip())

    async def _close(self, folder: Path) -> None:
        try:
            window = await files.aside(files.read_regular, folder / _WINDOW, 64)
        except FileNotFoundError:
            return
        if _ID.fullmatch(window):
            await files.aside(files.durable_remove, folder / _WINDOW)
            await self._tmux("kill-window", "-t", window.decode())

    async def _lives(self, folder: Path) -> bool:
        """Wait until keeper has written down the program's pid; False when that takes too long."""
        with trio.move_on_after(STARTING):
            while (await files.aside(records.load, folder)).pid is None:  # noqa: ASYNC110 - keeper writes it
                await trio.sleep(_LOOK)
            return True
        return False

    async def _tmux(self, *argv: str) -> bytes:
        """Run tmux; its output, or nothing when it failed, which is said."""
        run = partial(
            self._run, ["tmux", *map(_one_word, argv)], cwd=self._profile.data, env=self._environment()
        )
        ended = await run(deadline=DEADLINE, max_out=4096)
        if ended.code == 0:
            return ended.out
        why = flat(ended.err.decode(errors="replace").strip(), 300) or f"exit {ended.code}"
        self._say(f"tmux {argv[0]} failed: {why}")
        return b""

    def _environment(self) -> dict[str, str]:
        return spawn.environment(self._env)


def _one_word(argument: str) -> str:
    """Give an argument as tmux takes it for one word: at the end of any of them `;` would begin a command."""
    return f"{argument[:-1]}\\;" if argument.endswith(";") else argument
