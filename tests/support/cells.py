"""Programs in real cells, for tests of what holds them: a home with credentials, a profile, one way to try.

In: a folder. Out: `Celled`, whose `sh` runs a shell script as a tick's, a sensor's or a session's is run.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from looop.child import spawn
from looop.child.walls import SESSIONS, Walls, Who
from looop.core.cell import Level
from looop.store import files
from looop.store.config import Config
from looop.store.paths import Profile
from support.profiles import made_in

SECRET = f"s3cret-{os.getpid()}"
"""What every credential of the home holds, and nothing else on the machine."""

CREDENTIALS = (
    ".ssh/id_ed25519",
    ".gnupg/private-keys-v1.d/key",
    ".git-credentials",
    ".config/gh/hosts.yml",
    ".kube/config",
    ".docker/config.json",
    ".aws/credentials",
    ".config/gcloud/credentials.db",
    ".npmrc",
    ".pypirc",
    ".cargo/credentials.toml",
    ".netrc",
    ".local/share/keyrings/login.keyring",
    ".mozilla/firefox/p/logins.json",
    ".codex/auth.json",
)
VARIABLES = {
    "GH_TOKEN": SECRET,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "NPM_TOKEN": SECRET,
    "MY_SERVICE_PASSWORD": SECRET,
    "DATABASE_URL": f"postgres://me:{SECRET}@localhost/db",
}


@dataclass
class Celled:
    """A home, a profile, and what CONFIG says of walls."""

    profile: Profile
    home: Path
    config: Config = field(default_factory=Config)
    env: dict[str, str] = field(default_factory=dict)

    @property
    def level(self) -> Level:
        return Walls(self.profile, self.config, self.env).level()

    async def sh(self, script: str, who: Who | None = None, **env: str) -> spawn.Ended:
        """Run a script in a cell, whose folder is DATA; by default a session's that may write reports."""
        who = who or Who(SESSIONS, "one", write=(str(self.profile.reports),))
        walls = Walls(self.profile, self.config, self.env)
        cwd = self.profile.data
        start = walls.confined(who, ["/bin/sh", "-c", script], self.env | env, cwd)
        return await spawn.run(
            start.argv, cwd=cwd, env=start.env, scoped=start.scoped, deadline=60, max_out=1 << 20
        )

    async def said(self, script: str, who: Who | None = None, **env: str) -> str:
        """Run a script, whatever it ends with; what it printed."""
        return (await self.sh(script, who, **env)).out.decode().strip()


def celled(folder: Path, **config: object) -> Celled:
    """Give a home full of credentials, and a profile beside it."""
    profile = made_in(folder)
    home = folder / "home"
    for path in CREDENTIALS:
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(f"{SECRET}\n")
    files.private_dir(profile.reports, below=profile.data)
    env = {"PATH": os.environ["PATH"], "HOME": str(home), **VARIABLES}
    return Celled(profile, home, Config(**config), env)  # type: ignore[arg-type]
