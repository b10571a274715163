"""A program on a real terminal, typed at by a test: type a line, wait for what it says, see how it ended."""

import os
import select
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from ptyprocess import PtyProcess

from support.waiting import PATIENCE


class Typist:
    """One program on a PTY, for as long as the `with` lasts; killed if it is still there then."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        self.said = ""
        self._seen = 0
        self._process = PtyProcess.spawn(list(argv), env=dict(env), cwd=str(cwd), dimensions=(40, 120))

    @property
    def pid(self) -> int:
        """The program's pid."""
        return int(self._process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.isalive():
            os.killpg(self._process.pid, 9)
        self._process.close(force=True)

    def expect(self, text: str) -> None:
        """Return when the text has been shown since the last call."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.said.find(text, self._seen)) < 0:
            assert self._read(deadline), f"no {text!r} in {self.said[self._seen :]!r}"
        self._seen = found + len(text)

    def type(self, line: str | bytes) -> None:
        """Type a line and press Enter."""
        data = line.encode() if isinstance(line, str) else line
        self._process.write(data + b"\n")

    def press(self, key: bytes) -> None:
        """Press a key."""
        self._process.write(key)

    def end(self) -> int:
        """Wait for the end; its exit code, negative after a signal."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        self._process.wait()
        if self._process.exitstatus is not None:
            return int(self._process.exitstatus)
        return -int(self._process.signalstatus or 0)

    def _read(self, deadline: float) -> bool:
        """Read what is there or comes; False at the program's end."""
        ready, _, _ = select.select([self._process.fd], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"nothing more came after {self.said[-500:]!r}"
        try:
            data = os.read(self._process.fd, 65536)
        except OSError:  # Linux says EIO when the last program has closed its end
            return False
        self.said += data.decode(errors="replace")
        return bool(data)
