"""Around the whole session: nothing that a test started may outlive it, and CI lets no test be skipped.

The session sits at a terminal, its own where CI gives none: what tests call is called by a person.
`--no-skips` turns a skip or an expected failure, of a test or of a whole module, into a failure.
"""

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from support import leftovers, sitting
from support.launching import Launchers
from support.scripted import launched

BEFORE = pytest.StashKey[set[str]]()
LEFT = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="a test that is skipped has failed")
    patience = "seconds that what a session started may take to end after it"
    parser.addoption("--patience", type=float, default=leftovers.PATIENCE, help=patience)


def pytest_configure(config: pytest.Config) -> None:
    if config.option.collectonly or config.option.help or config.option.version:
        return
    config.stash[BEFORE] = leftovers.names()
    # What tests start is confined where they are about that: `support.cells` says so for each.
    os.environ["LOOOP_CONFINE"] = "off"
    leftovers.guard()
    sitting.sit_down()  # or no verb that a test calls would be a person's


@pytest.fixture(scope="session")
def launchers(tmp_path_factory: pytest.TempPathFactory) -> Launchers:
    """Compile launchers, each once a session."""
    return Launchers(tmp_path_factory.mktemp("launchers"))


@pytest.fixture(params=["python", "launcher"])
def each_client(request: pytest.FixtureRequest, launchers: Launchers) -> Iterator[str]:
    """Run the test with the Python client, then with the launcher: `support.scripted.client` starts it."""
    if request.param == "python":
        yield request.param
    else:
        with launched(launchers):
            yield request.param


def pytest_runtest_setup(item: pytest.Item) -> None:
    needed = [name for marker in item.iter_markers("needs") for name in marker.args]
    missing = [name for name in needed if shutil.which(name) is None and not Path(name).is_file()]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if BEFORE not in session.config.stash:
        return
    patience = session.config.option.patience
    left = leftovers.processes(patience)
    left += leftovers.new_names(session.config.stash[BEFORE], patience)
    session.config.stash[LEFT] = left
    if left and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if left := config.stash.get(LEFT, []):
        terminalreporter.section("LEFT BEHIND by this session: it has failed", red=True)
        for line in left:
            terminalreporter.line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and item.config.option.no_skips:
        report.outcome = "failed"
        report.longrepr = f"skipped, which --no-skips forbids: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and collector.config.option.no_skips:
        report.outcome = "failed"
        report.longrepr = f"skipped, which --no-skips forbids: {report.longrepr}"
    return report
