"""Profiles for tests: made in a temporary folder, with what a case needs in them."""

import json
from pathlib import Path
from typing import Any

from looop.core.sessions import Known, Meta
from looop.store import paths, questions, sessions
from looop.store.paths import Profile
from looop.store.questions import Place
from looop.store.sessions import Entry

GOAL = "---\ngoal: be tested\n---\n\n- 2025-11-22 begun\n"


def profile_in(folder: Path) -> Profile:
    """Name a profile in a folder that may be anything; nothing is made."""
    return Profile(folder / "data", folder / "looop.json")


def made_in(folder: Path) -> Profile:
    """Make an empty profile with its policy folders."""
    profile = profile_in(folder)
    paths.create(profile)
    for place in (profile.goals, profile.archive, profile.sensors):
        place.mkdir(mode=0o700, exist_ok=True)
    return profile


def sensor(profile: Profile, name: str, script: str) -> Path:
    """Write an executable sensor."""
    path = profile.sensors / f"{name}.sh"
    path.write_text(script)
    path.chmod(0o700)
    return path


def config_in(folder: Path, content: str | bytes | dict[str, Any]) -> Profile:
    """Name a profile whose CONFIG is there and holds this, well-formed or not."""
    profile = profile_in(folder)
    text = json.dumps(content) if isinstance(content, dict) else content
    profile.config.write_bytes(text.encode() if isinstance(text, str) else text)
    profile.config.chmod(0o600)
    return profile


def session_in(profile: Profile, name: str, generation: str) -> Place:
    """Begin a generation of a session, in files alone."""
    number = sessions.supersede(profile, name)
    folder = sessions.folder(profile, name)
    sessions.write_meta(Entry(folder, Meta(name, generation, "true", "/", 0.0, number=number), Known()))
    place = questions.place_of(profile, name)
    assert place is not None
    return place
