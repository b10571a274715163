"""Stories of an upgrade: `up` of another build has keeper renew itself by execve, and the engine replaced."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from looop.engine.ask import START
from support.person import Person
from support.supervised import Change
from support.waiting import until
from sweep.lived import KEEPER, KEPT, Lived, asked, begun, noted, surely
from sweep.sweep import Story

_ANOTHER = """
import sys
from looop.child import environ
environ.build = lambda: "{build}"
environ.own_command = lambda *more: [sys.executable, "-P", __file__, *more]
from looop.__main__ import main
sys.exit(main())
"""
ECHO = "echo"


class Upgrade(Lived):
    """Another build's `up` takes a living keeper over, beside a session; the engine is struck, old or new."""

    name = "upgrade"

    def before(self, looop: Person) -> None:
        """Have a session that answers, and another build."""
        says = 'while IFS= read -r line; do echo "heard $line"; done'
        assert surely(looop, "start-session", ECHO, "--command", noted(looop, says)).code == 0
        until(lambda: begun(looop, ECHO), "it to listen")
        file = looop.profile.data.parent / "another.py"
        file.write_text(_ANOTHER.format(build="2.0+another"))
        self.newer = replace(looop, program=(sys.executable, "-P", str(file)))
        self.newer("pause")

    def act(self, looop: Person) -> None:  # noqa: ARG002 - a story's signature
        """Do `up`, once; struck, it waits for whoever comes next."""
        self.acknowledged = self.newer.call("up").returncode == 0

    def recover(self, looop: Person) -> None:
        """Do it again, as a person would."""
        self.mourn(looop)
        self.newer("up")
        super().recover(looop)

    def after(self, looop: Person) -> Iterator[str]:
        """Look which build answers, and whether the session still hears and is heard."""
        if not (self.acknowledged or self.keeper_died()):
            yield "`up` did not get through"
        found = asked(looop, START)
        if found is None or not found.out.endswith("2.0+another"):
            yield f"after `up` {found and found.out!r} answers"
        if self.keeper_died():
            return
        sent = surely(looop, "send", ECHO, "well")
        heard = surely(looop, "expect", ECHO, "heard well", "--since", "0")
        if sent.code != 0 or heard.code != 0:
            yield f"{ECHO} hears nothing: {sent.err}{heard.err}"
        if not Path(looop.profile.sessions / KEPT).exists():
            yield f"{KEPT} is gone"


class UpgradeUnheard(Upgrade):
    """The engine is struck at the very moment in which it asks keeper for the renewal."""

    name = "upgrade-unheard"
    points = 1

    def counts(self, looop: Person, change: Change) -> bool:
        """Count that one request."""
        return super().counts(looop, change) and change.name == "write" and b'"renew"' in change.data()


class UpgradeKeeper(Upgrade):
    """Keeper is struck, before, within or after its renewal."""

    name = "upgrade-keeper"
    who = (KEEPER,)


RENEWALS: tuple[type[Story], ...] = (Upgrade, UpgradeUnheard, UpgradeKeeper)
