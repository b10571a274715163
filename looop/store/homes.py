"""The folders of a person's own that are not DATA: where other programs look for what looop gives them.

In: the caller's environment. Out: a path, or None where neither HOME nor the XDG variable says it.
"""

from collections.abc import Mapping
from pathlib import Path

_BELOW_HOME = {
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_CACHE_HOME": ".cache",
}


def home(env: Mapping[str, str]) -> Path | None:
    """Give HOME, if it is a full path."""
    value = env.get("HOME", "")
    return Path(value) if value.startswith("/") else None


def xdg(env: Mapping[str, str], name: str) -> Path | None:
    """Give an XDG folder; a relative one counts as not given, as its specification asks."""
    value = env.get(name, "")
    if value.startswith("/"):
        return Path(value)
    at = home(env)
    return at / _BELOW_HOME[name] if at else None
