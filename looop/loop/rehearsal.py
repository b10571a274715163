"""Rehearsal: a small rule-based agent, which is no AI and says so in every line that it leaves.

In: a tick's prompt on stdin, and the tick's folder as the working directory. Out: one honest simple move
there, one journal line, and a few lines on stdout about it. `looop.core.runners` starts it as the runner
`rehearsal`. `decide` is pure; `rehearse` performs what it decided.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path

from looop.core.diff import Change, ChangeKind
from looop.core.goal import front
from looop.core.ids import is_name
from looop.core.line import flat
from looop.core.prompt import Asked, read_back
from looop.store import files

NAME = "rehearsal, not an AI"

LARGEST_PROMPT = 4 << 20
"""Bytes of stdin that are read; a prompt of looop's own has a tenth of that."""

LARGEST_GOAL = 1 << 20
"""Bytes of a goal that this agent reads; it leaves larger ones alone."""

LARGEST_NOTE = 300
"""Characters of a note."""

NAMED = 3
"""Changes that a line names one by one; the others are counted."""

SETUP = "setup.md"
SETUP_SESSION = "setup"
START_SETUP = ("start-session", SETUP_SESSION, "--meta", "--goal", SETUP_SESSION, "Interview the person.")
STARTED = (
    f"started the session {SETUP_SESSION}, whose questions `looop attach {SETUP_SESSION}` shows ({NAME})"
)
UNFINISHED = (
    f"the session {SETUP_SESSION} is over, and nothing was approved: `looop restart {SETUP_SESSION}` goes on "
    f"with it, and so does a line of yours below this one ({NAME})"
)
VERB_DEADLINE = 60.0
"""Seconds that looop may take to record a verb."""

DONE = "done"
WATCHING = ("sensor", "watch")
"""Keys in a goal's frontmatter that name the sensors (one, or several with commas) whose changes it notes."""


class StepKind(Enum):
    """What a step does."""

    ARCHIVE = "archive a goal"
    START = "start the setup session"
    NOTE = "add a note to a goal"
    NOTHING = "nothing"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Step:
    """One move: what to do, to which goal (a file name), the note to add, and the text for the journal.

    `verb` is what looop is called with; the note is added only if that went well.
    """

    kind: StepKind
    line: str
    goal: str = ""
    note: str = ""
    verb: tuple[str, ...] = ()


def main() -> int:
    """Make one move in the current folder for the prompt on stdin.

    Gives 0; 2 when stdin holds no prompt of looop's; 1 when the folder can't be written.
    """
    prompt = sys.stdin.buffer.read(LARGEST_PROMPT).decode(errors="replace")
    try:
        return rehearse(prompt, Path.cwd(), _say)
    except OSError as error:
        _say(f"The move could not be made: {error} ({NAME}).")
        return 1


def rehearse(
    prompt: str, folder: Path, say: Callable[[str], None], call: Callable[[Sequence[str]], str] | None = None
) -> int:
    """Decide and perform; `say` gets plain lines. Raises OSError when the folder can't be written.

    `call` calls a verb of looop's and gives what went wrong, or nothing.
    """
    if not read_back(prompt).why:
        say(f"This is no prompt of looop's: nothing was done ({NAME}).")
        return 2
    step = decide(prompt, _goals(folder))
    say(f"I am a rehearsal: a few fixed rules, not an AI. My move: {step.kind}.")
    if step.verb and (trouble := (call or _call)(step.verb)):
        step = Step(StepKind.NOTHING, f"{NAME}: could not {step.kind}: {trouble}")
    _perform(step, folder)
    say(step.line)
    return 0


def decide(prompt: str, goals: Mapping[str, str]) -> Step:
    """Choose the one move. `goals` maps the file names in goals/ to their text. Same input, same step.

    Its own note is a changed goal in the next tick, and a changed goal alone is never a reason to write:
    so it can't run in circles.
    """
    asked = read_back(prompt)
    return next(filter(None, (rule(asked, goals) for rule in _RULES)), None) or _nothing(asked)


def _finished(_asked: Asked, goals: Mapping[str, str]) -> Step | None:
    for goal, text in sorted(goals.items()):
        if front(text).get("status", "").lower() == DONE:
            line = f"{NAME}: archived goals/{goal}, because its frontmatter says status: {DONE}"
            return Step(StepKind.ARCHIVE, line, goal)
    return None


