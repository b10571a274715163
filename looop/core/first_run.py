"""What an agent would ask at its first start, seen in its own configuration, before it waits for an answer.

In: the parsed configuration and the folder that sessions run in. Out: a sentence for each dialog that will
come; none if all is well. Pure: `doctor` reads the files. As claude 2.1.197 and pi 0.87.1 behave.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

_OLD_BYPASS = "bypassPermissionsModeAccepted"
_NEW_BYPASS = "skipDangerousModePermissionPrompt"  # in settings.json; claude moves the old one there
_KEY_TAIL = 20
"""claude remembers a key by its last characters, this many."""


def claude(
    config: Any, cwd: str, *, settings: Any = None, key: str = "", root: bool = False
) -> tuple[str, ...]:
    """Judge `.claude.json` (in CLAUDE_CONFIG_DIR, else HOME) and `settings.json`; None where there is none.

    `cwd` is the real path of the folder; `key` is ANTHROPIC_API_KEY; `root`: without IS_SANDBOX, as root.
    """
    known = _mapping(config)
    return tuple(
        sentence
        for asks, sentence in (
            (not known.get("hasCompletedOnboarding"), _ONBOARDING),
            (
                not _trusts(known, cwd),
                f"claude will ask whether to trust {cwd}: run `claude` there once and agree.",
            ),
            (not (known.get(_OLD_BYPASS) or _mapping(settings).get(_NEW_BYPASS)), _BYPASS),
            (_asks_key(known, key), _KEY),
            (root, "claude refuses to skip permissions as root: set IS_SANDBOX=1 in the runner's env."),
        )
        if asks
    )


def pi(trusted: Any, cwd: str, *, has_own: bool) -> tuple[str, ...]:
    """Judge `trust.json` of pi's own folder; `has_own`: the folder, or one above it, has a `.pi`."""
    known = _mapping(trusted)
    above = (cwd, *map(str, PurePosixPath(cwd).parents))
    if not has_own or any(known.get(folder) is not None for folder in above):
        return ()
    return (f"pi will ask whether to trust {cwd}, which has a .pi folder: run `pi` there once and choose.",)


def _trusts(known: Mapping[str, Any], cwd: str) -> bool:
    projects = _mapping(known.get("projects"))
    above = (cwd, *map(str, PurePosixPath(cwd).parents))
    return any(_mapping(projects.get(folder)).get("hasTrustDialogAccepted") for folder in above)


def _asks_key(known: Mapping[str, Any], key: str) -> bool:
    answers = _mapping(known.get("customApiKeyResponses"))
    answered = [tail for kind in ("approved", "rejected") for tail in _list(answers.get(kind))]
    return bool(key) and key[-_KEY_TAIL:] not in answered


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


_ONBOARDING = "claude was never set up by this user: run `claude` once, choose a theme and log in."
_BYPASS = "claude will ask whether it may skip permissions: run it with --dangerously-skip-permissions once."
_KEY = "claude will ask whether to use ANTHROPIC_API_KEY: run `claude` once and choose."
