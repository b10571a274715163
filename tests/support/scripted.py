"""An engine that does what a test says, frame by frame, and a client process that talks to it."""

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from looop.core import wire
from looop.core.wire import Frame
from support.launching import RUN_IT_HERE, Launchers, into

PATIENCE = 60.0
UNREAD = 1.0  # seconds without progress after which a flood counts as held back
ROOT = Path(__file__).parents[2]
CLIENT = f"""
import os, sys
from looop.core import wire
from looop.engine import client
for setting in filter(None, os.environ.get("CLIENT_SETTINGS", "").split(",")):
    name, _, value = setting.partition("=")
    module, kind = (wire, int) if hasattr(wire, name) else (client, float)
    setattr(module, name, kind(value))
code = client.relay(sys.argv[1], sys.argv[2:], os.environ, os.getcwd())
os._exit({RUN_IT_HERE} if code is None else code)
"""


_launchers: list[Launchers] = []  # the last one makes the clients; without any they are Python's


class Line:
    """One accepted connection."""

    def __init__(self, line: socket.socket) -> None:
        line.settimeout(PATIENCE)
        self._line = line
        self._decoder = wire.Decoder()
        self._heard: list[Frame] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()

    def hear(self) -> Frame | None:
        """Give the next frame; None when the client has hung up."""
        while not self._heard:
            try:
                data = self._line.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._heard += self._decoder.feed(data)
        return self._heard.pop(0)

    def run(self) -> wire.Run:
        """Hear the verb, and take it."""
        frame = self.hear()
        assert frame is not None
        assert frame.kind == wire.RUN
        self.say(Frame(wire.TAKEN))
        return wire.unpack_run(frame.data)

    def say(self, *frames: Frame) -> None:
        self._line.sendall(b"".join(map(wire.encode, frames)))

    def flood(self, data: bytes, most: int = 16 << 20) -> int:
        """Send until the other side takes no more for a while, or `most`; how many bytes it took."""
        self._line.settimeout(UNREAD)
        sent = 0
        try:
            while sent < most:
                sent += self._line.send(data)
        except TimeoutError:
            pass
        return sent

    def silent(self) -> bool:
        """Tell whether the client has sent nothing that was not heard."""
        return not self._heard and not select.select((self._line,), (), (), 0)[0]

    def end(self, code: int) -> None:
        self.say(Frame(wire.EXIT, bytes((code,))))


class Scripted:
    """A listening socket whose answers the test gives."""

    def __init__(self, path: Path) -> None:
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._door.settimeout(PATIENCE)
        self._door.bind(str(path))
        self._door.listen(8)

    def accept(self) -> Line:
        return Line(self._door.accept()[0])

    def asked(self) -> bool:
        """Tell whether anybody waits to be accepted."""
        return bool(select.select((self._door,), (), (), 0)[0])

    def close(self) -> None:
        self._door.close()


@contextmanager
def scripted(path: Path) -> Iterator[Scripted]:
    engine = Scripted(path)
    try:
        yield engine
    finally:
        engine.close()
        path.unlink(missing_ok=True)


@contextmanager
def launched(launchers: Launchers) -> Iterator[None]:
    """Have `client` start launchers for as long as this lasts."""
    _launchers.append(launchers)
    try:
        yield
    finally:
        _launchers.pop()


@contextmanager
def client(
    path: Path,
    *argv: str,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
    env: dict[str, str] | None = None,
    settings: str = "",
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a client of the socket at `path`; it is killed at the end of the block if it still runs."""
    if _launchers:
        command, env = [str(_launchers[-1].set(settings))], into(path, env or {})
    else:
        command = [sys.executable, "-c", CLIENT, str(path)]
        env = {"PYTHONPATH": str(ROOT), "CLIENT_SETTINGS": settings, **(env or {})}
    with subprocess.Popen(
        [*command, *argv], stdin=stdin, stdout=stdout, stderr=stderr, env={**os.environ, **env}
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def output(process: "subprocess.Popen[bytes]") -> tuple[int, bytes, bytes]:
    """Wait for the client's end: its exit code, stdout and stderr."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def out(data: bytes) -> Frame:
    """Give a text for stdout."""
    return Frame(wire.OUT, data)


def going(process: "subprocess.Popen[bytes]", line: Line) -> None:
    """Take the verb, and see that the client knows."""
    line.run()
    more(process, line)


def more(process: "subprocess.Popen[bytes]", line: Line) -> None:
    """Say something, and see that it arrived."""
    line.say(out(b"going\n"))
    assert process.stdout is not None
    assert process.stdout.readline() == b"going\n"
