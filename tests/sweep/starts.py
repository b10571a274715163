"""Stories of a session's begin and end: `start-session`, `restart`, `kill`, with each process struck."""

from collections.abc import Iterator

from support.person import Person
from sweep.lived import Lived, asked, noted, once, over, surely, views

NEW = "new"


class Start(Lived):
    """A session is started; the engine is struck."""

    name = "start"

    def act(self, looop: Person) -> None:
        """Start it, once."""
        self.said = asked(looop, *self.verb(looop))

    def verb(self, looop: Person) -> tuple[str, ...]:
        """Give the verb."""
        return ("start-session", NEW, "--command", noted(looop, "exec cat"))

    def after(self, looop: Person) -> Iterator[str]:
        """Look for it, and ask for it again where it is not there."""
        view = views(looop).get(NEW)
        acknowledged = self.said is not None and self.said.code == 0
        if acknowledged and (view is None or over(view)):
            yield f"it was said to run, and is {view and view['state']}"
        if view is None or over(view):
            again = surely(looop, *self.verb(looop))
            if again.code != 0:
                yield f"it can't be started again: {again.err}"
                return
        yield from once(looop, NEW)