def _setup(asked: Asked, goals: Mapping[str, str]) -> Step | None:
    """Start the setup session while its goal is there; never again before a person has done something.

    The goal's last line says how far that is: ours means that it is the person's turn.
    """
    if SETUP not in goals or not _over(asked.sessions.get(SETUP_SESSION, "")):
        return None
    last = next((line for line in reversed(goals[SETUP].split("\n")) if line.strip()), "")
    if last.endswith(STARTED) and not asked.answered:
        line = f"{NAME}: noted on goals/{SETUP} that its session is over and nothing was approved"
        return Step(StepKind.NOTE, line, SETUP, _dated(asked, UNFINISHED))
    if last.endswith(UNFINISHED) and not asked.answered:
        return None
    line = f"{NAME}: started the session {SETUP_SESSION}: `looop attach {SETUP_SESSION}` shows its questions"
    return Step(StepKind.START, line, SETUP, _dated(asked, STARTED), START_SETUP)


def _over(state: str) -> bool:
    """Tell whether a session in this state runs no more; one that is not shown doesn't."""
    return not state or state.startswith(("ended", "killed", "lost"))


def _watched(asked: Asked, goals: Mapping[str, str]) -> Step | None:
    changed = (change for change in asked.changes if change.kind is not ChangeKind.REMOVED)
    for change in changed:
        kind, _, sensor = change.item.partition(":")
        watchers = [goal for goal, text in sorted(goals.items()) if sensor in _watches(text)]
        if kind == "sensor" and watchers:
            note = _dated(asked, f"sensor {sensor} {_story(change)} ({NAME})")
            line = f"{NAME}: noted on goals/{watchers[0]} that sensor {sensor} {_story(change)}"
            return Step(StepKind.NOTE, line, watchers[0], note)
    return None


def _nothing(asked: Asked) -> Step:
    if not asked.changes:
        return Step(StepKind.NOTHING, f"{NAME}: did nothing; nothing changed (asked because: {asked.why})")
    named = ", ".join(f"{change.item} {change.kind}" for change in asked.changes[:NAMED])
    more = f" and {len(asked.changes) - NAMED} more" if len(asked.changes) > NAMED else ""
    return Step(StepKind.NOTHING, f"{NAME}: did nothing; no rule of mine answers {named}{more}")


_RULES = (_finished, _setup, _watched)


def _watches(text: str) -> Iterator[str]:
    fields = front(text)
    for key in WATCHING:
        names = re.split(r"[,\s]+", fields.get(key, ""))
        yield from (name.removesuffix(".sh") for name in names if name)


def _story(change: Change) -> str:
    if change.before and change.after:
        return f"went from {change.before} to {change.after}"
    return f"says {change.after}"


def _dated(asked: Asked, note: str) -> str:
    day = re.search(r"\d{4}-\d\d-\d\d", asked.local_time)
    text = f"- {day[0] if day else 'undated'}: {note}"
    return text if len(text) <= LARGEST_NOTE else f"{text[: LARGEST_NOTE - 1]}…"


def _goals(folder: Path) -> dict[str, str]:
    """Read the goals; what has an odd name, is no regular file, is too large or unreadable is left alone."""
    goals = {}
    for path in sorted((folder / "goals").glob("*.md")):
        if not is_name(path.stem):
            continue  # a move on such a name would be rejected, again and again
        try:
            goals[path.name] = files.read_regular(path, limit=LARGEST_GOAL).decode(errors="replace")
        except OSError:
            continue
    return goals


def _perform(step: Step, folder: Path) -> None:
    if step.kind is StepKind.ARCHIVE:
        archive = folder / "goals" / "archive"
        files.private_dir(archive)
        files.durable_rename(folder / "goals" / step.goal, archive / step.goal)
    if step.note:
        files.append(folder / "goals" / step.goal, step.note)
    files.append(folder / "journal.md", step.line)


def _call(argv: Sequence[str]) -> str:
    """Call a verb of looop's, as any agent would; what went wrong, or nothing."""
    import trio  # noqa: PLC0415 - most moves call no verb, and this costs more than all of theirs

    from looop.child import spawn  # noqa: PLC0415 - the same

    program = os.environ.get("LOOOP_BIN") or spawn.own_binary()
    run = partial(spawn.run, [program, *argv], cwd=Path.cwd(), env=dict(os.environ))
    ended = trio.run(partial(run, deadline=VERB_DEADLINE, max_out=1 << 16))
    if ended.code == 0:
        return ""
    return flat(ended.err.decode(errors="replace")) or f"it ended with exit code {ended.code}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
