"""Another user of the machine meets a profile in which everything lives, and gets nothing of it."""

import importlib
import os
import pkgutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

import pytest

from looop import __main__, cli
from looop.child import tree
from looop.core.problem import Exit
from support import stranger
from support.ordinary_user import as_ordinary_user
from support.person import Person, person
from support.profiles import sensor
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

KEY = "sk-live-0123456789abcdef"


@pytest.fixture
def looop() -> Iterator[Person]:
    """Give a profile in a folder that everybody may enter, made and served under the most careless umask."""
    before = os.umask(0)
    try:
        with tempfile.TemporaryDirectory(prefix="another-user-") as temp:
            Path(temp).chmod(0o755)
            with person(Path(temp), SERVICE_API_KEY=KEY) as them:
                yield them
    finally:
        os.umask(before)


def lived_in(looop: Person) -> None:
    """Have something of everything: a pulse, a tick, a sensor, a session with a flag and output."""
    sensor(looop.profile, "tea", "#!/bin/sh\necho 1\n")
    looop("up")
    looop("start-session", "tea", f"say {KEY} to nobody", "--command", "cat")
    looop("flag", "tea", "Green?")
    looop("send", "tea", "hello")
    looop.shows("tea", "hello")
    looop("tick", "--force")
    until((looop.profile.pulse / "status.json").exists, "the pulse to say how it is")


def everything(looop: Person) -> list[Path]:
    """Give every path; while the engine lives some go as they come."""
    data = looop.profile.data
    below = (Path(parent, name) for parent, *names in os.walk(data) for name in chain(*names))
    return [looop.profile.config, data, *below]


def owners(places: Iterable[Path]) -> set[int]:
    found = set()
    for path in places:
        with suppress(FileNotFoundError):
            found.add(path.lstat().st_uid)
    return found


def family(looop: Person) -> list[int]:
    heads = (looop.keeper.pid, looop.engine.pid)
    return [*heads, *(each.pid for head in heads for each in tree.descendants(head))]


def test_nobody_else_reads_writes_connects_or_signals(looop: Person) -> None:
    lived_in(looop)
    places, pids = everything(looop), family(looop)
    assert {"s", "d", "f"} <= set(map(_kind, places))
    assert [path for path in places if not stranger.closed(path)] == []

    def attack(own: Path) -> None:
        assert stranger.did(places, pids) == []
        mine = own / "mine"
        mine.write_text("x")
        assert len(stranger.did([mine], [os.getpid()])) > 8  # it does try

    if stranger.PLAYED:
        as_ordinary_user(attack, stranger.STRANGER)


def test_no_command_line_tells_a_secret_or_a_task(looop: Person) -> None:
    lived_in(looop)
    read = 0
    for pid in family(looop):
        with suppress(OSError):  # it has ended
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            assert KEY.encode() not in words
            assert b"to nobody" not in words
            read += 1
    assert read > 1


def test_verbs_of_another_user_are_refused_in_one_sentence(looop: Person) -> None:
    if not stranger.PLAYED:
        pytest.skip("only root can become another user")
    lived_in(looop)
    for module in pkgutil.walk_packages(cli.__path__, "looop.cli."):
        importlib.import_module(module.name)
    verbs = ("status", "ls", "send tea x", "answer 1 yes", "down --all", "up", "goals", "start-session x")

    def ask(own: Path) -> None:
        os.environ.update(looop.env | {"HOME": str(own)})
        for verb in verbs:
            code, said = _in_child(verb.split(), own / "said")
            assert code in {Exit.REFUSED, Exit.USAGE}, (verb, code, said)
            assert (said[:7], said.count("\n")) == ("looop: ", 1)

    before = looop.json("ls")
    as_ordinary_user(ask, stranger.STRANGER)
    assert owners(everything(looop)) == {os.geteuid()}
    assert [it["id"] for it in looop.json("ls")["sessions"]] == [it["id"] for it in before["sessions"]]
    assert looop.state("tea") == "flagged"


def _in_child(argv: list[str], said: Path) -> tuple[int, str]:
    """Run a verb in a fork, where all that it imports is loaded: its user can't read it."""
    child = os.fork()
    if not child:
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.argv = ["looop", *argv]
        os._exit(__main__.main())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.read_text()


def _kind(path: Path) -> str:
    return "s" if path.is_socket() else "d" if path.is_dir() else "f"
