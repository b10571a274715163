"""A real agent on a terminal of its own, with its state judged all along, and no engine.

In: an agent's command and its environment. Out: `Stage`: the states that it went through, what it shows, and
keys to press. It weighs what a live session weighs: output, screen, title, hooks, input.
"""

import os
import select
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ptyprocess import PtyProcess

from looop.core import hooks, state_rules
from looop.core.hooks import Hook
from looop.core.sessions import Evidence, State
from looop.core.states import Facts, judge
from looop.session import queries
from looop.session.pyte_screen import PyteScreen
from looop.session.scanner import ASK_CURSOR, Scanner

SIZE = (120, 40)
PATIENCE = 60.0

# Takes the place of looop's own program: keeps what a hook sends, whole from its first moment.
_SINK = """#!/bin/sh
cat > "{0}/$$.part" && mv "{0}/$$.part" "{0}/$(date +%s%N).$2"
"""


class Stage:
    """The agent, as far as it was watched. Nothing is read but by `until` and `watch`."""

    def __init__(self, program: PtyProcess, reports: Path, agent: str) -> None:
        self.states: list[tuple[State, str]] = []
        self.evidence = Evidence(State.STARTING, "", "")
        self._program = program
        self._reports = reports
        self._agent = agent
        self._screen = PyteScreen(*SIZE)
        self._scanner = Scanner()
        self._started = time.time()
        self._output: float | None = None
        self._typed: float | None = None
        self._title = ""

    def until(self, state: State, source: str = "") -> Evidence:
        """Watch until it is in this state for this reason."""
        deadline = time.monotonic() + PATIENCE
        while self.evidence.state is not state or source not in {"", self.evidence.source}:
            assert time.monotonic() < deadline, f"waited for {state}; it went through {self.states}:\n{self}"
            self.watch(0.1)
        return self.evidence

    def shows(self, text: str) -> None:
        """Watch until its screen shows a text: a report may come before what it reports of is drawn."""
        deadline = time.monotonic() + PATIENCE
        while text not in str(self):
            assert time.monotonic() < deadline, f"waited for {text!r}:\n{self}"
            self.watch(0.1)

    def watch(self, seconds: float) -> None:
        """Read and judge for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._program.fd], [], [], min(left, 0.1))[0]:
                with suppress(OSError):
                    self._take(os.read(self._program.fd, 65536))
            self._judge()

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._program.fd, keys.encode())
        self._typed = time.time()
        self._judge()

    def news(self) -> list[State]:
        """Give the states that would have woken the loop."""
        return [state for state, _ in self.states if state.news]

    def __str__(self) -> str:
        return "\n".join(row for row in self._screen.text() if row)

    def _take(self, data: bytes) -> None:
        scan = self._scanner.feed(data)
        self._screen.feed(data)
        self._output = time.time()
        self._title = self._title if scan.title is None else scan.title
        for query in scan.replies:
            reply = query.reply
            os.write(
                self._program.fd,
                queries.cursor_reply(self._screen.cursor) if reply == ASK_CURSOR else reply,
            )

    def _judge(self) -> None:
        cursor = self._screen.cursor
        facts = Facts(
            started=self._started,
            output=self._output,
            typed=self._typed,
            title=self._title,
            screen=self._screen.text(),
            hook=self._hook(),
            agent=self._agent,
            cursor=(cursor.column, cursor.line),
            before=self.evidence.state,
        )
        self.evidence = judge(facts, time.time())
        said = (self.evidence.state, self.evidence.source)
        if not self.states or self.states[-1][0] is not said[0]:
            self.states.append(said)

    def _hook(self) -> Hook | None:
        found = None
        for path in sorted(path for path in self._reports.iterdir() if path.suffix != ".part"):
            word = hooks.report(path.suffix[1:], path.read_bytes())
            if word is not None:
                found = Hook(word[0], int(path.stem) / 1e9, word[1])
        return found


@contextmanager
def staged(command: str, env: Mapping[str, str], cwd: Path, folder: Path) -> Iterator[Stage]:
    """Run a command; all of its processes have ended after the block."""
    reports = folder / "reports"
    reports.mkdir()
    sink = folder / "sink"
    sink.write_text(_SINK.format(reports))
    sink.chmod(0o700)
    program = PtyProcess.spawn(
        ["/bin/sh", "-c", command],
        cwd=str(cwd),
        env={**env, "TERM": "xterm-256color", "LOOOP_BIN": str(sink)},
        dimensions=SIZE[::-1],
    )
    try:
        yield Stage(program, reports, state_rules.agent("", command))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        program.close()
