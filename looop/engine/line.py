"""One connection of a client to an engine: what waits to be sent, and the frames that came.

Non-blocking, for the `select` loop of `engine.client` and the short questions of `engine.ask`; imports
nothing that costs time.
"""

from __future__ import annotations

from looop.core import wire

TYPE_CHECKING = False  # see core.wire
if TYPE_CHECKING:
    import _socket


class Line:
    """One connection to an engine: what waits to be sent, and what has been heard."""

    def __init__(self, line: _socket.socket, first: wire.Frame) -> None:
        self.socket = line
        self.sending = bytearray()
        self.taken = False
        self.gone = False
        self._decoder = wire.Decoder()
        self.queue(first)

    def queue(self, frame: wire.Frame) -> None:
        """Send a frame as soon as the engine reads."""
        if not self.gone:
            self.sending += wire.encode(frame)

    def send(self) -> None:
        """Send what the socket takes now."""
        try:
            del self.sending[: self.socket.send(self.sending)]
        except BlockingIOError:
            return
        except OSError:  # the engine hung up; what it said before can still be read
            self.sending.clear()

    def receive(self) -> list[wire.Frame]:
        """Read once; after the last frame `gone` is true."""
        frames = []
        try:
            data = self.socket.recv(wire.CHUNK + wire.HEADER)
            for frame in self._decoder.feed(data):
                frames.append(frame)  # noqa: PERF402 - those before an error count too
        except BlockingIOError:
            return []
        except (OSError, wire.ProtocolError):
            data = b""
        self.gone = not data
        return frames
