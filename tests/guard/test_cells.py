"""What a confined program can't do, tried with real programs in real cells, and what it can do."""

import ctypes
import os
import pty
import shlex
import shutil
import socket
import sys
from pathlib import Path

import pytest
import trio

from looop.child import spawn
from looop.child.walls import SENSORS, SESSIONS, TICKS, Walls, Who, agents_of
from looop.core.cell import Level
from looop.core.problem import Exit, Problem
from looop.store.config import Config
from support.cells import CREDENTIALS, SECRET, VARIABLES, Celled, celled
from support.ordinary_user import as_ordinary_user

pytestmark = [pytest.mark.process, pytest.mark.needs("bwrap"), pytest.mark.timeout(300)]

PYTHON = shlex.quote(sys.executable)


@pytest.fixture
def cell(tmp_path: Path) -> Celled:
    return celled(tmp_path)


def connecting(address: str) -> str:
    """Give a script that says whether a socket can be reached; `address` is a Python expression."""
    program = f"import socket; socket.socket(socket.AF_UNIX).connect({address}); print('reached')"
    return f"{PYTHON} -c {shlex.quote(program)} 2>/dev/null || echo held"


async def test_no_credential_is_seen_in_files_or_variables(cell: Celled) -> None:
    everywhere = f"env; find ~ -type f | xargs cat; grep -rs {SECRET} ~ /tmp /run; true"
    assert SECRET not in await cell.said(everywhere)


async def test_the_same_look_finds_them_outside(cell: Celled, tmp_path: Path) -> None:
    cell.config = Config(confine="off")
    found = await cell.said(f"env; grep -rsh {SECRET} ~")
    assert found.count(SECRET) == len(CREDENTIALS) + len(VARIABLES)


@pytest.mark.parametrize(
    ("grant", "path"), [("ssh", ".ssh/id_ed25519"), ("gh", ".config/gh/hosts.yml"), ("npm", ".npmrc")]
)
async def test_config_grants_one_credential_by_name(cell: Celled, grant: str, path: str) -> None:
    cell.config = Config(grants={grant: ["sessions"]})
    assert await cell.said(f"grep -rslZ {SECRET} ~ | tr '\\0' '\\n'") == str(cell.home / path)


async def test_a_grant_is_for_those_that_it_names(cell: Celled) -> None:
    cell.config = Config(grants={"gh": ["sensors/prs"], "MY_SERVICE_PASSWORD": ["sensors"]})
    look = "cat ~/.config/gh/hosts.yml; echo $GH_TOKEN $MY_SERVICE_PASSWORD $NPM_TOKEN"
    assert (await cell.said(look, Who(SENSORS, "prs"))).split() == [SECRET] * 3
    assert (await cell.said(look, Who(SENSORS, "other"))).split() == [SECRET]
    assert (await cell.said(look)).split() == []


async def test_an_agent_keeps_its_own_key_and_state_and_sees_no_other_agents(cell: Celled) -> None:
    (cell.home / ".claude").mkdir()
    who = Who(TICKS, "claude", agents=agents_of("claude", "claude -p"))
    script = "cat ~/.codex/auth.json; echo state > ~/.claude/x && echo wrote; echo $ANTHROPIC_API_KEY"
    said = await cell.said(script, who, ANTHROPIC_API_KEY="own", OPENAI_API_KEY="other")
    assert said.split() == ["wrote", "own"]
    assert (cell.home / ".claude/x").read_text() == "state\n"


async def test_an_agent_plants_nothing_that_runs_at_the_persons_next_call(cell: Celled) -> None:
    (cell.home / ".claude/hooks").mkdir(parents=True)
    (cell.home / ".claude/settings.json").write_text("{}")
    who = Who(SESSIONS, "one", agents=("claude",))
    await cell.said("echo bad > ~/.claude/settings.json; echo bad > ~/.claude/hooks/x", who)
    assert (cell.home / ".claude/settings.json").read_text() == "{}"
    assert list((cell.home / ".claude/hooks").iterdir()) == []


@pytest.mark.parametrize(
    "path",
    [
        "$HOME/.bashrc",
        "$HOME/.profile",
        "$HOME/.config/autostart",
        "$HOME/.gitconfig",
        "$LOOOP/PLAYBOOK.md",
        "$LOOOP/goals/x.md",
        "$LOOOP/sensors/x.sh",
        "$LOOOP/journal.md",
        "$LOOOP/.up",
        "$LOOOP/sessions/pulse/written.json",
        "$CONFIG",
        "/etc/cron.d/x",
        "/var/spool/cron/x",
        "/var/spool/cron/crontabs/x",
        "/usr/local/bin/x",
        "/opt/x",
    ],
)
async def test_nothing_outside_the_allow_list_can_be_written(cell: Celled, path: str) -> None:
    places = {"LOOOP": str(cell.profile.data), "CONFIG": str(cell.profile.config)}
    cell.profile.config.write_text("{}")
    ended = await cell.sh(f'mkdir -p "$(dirname {path})"; echo bad > {path}', None, **places)
    assert ended.code != 0
    assert cell.profile.config.read_text() == "{}"
    assert not Path(path.replace("$HOME", str(cell.home)).replace("$LOOOP", places["LOOOP"])).exists()


