"""A person's folder with a `systemctl` that only writes down what it was asked, and what it is to answer."""

import os
from pathlib import Path

from looop.store.paths import Profile


class Managed:
    """A HOME, and a PATH on which the fake stands first; `/bin` is there for its own shell."""

    def __init__(self, folder: Path, *, answers: int = 0) -> None:
        self.home = folder / "home"
        self.asked_file = folder / "asked"
        bin_ = folder / "managed-bin"
        bin_.mkdir()
        self.home.mkdir(exist_ok=True)
        script(bin_ / "systemctl", f'echo "$@" >>"{self.asked_file}"; exit {answers}')
        self.env = {"HOME": str(self.home), "PATH": f"{bin_}:{os.defpath}"}

    @property
    def asked(self) -> list[str]:
        """What it was asked, a line each, without the words that are always there."""
        said = self.asked_file.read_text().splitlines() if self.asked_file.exists() else []
        return [line.removeprefix("--user --no-ask-password ") for line in said]

    @property
    def units(self) -> Path:
        return self.home / ".config/systemd/user"

    def unit(self, profile: Profile) -> Path:
        """The one unit there is, which is that profile's."""
        (found,) = self.units.glob("*.service")
        assert str(profile.data) in found.read_text()
        return found


def script(place: Path, body: str) -> Path:
    """Write a shell script that runs."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\n{body}\n")
    place.chmod(0o700)
    return place
