"""Runners: the agent CLIs that looop can drive, the commands that drive them, and which one is used.

In: CONFIG's runner and runners, and what is installed. Out: a `Choice`, or the Problem that parks the loop.
Pure: the caller looks for programs. Flags and variables are those of the real CLIs.
"""

import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import msgspec

from looop.core.problem import Exit, Problem

REHEARSAL = "rehearsal"
AUTO = "auto"


class Runner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one agent is run: `/bin/sh -c` commands, with `{{prompt_file}}` and `{{conversation}}` in them.

    `tick` gets its prompt on stdin. `interactive` and `resume` run on a terminal; an empty one means that
    the agent can't. `output` names the format of the tick's stdout (`core.streams`); `env` is for all three.
    """

    tick: str
    interactive: str = ""
    resume: str = ""
    output: str = "text"
    env: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Choice:
    """The runner of a beat. `reason` says why it is not another one, where a person would ask."""

    name: str
    runner: Runner
    reason: str = ""

    @property
    def rehearses(self) -> bool:
        """Whether no AI is asked."""
        return self.name == REHEARSAL


# A worker's brief is read from its file: one argument holds 128 KiB at most, and the file may be longer.
_BRIEF = '"$(head -c 100000 {{prompt_file}})"'

_PLACE = re.compile(r"\{\{(?:prompt_file|conversation)\}\}")

BUILT_IN: dict[str, Runner] = {
    "claude": Runner(
        # Each tick is forgotten, or it would fill the person's own list of conversations. Two retries take
        # 5 s; claude's own eleven take more than 3 minutes, even for an expired login.
        tick="CLAUDE_CODE_MAX_RETRIES=2 claude -p --output-format stream-json --verbose"
        " --dangerously-skip-permissions --no-session-persistence",
        interactive=f"claude --dangerously-skip-permissions --session-id {{{{conversation}}}} {_BRIEF}",
        resume="claude --dangerously-skip-permissions --resume {{conversation}}",
        output="claude",
        env={"DISABLE_AUTOUPDATER": "1"},
    ),
    "pi": Runner(
        tick="pi -p --mode json --no-session",
        interactive=f"pi --session-id {{{{conversation}}}} {_BRIEF}",
        resume="pi --session-id {{conversation}}",
        output="pi",
        env={"PI_SKIP_VERSION_CHECK": "1"},
    ),
    "codex": Runner(
        tick="codex exec --json --ephemeral --skip-git-repo-check"
        " --dangerously-bypass-approvals-and-sandbox -",
        # Without the server that codex would leave behind for all its later calls, a person's too.
        interactive="codex -c features.daemon_auto_start=false --dangerously-bypass-approvals-and-sandbox"
        f" {_BRIEF}",
        resume="codex resume --last -c features.daemon_auto_start=false"
        " --dangerously-bypass-approvals-and-sandbox",
        output="codex",
    ),
    "opencode": Runner(
        tick="opencode run --format json --auto",
        interactive=f"opencode --auto --prompt {_BRIEF}",
        resume="opencode --auto --continue",
        output="opencode",
        env={"OPENCODE_DISABLE_AUTOUPDATE": "1"},
    ),
    "gemini": Runner(
        tick="gemini --yolo --skip-trust --output-format json",
        interactive=f"gemini --yolo --skip-trust --session-id {{{{conversation}}}} -i {_BRIEF}",
        resume="gemini --yolo --skip-trust --resume latest",
        output="gemini",
    ),
    REHEARSAL: Runner(
        tick='"$LOOOP_BIN" __rehearse',
        interactive='exec "$LOOOP_BIN" __interview {{prompt_file}}',
        resume='exec "$LOOOP_BIN" __interview {{prompt_file}}',
        output=REHEARSAL,
    ),
}

PROGRAMS: dict[str, str | None] = {name: None if name == REHEARSAL else name for name in BUILT_IN}
"""Which program on PATH each built-in runner needs, in the order in which `auto` looks for them."""


def known(configured: Mapping[str, Runner]) -> dict[str, Runner]:
    """Give every runner there is, a person's own before the built-in of the same name."""
    return BUILT_IN | dict(configured)


def choose(
    wanted: str,
    configured: Mapping[str, Runner],
    *,
    found: Collection[str],
    root: bool = False,
) -> Choice:
    """Choose the runner. `wanted` is a name or `auto`; `found` names those whose program is installed.

    A named runner is used or is missing: Problem NO `missing-runner`, and nothing rehearses in its place;
    Problem USAGE `unknown-runner` names the nearest. `auto` is nobody's consent, so it rehearses and names
    the first one found, which `looop init` shows and writes down. `root`: claude refuses root without
    `IS_SANDBOX`.
    """
    if wanted == AUTO:
        return _rehearse(found)
    runners = known(configured)
    if wanted not in runners:
        raise _unknown(wanted, runners)
    if _is_missing(wanted, runners[wanted], found):
        raise Problem(
            Exit.NO,
            "missing-runner",
            f"The runner {wanted} is not installed: no `{PROGRAMS[wanted]}` is on PATH. Install it, or choose"
            " another with `looop init`; until then nothing is asked, and nothing rehearses in its place.",
        )
    return Choice(wanted, _as(runners[wanted], wanted, root=root))


def _rehearse(found: Collection[str]) -> Choice:
    first = next((name for name in PROGRAMS if name in found), None)
    agree = (
        f"`looop init` shows what {first} would be run with and asks"
        if first
        else "install one, then `looop init`"
    )
    return Choice(REHEARSAL, BUILT_IN[REHEARSAL], f"nobody has agreed to run an AI yet: {agree}")


def _unknown(wanted: str, runners: Mapping[str, Runner]) -> Problem:
    near = get_close_matches(wanted, runners, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(runners)}."
    return Problem(
        Exit.USAGE,
        "unknown-runner",
        f"CONFIG names no runner {wanted!r}: {hint} Add it to `runners` or change `runner`.",
    )


def _is_missing(name: str, runner: Runner, found: Collection[str]) -> bool:
    # What a person's own command needs is not ours to guess.
    own = BUILT_IN.get(name)
    return own is not None and runner.tick == own.tick and PROGRAMS[name] is not None and name not in found


def _as(runner: Runner, name: str, *, root: bool) -> Runner:
    if not root or name != "claude":
        return runner
    return msgspec.structs.replace(runner, env={"IS_SANDBOX": "1"} | runner.env)


def fill(command: str, prompt_file: str = "", conversation: str = "") -> str:
    """Put a prompt's path and a conversation's id into a command, quoted for sh. Text like `{{it}}` stays."""
    values = {"{{prompt_file}}": prompt_file, "{{conversation}}": conversation}
    return _PLACE.sub(lambda place: shlex.quote(values[place[0]]), command)
