"""Goals, as a person lists, reads, writes and archives them: `goals`, `goal new|show|edit|archive`.

In: names and texts. Out: views, or plans that `cli.change` records for a tick or performs at once.
"""

import shlex
import time
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from looop.cli.change import Plan, commit
from looop.cli.disk import disk
from looop.cli.inject import ACall, ALive, AProfile, ATerminal, Json, Text
from looop.cli.mistakes import missing
from looop.cli.show import clean, emit, ended, line, many, news, table
from looop.cli.tab import GoalName
from looop.core.act import LARGEST, Write
from looop.core.document import Document, headline
from looop.core.goal import front, is_goal
from looop.core.ids import goal_name
from looop.core.problem import Exit, Problem
from looop.store import files, history, memory
from looop.store.paths import Profile


class GoalLine(msgspec.Struct, frozen=True):
    """One goal in the list: its file, its `goal:` line, and what is wrong with it."""

    name: str
    goal: str
    trouble: str | None = None


class GoalsView(msgspec.Struct, frozen=True):
    """What `goals --json` prints."""

    v: int = 1
    goals: tuple[GoalLine, ...] = ()


class GoalView(msgspec.Struct, frozen=True):
    """What `goal show --json` prints; `cut` counts the bytes that a very large file has beyond `text`."""

    name: str
    text: str
    archived: bool = False
    cut: int = 0
    v: int = 1


async def goals(*, call: ACall, profile: AProfile, live: ALive, json: Json = False) -> int:
    """List the goals."""
    view = GoalsView(goals=tuple(map(_line, await disk(live, memory.read_goals, profile))))
    rows = [[line(goal.name, 40), line(goal.trouble or goal.goal, 120)] for goal in view.goals]
    text = table(rows) or "No goals yet: `looop goal new NAME TEXT` writes one."
    await emit(call, view, text, json=json)
    return int(Exit.DONE)


async def show(name: GoalName, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False) -> int:
    """Print one goal, archived ones too."""
    view = await disk(live, _read, profile, goal_name(name))
    notes = ["(archived)\n"] if view.archived else []
    cut = [f"\n(cut: {many(view.cut, 'more byte')} in the file)"] if view.cut else []
    await emit(call, view, "".join([*notes, ended(clean(view.text)), *cut]), json=json)
    return int(Exit.DONE)


async def new(
    name: str, text: Text, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False
) -> int:
    """Write a new goal. TEXT is how things should be, then notes; - reads it from stdin.

    A text that begins with --- is taken as the whole file and must have a goal: line.
    """
    file = goal_name(name)
    data = _composed(await _text(text, call)).encode()

    def plan() -> Plan:
        if (profile.goals / file).exists():
            raise Problem(
                Exit.REFUSED,
                "exists",
                f"The goal {file} is there already: `looop goal show {file}`, or choose another name.",
            )
        return Plan(f"goal:{file}", (Write(f"goals/{file}", data),), f"Goal {file} written.")

    return await commit(plan, ("goal", "new", file), call, profile, live, json=json)


async def archive(
    name: GoalName, /, *, call: ACall, profile: AProfile, live: ALive, json: Json = False
) -> int:
    """Move a goal to goals/archive/: it is kept, and no longer counts."""
    file = goal_name(name)

    def plan() -> Plan:
        path = profile.goals / file
        try:
            data = files.read_regular(path, LARGEST)
        except FileNotFoundError:
            raise _no_goal(profile, file) from None
        kept = _free(profile, file)
        writes = (Write(f"goals/{file}", None), Write(f"goals/archive/{kept}", data))
        return Plan(
            f"goal:{file}", writes, f"Goal {file} archived as goals/archive/{kept}.", source=f"goals/{file}"
        )

    return await commit(plan, ("goal", "archive", file), call, profile, live, json=json)


async def edit(name: GoalName, /, *, call: ATerminal, profile: AProfile, live: ALive) -> int:
    """Open a goal in $VISUAL or $EDITOR; the pulse notices when it is saved."""
    file = goal_name(name)
    path = profile.goals / file
    if not path.exists():
        raise _no_goal(profile, file)
    if not (call.tty.stdin and call.tty.stdout):
        raise Problem(Exit.USAGE, "no-terminal", f"An editor needs a terminal; {path} is the file to edit.")
    before = await disk(live, _bytes, profile, file)
    await disk(live, _keep, profile, file, "")
    editor = shlex.split(call.env.get("VISUAL") or call.env.get("EDITOR") or "vi")
    code = call.run([*editor, str(path)])
    await disk(live, _keep, profile, file, "goal edit")
    after = await disk(live, _bytes, profile, file)
    if after is not None and not is_goal(after.decode(errors="replace")):
        await news(call, f"looop: goals/{file} has no goal: line between two --- lines at its top: add one.")
    await news(call, "unchanged\n" if after == before else "")
    return int(Exit.DONE) if code == 0 else int(Exit.NO)


def _line(goal: Document) -> GoalLine:
    return GoalLine(goal.name, front(goal.text).get("goal") or headline(goal.text), goal.trouble)


def _read(profile: Profile, file: str) -> GoalView:
    for path, archived in ((profile.goals / file, False), (profile.archive / file, True)):
        try:
            data, size = files.read_head(path, LARGEST)
        except FileNotFoundError:
            continue
        return GoalView(file, data.decode(errors="replace"), archived, size - len(data))
    raise _no_goal(profile, file)


def _bytes(profile: Profile, file: str) -> bytes | None:
    try:
        return files.read_head(profile.goals / file, LARGEST)[0]
    except FileNotFoundError:
        return None


def _keep(profile: Profile, file: str, verb: str) -> None:
    """Keep the goal as it stands; where that can't be done a person edits all the same."""
    with suppress(OSError):
        history.seen(profile, [f"goals/{file}"], time.time(), said=verb)


def _no_goal(profile: Profile, file: str) -> Problem:
    names = [path.name for path in profile.goals.glob("*.md")]
    return missing("no-goal", "goal", file, names, "`looop goals` lists them")


async def _text(text: str, call: ACall) -> str:
    data = await call.stdin(LARGEST) if text == "-" else text.encode(errors="surrogateescape")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Problem(
            Exit.USAGE, "bad-value", "The goal's text is not valid UTF-8: nothing was written."
        ) from None


def _composed(text: str) -> str:
    """Make the file of a goal: frontmatter with its `goal:` line, then notes."""
    if text.startswith("---"):
        if not is_goal(text):
            raise Problem(
                Exit.USAGE,
                "bad-value",
                "The text has no goal: line between two --- lines at its top: add one.",
            )
        return ended(text)
    first, _, notes = text.strip().partition("\n")
    if not first.strip():
        raise Problem(Exit.USAGE, "bad-value", "The goal's text is empty: say how things should be.")
    return ended(f"---\ngoal: {first.strip()}\n---\n\n{notes.strip()}".rstrip())


def _free(profile: Profile, file: str) -> str:
    def names() -> Iterator[str]:
        yield file
        yield from (f"{file.removesuffix('.md')}.{count}.md" for count in range(2, 10_000))

    return next(name for name in names() if not (profile.archive / name).exists())
