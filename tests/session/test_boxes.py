"""Sandboxes go with their generation, but for those that hold work nobody has committed."""

import os
import subprocess
from pathlib import Path

import pytest

from looop.child import worktree
from support.folder import names
from support.hosting import Hosting, eventually

pytestmark = pytest.mark.process


@pytest.fixture
def at(tmp_path: Path) -> Hosting:
    found = Hosting(tmp_path)
    found.env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    return found


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "mail"
    git = ["git", "-C", str(place), "-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run(["git", "init", "-q", str(place)], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    return place


async def test_a_pruned_session_takes_its_clean_sandbox_along(at: Hosting, repository: Path) -> None:
    async with at.served() as host:
        boxes = dict[str, Path]()
        for name in ("clean", "dirty", "lives"):
            view = await at.start(name)
            boxes[name] = at.profile.sandboxes / f"{name}-{view.generation}"
            await worktree.make(repository, boxes[name], f"looop/{name}", at.env)
        (boxes["dirty"] / "mail" / "draft").write_text("work")
        await at.finish(name="clean")
        await at.finish(name="dirty")
        assert set(await host.prune(None)) == {"clean", "dirty"}
        await eventually(lambda: at.said, "what is said of the dirty one")
        left = {boxes["dirty"].name, boxes["lives"].name}
        await eventually(lambda: set(names(at.profile.sandboxes)) == left, "the clean one to go")
    assert [line.partition(" stays")[0] for line in at.said] == [str(boxes["dirty"] / "mail")]
    assert (boxes["dirty"] / "mail" / "draft").read_text() == "work"
