"""A private Nix and the tracked tree, once for each file of tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import flake


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return flake.copy(tmp_path_factory.mktemp("tree"), flake.tracked())


@pytest.fixture(scope="module")
def nix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[flake.Nix]:
    own = flake.Nix(tmp_path_factory.mktemp("nix"))
    yield own
    own.remove()
