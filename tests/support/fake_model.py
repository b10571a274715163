"""A model on loopback that plays a script: what the real agents talk to in the tests.

In: a list of steps and an agent's requests (Anthropic's Messages API). Out: the step whose turn it is, plain
or as a stream; every request is kept. The turn is the number of answers in the conversation so far, so
retries and resumed conversations need no state here. Agents of several kinds get a script each, by words
of their prompts.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


@dataclass(frozen=True)
class Say:
    """The model says something and ends its turn."""

    text: str


@dataclass(frozen=True)
class Bash:
    """The model calls the agent's shell, whatever the agent calls it."""

    command: str


@dataclass(frozen=True)
class Tool:
    """The model calls a tool of the agent by name."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Hang:
    """The server accepts the request and never answers."""


@dataclass(frozen=True)
class Drop:
    """The server closes the connection without a word."""


@dataclass(frozen=True)
class Fail:
    """The server refuses with an HTTP status and its headers."""

    status: int
    kind: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


Step = Say | Bash | Tool | Hang | Drop | Fail

LOGIN_EXPIRED = Fail(401, "authentication_error", "invalid x-api-key")
BROKEN = Fail(500, "api_error", "Internal server error")


def rate_limited(seconds: int) -> Fail:
    """Refuse for so many seconds."""
    headers = {"retry-after": str(seconds)}
    return Fail(429, "rate_limit_error", "This request would exceed the rate limit", headers)


@dataclass(frozen=True)
class Request:
    """One request for an answer: the offered tools and all text the agent sent."""

    tools: tuple[str, ...]
    text: str
    turn: int


class Model(ThreadingHTTPServer):
    """The server. `requests` grows as agents ask; a request without tools (a title, a probe) is not kept."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, steps: Sequence[Step], scripts: Mapping[str, Sequence[Step]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.steps = tuple(steps)
        self.scripts = scripts
        self.requests = list[Request]()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def step(self, request: Request) -> Step:
        """Give the answer, from the first script whose words stand in the request, else the common one."""
        steps = next((steps for words, steps in self.scripts.items() if words in request.text), self.steps)
        return steps[min(request.turn, len(steps) - 1)]

    def handle_error(self, request: object, client_address: object) -> None:
        """Agents that are killed close their connections; that is no news."""


@contextmanager
def playing(*steps: Step, scripts: Mapping[str, Sequence[Step]] | None = None) -> Iterator[Model]:
    """Serve the script; the last step repeats. Hanging requests end with the block."""
    with Model(steps, scripts or {}) as model:
        thread = threading.Thread(target=model.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield model
        finally:
            model.closing.set()
            model.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Model
    protocol_version = "HTTP/1.1"
    SHELLS: ClassVar = ("Bash", "bash")

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_HEAD(self) -> None:
        self._json(200, {})

    def do_GET(self) -> None:
        self._json(404, {"type": "error", "error": {"type": "not_found_error", "message": self.path}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.partition("?")[0].endswith("/count_tokens"):
            self._json(200, {"input_tokens": 100})
            return
        request = _read(body)
        step: Step = Say("a side answer")
        if request.tools:
            self.server.requests.append(request)
            step = self.server.step(request)
        self._play(step, request, body)

    def _play(self, step: Step, request: Request, body: Mapping[str, Any]) -> None:
        match step:
            case Hang():
                self.server.closing.wait()
                self.close_connection = True
            case Drop():
                self.close_connection = True
            case Fail(status, kind, message, headers):
                self._json(status, {"type": "error", "error": {"type": kind, "message": message}}, headers)
            case Say() | Bash() | Tool():
                self._answer(_content(step, request.tools), body)

    def _answer(self, block: dict[str, Any], body: Mapping[str, Any]) -> None:
        stop = "tool_use" if block["type"] == "tool_use" else "end_turn"
        message = {
            "id": f"msg_{len(self.server.requests)}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "stop_sequence": None,
        }
        if not body.get("stream"):
            self._json(200, {**message, "content": [block], "stop_reason": stop, "usage": _usage(50)})
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        start = {**message, "content": [], "stop_reason": None, "usage": _usage(1)}
        self._event({"type": "message_start", "message": start})
        for event in _stream(block):
            self._event({**event, "index": 0})
        end = {"stop_reason": stop, "stop_sequence": None}
        self._event({"type": "message_delta", "delta": end, "usage": _usage(50)})
        self._event({"type": "message_stop"})
        self.close_connection = True

    def _event(self, event: Mapping[str, Any]) -> None:
        self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())

    def _json(self, status: int, value: object, headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, text)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _usage(output: int) -> dict[str, int]:
    return {
        "input_tokens": 1000,
        "output_tokens": output,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
    }


def _content(step: Say | Bash | Tool, tools: Sequence[str]) -> dict[str, Any]:
    if isinstance(step, Say):
        return {"type": "text", "text": step.text}
    if isinstance(step, Bash):
        name = next(name for name in _Handler.SHELLS if name in tools)
        step = Tool(name, {"command": step.command})
    return {"type": "tool_use", "id": f"toolu_{id(step)}", "name": step.name, "input": dict(step.arguments)}


def _stream(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    start: dict[str, Any]
    if block["type"] == "text":
        start = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        start = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    yield {"type": "content_block_start", "content_block": start}
    yield {"type": "content_block_delta", "delta": delta}
    yield {"type": "content_block_stop"}


def _read(body: Mapping[str, Any]) -> Request:
    messages = body["messages"]
    return Request(
        tools=tuple(tool["name"] for tool in body.get("tools") or () if "name" in tool),
        text="\n".join(_text(message["content"]) for message in messages if message["role"] == "user"),
        turn=sum(message["role"] == "assistant" for message in messages),
    )


def _text(content: str | Sequence[Mapping[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", block.get("content", ""))) for block in content)
