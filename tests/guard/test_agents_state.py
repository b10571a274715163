"""An agent's own state in a cell: it can write what it needs, and plant nothing for a person's next call."""

import json
from pathlib import Path

import pytest

from looop.child import bubblewrap
from looop.child.walls import SESSIONS, Who
from looop.core import credentials
from support.cells import Celled, celled

pytestmark = [pytest.mark.process, pytest.mark.needs("bwrap"), pytest.mark.timeout(300)]


@pytest.fixture
def cell(tmp_path: Path) -> Celled:
    return celled(tmp_path)


def worker(agent: str) -> Who:
    return Who(SESSIONS, "w", agents=(agent,))


@pytest.mark.parametrize("agent", sorted(credentials.AGENTS))
async def test_what_runs_at_the_next_call_is_not_planted_where_there_is_none(
    cell: Celled, agent: str
) -> None:
    home, folder = str(cell.home), credentials.AGENTS[agent]
    state = credentials.state(agent, home, {})[0]
    places = [f"{state}/{name}" for name in folder.kept] + list(credentials.read(agent, home, {}))
    for place in places:
        target = f"{place}planted" if place.endswith("/") else place
        script = f"echo bad > {target}; rm -rf {place}; mv {place.rstrip('/')} {state}/away; true"
        await cell.said(script, worker(agent))
        assert "bad" not in (Path(target).read_text() if Path(target).exists() else "")
        assert Path(place).exists()
    assert (await cell.sh(f"echo x > {state}/own", worker(agent))).code == 0


async def test_a_script_beside_the_settings_stays_as_it_is(cell: Celled) -> None:
    script = cell.home / ".claude/statusline.sh"
    script.parent.mkdir()
    script.write_text("echo good")
    await cell.said("echo bad > ~/.claude/statusline.sh", worker("claude"))
    assert script.read_text() == "echo good"


async def test_what_running_agents_load_is_not_seen_by_a_cell(cell: Celled) -> None:
    snapshot = cell.home / ".claude/shell-snapshots/of-a-person.sh"
    snapshot.parent.mkdir(parents=True)
    snapshot.write_text("good")
    look = "ls ~/.claude/shell-snapshots; echo own > ~/.claude/shell-snapshots/x && echo wrote"
    assert await cell.said(look, worker("claude")) == "wrote"
    assert [path.name for path in snapshot.parent.iterdir()] == ["of-a-person.sh"]


async def test_claude_has_a_copy_of_its_file_that_it_can_replace(cell: Celled) -> None:
    own, copy = cell.home / ".claude.json", cell.home / ".claude/.claude.json"
    own.write_text('{"mine": 1}')
    replace = "cd $CLAUDE_CONFIG_DIR && echo '{\"its\": 1}' > new && mv new .claude.json && cat .claude.json"
    assert json.loads(await cell.said(replace, worker("claude"))) == {"its": 1}
    assert await cell.said("cat ~/.claude/.claude.json", worker("claude")) == '{"its": 1}'
    assert own.read_text() == '{"mine": 1}'
    own.write_text('{"mine": 22}')
    assert await cell.said("cat ~/.claude/.claude.json", worker("claude")) == '{"mine": 22}'
    assert copy.stat().st_mode & 0o777 == 0o600
    assert (await cell.sh("echo bad > ~/.claude.json", worker("claude"))).code != 0
    assert await cell.said("cat ~/.claude.json", worker("pi")) == ""


async def test_a_folder_that_a_person_named_gets_no_copy(cell: Celled) -> None:
    place = cell.home / "else"
    place.mkdir()
    (cell.home / ".claude.json").write_text("{}")
    said = await cell.said("echo $CLAUDE_CONFIG_DIR", worker("claude"), CLAUDE_CONFIG_DIR=str(place))
    assert said == str(place)
    assert not (place / ".claude.json").exists()


async def test_that_permissions_are_skipped_is_carried_over(cell: Celled) -> None:
    (cell.home / ".claude.json").write_text('{"bypassPermissionsModeAccepted": true}')
    said = await cell.said("cat ~/.claude/settings.json", worker("claude"))
    assert json.loads(said) == {"skipDangerousModePermissionPrompt": True}


async def test_credentials_that_xdg_moved_are_hidden_too(cell: Celled) -> None:
    moved = cell.home / "conf/gh/hosts.yml"
    moved.parent.mkdir(parents=True)
    moved.write_text("token")
    where = str(cell.home / "conf")
    assert await cell.said(f"cat {moved}", worker("pi"), XDG_CONFIG_HOME=where) == ""


def test_caches_are_a_cells_own_unless_a_person_named_one() -> None:
    env = bubblewrap.environment({"UV_CACHE_DIR": "/srv/uv", "TMPDIR": "/x", "XDG_CACHE_HOME": "/c"})
    assert env["npm_config_cache"].startswith("/tmp/")
    assert (env["UV_CACHE_DIR"], env["XDG_CACHE_HOME"]) == ("/srv/uv", "/c")
    assert "TMPDIR" not in env
