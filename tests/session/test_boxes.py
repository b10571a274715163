"""Sandboxes go with their session, but for those that hold work which would be lost."""

from functools import partial
from pathlib import Path

import pytest

from looop.child import clone, sandbox
from looop.store import clones, files, sandboxes
from support import repositories
from support.folder import names
from support.hosting import Hosting, eventually

pytestmark = pytest.mark.process


@pytest.fixture
def at(tmp_path: Path) -> Hosting:
    found = Hosting(tmp_path)
    found.env = repositories.variables(tmp_path)
    return found


async def test_a_pruned_session_takes_its_clean_sandbox_along(at: Hosting, tmp_path: Path) -> None:
    mail = repositories.made(tmp_path / "mail")
    async with at.served() as host:
        for name in ("clean", "dirty", "lives", "gone"):
            view = await at.start(name)
            box = await sandbox.ensure(at.profile, name, mail, at.env, generation=view.generation)
        before = await sandbox.ensure(at.profile, "before", mail, at.env)
        work = sandboxes.place(at.profile, box).parent.parent / "dirty" / "mail" / "draft"
        work.write_text("work")
        for name in ("clean", "dirty"):
            await at.finish(name=name)
        assert set(await host.prune(None)) == {"clean", "dirty"}
        left = [".removed", "before", "dirty", "gone", "lives"]
        await eventually(lambda: at.said, "what is said of the dirty one")
        await eventually(lambda: _folders(at) == left, "the clean one to go")
        await at.finish(name="gone")
        await host.prune("gone")
        await eventually(lambda: _folders(at) == [it for it in left if it != "gone"], "another one to go")
    assert at.said == [
        "sandbox dirty stays, though its session was removed: 1 file in it is new or changed: draft"
    ]
    assert work.read_text() == "work"
    assert before in sandboxes.listed(at.profile)


@pytest.mark.needs("bwrap")
async def test_a_clone_goes_and_stays_by_the_same_rule_and_that_is_said_once(
    at: Hosting, tmp_path: Path
) -> None:
    mail = repositories.made(tmp_path / "mail")
    async with at.served() as host:
        for name in ("clean", "dirty", "last"):
            view = await at.start(name)
            files.private_dir(at.profile.sandboxes / name, below=at.profile.data)
            generation = view.generation if name == "clean" else ""
            box = await clone.ensure(at.profile, name, mail, at.env, generation=generation)
            if name == "dirty":
                repositories.commit(sandboxes.place(at.profile, box), "work")
            await at.finish(name=name)
        await host.prune("dirty")
        await eventually(lambda: at.said, "what is said of the dirty one")
        for name in ("clean", "last"):
            await host.prune(name)
            await eventually(partial(_gone, at, name), f"{name} to go")
    (said,) = at.said
    assert said.startswith(
        "sandbox dirty stays, though its session was removed: 1 commit is in no other place"
    )
    assert {box.session for box in clones.every(at.profile) if box.removed is None} == {"dirty"}
    assert await sandbox.remove(at.profile, clones.every(at.profile, "dirty")[0], at.env)


def _gone(at: Hosting, name: str) -> bool:
    return name not in _folders(at)


def _folders(at: Hosting) -> list[str]:
    return [name for name in names(at.profile.sandboxes) if not name.endswith(".json")]
