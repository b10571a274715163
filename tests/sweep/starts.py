"""Stories of a session's begin and end: `start-session`, `restart`, `kill`, with each process struck."""

from collections.abc import Iterator
from typing import Any

from support.person import Person
from support.waiting import until
from sweep.lived import (
    CLIENT,
    KEEPER,
    KEPT,
    PATIENCE,
    ROLES,
    Lived,
    asked,
    begun,
    noted,
    once,
    over,
    surely,
    views,
)
from sweep.sweep import Story, Trap, supervised

NEW, OLD = "new", "old"
_CAT = "exec cat"


class Start(Lived):
    """A session is started; the engine is struck."""

    name = "start"

    def act(self, looop: Person) -> None:
        """Start it, once."""
        said = asked(looop, *self.verb(looop))
        self.acknowledged = said is not None and said.code == 0

    def verb(self, looop: Person) -> tuple[str, ...]:
        """Give the verb."""
        return ("start-session", NEW, "--command", noted(looop, _CAT))

    def after(self, looop: Person) -> Iterator[str]:
        """Look for it, and ask for it again where it is not there."""
        settle(looop, NEW)
        view = views(looop).get(NEW)
        if self.acknowledged and not (view and (not over(view) or lost(self, looop, view))):
            yield f"it was said to run, and is {view and view['state']}"
        if view is None or over(view):
            again = surely(looop, *self.verb(looop))
            if again.code != 0:
                yield f"it can't be started again: {again.err}"
                return
        yield from once(looop, NEW)


class StartKeeper(Start):
    """Keeper is struck, or its child before that is a program."""

    name = "start-keeper"
    who = (KEEPER,)


class StartClient(Start):
    """The client is struck."""

    name = "start-client"
    who = (CLIENT,)

    def act(self, looop: Person) -> None:
        """Start it by a process of its own."""
        with supervised(looop, self.trap, *self.verb(looop)) as client:
            self.acknowledged = client.process.wait(PATIENCE) == 0


class Restart(Lived):
    """A session that lives is restarted; the engine is struck."""

    name = "restart"

    def before(self, looop: Person) -> None:
        """Have one that lives."""
        assert surely(looop, "start-session", OLD, "--command", noted(looop, _CAT)).code == 0
        self.generation = views(looop)[OLD]["generation"]

    def act(self, looop: Person) -> None:
        """Restart it, once."""
        said = asked(looop, "restart", OLD)
        self.acknowledged = said is not None and said.code == 0

    def after(self, looop: Person) -> Iterator[str]:
        """Look which generation it is, and restart it where it is over."""
        settle(looop, OLD)
        view = views(looop).get(OLD)
        if view is None:
            yield "it is gone"
            return
        anew = view["generation"] != self.generation
        if self.acknowledged and not (anew and (not over(view) or lost(self, looop, view))):
            yield f"it was said to run anew, and is {view['state']}{'' if anew else ' as before'}"
        if over(view):
            again = surely(looop, "restart", OLD)
            if again.code != 0:
                yield f"it can't be restarted: {again.err}"
                return
        yield from once(looop, OLD)


class RestartKeeper(Restart):
    """Keeper is struck, or its child before that is a program."""

    name = "restart-keeper"
    who = (KEEPER,)


class Ending(Lived):
    """A session with a child that has fled is killed; the engine is struck."""

    name = "kill"

    def before(self, looop: Person) -> None:
        """Have one that lives, with its child."""
        fled = f"setsid sh -c '{noted(looop, 'exec sleep 1000').replace('$LOOOP_SESSION_ID', 'fled')}' &"
        assert surely(looop, "start-session", OLD, "--command", f"{fled} {noted(looop, _CAT)}").code == 0
        until(lambda: begun(looop, "fled") and begun(looop, OLD), "both to begin")

    def act(self, looop: Person) -> None:
        """Kill it, once."""
        said = asked(looop, "kill", OLD)
        self.acknowledged = said is not None and said.code == 0

    def after(self, looop: Person) -> Iterator[str]:
        """Look for it, and kill it where it lives."""
        view = views(looop)[OLD]
        if self.acknowledged and not over(view):
            yield f"it was said to have ended, and is {view['state']}"
        again = surely(looop, "kill", OLD)
        view = views(looop)[OLD]
        if again.code != 0 or not over(view):
            yield f"it can't be killed: {again.err}{view['state']}"
        yield from (f"{one.session} (pid {one.pid}) lives on" for one in self._its(looop) if one.lives)

    def _its(self, looop: Person) -> list[Any]:
        return [*begun(looop, OLD), *begun(looop, "fled")]


class EndingKeeper(Ending):
    """Keeper is struck."""

    name = "kill-keeper"
    who = (KEEPER,)


class Cold(Lived):
    """The first session of all is started; whoever makes the change is struck: client, keeper or engine."""

    name = "cold"
    who = ROLES

    def tell(self, looop: Person, trap: Trap) -> None:
        """Strike from the first change on."""
        self.trap, self.found, self.keeper, self.kept = trap, [], None, 0
        with self.begin(looop, trap) as family:
            try:
                self.acknowledged = family.process.wait(PATIENCE) == 0
                trap.disarm()
                self.mourn(looop)
                self.found += self.after(looop)
            except AssertionError as error:
                self.found.append(str(error))
            self.end(looop, family)

    def act(self, looop: Person) -> None:
        """Nothing more."""

    def after(self, looop: Person) -> Iterator[str]:
        """Do it again where it was not said to be done: it does not live twice."""
        again = looop.call("start-session", KEPT, "--command", noted(looop, _CAT))
        view = views(looop)[KEPT]
        if again.returncode != 0 and over(view):
            yield f"it can't be started again: {again.stderr}"
        yield from once(looop, KEPT)


def lost(story: Lived, looop: Person, view: dict[str, Any]) -> bool:
    """Whether it ended with its keeper, or before it was a program, and says so."""
    died = view["state"] == "lost" and story.keeper_died()
    return died or (story.who == (KEEPER,) and view["outside"] and not begun_as(looop, view))


def settle(looop: Person, name: str) -> None:
    """Wait until a session that is there began, or is over: its end may be told a moment later."""

    def settled() -> bool:
        view = views(looop).get(name)
        return view is None or over(view) or begun_as(looop, view)

    until(settled, f"{name} to begin, or to be over")


def begun_as(looop: Person, view: dict[str, Any]) -> bool:
    """Whether this generation's program began."""
    return view["generation"] in {one.generation for one in begun(looop, view["id"])}


STARTS: tuple[type[Story], ...] = (
    Start,
    StartKeeper,
    StartClient,
    Restart,
    RestartKeeper,
    Ending,
    EndingKeeper,
    Cold,
)
