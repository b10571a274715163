"""What the tests of whole stories share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.launching import WITH_PYTHON, Launchers
from support.person import Person, person


@pytest.fixture
def looop(tmp_path: Path) -> Iterator[Person]:
    with person(tmp_path) as them:
        yield them


@pytest.fixture(params=["python", "launcher"])
def each_looop(request: pytest.FixtureRequest, tmp_path: Path, launchers: Launchers) -> Iterator[Person]:
    """Give a person who types `python -m looop`, and one who types the name of a launcher."""
    if request.param == "python":
        with person(tmp_path) as them:
            yield them
    else:
        with person(tmp_path, program=(str(launchers()),), **WITH_PYTHON) as them:
            yield them
