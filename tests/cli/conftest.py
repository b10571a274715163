"""A real profile in a temporary folder, the verbs on it, and one time zone for all."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from looop.engine.unattended import Unattended
from looop.store.paths import Profile
from looop.store.profile import prepare
from support.profiles import profile_in
from support.verbs import FakeEngine, Looop


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def no_profile(tmp_path: Path) -> Profile:
    return profile_in(tmp_path)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    """Give one prepared profile that nobody changes: a copy costs no wait for the disk."""
    made = profile_in(tmp_path_factory.mktemp("seeded"))
    prepare(made, {})
    return made


@pytest.fixture
def profile(no_profile: Profile, seeded: Profile) -> Profile:
    shutil.copytree(seeded.data, no_profile.data)
    shutil.copy(seeded.config, no_profile.config)
    return no_profile


@pytest.fixture
def looop(profile: Profile) -> Looop:
    return Looop(profile)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def relayed(profile: Profile, engine: FakeEngine) -> Looop:
    engine.questions = Unattended(profile)
    return Looop(profile, engine)
