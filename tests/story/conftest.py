"""What the tests of whole stories share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.person import Person, person


@pytest.fixture
def looop(tmp_path: Path) -> Iterator[Person]:
    with person(tmp_path) as them:
        yield them
