"""Which variables of an environment look like secrets, and which of those each agent needs to work at all.

In: a variable's name. Out: yes or no. What is confined is not given them (`core.credentials`), and their
values are masked in what looop writes (`core.mask`). Names alone are judged: a value has no look of its own.
"""

import re
from collections.abc import Mapping

_WORDS = re.compile(
    r"(?:^|_)(?:TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|PASS|PAT|CREDENTIALS?|APIKEY|AUTH)(?:_|$)"
    r"|(?:^|_)(?:API|ACCESS|SECRET|PRIVATE|SIGNING|ENCRYPTION|ACCOUNT|MASTER|SERVICE|DEPLOY|SSH)_?KEY(?:_|$)",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"(?:^|_)(?:MAX|FILE|PATH|DIR|SOCK|LIMIT|BUDGET|COUNT|SECONDS|TTL)(?:_|$)", re.IGNORECASE
)
_DATABASE = re.compile(
    r"(?:^|_)(?:DATABASE|DB|REDIS|MONGO|POSTGRES|AMQP|SENTRY)_?(?:URL|URI|DSN)$", re.IGNORECASE
)

AGENTS_OWN: Mapping[str, tuple[str, ...]] = {
    "claude": (
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "AWS_BEARER_TOKEN_BEDROCK",
    ),
    "pi": ("ANTHROPIC_API_KEY", "ANTHROPIC_OAUTH_TOKEN", "OPENAI_API_KEY", "GEMINI_API_KEY"),
    "codex": ("OPENAI_API_KEY", "CODEX_API_KEY"),
    "opencode": ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENCODE_API_KEY"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
}
"""What each built-in runner's agent signs in with, by its own documentation."""


def looks_secret(name: str) -> bool:
    """Tell whether a variable of this name probably holds a secret: `GH_TOKEN`, not `MAX_TOKENS`."""
    if _DATABASE.search(name):
        return True
    return bool(_WORDS.search(name)) and not _HARMLESS.search(name)