async def test_reports_can_be_written(cell: Celled) -> None:
    assert (await cell.sh('echo "done" > reports/r.md')).code == 0
    assert (cell.profile.reports / "r.md").read_text() == "done\n"


async def test_config_makes_another_place_writable(cell: Celled, tmp_path: Path) -> None:
    place = cell.home / "src"
    place.mkdir()
    cell.config = Config(writable={"~/src": ["sessions/one"]})
    assert (await cell.sh("echo x > ~/src/x")).code == 0
    assert (await cell.sh("echo x > ~/src/y", Who(SESSIONS, "two"))).code != 0
    assert [path.name for path in place.iterdir()] == ["x"]


async def test_temporary_files_are_its_own(cell: Celled, tmp_path: Path) -> None:
    outside = Path("/tmp/outside-of-cells")
    outside.write_text(SECRET)
    try:
        assert await cell.said(f"cat {outside}; echo in > {outside}; cat {outside}") == "in"
        assert outside.read_text() == SECRET
    finally:
        outside.unlink()


async def test_no_socket_of_a_service_is_seen(cell: Celled) -> None:
    assert await cell.said("find /run /var/run /tmp -type s 2>/dev/null") == ""


async def test_an_ssh_agent_is_neither_named_nor_reached(cell: Celled) -> None:
    place = cell.home / "agent.sock"  # where no folder is hidden
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(place))
        agent.listen()
        script = f'echo "$SSH_AUTH_SOCK"; {connecting(repr(str(place)))}'
        assert (await cell.said(script, SSH_AUTH_SOCK=str(place))).split() == ["held"]
        cell.config = Config(grants={"ssh": ["sessions"]})
        assert (await cell.said(script, SSH_AUTH_SOCK=str(place))).split() == [str(place), "reached"]


async def test_abstract_sockets_are_not_reached(cell: Celled) -> None:
    if not cell.level.scoped:
        pytest.skip("this kernel has no Landlock that knows of sockets")
    name = f"\0looop-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(name)
        bus.listen()
        assert await cell.said(connecting(repr(name))) == "held"
        cell.config = Config(confine="off")
        assert await cell.said(connecting(repr(name))) == "reached"


async def test_no_process_outside_is_seen_traced_or_signalled(cell: Celled) -> None:
    me = os.getpid()
    script = f"test -d /proc/{me} && echo seen; kill -0 {me} && echo signalled; ls /proc | grep -c '^[0-9]'"
    assert int(await cell.said(script)) < 10


async def test_no_other_terminal_is_seen(cell: Celled) -> None:
    master, other = pty.openpty()
    try:
        name = os.ttyname(other)
        assert await cell.said(f"test -e {name} && echo seen; echo x > {name}; true") == ""
    finally:
        os.close(master)
        os.close(other)


async def test_walls_can_not_be_taken_down_from_inside(cell: Celled) -> None:
    script = """
        umount ~/.ssh; umount /tmp; mount -o remount,rw /; mount --bind / /mnt
        unshare -Urm sh -c 'umount ~/.ssh; umount -l ~/.ssh; mount -o remount,rw /; mount -o bind,rw / /'
        nsenter -t 1 -m true; chroot / true
        cat ~/.ssh/*; echo bad > /etc/looop-test; echo bad > ~/.bashrc
    """
    ended = await cell.sh(script)
    assert SECRET.encode() not in ended.out
    assert not Path("/etc/looop-test").exists()
    assert not (cell.home / ".bashrc").exists()


async def test_the_main_repository_gets_no_hook(cell: Celled) -> None:
    hooks = cell.home / "src/.git/hooks"
    hooks.mkdir(parents=True)
    await cell.sh("echo '#!/bin/sh' > ~/src/.git/hooks/pre-commit; git -C ~/src config core.fsmonitor bad")
    assert list(hooks.iterdir()) == []


async def test_what_forks_itself_away_ends_with_it(cell: Celled) -> None:
    away = "setsid sh -c 'trap \"\" TERM HUP; echo away; exec sleep 1234.5' >reports/away &"
    ended = await cell.sh(f"{away} until test -s reports/away; do :; done; exit 4")
    assert ended.code == 4
    assert not any(b"1234.5" in command.read_bytes() for command in Path("/proc").glob("[0-9]*/cmdline"))


async def test_one_that_is_told_to_end_has_its_time_to_end(cell: Celled) -> None:
    script = "trap 'sleep 1; echo saved >reports/state; exit' TERM; echo ready; while :; do sleep 0.05; done"
    start = Walls(cell.profile, cell.config, cell.env).confined(
        Who(SESSIONS, "one", write=(str(cell.profile.reports),)),
        ["/bin/sh", "-c", script],
        cell.env,
        cell.profile.data,
    )

    async def heard(_: bytes) -> None:
        await trio.lowlevel.checkpoint()
        scope.cancel()

    with trio.CancelScope() as scope:
        await spawn.run(
            start.argv,
            cwd=cell.profile.data,
            env=start.env,
            scoped=start.scoped,
            deadline=60,
            max_out=0,
            on_out=heard,
            grace=30,
        )
    assert scope.cancelled_caught
    assert (cell.profile.reports / "state").read_text() == "saved\n"


