"""The mask of a profile is made of its environment and of what CONFIG gives runners, and is never lost."""

import pytest

from looop.core.problem import Exit, Problem
from looop.core.runners import Runner
from looop.store import masking
from looop.store.config import Config
from looop.store.masking import Masking

ENV = {"GH_TOKEN": "ghp_of-the-environment", "EDITOR": "vim"}
CONFIG = Config(runners={"mine": Runner("x", env={"API_KEY": "sk-of-the-runner"})})
TEXT = "ghp_of-the-environment and sk-of-the-runner"
MASKED = "[secret GH_TOKEN] and [secret API_KEY]"


def test_secrets_of_the_environment_and_of_every_runner_are_masked() -> None:
    assert masking.mask_of(ENV, CONFIG).text(TEXT) == MASKED


def test_a_runners_secret_is_known_once_config_was_read() -> None:
    held = Masking(ENV, lambda: CONFIG)
    assert held.text(TEXT) == "[secret GH_TOKEN] and sk-of-the-runner"
    assert held.fresh().text(TEXT) == MASKED
    assert held.text(TEXT) == MASKED


@pytest.mark.parametrize("error", [Problem(Exit.USAGE, "bad-config", "no"), OSError("no")])
def test_a_config_that_can_not_be_read_takes_no_mask_off(error: Exception) -> None:
    found = [CONFIG]

    def settings() -> Config:
        if not found:
            raise error
        return found.pop()

    held = Masking(ENV, settings)
    held.fresh()
    assert held.fresh().text(TEXT) == MASKED


def test_what_is_written_down_of_an_environment_has_no_secret() -> None:
    assert masking.without_secrets(ENV) == {"EDITOR": "vim"}
