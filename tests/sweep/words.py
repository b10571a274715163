"""Stories of what is typed: `send`, with each process struck. A line reaches its program once, or never."""

from collections.abc import Iterator
from pathlib import Path

from support.person import Person
from support.waiting import until
from sweep.lived import CLIENT, KEEPER, PATIENCE, Lived, asked, begun, noted, surely
from sweep.sweep import Story, supervised

EAR = "ear"
LINE, LAST = "the first line", "the last line"


class Send(Lived):
    """A line is sent, with Enter; the engine is struck."""

    name = "send"

    def before(self, looop: Person) -> None:
        """Have a session that writes down each line that it reads."""
        reads = f'while IFS= read -r line; do printf "%s\\n" "$line" >>{_heard(looop)}; done'
        assert surely(looop, "start-session", EAR, "--command", noted(looop, reads)).code == 0
        until(lambda: begun(looop, EAR), "it to listen")

    def act(self, looop: Person) -> None:
        """Send it, once."""
        said = asked(looop, "send", EAR, LINE)
        self.acknowledged = said is not None and said.code == 0

    def after(self, looop: Person) -> Iterator[str]:
        """Send another line, and look what was read by then."""
        died = self.keeper_died()
        if not died:
            surely(looop, "send", EAR, LAST)
            until(lambda: any(line.endswith(LAST) for line in heard(looop)), "the last line to be read")
        lines = heard(looop)
        if lines.count(LINE) > 1:
            yield f"it was read {lines.count(LINE)} times"
        if self.acknowledged and LINE not in lines and not died:
            yield f"it was said to be sent, and what was read is {lines}"
        yield from (f"no such line was sent: {line!r}" for line in lines if line not in {LINE, LAST})


class SendKeeper(Send):
    """Keeper is struck."""

    name = "send-keeper"
    who = (KEEPER,)


class SendClient(Send):
    """The client is struck."""

    name = "send-client"
    who = (CLIENT,)

    def act(self, looop: Person) -> None:
        """Send it by a process of its own."""
        with supervised(looop, self.trap, "send", EAR, LINE) as client:
            self.acknowledged = client.process.wait(PATIENCE) == 0


def heard(looop: Person) -> list[str]:
    """Give the lines that were read."""
    return _heard(looop).read_text().splitlines() if _heard(looop).exists() else []


def _heard(looop: Person) -> Path:
    return looop.profile.data.parent / "heard"


WORDS: tuple[type[Story], ...] = (Send, SendKeeper, SendClient)
