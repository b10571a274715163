"""Releases on a loopback server, as `install.sh` finds them, with whatever a network or a disk does to files.

In: a folder. Out: a `Releases` to publish in, its address, and the script run against it.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support.source import ROOT

SCRIPT = ROOT / "launcher" / "install.sh"
MACHINE = f"linux-{ {'arm64': 'aarch64'}.get(platform.machine(), platform.machine()) }"
TOOLS = (
    *("sh", "uname", "mkdir", "mktemp", "sha256sum", "cut", "awk", "sed", "chmod", "mv", "rm", "cat"),
    *("dirname", "sync", "sleep", "curl", "wget"),
)

PROGRAM = """#!/bin/sh
case "$1 $2" in
'version ') echo looop {version} ;;
*) echo "looop printed $*" ;;
esac
"""
"""What is installed: a script in the place of the binary."""


@dataclass
class Releases:
    """What lies on the server. `cut` names files that end early, `hanging` those that never end."""

    root: Path
    url: str = ""
    cut: set[str] = field(default_factory=set)
    hanging: set[str] = field(default_factory=set)
    hung: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def publish(self, version: str = "1.2.0", text: str = PROGRAM, *, latest: bool = True) -> str:
        """Put a release there; the digest of its file."""
        folder = self.root / "download" / f"v{version}"
        folder.mkdir(parents=True)
        data = text.replace("{version}", version).encode()
        (folder / f"looop-{version}-{MACHINE}").write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        other = f"{'0' * 64}  looop-{version}-plan9-vax\n{'1' * 64}  looop-{version}-{MACHINE}.sig\n"
        self.sums(version, f"{other}{digest}  looop-{version}-{MACHINE}\n", latest=latest)
        return digest

    def sums(self, version: str, text: str, *, latest: bool = True) -> None:
        """Write the release's SHA256SUMS."""
        (self.root / "download" / f"v{version}" / "SHA256SUMS").write_text(text)
        if latest:
            (self.root / "latest" / "download").mkdir(parents=True, exist_ok=True)
            (self.root / "latest" / "download" / "SHA256SUMS").write_text(text)

    def env(self, home: Path, **more: str) -> dict[str, str]:
        return {"HOME": str(home), "PATH": os.environ["PATH"], "LOOOP_RELEASES": self.url} | more

    def install(
        self, home: Path, *words: str, shell: Sequence[str] = ("sh",), script: Path = SCRIPT, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*shell, script, *words], check=False, capture_output=True, text=True, env=self.env(home, **more)
        )


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, releases: Releases, *args: Any) -> None:
        self.releases = releases
        super().__init__(*args, directory=str(releases.root))

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if name not in self.releases.cut | self.releases.hanging:
            super().do_GET()
            return
        data = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        if name in self.releases.hanging:
            self.releases.hung.set()
            self.releases.over.wait()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(root: Path) -> Iterator[Releases]:
    """Serve a folder until the end."""
    root.mkdir()
    releases = Releases(root)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, releases))
    releases.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
    thread.start()
    try:
        yield releases
    finally:
        releases.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def path_without(folder: Path, *missing: str) -> str:
    """Give a PATH on which the script's tools are, but for some."""
    folder.mkdir()
    for tool in TOOLS:
        if tool not in missing and (found := shutil.which(tool)):
            (folder / tool).symlink_to(found)
    return str(folder)
