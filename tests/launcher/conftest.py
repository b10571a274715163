"""What the tests of the launcher share: one that relays, and an engine that does what the test says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.launching import Launchers
from support.scripted import Scripted, launched, scripted


@pytest.fixture
def launcher(launchers: Launchers) -> Iterator[Path]:
    """Give the launcher as it is shipped, but for the program inside; `client` starts it."""
    with launched(launchers):
        yield launchers()


@pytest.fixture
def sock(tmp_path: Path) -> Path:
    return tmp_path / ".sock"


@pytest.fixture
def engine(sock: Path) -> Iterator[Scripted]:
    with scripted(sock) as it:
        yield it
