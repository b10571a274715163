"""What a new generation is started with: whose command, which brief, which environment.

In: a person's or a tick's order, CONFIG, the engine's and the caller's environment. Out: a `Plan`; then, in
the generation's folder, a `Meta`. Neighbours: `host` decides whether it may start and starts it.
"""

import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from looop.child.environ import environment, led
from looop.core import contract, ids, runners, verdict
from looop.core import goal as goals
from looop.core.mask import NOTHING, Mask
from looop.core.problem import Exit, Problem
from looop.core.runners import Runner
from looop.core.secret import looks_secret
from looop.core.sessions import Known, Meta, Start
from looop.session import draft, hooks
from looop.store import files, sessions
from looop.store.config import Config
from looop.store.masking import without_secrets
from looop.store.paths import Profile
from looop.store.sessions import Entry

_CALLERS = frozenset({"PATH", "HOME", "LANG", "TZ", "SSH_AUTH_SOCK", "DISPLAY", "WAYLAND_DISPLAY"})
# They describe the terminal that `up` was typed in, which is not the one that the session gets.
_OTHER_TERMINALS = frozenset(
    {"LINES", "COLUMNS", "TMUX", "TMUX_PANE", "STY", "WINDOWID", "TERM_PROGRAM", "TERM_PROGRAM_VERSION"}
)
_TERM = "xterm-256color"
_TASK = "task.md"
_MOST = 500  # columns, and lines
_GOAL = 16 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """A generation before it has a folder. `template` and `resume` are commands that are not filled in yet.

    `prompt` is the task alone, `added` what its environment has beyond the engine's own, `check` the command
    that checks its work, and who gave that.
    """

    id: str
    runner: str
    template: str
    resume: str
    conversation: str
    added: Mapping[str, str]
    goal: str | None = None
    meta: bool = False
    run: str | None = None
    prompt: str = ""
    resumed: bool = False
    check: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Birth:
    """What a generation is given when it begins. `answered` is what its brief tells of earlier questions.

    `mask` takes secrets out of the brief: who needs one has the variable, or asks for it.
    """

    generation: str
    number: int
    size: tuple[int, int]
    created: float
    answered: tuple[str, ...] = ()
    mask: Mask = NOTHING


def first(profile: Profile, order: Start, settings: Config, env: Mapping[str, str]) -> Plan:
    """Plan what an order asks for; Problem as `Sessions.start` says of names, runners and consent.

    `env` is the engine's own environment.
    """
    name = ids.session_id(order.id)
    goal = _goal(profile, name, order.goal)
    callers = _of_caller(order.env)
    if order.command:
        runner, chosen = "", Runner(tick="", interactive=order.command)
    else:
        runner, chosen = _runner(order, settings, {**env, **callers})
    return Plan(
        id=name,
        runner=runner,
        template=chosen.interactive,
        resume=chosen.resume,
        conversation=str(uuid.uuid4()),
        added={**callers, **chosen.env},
        goal=goal,
        meta=order.meta,
        run=order.run,
        prompt=order.prompt,
        check=_check(profile, goal, order.verify, order.verify_from),
    )


def again(profile: Profile, entry: Entry, settings: Config, env: Mapping[str, str]) -> Plan:
    """Plan a new generation like that one: the same command, prompt and goal, a new conversation."""
    meta = entry.meta
    return Plan(
        id=meta.id,
        runner=meta.runner,
        template=meta.template or meta.command,
        resume=meta.resume,
        conversation=str(uuid.uuid4()),
        added={**_of_runner(settings, meta), **_of_caller(env)},
        goal=meta.goal,
        meta=meta.meta,
        prompt=_task(entry),
        check=_checked_before(profile, meta),
    )


