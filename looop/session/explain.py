"""Why a session counts as what it is: all that was weighed, for a person who doubts it.

In: a live generation, or what is known of one that is over. Out: an `Explained`. Neighbours: `minding`
gathers the same facts, `core.states` judges them, `cli.explain` shows this.
"""

from pathlib import Path
from typing import Protocol

from looop.child import tree
from looop.core import state_rules
from looop.core.otherwise import otherwise
from looop.core.sessions import Explained, Known, Meta
from looop.core.states import judge
from looop.session.book import Book
from looop.session.minding import Minded, facts
from looop.session.transcript import last_write
from looop.store import verdicts


class Explainable(Minded, Protocol):
    """What explaining needs of a live session beyond what judging needs."""

    @property
    def book(self) -> Book:
        """Its records."""


async def explain(life: Explainable) -> Explained:
    """Explain a live session as it would be judged now. Its screen is brought up to date first."""

    def dated(moment: float | None) -> float | None:
        return None if moment is None else life.around.date(moment)

    screen = (await life.display.current()).text()
    known = facts(life, screen)
    evidence = judge(known, life.around.steady())
    rule = state_rules.match(known.agent, known.screen, known.cursor, known.foreground)
    return Explained(
        id=life.meta.id,
        generation=life.meta.generation,
        state=evidence.state,
        since=life.known.since,
        source=evidence.source,
        said=evidence.said,
        otherwise=otherwise(evidence.state, timed=evidence.until is not None),
        until=dated(evidence.until),
        agent=known.agent,
        output=dated(known.output),
        typed=dated(known.typed),
        hook=known.hook.event if known.hook else None,
        hooked=dated(known.hook.at) if known.hook else None,
        title=known.title,
        screen=rule.said if rule else None,
        news=life.known.news,
        news_name=life.known.news_name,
        pids=_pids(life.book.now().pid),
        guard=life.known.guard,
        guard_said=life.known.guard_said,
        check=life.meta.verify,
    )


def over(meta: Meta, known: Known, folder: Path) -> Explained:
    """Explain one of which nothing but its files is left, or of which nothing else can be read."""
    return Explained(
        id=meta.id,
        generation=meta.generation,
        state=known.state,
        since=known.since,
        source=known.source,
        said=known.said,
        otherwise=otherwise(known.state, timed=False),
        agent=state_rules.agent(meta.runner, meta.command),
        output=last_write(folder),
        news=known.news,
        news_name=known.news_name,
        guard=known.guard,
        guard_said=known.guard_said,
        verdict=known.verdict,
        check=meta.verify,
        checked=_checked(folder),
    )


def _checked(folder: Path) -> str:
    try:
        found = verdicts.read(folder)
    except OSError:
        return ""
    return found.said if found else ""


def _pids(leader: int | None) -> tuple[int, ...]:
    return () if leader is None else (leader, *(proc.pid for proc in tree.descendants(leader)))
