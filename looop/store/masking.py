"""The mask of a profile: what is secret in the environment that looop runs in, and in CONFIG's runners.

In: that environment and CONFIG. Out: a `Mask`. It is made from what is there now and kept in memory alone.
Neighbours: `core.mask` masks; `loop.site` has one for each beat, the sessions' `host` one for its engine.
"""

from collections.abc import Callable, Mapping

from looop.core.mask import Mask
from looop.core.problem import Problem
from looop.core.secret import looks_secret
from looop.store.config import Config


def mask_of(env: Mapping[str, str], config: Config) -> Mask:
    """Make the mask of an environment and of every variable that CONFIG gives a runner."""
    return Mask.of(env, *(runner.env for runner in config.runners.values()))


class Masking:
    """The mask of an engine's sessions: made anew by `fresh`, as it last was for whoever can't wait."""

    def __init__(self, env: Mapping[str, str], settings: Callable[[], Config]) -> None:
        self._env = env
        self._settings = settings
        self._last = Mask.of(env)

    def fresh(self) -> Mask:
        """Read CONFIG again; one that can't be used leaves the mask as it was."""
        try:
            self._last = mask_of(self._env, self._settings())
        except (Problem, OSError):
            return self._last
        return self._last

    def text(self, text: str) -> str:
        """Mask a text by the last one that was made: it reads no file."""
        return self._last.text(text)


def without_secrets(env: Mapping[str, str]) -> dict[str, str]:
    """Leave out what is secret by its name: what is written down of an environment."""
    return {name: value for name, value in env.items() if not looks_secret(name)}