def resumed(profile: Profile, entry: Entry, settings: Config, env: Mapping[str, str]) -> Plan:
    """Plan a new generation that goes on with that one's conversation. Problem NO `no-resume`."""
    meta = entry.meta
    if not meta.resume:
        raise Problem(
            Exit.NO,
            "no-resume",
            f"Session {meta.id} has no conversation to go on with ({meta.runner or 'a plain command'} can't "
            f"resume): `looop restart {meta.id}` runs it again.",
        )
    return Plan(
        id=meta.id,
        runner=meta.runner,
        template=meta.template,
        resume=meta.resume,
        conversation=meta.conversation,
        added={**_of_runner(settings, meta), **_of_caller(env)},
        goal=meta.goal,
        meta=meta.meta,
        prompt=_task(entry),
        resumed=True,
        check=_checked_before(profile, meta),
    )


def write(profile: Profile, plan: Plan, birth: Birth) -> Meta:
    """Fill the generation's new folder, durably, `meta.json` last; that is its Meta. OSError of the disk.

    The brief alone is not synced: a power cut ends who was to read it.

    The file lacks what is secret of the runner's variables: the next generation has those of CONFIG.
    """
    folder = sessions.folder(profile, plan.id)
    prompt_file = sessions.prompt_file(profile, plan.id, birth.generation)
    if plan.meta and not (plan.resumed and kept(profile, plan.id)):
        draft.fill(profile, folder)
    place = str(folder / draft.DRAFT) if plan.meta else ""
    text, mask = birth.mask.text(plan.prompt).rstrip(), birth.mask
    answered = mask.value(birth.answered)
    told = contract.brief(
        id=plan.id, goal=plan.goal, meta=plan.meta, answered=answered, draft=place, task=text
    )
    files.private_dir(profile.prompts, below=profile.data)
    command = runners.fill(
        plan.resume if plan.resumed else plan.template, str(prompt_file), plan.conversation
    )
    meta = Meta(
        id=plan.id,
        generation=birth.generation,
        command=hooks.prepare(profile, folder, plan.runner, command),
        cwd=str(profile.data),
        created=birth.created,
        size=birth.size,
        runner=plan.runner,
        goal=plan.goal,
        meta=plan.meta,
        conversation=plan.conversation,
        prompt_file=str(prompt_file),
        resumed=plan.resumed,
        run=plan.run,
        env=dict(plan.added),
        resume=plan.resume,
        number=birth.number,
        template=plan.template,
        verify=plan.check[0],
        verify_from=plan.check[1],
    )
    files.scratch(prompt_file, told.encode(errors="replace"))  # no longer of use than the program it is for
    entry = Entry(folder, replace(meta, env=without_secrets(meta.env)), Known(since=birth.created))
    task = (folder / _TASK, f"{text}\n".encode(errors="replace"))
    sessions.write_meta(entry, *((task,) if text else ()))
    return meta


def kept(profile: Profile, name: str) -> Path | None:
    """Find the newest earlier generation that has a draft: the last one may have died before it got it."""
    return next((place for place in reversed(sessions.earlier(profile, name)) if draft.whole(place)), None)


def carry(profile: Profile, name: str) -> None:
    """Move the draft of a meta session to its newest generation, which goes on with it. OSError."""
    if source := kept(profile, name):
        draft.move(source, sessions.folder(profile, name))


def whole_environment(
    profile: Profile, env: Mapping[str, str], meta: Meta, shims: Path | None = None
) -> dict[str, str]:
    """Give all variables of a generation's program: `env`, the engine's own, what Meta adds, and ours.

    `shims` comes first in its PATH.
    """
    kept = {name: value for name, value in env.items() if name not in _OTHER_TERMINALS}
    whole = environment(
        {**kept, "TERM": _TERM, **meta.env},
        LOOOP_DATA_DIR=str(profile.data),
        LOOOP_CONFIG=str(profile.config),
        LOOOP_SESSION_ID=meta.id,
        LOOOP_GENERATION=meta.generation,
    )
    return led(whole, shims)


def of_config(meta: Meta) -> tuple[str, ...]:
    """Name the variables that a runner's `env` in CONFIG gave; the others are the caller's."""
    return tuple(meta.env.keys() - _of_caller(meta.env).keys())


