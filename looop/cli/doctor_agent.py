"""The agent as `doctor` sees it: what it would ask before it works, and whether the engine can find it.

In: the person's own configuration of the agent, only read; the PATH that `up` was given. Out: a grade and a
sentence. What each agent asks is `core.first_run`.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from looop.cli.findings import Grade
from looop.core import first_run, runners
from looop.store import files, searchpath, transcripts
from looop.store.config import Config
from looop.store.paths import Profile

_LARGEST = 16 << 20
_USEFUL = ("git", "gh", "curl", "jq", "node", "python3")
"""Programs that sensors and agents often call; only those that the caller has are missed."""


def dialogs(profile: Profile, settings: Config, env: Mapping[str, str]) -> tuple[Grade, str]:
    """Tell what the chosen agent would ask at its first start in DATA, where nobody is there to answer."""
    home = Path(env.get("HOME") or "/")
    if settings.runner in {runners.REHEARSAL, runners.AUTO}:
        return Grade.FINE, "no agent is used, so none asks anything"
    asked = _asked(settings.runner, os.path.realpath(profile.data), home, env, settings)
    if asked is None:
        return Grade.NOTE, f"what {settings.runner} asks at its first start is not known here"
    return (
        (Grade.BAD, " ".join(asked)) if asked else (Grade.FINE, f"{settings.runner} has nothing to ask first")
    )


def path(profile: Profile, settings: Config, env: Mapping[str, str]) -> tuple[Grade, str]:
    """Compare the PATH of the last `up` with the caller's: what can't be found there, and can here."""
    theirs = searchpath.recall(profile)
    if theirs is None:
        return Grade.NOTE, "the engine will have the PATH of the shell that says `looop up`"
    agent = runners.PROGRAMS.get(settings.runner)
    names = dict.fromkeys(filter(None, (agent, *_USEFUL)))
    lost = [
        name
        for name in names
        if shutil.which(name, path=env.get("PATH")) and not shutil.which(name, path=theirs or os.defpath)
    ]
    if not lost:
        return Grade.FINE, "the engine finds what you find"
    advice = f"not on the engine's PATH, but on yours: {', '.join(lost)}; `looop down && looop up` from here"
    return (Grade.BAD if agent in lost else Grade.NOTE), advice


def _asked(
    runner: str, cwd: str, home: Path, env: Mapping[str, str], settings: Config
) -> tuple[str, ...] | None:
    if runner == "claude":
        given = settings.runners.get("claude", runners.BUILT_IN["claude"])
        key = given.env.get("ANTHROPIC_API_KEY", env.get("ANTHROPIC_API_KEY", ""))
        # A cell's copy follows the person's file, and has answers that were given inside, too.
        agreed = _read(Path(env.get("CLAUDE_CONFIG_DIR") or home / ".claude", "settings.json"))
        said = [
            first_run.claude(_read(place), cwd, settings=agreed, key=key)
            for place in transcripts.documents(env)
        ]
        return () if () in said else said[0]
    if runner == "pi":
        folder = Path(env.get("PI_CODING_AGENT_DIR") or home / ".pi" / "agent")
        above = (Path(cwd), *Path(cwd).parents)
        has_own = any(files.present(place / ".pi") for place in above if place != home)
        return first_run.pi(_read(folder / "trust.json"), cwd, has_own=has_own)
    return None


def _read(place: Path) -> Any:
    """Read a JSON file, following links; None if there is none or it is broken."""
    try:
        return json.loads(files.read_regular(place.resolve(), _LARGEST))
    except (FileNotFoundError, ValueError, RecursionError, RuntimeError):
        return None
