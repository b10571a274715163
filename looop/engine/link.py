"""The line between engine and keeper: JSON objects, one a line, in both directions; the same at both ends.

In: a connected socket. Out: messages, never waiting for the other end. What a message means is known by
`engine.ptys` at keeper's end and `engine.leash` at the engine's. Bytes travel as Latin-1 text. Standard
library only, because keeper imports it.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from looop.core.problem import Problem

Message = Mapping[str, Any]
CHUNK = 65536  # bytes taken from the line at a time
LONGEST = 16 << 20  # bytes of one message; more is no message of ours


class Link:
    """One end of a line. Nothing here waits, and a lost other end is no error: it shows in `gone`."""

    def __init__(self, fd: int, heard: bytes = b"", unsent: bytes = b"") -> None:
        os.set_inheritable(fd, False)  # noqa: FBT003 - the standard library's own signature
        os.set_blocking(fd, False)
        self.fd = fd
        self.gone = False
        self._heard = bytearray(heard)
        self._unsent = bytearray(unsent)

    @property
    def unsent(self) -> int:
        """Bytes that wait for the other end to read."""
        return len(self._unsent)

    def buffers(self) -> tuple[bytes, bytes]:
        """Give what was heard of an unfinished message, and what is unsent: the start of another `Link`."""
        return bytes(self._heard), bytes(self._unsent)

    def send(self, message: Message) -> None:
        """Send a message, now as far as the line takes it, the rest by `flush`; nothing once it is gone."""
        if not self.gone:
            text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
            self._unsent += text.encode("utf-8", "surrogatepass") + b"\n"
            self.flush()

    def flush(self) -> bool:
        """Send what the line takes; whether nothing is left."""
        try:
            while self._unsent and not self.gone:
                del self._unsent[: os.write(self.fd, self._unsent)]
        except BlockingIOError:
            return False
        except OSError:  # the other end has gone; what it said before can still be read
            self._unsent.clear()
        return True

    def receive(self) -> list[Message]:
        """Read once; the messages that are whole. What is none of ours is left out."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        self._heard += data
        *lines, rest = self._heard.split(b"\n") if b"\n" in data else [self._heard]
        self._heard = bytearray(rest)
        self.gone = not data or len(rest) > LONGEST
        return [message for message in map(_parsed, lines) if message is not None]

    def close(self) -> None:
        """Close it; nothing on a second call."""
        self.gone = True
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class Reply:
    """What is owed to one request. Given once; to somebody who has gone it goes nowhere."""

    def __init__(self, link: Link, number: int | None) -> None:
        self._link = link
        self._number = number

    def done(self, value: object = True) -> None:
        """Answer that it was done, with its result."""
        if self._number is not None:
            self._link.send({"n": self._number, "ok": value})

    def refuse(self, problem: Problem) -> None:
        """Answer why it was not."""
        if self._number is not None:
            said = [int(problem.exit_code), problem.kind, problem.text]
            self._link.send({"n": self._number, "problem": said})


def text_of(data: bytes | bytearray) -> str:
    """Write bytes as text for a message."""
    return data.decode("latin-1")


def bytes_of(text: str) -> bytes:
    """Read bytes from a message's text; ValueError for a character that is none."""
    return text.encode("latin-1")


def _parsed(line: bytes | bytearray) -> Message | None:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None
