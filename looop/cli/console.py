"""The caller's own terminal: a `Call` made in this very process, and a fake one for tests.

The only module of this room that touches stdin, stdout, the environment or the current folder. Writes are
plain and blocking: here nobody else shares the thread. Output that nobody reads any more ends the verb
quietly (`BrokenPipeError`, which `app.main` knows).
"""

import os
import select
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from looop.core.problem import Exit, Problem
from looop.engine.call import Call, Caller, Kind, Tty

_CHUNK = 65536
_KEYS = (signal.SIGINT, signal.SIGQUIT)  # typed into the editor, they are the editor's
_PYTHONS = (signal.SIGPIPE, signal.SIGXFSZ)  # ignored by Python, and by its children unless restored


class Terminal(Call, Protocol):
    """What a local verb may use beyond a `Call`: the person who sits there."""

    async def ask(self, question: str) -> str:
        """Ask on stderr and read one line from stdin; "" at its end."""

    def run(self, argv: Sequence[str]) -> int:
        """Run a program on the caller's own terminal (an editor) and give its exit code."""

    def become(self, program: str, argv: Sequence[str]) -> int:
        """Be that program from here on, with the caller's streams and environment; OSError if it can't be."""


class LocalCall:
    """The verb runs where it was typed."""

    def __init__(self) -> None:
        self.env: Mapping[str, str] = dict(os.environ)
        self.cwd = _folder(self.env)
        self.find_caller: Callable[[], Caller] = lambda: Caller(Kind.PERSON, os.getpid())

    @cached_property
    def tty(self) -> Tty:
        """The terminal as it is now; asked once."""
        import shutil  # noqa: PLC0415 - its archives' libraries, for verbs that draw

        size = shutil.get_terminal_size()
        return Tty(os.isatty(0), os.isatty(1), os.isatty(2), size.columns, size.lines)

    @cached_property
    def caller(self) -> Caller:
        """Who calls, found by `find_caller` when somebody asks first."""
        return self.find_caller()

    async def out(self, text: str | bytes) -> None:
        """Write to stdout; BrokenPipeError when nobody reads it any more."""
        _write(1, text)

    async def err(self, text: str | bytes) -> None:
        """Write to stderr; news that nobody can read is no error."""
        try:
            _write(2, text)
        except OSError:
            return

    async def stdin(self, limit: int) -> bytes:
        """Read stdin to its end; Problem USAGE beyond `limit` bytes, before anything was done with them."""
        data = bytearray()
        while chunk := os.read(0, _CHUNK):
            data += chunk
            if len(data) > limit:
                raise too_much(limit)
        return bytes(data)

    async def resume(self, argv: Sequence[str]) -> None:
        """Nothing to resume: no engine runs this call."""

    async def hand_over(self, text: str | bytes, argv: Sequence[str]) -> None:  # noqa: ARG002 - the Protocol's
        """Write: no engine can be lost in between."""
        await self.out(text)

    async def flushed(self) -> None:
        """Nothing waits: every write is done at once."""

    async def ask(self, question: str) -> str:
        """Ask and read one line, byte by byte, so that what follows stays for the next question."""
        await self.err(question)
        line = bytearray()
        while (byte := os.read(0, 1)) not in (b"", b"\n"):
            line += byte
        return line.decode("utf-8", "replace").strip()

    def run(self, argv: Sequence[str]) -> int:
        """Run an editor in the foreground, as a shell would: it has this very terminal and its signals."""
        from looop.child.environ import restored  # noqa: PLC0415 - only who starts a program needs it

        kept = {number: signal.signal(number, signal.SIG_IGN) for number in _KEYS}
        try:
            pid = os.posix_spawnp(argv[0], list(argv), restored(self.env), setsigdef=(*_KEYS, *_PYTHONS))
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except OSError as error:
            raise Problem(
                Exit.NO, "no-editor", f"{argv[0]} can't be started ({error.strerror}): set VISUAL or EDITOR."
            ) from error
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    def become(self, program: str, argv: Sequence[str]) -> int:
        """Execute it in the place of this process; returns never, or raises OSError."""
        from looop.child.environ import restored  # noqa: PLC0415 - only who starts a program needs it

        for number in _PYTHONS:
            signal.signal(number, signal.SIG_DFL)
        os.execve(program, list(argv), restored(self.env))  # noqa: S606 - that is the point


@dataclass
class FakeCall:
    """A call for tests: streams are buffers, answers and edits are scripted."""

    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    tty: Tty = field(default_factory=Tty)
    caller: Caller = field(default_factory=lambda: Caller(Kind.PERSON, 1))
    given: bytes = b""
    answers: list[str] = field(default_factory=list)
    on_run: Callable[[Sequence[str]], int] = lambda _: 0
    became: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    stdout: str = ""
    stderr: str = ""
    resumes: list[tuple[str, ...]] = field(default_factory=list)
    handed: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    async def out(self, text: str | bytes) -> None:
        """Keep it."""
        self.stdout += text if isinstance(text, str) else text.decode("utf-8", "replace")

    async def err(self, text: str | bytes) -> None:
        """Keep it."""
        self.stderr += text if isinstance(text, str) else text.decode("utf-8", "replace")

    async def stdin(self, limit: int) -> bytes:
        """Give what the test put there, within the limit."""
        if len(self.given) > limit:
            raise too_much(limit)
        return self.given

    async def resume(self, argv: Sequence[str]) -> None:
        """Keep it."""
        self.resumes.append(tuple(argv))

    async def hand_over(self, text: str | bytes, argv: Sequence[str]) -> None:
        """Keep both."""
        await self.out(text)
        self.resumes.append(tuple(argv))
        self.handed.append((text if isinstance(text, str) else text.decode("utf-8", "replace"), tuple(argv)))

    async def flushed(self) -> None:
        """Nothing waits."""

    async def ask(self, question: str) -> str:
        """Give the next scripted answer; "" when there is none."""
        self.stderr += question
        return self.answers.pop(0) if self.answers else ""

    def run(self, argv: Sequence[str]) -> int:
        """Do what the test scripted in an editor's place."""
        return self.on_run(argv)

    def become(self, program: str, argv: Sequence[str]) -> int:
        """Keep what it would have been."""
        self.became.append((program, tuple(argv)))
        return 0


def abandoned() -> bool:
    """Tell whether stdout is a pipe that nobody reads any more: what only waits would never notice."""
    from looop.engine.client import STDOUT, write_only_pipe  # noqa: PLC0415 - only what follows asks

    return write_only_pipe(STDOUT) and bool(select.select([STDOUT], [], [], 0)[0])


def too_much(limit: int) -> Problem:
    """Say that stdin holds more than the verb takes; the same sentence here and in the engine."""
    return Problem(Exit.USAGE, "too-much-stdin", f"stdin holds more than {limit} bytes, which is the most.")


def _write(descriptor: int, text: str | bytes) -> None:
    left = memoryview(text.encode("utf-8", "replace") if isinstance(text, str) else text)
    while left:
        try:
            left = left[os.write(descriptor, left[:_CHUNK]) :]
        except BlockingIOError:  # somebody else made this terminal non-blocking
            select.select([], [descriptor], [])


def _folder(env: Mapping[str, str]) -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - a string, and it may be gone
    except OSError:
        return env.get("PWD", "/")