def size_of(settings: Config) -> tuple[int, int]:
    """Give CONFIG's columns and lines, at most 500 of each."""
    columns, _, lines = settings.session_size.partition("x")
    return min(int(columns), _MOST), min(int(lines), _MOST)


def _of_runner(settings: Config, meta: Meta) -> dict[str, str]:
    """Give the variables of an earlier generation; what is secret of them, and in no file, from CONFIG."""
    found = settings.runners.get(meta.runner)
    secrets = {name: value for name, value in found.env.items() if looks_secret(name)} if found else {}
    return without_secrets(meta.env) | secrets


def _of_caller(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name in _CALLERS or name.startswith("LC_")}


def _goal(profile: Profile, name: str, given: str | None) -> str | None:
    if given is None:
        own = f"{name}.md"
        return own if files.present(profile.goals / own) else None
    goal = ids.goal_name(given)
    if not files.present(profile.goals / goal):
        raise Problem(
            Exit.MISSING,
            "no-goal",
            f"There is no goal {goal}: `looop goals` lists them, or leave --goal away.",
        )
    return goal


def _check(profile: Profile, goal: str | None, given: str, giver: str) -> tuple[str, str]:
    """Give the check of a session's work and who wrote it: what was given with it, else its goal's."""
    if given.strip():
        return given.strip(), giver or verdict.AI
    if goal is None:
        return "", ""
    try:
        text = files.read_regular(profile.goals / goal, _GOAL).decode(errors="replace")
    except OSError:  # gone, or larger than any goal: then nothing checks it
        return "", ""
    found = goals.check(text)
    return found, verdict.GOAL if found else ""


def _checked_before(profile: Profile, meta: Meta) -> tuple[str, str]:
    """Give the check of the next generation: the goal's as it is now, or what was given with the first."""
    own = meta.verify if meta.verify_from != verdict.GOAL else ""
    return _check(profile, meta.goal, own, meta.verify_from)


def _runner(order: Start, settings: Config, env: Mapping[str, str]) -> tuple[str, Runner]:
    wanted = order.runner or settings.runner
    _agreed(wanted, settings)
    path = env.get("PATH")
    found = {
        name for name, program in runners.PROGRAMS.items() if program and shutil.which(program, path=path)
    }
    choice = runners.choose(wanted, settings.runners, found=found, root=os.geteuid() == 0)
    if choice.rehearses and not order.meta:
        raise Problem(
            Exit.NO,
            "no-consent",
            "There is no agent to work in a session: nobody has agreed to one yet, and a rehearsal only asks "
            "and proposes. `looop init` shows what would run and asks; `--command` runs a command of yours.",
        )
    if not choice.runner.interactive:
        raise Problem(
            Exit.NO,
            "no-interactive",
            f"The runner {choice.name} has no `interactive` command: add one to CONFIG's runners, or name "
            "another runner.",
        )
    return choice.name, choice.runner


def _agreed(wanted: str, settings: Config) -> None:
    """Refuse an agent that nobody has agreed to; what a person wrote into CONFIG, or `init` did, is a yes."""
    known = runners.known(settings.runners)
    if wanted not in known or wanted in {runners.AUTO, runners.REHEARSAL, settings.runner, *settings.runners}:
        return  # unknown ones get a better sentence from `runners.choose`
    raise Problem(
        Exit.NO,
        "no-consent",
        f"Nobody has agreed to run {wanted}: `looop init --runner {wanted}` shows what would run and asks; "
        f'or allow it beside the one in use by `"{wanted}": {{}}` in CONFIG\'s runners.',
    )


def _task(entry: Entry) -> str:
    """Give the task of a generation; what can't be read is an OSError."""
    try:
        return files.read_regular(entry.folder / _TASK, 16 << 20).decode(errors="replace")
    except FileNotFoundError:
        return ""
