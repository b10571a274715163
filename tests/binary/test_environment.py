"""What looop starts gets its user's own environment; looop itself loads none of the libraries named there."""

import json
import re
from pathlib import Path

import pytest

from support.frozen import own
from support.person import person
from support.surviving import leaderless
from support.terminal import terminal
from support.tested import LOOOP
from support.waiting import until

pytestmark = [pytest.mark.binary, pytest.mark.process, pytest.mark.timeout(300)]

CHILDRENS = ("libssl.so.3", "libcrypto.so.3", "libz.so.1", "libstdc++.so.6", "libpython3.11.so.1.0")
EVERYBODYS = ("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "ld-linux-x86-64.so.2")
OURS = {
    "LOOOP_BIN",
    "LOOOP_CHILD",
    "LOOOP_CONFIG",
    "LOOOP_DATA_DIR",
    "LOOOP_GENERATION",
    "LOOOP_RUN_ID",
    "LOOOP_SESSION_ID",
    "LOOOP_TEXT",
}
LIBRARY = re.compile(r"(/\S+\.so[.\d]*)")


def poisoned(folder: Path, names: tuple[str, ...]) -> Path:
    """Make a folder of libraries that end every program which loads one of them."""
    folder.mkdir()
    for name in names:
        (folder / name).write_text("no library\n")
    return folder


@pytest.fixture
def poison(tmp_path: Path) -> Path:
    return poisoned(tmp_path / "poison", CHILDRENS)


@pytest.fixture
def theirs(poison: Path, tmp_path: Path) -> dict[str, str]:
    """Give what the user has set, on purpose or not."""
    return {
        "LD_LIBRARY_PATH": str(poison),
        "LD_PRELOAD": str(poison / "libssl.so.3"),
        "LD_AUDIT": "",
        "PYTHONPATH": str(poison),
        "PYTHONHOME": str(poison),
        "OWN": "words = \"of\" ~ 'their' own",
        "LOOOP_INTERVAL": "3600",
    }


def environ(path: Path) -> dict[str, str]:
    """Wait for what a child wrote with `env -0`, and read it."""
    until(path.exists, f"{path.name} to be written")
    pairs = (pair.partition("=") for pair in path.read_text().split("\0") if pair)
    return {name: value for name, _, value in pairs}


def writes(path: Path) -> str:
    """Give a command that writes its environment down."""
    return f"env -0 >{path}.part && mv {path}.part {path}"


def is_theirs(found: dict[str, str], theirs: dict[str, str]) -> None:
    """See that a child has the user's variables as they were, and of ours those that it is meant to have."""
    mine = {name: value for name, value in theirs.items() if not name.startswith("LOOOP_")}
    assert {name: found.get(name) for name in mine} == mine
    strange = {name for name in found if re.match(r"_?(PYI|LOOOP|PYINSTALLER|MEI)|.*_ORIG$", name)}
    assert strange <= OURS
    assert found["LOOOP_BIN"] == LOOOP[0]


@pytest.mark.parametrize("names", [CHILDRENS, (*CHILDRENS, *EVERYBODYS)], ids=["python's", "everybody's"])
def test_libraries_that_can_not_be_loaded_are_no_matter(tmp_path: Path, names: tuple[str, ...]) -> None:
    folder = poisoned(tmp_path / "poison", names)
    broken = str(folder / "libz.so.1")
    bad = {"LD_LIBRARY_PATH": str(folder), "LD_PRELOAD": broken, "LD_AUDIT": broken}
    with person(tmp_path) as looop:
        for verb in (
            ("help",),
            ("sensors",),
            ("status",),
            ("goals", "--json"),
            ("journal", "--no-such-flag"),
        ):
            plain, ran = looop.call(*verb), looop.call(*verb, env=bad)
            assert (ran.returncode, ran.stdout, ran.stderr) == (plain.returncode, plain.stdout, plain.stderr)


def test_a_sensor_an_agent_and_a_notification_have_the_users_environment(
    tmp_path: Path, theirs: dict[str, str]
) -> None:
    with person(tmp_path, program=LOOOP, **theirs) as looop:
        leaderless(looop)
        sensor = looop.profile.sensors / "look.sh"
        sensor.write_text(f"#!/bin/sh\n{writes(tmp_path / 'sensor')}\necho '{{\"signal\": 1}}'\n")
        sensor.chmod(0o700)
        config = {
            "runner": "mine",
            "runners": {"mine": {"tick": f"{writes(tmp_path / 'agent')}; echo '- looked' >>journal.md"}},
            "notify": writes(tmp_path / "notified"),
        }
        looop.profile.config.write_text(json.dumps(config))
        looop("up")
        looop("notify", "--test")
        for name in ("sensor", "agent", "notified"):
            is_theirs(environ(tmp_path / name), theirs)


def test_a_session_has_the_users_environment_and_the_systems_libraries(
    tmp_path: Path, theirs: dict[str, str]
) -> None:
    with person(tmp_path, program=LOOOP, **theirs) as looop:
        looop("start-session", "s", "--command", writes(tmp_path / "session"))
        is_theirs(environ(tmp_path / "session"), theirs)
    said = tmp_path / "said"
    (tmp_path / "plain").mkdir()
    with own(tmp_path / "plain") as mine:
        command = (
            f"{{ ldd $(command -v env); cat /proc/self/maps; }} >{said}.part 2>&1; mv {said}.part {said}"
        )
        mine.looop("start-session", "s", "--command", command)
        until(said.exists, "what ldd says")
        found = set(LIBRARY.findall(said.read_text()))
        assert any(Path(path).name == "libc.so.6" for path in found)
        assert [path for path in found if path.startswith(str(tmp_path))] == []


def test_the_editor_has_the_users_environment(tmp_path: Path, theirs: dict[str, str]) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{writes(tmp_path / 'edited')}\n")
    editor.chmod(0o700)
    with person(tmp_path) as looop:
        looop("goal", "new", "tidy", "the desk is tidy")
        env = looop.env | theirs | {"EDITOR": str(editor), "VISUAL": ""}
        given = [f"{name}={value}" for name, value in env.items()]
        with terminal("goal", "edit", "tidy", program=("/usr/bin/env", *given, *LOOOP)) as it:
            assert it.ended()[0] == 0
        found = environ(tmp_path / "edited")
        assert {name: found.get(name) for name in theirs} == theirs
        assert {name for name in found if re.match(r"_(PYI|LOOOP)", name)} == set()


def test_keeper_and_engine_hold_no_library_of_the_users(tmp_path: Path, poison: Path) -> None:
    with own(tmp_path, LD_LIBRARY_PATH=str(poison), LD_PRELOAD=str(poison / "libz.so.1")) as mine:
        mine.looop("up")
        for process in (mine.looop.keeper, mine.looop.engine):
            maps = Path(f"/proc/{process.pid}/maps").read_text()
            mapped = set(LIBRARY.findall(maps))
            assert mapped
            assert [path for path in mapped if not path.startswith(str(mine.folder))] == []


def test_what_python_reads_from_the_environment_does_nothing(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    for name in ("sitecustomize", "usercustomize", "typing", "looop"):
        (tmp_path / "site" / f"{name}.py").write_text("raise SystemExit('somebody else's code')\n")
    bad = {
        "PYTHONPATH": str(tmp_path / "site"),
        "PYTHONHOME": str(tmp_path / "site"),
        "PYTHONSTARTUP": str(tmp_path / "site" / "looop.py"),
        "PYTHONINSPECT": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONMALLOC": "debug",
        "PYTHONWARNINGS": "error",
        "PYTHONIOENCODING": "latin-1",
    }
    with person(tmp_path) as looop:
        plain, ran = looop.call("help"), looop.call("help", env=bad)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, plain.stdout, "")
