"""The native file takes itself off the machine: its loop, its sessions, its cache; and says what it keeps."""

from pathlib import Path

import pytest

from support.frozen import Own
from support.surviving import gone, leader

pytestmark = [pytest.mark.binary, pytest.mark.process, pytest.mark.timeout(300)]


def test_uninstall_ends_all_and_leaves_no_cache(mine: Own) -> None:
    looop = mine.looop
    looop("up")
    looop("start-session", "s", "--command", "cat")
    living = [looop.keeper, looop.engine, leader(looop, "s")]
    assert mine.folder.exists()
    said = looop("uninstall", "--yes")
    gone(living)
    assert not mine.cache.exists() or mine.folders() == set()
    assert str(mine.file) in said
    assert looop.profile.playbook.exists()


def test_a_purge_takes_the_memory_too_and_a_later_run_begins_anew(mine: Own) -> None:
    looop = mine.looop
    looop("uninstall", "--purge", "--yes")
    assert not Path(looop.profile.data).exists()
    assert mine.file.exists()  # it is not where `install.sh` puts it
    assert looop("init", "--runner", "rehearsal", "--yes").startswith("Agreed")
    assert mine.folder.exists()
