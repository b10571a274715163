"""One packed file for all tests of the unpacking, and a home for each."""

import random
from pathlib import Path

import pytest

from support.packing import Home, bare_launcher, packed

SIZE = 1 << 20


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bare_launcher(tmp_path_factory.mktemp("launcher"))


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory, launcher: Path) -> Path:
    """Give a file whose program has parts in folders, large, small and empty."""
    parts = {
        "lib/large": random.Random(4).randbytes(SIZE),
        "lib/empty": b"",
        "lib/deep/er/one": b"1",
        **{f"lib/many/{number}": bytes(number) for number in range(60)},
    }
    return packed(launcher, tmp_path_factory.mktemp("packed") / "looop", parts)


@pytest.fixture
def home(tmp_path: Path, file: Path) -> Home:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return Home(folder, file)
