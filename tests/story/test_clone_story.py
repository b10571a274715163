"""A confined session asks for a place for code, works there, ends; a person takes what it has committed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import repositories
from support.person import Person, person
from support.repositories import run

pytestmark = [
    pytest.mark.process,
    pytest.mark.needs("bwrap"),
    pytest.mark.needs("git"),
    pytest.mark.timeout(300),
]


@pytest.fixture
def looop(tmp_path: Path) -> Iterator[Person]:
    with person(tmp_path, LOOOP_CONFINE="require") as them:
        yield them


def test_a_worker_makes_its_own_sandbox_and_a_person_takes_the_commit(looop: Person, tmp_path: Path) -> None:
    mail = repositories.made(tmp_path / "home/mail")
    (mail / ".looop").mkdir()
    (mail / ".looop/setup").write_text("#!/bin/sh\necho set up in $PWD\n")
    (mail / ".looop/setup").chmod(0o755)
    run(mail, "add", ".looop")
    run(mail, "commit", "-q", "-m", "setup")
    script = f"""
        export GIT_AUTHOR_NAME=w GIT_AUTHOR_EMAIL=w@x GIT_COMMITTER_NAME=w GIT_COMMITTER_EMAIL=w@x
        cd "$("$LOOOP_BIN" sandbox --repo {mail})" && pwd && echo x > work && git add work &&
        git commit -q -m work && "$LOOOP_BIN" sandbox --repo {mail} --json &&
        COLUMNS=500 "$LOOOP_BIN" sandbox --remove
        "$LOOOP_BIN" done -m committed
    """
    looop("start-session", "w", "--command", script)
    looop.becomes("w", "ended")
    said = looop.call("log", "w").stdout
    place = looop.profile.data / "sandboxes/w/mail"
    assert f"set up in {place}" in said
    assert said.count("set up in") == 1
    assert "w can't remove it: a person's" in " ".join(said.split())
    assert '"kind":"clone"' in said.replace("\n", "")
    (view,) = looop.json("sandbox")["sandboxes"]
    assert (view["path"], view["branch"], view["repository"]) == (str(place), "looop/w/1", str(mail))
    assert looop.call("prune", "w").returncode == 0
    kept = looop.call("sandbox", "w", "--remove")
    assert (kept.returncode, "1 commit is in no other place" in kept.stdout) == (1, True)
    taken = looop.call("sandbox", "w", "--bundle", "w.bundle")
    assert taken.stdout.startswith(f"git -C {mail} fetch {looop.profile.data.parent}/w.bundle looop/w/1")
    run(mail, "fetch", "-q", str(looop.profile.data.parent / "w.bundle"), "looop/w/1:w")
    assert run(mail, "log", "--format=%an %s", "-1", "w") == "w work"
    assert looop.call("sandbox", "w", "--remove").returncode == 0
    assert not place.exists()
    back = looop.call("undo", "sandbox/w")
    assert (back.returncode, (place / "first").exists()) == (0, True)
    assert looop.call("undo", "sandbox/w").returncode == 3
