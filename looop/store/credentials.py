"""Whether a person may have logged in again: CONFIG and the agent's credentials, named by how they lie there.

In: the runner in use, the environment. Out: one digest, which changes when either does. Nothing in a file of
credentials is read. Where each agent keeps them is its own documentation's word.
"""

import hashlib
import os
from collections.abc import Mapping

from looop.store.paths import Profile

PLACES: dict[str, tuple[str, str, str]] = {
    "claude": ("CLAUDE_CONFIG_DIR", ".claude", ".credentials.json"),
    "pi": ("PI_CODING_AGENT_DIR", ".pi/agent", "auth.json"),
    "codex": ("CODEX_HOME", ".codex", "auth.json"),
    "gemini": ("", ".gemini", "oauth_creds.json"),
    "opencode": ("", ".local/share/opencode", "auth.json"),
}
"""For each runner: the variable that names its folder, that folder below HOME, the file."""


def seal(profile: Profile, runner: str, env: Mapping[str, str]) -> str:
    """Name both as they are now; what can't be looked at counts as absent."""
    paths = [str(profile.config)]
    if runner in PLACES:
        variable, below, name = PLACES[runner]
        folder = (env.get(variable) if variable else None) or os.path.join(env.get("HOME", "/nowhere"), below)  # noqa: PTH118 - text is all that is wanted
        paths.append(os.path.join(folder, name))  # noqa: PTH118 - the same
    return hashlib.sha256(repr([_looks(path) for path in paths]).encode()).hexdigest()[:16]


def _looks(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)  # noqa: PTH116 - the same; a link to a file of credentials is one
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns)
