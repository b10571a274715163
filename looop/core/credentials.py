"""Where a person's credentials lie: by name, the files and sockets to hide and the variables to take away.

In: what CONFIG's `grants` gives whom. Out: paths and variables that a confined program must not have. The
places are those of each tool's own documentation. Neighbours: `core.cell`, `core.secret`.
"""

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from looop.core.secret import AGENTS_OWN, looks_secret


@dataclass(frozen=True, slots=True)
class Credential:
    """One kind. `paths` are below HOME unless absolute; `places` are variables that name other paths.

    `variables` hold, or lead to, the secret itself; one that ends in `*` stands for all that begin so.
    """

    paths: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


KINDS: Mapping[str, Credential] = {
    "ssh": Credential((".ssh",), ("SSH_AGENT_PID",), ("SSH_AUTH_SOCK",)),
    "gpg": Credential((".gnupg", ".password-store"), ("GPG_AGENT_INFO",),
                      ("GNUPGHOME", "PASSWORD_STORE_DIR")),
    "git": Credential((".git-credentials", ".config/git/credentials", ".git-credential-cache",
                       ".cache/git/credential"), ("GIT_ASKPASS", "SSH_ASKPASS")),
    "gh": Credential((".config/gh", ".config/hub"), ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN"),
                     ("GH_CONFIG_DIR",)),
    "glab": Credential((".config/glab-cli",), ("GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN"), ("GLAB_CONFIG_DIR",)),
    "kube": Credential((".kube",), (), ("KUBECONFIG",)),
    "docker": Credential((".docker", ".config/containers", ".local/share/containers", ".colima", ".orbstack",
                          ".rd", ".lima"), ("DOCKER_HOST", "DOCKER_AUTH_CONFIG", "CONTAINER_HOST"),
                         ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE")),
    "aws": Credential((".aws", ".config/aws", ".saml2aws", ".boto"),
                      ("AWS_*",), ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")),
    "gcloud": Credential((".config/gcloud",), ("CLOUDSDK_*",),
                         ("CLOUDSDK_CONFIG", "GOOGLE_APPLICATION_CREDENTIALS")),
    "azure": Credential((".azure",), ("AZURE_*", "ARM_*"), ("AZURE_CONFIG_DIR",)),
    "terraform": Credential((".terraform.d", ".terraformrc"), ("TF_TOKEN_*", "TF_VAR_*"),
                            ("TF_CLI_CONFIG_FILE",)),
    "vault": Credential((".vault-token", ".config/op", ".op", ".1password", ".config/1Password",
                         ".config/Bitwarden CLI", ".config/sops"), ("VAULT_TOKEN", "BW_SESSION", "OP_*"), ()),
    "npm": Credential((".npmrc", ".yarnrc.yml", ".config/configstore", ".config/pnpm/rc", ".bunfig.toml"),
                      ("NPM_TOKEN", "NODE_AUTH_TOKEN", "YARN_NPM_AUTH_TOKEN"), ("NPM_CONFIG_USERCONFIG",)),
    "pypi": Credential((".pypirc", ".config/pypoetry", ".local/share/uv/credentials"),
                       ("TWINE_*", "UV_PUBLISH_*", "POETRY_PYPI_*", "FLIT_PASSWORD")),
    "cargo": Credential((".cargo/credentials", ".cargo/credentials.toml"), ("CARGO_REGISTRY_TOKEN",)),
    "gem": Credential((".gem/credentials", ".local/share/gem/credentials"), ("GEM_HOST_API_KEY",)),
    "netrc": Credential((".netrc", "_netrc", ".authinfo", ".authinfo.gpg"), (), ("NETRC",)),
    "keyring": Credential((".local/share/keyrings", ".local/share/kwalletd", "Library/Keychains"), ()),
    "browser": Credential((".mozilla", ".thunderbird", ".config/google-chrome", ".config/chromium",
                           ".config/BraveSoftware", ".config/microsoft-edge", ".config/vivaldi",
                           "snap/firefox", ".var/app/org.mozilla.firefox",
                           "Library/Application Support/Google/Chrome",
                           "Library/Application Support/Firefox", "Library/Safari", "Library/Cookies")),
    "database": Credential((".pgpass", ".my.cnf", ".mylogin.cnf", ".config/pgcli"),
                           ("PGPASSWORD", "MYSQL_PWD"), ("PGPASSFILE",)),
    "cloud": Credential((".config/doctl", ".config/rclone", ".config/heroku", ".fly", ".config/netlify",
                         ".config/vercel", ".local/share/com.vercel.cli", ".wrangler", ".config/.wrangler",
                         ".config/hcloud", ".s3cfg"), ("DIGITALOCEAN_*", "HEROKU_*", "FLY_*", "HCLOUD_*")),
}  # fmt: skip
"""By the name under which CONFIG can grant one."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where an agent keeps its state: what it must be able to write, and what of that it may only read.

    `place` is the variable that moves all of it. `read` lies elsewhere, and may only be read; it is made as
    `kept` is. The other names are within the first of `paths`. What runs for a person on the next call
    (settings with hooks in them, commands, plugins, programs) is in `kept`: an agent must not plant anything
    there. What isn't there could be planted, so it is made: as a folder, if it ends in `/`. `found` is kept
    only where it is there. `apart` are folders of scripts that running agents load again and again, or of
    sockets by which they are driven: each cell has its own. `copied` is a file in HOME itself, where a cell
    can't replace it: a cell has a copy, within the folder.
    """

    paths: tuple[str, ...]
    place: str = ""
    read: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    copied: str = ""


AGENTS: Mapping[str, Folder] = {
    "claude": Folder(
        (".claude",),
        "CLAUDE_CONFIG_DIR",
        kept=("settings.json", "settings.local.json", "CLAUDE.md", "hooks/", "commands/", "agents/",
              "skills/", "plugins/", "output-styles/", "rules/", "workflows/"),
        found=("local", "daemon", "daemon.json", "loop.md", "keybindings.json", "*.sh", "*.py", "*.js"),
        apart=("shell-snapshots", "session-env"),
        copied=".claude.json",
    ),
    # trust.json stays writable: pi ends where it can't write down what it was answered.
    "pi": Folder(
        (".pi/agent",),
        "PI_CODING_AGENT_DIR",
        kept=("settings.json", "models.json", "extensions/", "skills/", "prompts/", "themes/",
              "bin/", "tools/", "npm/", "git/"),
        found=("SYSTEM.md", "APPEND_SYSTEM.md", "AGENTS.md", "keybindings.json"),
    ),
    "codex": Folder(
        (".codex",),
        "CODEX_HOME",
        kept=("config.toml", "hooks.json", "AGENTS.md", ".env", "prompts/", "skills/", "rules/", "plugins/",
              "agents/", "packages/"),
        found=("AGENTS.override.md", "environments.toml", "*.config.toml", "*.sh", "*.py", "*.js"),
        apart=("tmp", ".tmp", "shell_snapshots", "app-server-control", "app-server-daemon"),
    ),
    "opencode": Folder(
        (".local/share/opencode", ".local/state/opencode"),
        read=(".config/opencode/", ".config/opencode/.gitignore", ".cache/opencode/bin/", ".cache/opencode/"),
        kept=("bin/",),
    ),
    "gemini": Folder(
        (".gemini",),
        kept=("settings.json", "trustedFolders.json", "trusted_hooks.json", "GEMINI.md", ".env",
              "extensions/", "commands/", "skills/", "agents/", "policies/", "hooks/", "tmp/bin/"),
        found=("keybindings.json", "*.sh", "*.py", "*.js"),
    ),
}  # fmt: skip
"""The built-in runners' agents: each one's state is its own, and hidden from the others like a credential."""

_XDG = {".config/": "XDG_CONFIG_HOME", ".cache/": "XDG_CACHE_HOME", ".local/share/": "XDG_DATA_HOME",
        ".local/state/": "XDG_STATE_HOME"}  # fmt: skip
_LEADS = ("DBUS_SESSION_BUS_ADDRESS", "DBUS_STARTER_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
          "ICEAUTHORITY", "SESSION_MANAGER", "I3SOCK", "SWAYSOCK", "NOTIFY_SOCKET", "SSH_CONNECTION",
          "SSH_CLIENT", "SSH_TTY")  # fmt: skip
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*", re.IGNORECASE | re.ASCII)


def known(name: str) -> bool:
    """Tell whether CONFIG may grant this: a kind, an agent's state, or a variable by its name."""
    return name in KINDS or name in AGENTS or (name.isupper() and _VARIABLE.fullmatch(name) is not None)


def hidden(home: str, env: Mapping[str, str], granted: Collection[str]) -> tuple[str, ...]:
    """Give every path that may hold a credential which was not granted, sorted, whether it exists or not."""
    found = set[str]()
    for name, kind in KINDS.items():
        if name not in granted:
            for path in kind.paths:
                found |= {_below(home, path), _place(path, home, env)}
            found |= {part for place in kind.places for part in env.get(place, "").split(os.pathsep)}
    for agent in AGENTS.keys() - granted:
        found |= {*state(agent, home, env), *(path.rstrip("/") for path in read(agent, home, env))}
        found |= {*copied(agent, home, env)[:1]}
    return tuple(sorted(path for path in found if path.startswith("/") and path != "/"))


def state(agent: str, home: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """Give the folders that an agent writes its state to."""
    folder = AGENTS[agent]
    if moved := _moved(folder, env):
        return (moved,)
    return tuple(_place(path, home, env) for path in folder.paths)


def read(agent: str, home: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """Give what it reads beside them, folders with a `/` at their end."""
    return tuple(_place(path, home, env) for path in AGENTS[agent].read)


def copied(agent: str, home: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """Give the file that a cell needs a copy of, and that copy; nothing if there is no such file."""
    folder = AGENTS[agent]
    if not folder.copied or _moved(folder, env):
        return ()
    return _below(home, folder.copied), _below(state(agent, home, env)[0], folder.copied)


def _moved(folder: Folder, env: Mapping[str, str]) -> str:
    return env.get(folder.place, "") if folder.place else ""


def _place(path: str, home: str, env: Mapping[str, str]) -> str:
    """Give a path below HOME, or where XDG's variables have moved it to."""
    for below, name in _XDG.items():
        if path.startswith(below) and env.get(name, "").startswith("/"):
            return f"{env[name]}/{path.removeprefix(below)}"
    return _below(home, path)


def _below(folder: str, path: str) -> str:
    return os.path.join(folder, path)  # noqa: PTH118 - text in, text out


def without(env: Mapping[str, str], granted: Collection[str], given: Collection[str] = ()) -> dict[str, str]:
    """Give an environment without secrets, and without what leads out of a cell (buses, agents' sockets).

    What is granted stays, by kind or by the variable's own name; so do an agent's own keys and the names in
    `given`, which a person wrote into the runner's `env`.
    """
    stay = {*given, *granted, *(name for agent in granted for name in AGENTS_OWN.get(agent, ()))}
    allowed = _variables(frozenset(KINDS.keys() & granted))
    taken = _variables(frozenset(KINDS.keys() - granted))

    def stays(name: str) -> bool:
        if name in stay or allowed.fullmatch(name):
            return True
        return not (name in _LEADS or taken.fullmatch(name) or looks_secret(name))

    return {name: value for name, value in env.items() if stays(name)}


@lru_cache(maxsize=32)
def _variables(kinds: frozenset[str]) -> re.Pattern[str]:
    names = (name for kind in kinds for name in (*KINDS[kind].variables, *KINDS[kind].places))
    return re.compile("|".join(re.escape(name).replace(r"\*", ".*") for name in names) or r"(?!)")
