"""A guarded command with real processes: asked in a session, approved by a person, run by looop, once."""

import os
import shlex
import signal
from pathlib import Path

import pytest

from looop.child import tree
from looop.engine import holder
from support import tested
from support.person import Person
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

LOOOP = shlex.join(tested.LOOOP)
RESTS = f'while echo "{{}}" | {LOOOP} hook Stop; do sleep 2; done &\n'
HEARS = 'while read -r line; do echo "$line" >> typed; done\n'
ASKS = f'echo given | {LOOOP} guard ask -- ship "a b" > out 2> err; echo "$?" >> codes\n'


class Shop:
    """A session `fix` that wants to run `ship`, which notes every run and what it was given."""

    def __init__(self, looop: Person, body: str = "cat; echo of $1 >&2; exit 3") -> None:
        self.looop = looop
        self.notes = looop.profile.data.parent / "fix"
        self.notes.mkdir()
        bin_ = looop.profile.data.parent / "bin"
        bin_.mkdir()
        ship = bin_ / "ship"
        ship.write_text(f'#!/bin/sh\necho "$$ $PATH $SESSIONS" >> {self.notes}/runs\n{body}\n')
        ship.chmod(0o755)
        looop.env["PATH"] = f"{bin_}{os.pathsep}{looop.env['PATH']}"
        script = self.notes / "worker.sh"
        prepare = f"cd {shlex.quote(str(self.notes))}\nexport PATH=/nowhere:$PATH SESSIONS=yes\n"
        script.write_text(f"{prepare}{ASKS}{RESTS}{HEARS}")
        looop("start-session", "fix", "--command", f"sh {shlex.quote(str(script))}")

    def asks(self) -> int:
        """Wait for its flag; the number."""
        until(lambda: self.looop.session("fix")["flag"], "the flag")
        return int(self.looop.session("fix")["flag"]["number"])

    def lines(self, name: str) -> list[str]:
        path = self.notes / name
        return path.read_text().splitlines() if path.exists() else []

    def kill(self) -> None:
        """Kill the engine, and wait for the next."""
        before = self.looop.engine
        os.kill(before.pid, signal.SIGKILL)

        def another() -> bool:
            engine = holder.living(self.looop.profile.lock)
            return engine is not None and engine.pid != before.pid

        until(another, "another engine")
        until(lambda: self.looop.json("status")["answers"], "the engine to answer")


def test_an_approved_command_ends_as_if_it_had_run_in_the_session(looop: Person) -> None:
    shop = Shop(looop)
    number = shop.asks()
    text = looop("status")
    assert "may this run? ship 'a b'" in text
    assert f"in {shop.notes}" in text
    said = looop("approve", str(number))
    assert "ship 'a b' ran: exit code 3." in said
    until(lambda: shop.lines("codes"), "the end of the call")
    assert (shop.lines("codes"), shop.lines("out"), shop.lines("err")) == (["3"], ["given"], ["of a b"])
    (run,) = shop.lines("runs")
    _, path, *sessions = run.split(" ")
    assert (path.startswith("/nowhere"), sessions) == (False, [""])
    assert looop.call("approve", str(number)).returncode == 5


def test_what_changed_since_it_was_shown_is_asked_anew(looop: Person) -> None:
    shop = Shop(looop)
    number = shop.asks()
    (shop.notes / "a b").write_text("it was no file before")
    done = looop.call("approve", str(number))
    assert (done.returncode, shop.lines("runs")) == (5, [])
    fresh = shop.asks()
    assert fresh > number
    assert "changed since it was approved: file" in looop("status")
    looop("approve", str(fresh))
    until(lambda: shop.lines("codes"), "the end of the call that asked first")
    assert (shop.lines("codes"), len(shop.lines("runs"))) == (["3"], 1)


def test_an_engine_killed_while_it_runs_leaves_it_not_known_and_never_run_again(
    looop: Person, tmp_path: Path
) -> None:
    shop = Shop(looop, "exec sleep 1000")
    asked = looop.start("approve", str(shop.asks()))
    until(lambda: shop.lines("runs"), "the run")
    pid = int(shop.lines("runs")[0].split()[0])
    shop.kill()
    asked.communicate(timeout=60)
    until(lambda: shop.lines("codes"), "the end of the call")
    assert shop.lines("codes") == ["1"]
    assert "not known whether it ran" in shop.lines("err")[0]
    until(lambda: tree.proc(pid) is None, "the end of the command")
    shop.kill()
    assert len(shop.lines("runs")) == 1


def test_an_engine_killed_before_and_after_it_ran_tells_it_once(looop: Person) -> None:
    shop = Shop(looop)
    number = shop.asks()
    shop.kill()
    (call,) = _calls(looop)
    os.kill(call, signal.SIGSTOP)  # it takes nothing: what it is told stays undelivered
    try:
        looop("approve", str(number))
        shop.kill()
    finally:
        os.kill(call, signal.SIGCONT)
    until(lambda: shop.lines("codes"), "the end of the call")
    assert (shop.lines("codes"), shop.lines("out"), len(shop.lines("runs"))) == (["3"], ["given"], 1)


def test_a_call_that_has_gone_is_told_by_typing(looop: Person) -> None:
    shop = Shop(looop)
    number = shop.asks()
    until(lambda: _calls(looop), "the call")
    (call,) = _calls(looop)
    os.kill(call, signal.SIGKILL)
    until(lambda: shop.lines("codes"), "its end")
    looop("approve", str(number))
    until(lambda: shop.lines("typed"), "the answer")
    assert "approved: ship 'a b' ran: exit code 3." in shop.lines("typed")[0]
    assert "given" in shop.lines("typed")[0]
    assert len(shop.lines("runs")) == 1


def _calls(looop: Person) -> list[int]:
    found = tree.descendants(looop.keeper.pid)
    return [one.pid for one in found if tested.is_call(one.pid, "ask")]
