"""The verbs of the guard: `guard test`, `guard rules`, and `guard run`, which the shims call.

In: a command that nobody has run yet. Out: which rule would hold it; or the command itself, run in the place
of this process; or a refusal. Neighbours: `core.guarded` judges, `looop.guard` has the shims.
"""

from typing import Annotated

import msgspec
from cyclopts import Parameter

from looop.child.environ import own_binary
from looop.cli.console import Terminal
from looop.cli.inject import ACall, AProfile, ATerminal, Json
from looop.cli.show import emit, line, news, table
from looop.core import guarded
from looop.core.guarded import Rule, Rules
from looop.core.problem import Exit, Problem
from looop.core.rules import Guard
from looop.engine.call import Call, Kind
from looop.guard import shims
from looop.guard.place import where
from looop.store.config import load
from looop.store.paths import Profile

_SESSION, _RUN = "LOOOP_SESSION_ID", "LOOOP_RUN_ID"
_OURS = frozenset({Kind.CHILD, Kind.TICK})
_NOT_FOUND, _NOT_RUN = 127, 126
_LONGEST = 200

Words = Annotated[str, Parameter(allow_leading_hyphen=True, help="The command and its arguments.")]


class VerdictView(msgspec.Struct, frozen=True):
    """What `guard test --json` prints. `watched`: there is a shim for this program, so it is noticed."""

    held: bool
    said: str
    rule: str | None = None
    why: str | None = None
    watched: bool = False
    v: int = 1


class RuleLine(msgspec.Struct, frozen=True):
    """One rule, and whether it counts."""

    name: str
    why: str
    on: bool = True
    added: bool = False


class RulesView(msgspec.Struct, frozen=True):
    """What `guard rules --json` prints: the rules, and the branches and folders that some ask about."""

    rules: tuple[RuleLine, ...]
    programs: tuple[str, ...]
    protected: tuple[str, ...]
    clear: tuple[str, ...]
    v: int = 1


async def weigh(*words: Words, call: ACall, profile: AProfile, json: Json = False) -> int:
    """Say which rule would hold a command if an agent ran it here, and why. Nothing is run.

    Exit code 0: it would run; 5: it would be held. What stands behind -- is the command.
    """
    if not words:
        raise Problem(Exit.USAGE, "no-command", "Give the command behind --, as in `looop guard test -- ls`.")
    guard = load(profile, call.env).guard
    rule = _judged(words, guard, call, profile)
    watched = words[0].rpartition("/")[2] in guarded.hot(Rules.of(guard))
    view = VerdictView(held=False, said="It would run: no rule holds it.", watched=watched)
    if rule is not None:
        said = f"It would be held by {rule.name}: {rule.why}."
        view = VerdictView(held=True, said=said, rule=rule.name, why=rule.why, watched=watched)
    await emit(call, view, f"{view.said}\n", json=json)
    return int(Exit.DONE if rule is None else Exit.REFUSED)


async def rules(*, call: ACall, profile: AProfile, json: Json = False) -> int:
    """List what agents may not run by themselves. CONFIG's `guard` switches rules off and adds others.

    It is a seatbelt: a command is known by its words, and whoever means to can go around it.
    """
    guard = load(profile, call.env).guard
    known = Rules.of(guard)
    added = {it.name for it in guard.add}
    listed = tuple(
        RuleLine(it.name, it.why, known.on(it.name, built_in=it.name not in added), it.name in added)
        for it in guarded.known(known)
    )
    view = RulesView(listed, tuple(guarded.hot(known)), guard.protected, guard.clear)
    rows = [[it.name, "on" if it.on else "off", line(it.why, _LONGEST)] for it in listed]
    shown = table([*rows, ["protected", "", line(" ".join(guard.protected), _LONGEST)]])
    await emit(call, view, shown, json=json)
    return int(Exit.DONE)


async def run(
    *words: Words,
    call: ATerminal,
    profile: AProfile,
    hidden: Annotated[str, Parameter(help="Where a cell keeps the real programs.")] = "",
) -> int:
    """Run a command as its shim was asked to, unless looop started who calls and a rule holds it."""
    if not words:
        raise Problem(Exit.USAGE, "no-command", "A shim calls this with a command; people run that itself.")
    rule = None
    if call.caller.kind in _OURS:
        rule = _judged(words, shims.rules(profile), call, profile)
    if rule is not None:
        return _hand_over(words, call)
    return await _become(words, call, hidden)


def _judged(words: tuple[str, ...], guard: Guard, call: Call, profile: Profile) -> Rule | None:
    session = call.env.get(_SESSION) or None
    place = where(profile, guard, words, cwd=call.cwd, env=call.env, session=session)
    return guarded.judge(words, Rules.of(guard), place)


def _hand_over(words: tuple[str, ...], call: Terminal) -> int:
    """Hand a held command over to the verb that asks a person, and says to a tick what to do instead."""
    return call.become(own_binary(), (own_binary(), "guard", "ask", "--", *words))


async def _become(words: tuple[str, ...], call: Terminal, hidden: str) -> int:
    """Be the real program; where that can't be, say so and exit as a shell would."""
    program = shims.real(words[0], call.env.get("PATH", ""), call.cwd, hidden)
    if program is None:
        await news(call, f"{line(words[0])}: not found")
        return _NOT_FOUND
    try:
        return call.become(program, (program, *words[1:]))
    except OSError as error:
        await news(call, f"{line(program)}: {error.strerror}")
        return _NOT_RUN