async def test_exit_codes_and_signals_are_told(cell: Celled) -> None:
    assert (await cell.sh("exit 3")).code == 3
    assert (await cell.sh("kill -TERM $$")).code == 128 + 15


async def test_where_it_must_be_confined_and_can_not_nothing_runs(
    cell: Celled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("looop.child.walls._program", lambda _: None)
    assert cell.level == Level(None, "`bwrap` is not installed")
    assert str(cell.level) == "NOT confined: `bwrap` is not installed"
    cell.config = Config(confine="require")
    with pytest.raises(Problem) as refused:
        await cell.sh("touch reports/x")
    assert (refused.value.exit_code, refused.value.kind) == (Exit.REFUSED, "not-confined")
    cell.config = Config(confine="auto")
    assert SECRET in await cell.said("cat ~/.netrc")


async def test_a_program_that_can_not_confine_here_is_no_wall(tmp_path: Path, cell: Celled) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions' >&2; exit 1\n")
    (folder / "bwrap").chmod(0o755)
    cell.env["PATH"] = f"{folder}:{cell.env['PATH']}"
    why = "`bwrap` is installed and can't confine here (bwrap: No permissions)"
    assert str(cell.level) == f"NOT confined: {why}"
    cell.env["PATH"] = cell.env["PATH"].removeprefix(f"{folder}:")
    assert cell.level.by == "bwrap"


async def test_a_failure_of_the_moment_is_not_remembered(tmp_path: Path, cell: Celled) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "bwrap"
    script.write_text(f'#!/bin/sh\ntest -e {tmp_path}/well || exit 1\nexec {shutil.which("bwrap")} "$@"\n')
    script.chmod(0o755)
    cell.env["PATH"] = f"{folder}:{cell.env['PATH']}"
    assert cell.level.by is None
    (tmp_path / "well").touch()
    assert cell.level.by == "bwrap"


def test_an_ordinary_users_cells_hold_too_and_can_hold_others(tmp_path: Path) -> None:
    program, python = shutil.which("bwrap"), sys.executable
    assert program is not None

    def case(folder: Path) -> None:
        import subprocess

        from looop.store.paths import Profile

        (folder / "data").mkdir(mode=0o700)
        (folder / ".ssh").mkdir()
        (folder / ".ssh/id").write_text(SECRET)
        profile = Profile(folder / "data", folder / "looop.json")
        env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        nested = f"{program} --unshare-user --unshare-pid --ro-bind / / --proc /proc --dev /dev echo nested"
        script = f"cat ~/.ssh/id; {nested}; echo $?"
        start = Walls(profile, Config(), env).confined(
            Who(SESSIONS, "one"), ["/bin/sh", "-c", script], env, folder / "data"
        )
        done = subprocess.run(start.argv, env=start.env, capture_output=True, text=True, check=False)
        assert done.stdout.split() == ["nested", "0"], (done, python)

    as_ordinary_user(case)


async def test_the_folder_of_an_agents_first_run_is_made_for_it(cell: Celled) -> None:
    who = Who(TICKS, "pi", agents=("pi",))
    assert (await cell.sh("echo x > ~/.pi/agent/state", who)).code == 0
    assert (cell.home / ".pi").stat().st_mode & 0o777 == 0o700
    await cell.sh("true", Who(SENSORS, "s"))
    assert not (cell.home / ".claude").exists()


async def test_keys_that_the_kernel_keeps_are_not_found(cell: Celled) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    add, request = {"x86_64": (248, 249), "aarch64": (217, 218)}[os.uname().machine]
    name = f"looop-test-{os.getpid()}".encode()
    key = libc.syscall(add, b"user", name, b"secret", ctypes.c_size_t(6), -3)  # into the session's keyring
    if key < 0:
        return  # a kernel, or a container, without keyrings
    program = f"import ctypes; print(ctypes.CDLL(None).syscall({request}, b'user', {name!r}, None, 0))"
    look = f"{PYTHON} -c {shlex.quote(program)}"
    assert int(await cell.said(look)) == -1
    cell.config = Config(confine="off")
    assert int(await cell.said(look)) == key


async def test_what_is_hidden_may_lie_within_what_is_hidden(cell: Celled) -> None:
    inner = cell.home / ".docker/keys"
    inner.mkdir()
    (inner / "key").write_text(SECRET)
    (cell.home / ".docker/open").mkdir()
    cell.config = Config(writable={"~/.docker/open": ["sessions"]})
    said = await cell.said(
        "find ~/.docker -type f; echo x > ~/.docker/open/x; echo x > ~/.docker/x; ls ~/.docker/open",
        KUBECONFIG=str(inner),
    )
    assert said == "x"
