"""Whether a person may have logged in again: CONFIG and the agent's credentials, named by how they lie there.

In: the runner in use, the environment. Out: one digest, which changes when either does. Nothing in a file of
credentials is read. Where each agent keeps them is its own documentation's word.
"""

import hashlib
import os
from collections.abc import Mapping

from looop.core import credentials
from looop.store.paths import Profile

FILES = {
    "claude": ".credentials.json",
    "pi": "auth.json",
    "codex": "auth.json",
    "gemini": "oauth_creds.json",
    "opencode": "auth.json",
}
"""For each runner: its file, in the folder that `core.credentials` knows."""


def seal(profile: Profile, runner: str, env: Mapping[str, str]) -> str:
    """Name both as they are now; what can't be looked at counts as absent."""
    paths = [str(profile.config)]
    if runner in FILES:
        folder = credentials.state(runner, env.get("HOME", "/nowhere"), env)[0]
        paths.append(os.path.join(folder, FILES[runner]))  # noqa: PTH118 - text is all that is wanted
    return hashlib.sha256(repr([_looks(path) for path in paths]).encode()).hexdigest()[:16]


def _looks(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)  # noqa: PTH116 - the same; a link to a file of credentials is one
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns)
