"""Which state a session is in: judged from evidence, never guessed towards idle.

In: what is known of one session at one moment. Out: an `Evidence`. Pure; `session.life` asks again when facts
change, and at the moment that the last answer named. `state_rules` knows screens, `hooks` what agents report.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from looop.core.hooks import MEANINGS, Hook, Meaning
from looop.core.sessions import Evidence, State
from looop.core.state_rules import AGENTS, BUSY_TITLES, Rule, match

STALLED_AFTER = 900.0
"""Seconds without output after which an unflagged session that works counts as stalled."""

SETTLED = 3.0
"""Seconds for which a screen must stand still before it is believed that the program waits."""

OUTLIVED = 10.0
"""Seconds after which a screen that stands still is believed against a report or a title."""

FIRST_OUTPUT = 2.0
FIRST_SCREEN = 30.0
"""Seconds in which a plain program, or an agent, may still be starting; then its silence says something."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that counts. Times are seconds of one clock that is never set; None: never, or nobody knows.

    `agent` is as `state_rules.agent` names it, "" for a plain command. `typed` is the last input of anybody.
    `screen` is the text of the present rows, `cursor` its column and line, `foreground` the name of the
    program that has the terminal. `freed`: when a freeze or a flag last ended. `before`: the state last
    judged; a screen that still says the same need not settle again, or each redraw of a footer would be news.
    """

    started: float
    output: float | None = None
    typed: float | None = None
    title: str = ""
    screen: tuple[str, ...] = ()
    hook: Hook | None = None
    agent: str = ""
    frozen: bool = False
    unpaid: bool = False
    flagged: bool = False
    cursor: tuple[int, int] | None = None
    foreground: str | None = None
    freed: float | None = None
    before: State | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """Facts with what the screen and the hook come to, found once for all moments that are tried."""

    facts: Facts
    rule: Rule | None
    hook: Meaning | None

    @property
    def moved(self) -> float:
        """When the screen last may have changed, or was about to."""
        return max(self.facts.started, _or_never(self.facts.output), _or_never(self.facts.typed))

    @property
    def quiet_since(self) -> float:
        hook = self.facts.hook
        return max(self.moved, _or_never(self.facts.freed), hook.at if hook else -inf)

    @property
    def busy_title(self) -> bool:
        pattern = BUSY_TITLES.get(self.facts.agent)
        return pattern is not None and pattern.match(self.facts.title) is not None


def judge(facts: Facts, now: float) -> Evidence:
    """Judge a live session. From `now` to `until` the same facts give the same answer, at `until` another."""
    seen = _Seen(facts, match(facts.agent, facts.screen, facts.cursor, facts.foreground), _reported(facts))
    found = _at(seen, now)
    later = next((at for at in _turns(seen) if at > now and _at(seen, at) != found), None)
    return Evidence(found.state, found.source, found.said, later)


def _or_never(at: float | None) -> float:
    return -inf if at is None else at


def _at(seen: _Seen, now: float) -> Evidence:
    found = next(evidence for source in _SOURCES if (evidence := source(seen, now)) is not None)
    waits = found.state not in {State.WORKING, State.UNKNOWN, State.STARTING}
    if waits or now < seen.quiet_since + STALLED_AFTER:
        return found
    return Evidence(State.STALLED, "quiet", "quiet for 15 min, and nothing says what it waits for")


def _turns(seen: _Seen) -> list[float]:
    """Give the moments at which time alone can change the answer, in order."""
    facts = seen.facts
    start = [facts.started + wait for wait in (FIRST_OUTPUT, FIRST_SCREEN)]
    still = [seen.moved + wait for wait in (SETTLED, OUTLIVED, FIRST_SCREEN)]
    return sorted([*start, *still, _or_never(facts.typed) + SETTLED, seen.quiet_since + STALLED_AFTER])


def _reported(facts: Facts) -> Meaning | None:
    """Give what the hook says, unless somebody typed since: an answer, or Esc, which no hook tells of."""
    if facts.hook is None or (facts.typed is not None and facts.typed > facts.hook.at):
        return None
    return MEANINGS.get(facts.hook.event)


def _freeze(seen: _Seen, now: float) -> Evidence | None:  # noqa: ARG001 - one signature for all sources
    if seen.facts.frozen:
        return Evidence(State.FROZEN, "freeze", "a person stopped it with `looop freeze`")
    if seen.facts.unpaid:
        return Evidence(State.FROZEN, "money", "the day's money is spent; `looop unpark` lets it go on")
    return None


def _flag(seen: _Seen, now: float) -> Evidence | None:  # noqa: ARG001 - one signature for all sources
    return Evidence(State.FLAGGED, "flag", "it has asked a person and waits") if seen.facts.flagged else None


def _start(seen: _Seen, now: float) -> Evidence | None:
    facts = seen.facts
    wait = FIRST_SCREEN if facts.agent in AGENTS else FIRST_OUTPUT
    if facts.output is not None or facts.hook is not None or now >= facts.started + wait:
        return None
    return Evidence(State.STARTING, "output", "it has not shown anything yet")


def _outlived(seen: _Seen, now: float) -> Evidence | None:
    """Believe a screen against a report: an agent whose turn broke off reports nothing more."""
    rule = seen.rule
    if rule is None or rule.state is State.WORKING or now < seen.moved + OUTLIVED:
        return None
    # A dialog of a shape that is not known may leave the prompt on the screen: a report of one is kept.
    asks = seen.hook is not None and seen.hook.state is State.ASKING
    return None if asks or seen.hook is None else _on_screen(rule, seen.hook)


def _on_screen(rule: Rule, hook: Meaning) -> Evidence | None:
    # The agent's own word says more than our reading of its screen where both agree.
    return None if rule.state is hook.state else Evidence(rule.state, "screen", rule.said)


def _hook(seen: _Seen, now: float) -> Evidence | None:  # noqa: ARG001 - one signature for all sources
    hook, meaning = seen.facts.hook, seen.hook
    if hook is None or meaning is None or meaning.state is None:
        return None
    if meaning.state is State.IDLE and seen.busy_title:
        return None
    said = f"{meaning.said}: {hook.message}" if hook.message else meaning.said
    return Evidence(meaning.state, "hook", f"{said} ({hook.event})")


def _title(seen: _Seen, now: float) -> Evidence | None:
    waits = seen.rule is not None and seen.rule.state is not State.WORKING
    if not seen.busy_title or (waits and now >= seen.moved + OUTLIVED):
        return None
    return Evidence(State.WORKING, "title", "its title shows that it works")


def _screen(seen: _Seen, now: float) -> Evidence | None:
    rule = seen.rule
    if rule is None:
        return None
    typed = _or_never(seen.facts.typed)
    kept = rule.state is seen.facts.before and now >= typed + SETTLED
    if rule.state is not State.WORKING and not kept and now < seen.moved + SETTLED:
        return None
    return Evidence(rule.state, "screen", rule.said)


def _output(seen: _Seen, now: float) -> Evidence | None:
    if now >= seen.moved + SETTLED:
        return None
    if seen.facts.typed is not None and seen.facts.typed >= _or_never(seen.facts.output):
        return Evidence(State.WORKING, "input", "something was typed, and no news has come since")
    return Evidence(State.WORKING, "output", "it printed something a moment ago")


def _quiet(seen: _Seen, now: float) -> Evidence:
    """Judge a silence that nothing explains: a plain program runs; of an agent more should be known."""
    if seen.facts.agent not in AGENTS:
        return Evidence(State.WORKING, "quiet", "it runs, and nothing on its screen says that it waits")
    if now < seen.moved + FIRST_SCREEN:
        return Evidence(State.WORKING, "output", "its output stopped a moment ago")
    return Evidence(State.UNKNOWN, "quiet", "it is silent, and its screen looks like nothing that is known")


_SOURCES: tuple[Callable[[_Seen, float], Evidence | None], ...] = (
    _freeze,
    _flag,
    _start,
    _outlived,
    _hook,
    _title,
    _screen,
    _output,
    _quiet,
)
"""Who is asked, the most trusted first; the first answer counts."""
