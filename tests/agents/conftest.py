"""Every test here runs once with each real agent, and none of them leaves a process behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import leftovers
from support.agents import BIN, Agent, Bench, Claude, Pi


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.agents)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(params=[Claude, Pi], ids=lambda agent: str(agent.name))
def agent(request: pytest.FixtureRequest) -> Agent:
    chosen: Agent = request.param
    assert (BIN / chosen.name).exists(), f"{chosen.name} is not installed: run `make test-agents`"
    return chosen


@pytest.fixture
def bench(agent: Agent, tmp_path: Path) -> Iterator[Bench]:
    yield Bench(agent, tmp_path)
    assert leftovers.processes() == []
