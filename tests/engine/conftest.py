"""What the tests of this room share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from looop.store.paths import Profile
from support.household import Household, household
from support.scripted import Scripted, scripted


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    found = Profile(data=tmp_path / "data", config=tmp_path / "looop.json")
    found.pulse.mkdir(parents=True)
    return found


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Household]:
    async with household(tmp_path) as it:
        yield it


@pytest.fixture
def sock(tmp_path: Path, each_client: str) -> Path:
    """Give the place of an engine's socket, to a test that is run with each client."""
    return tmp_path / ".sock"


@pytest.fixture
def engine(sock: Path) -> Iterator[Scripted]:
    """Listen there, and do what the test says."""
    with scripted(sock) as it:
        yield it
