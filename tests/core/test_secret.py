"""Which names of variables look like secrets."""

import pytest

from looop.core.secret import AGENTS_OWN, looks_secret


@pytest.mark.parametrize(
    "name",
    [
        "GH_TOKEN",
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SESSION_TOKEN",
        "NPM_TOKEN",
        "TWINE_PASSWORD",
        "UV_PUBLISH_TOKEN",
        "CARGO_REGISTRY_TOKEN",
        "DATABASE_URL",
        "SENTRY_DSN",
        "STRIPE_APIKEY",
        "slack_token",
        "SSHPASS_PASSPHRASE",
        "GOOGLE_APPLICATION_CREDENTIALS",
        *(name for names in AGENTS_OWN.values() for name in names),
    ],
)
def test_a_secret_is_told_by_its_name(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "HOME",
        "SSH_AUTH_SOCK",
        "MAX_THINKING_TOKENS",
        "KEYBOARD_LAYOUT",
        "COMPASS",
        "AUTHOR",
        "GIT_AUTHOR_NAME",
        "XAUTHORITY",
        "PATTERN",
        "MONKEY",
        "LESSKEY",
    ],
)
def test_a_harmless_name_is_none(name: str) -> None:
    assert not looks_secret(name)
