"""What the tests of the one native file share. They need it: `make test-binary` builds it first."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import pack
from support import tested
from support.frozen import Own, another_build, file, own
from support.person import Person, person


@pytest.fixture
def looop(tmp_path: Path) -> Iterator[Person]:
    file()
    with person(tmp_path) as them:
        yield them


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Own]:
    with own(tmp_path) as it:
        yield it


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give another build of the same version."""
    folder = tmp_path_factory.mktemp("newer")
    cache = Path(tested.ENVIRONMENT["XDG_CACHE_HOME"])
    env = {**tested.ENVIRONMENT, "HOME": str(folder)}
    subprocess.run([file(), "help"], env=env, stdout=subprocess.DEVNULL, check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pack, "_LEVEL", 1)  # seconds instead of half a minute
        target = another_build(cache / "looop" / tested.digest(file()), folder / "unpacked", folder / "looop")
    yield target
    target.unlink()
