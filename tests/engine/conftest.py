"""What the tests of this room share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from looop.store.paths import Profile
from support.household import Household, household


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    found = Profile(data=tmp_path / "data", config=tmp_path / "looop.json")
    found.pulse.mkdir(parents=True)
    return found


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Household]:
    async with household(tmp_path) as it:
        yield it
