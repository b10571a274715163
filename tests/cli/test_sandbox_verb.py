"""The verb `sandbox`: whose it is, which hooks run for whom, what stays and why."""

from pathlib import Path

import pytest

from looop.child import clone
from looop.cli.console import FakeCall
from looop.core.sessions import Known, Meta, State
from looop.engine import holder
from looop.engine.call import Call, Caller, Kind
from looop.store import config, files, sandboxes, sessions
from looop.store.paths import Profile
from looop.store.sessions import Entry
from support import repositories
from support.repositories import commit, run
from support.served import control
from support.verbs import Looop

pytestmark = pytest.mark.process


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    return repositories.made(tmp_path / "mail")


def person(tmp_path: Path) -> FakeCall:
    return FakeCall(env=repositories.variables(tmp_path), cwd=str(tmp_path))


def worker(tmp_path: Path, name: str = "fix", **env: str) -> FakeCall:
    env = {**repositories.variables(tmp_path), "LOOOP_SESSION_ID": name, **env}
    return FakeCall(env=env, cwd=str(tmp_path), caller=Caller(Kind.CHILD, 9))


def started(profile: Profile, name: str, state: State = State.ENDED) -> None:
    sessions.supersede(profile, name)
    entry = Entry(sessions.folder(profile, name), Meta(name, "01A", "true", "/", 0.0), Known(state))
    sessions.write_meta(entry)
    sessions.write_known(entry.folder, entry.known, durably=False)


def hook(mail: Path, script: str) -> None:
    (mail / ".looop").mkdir()
    (mail / ".looop" / "setup").write_text(f"#!/bin/sh\n{script}\n")
    (mail / ".looop" / "setup").chmod(0o755)
    run(mail, "add", ".looop")
    run(mail, "commit", "-q", "-m", "hook")


@pytest.mark.parametrize(("asked", "named"), [("fix", "other"), ("", "fix")])
async def test_a_sandbox_is_the_session_s_that_calls_whatever_its_variables_say(
    looop: Looop, profile: Profile, tmp_path: Path, mail: Path, asked: str, named: str
) -> None:
    async def engine(call: Call) -> int:
        await call.out(asked)
        return 0

    started(profile, "fix")
    async with control(profile, engine):
        said = await looop("sandbox", "--repo", str(mail), "--json", call=worker(tmp_path, named))
        if not asked:
            assert said.problem == (2, "no-session")
            return
        assert [it["session"] for it in said.value["sandboxes"]] == ["fix"]
        said = await looop("sandbox", "other", "--remove", "--json", call=worker(tmp_path))
        assert said.problem == (5, "not-yours")


async def test_a_tick_makes_none_but_may_look(looop: Looop, mail: Path) -> None:
    said = await looop("sandbox", "fix", "--repo", str(mail), "--json", kind=Kind.TICK)
    assert said.problem == (5, "not-yours")
    assert (await looop("sandbox", kind=Kind.TICK)).code == 0


async def test_a_person_makes_one_before_the_session_and_lists_it(
    looop: Looop, profile: Profile, tmp_path: Path, mail: Path
) -> None:
    del mail
    said = await looop("sandbox", "fix", "--repo", "mail", call=person(tmp_path))
    path = profile.sandboxes / "fix" / "mail"
    assert (said.code, said.out) == (0, f"{path}\n")
    listed = (await looop("sandbox", "--json")).value["sandboxes"]
    assert [(it["session"], it["branch"], it["path"]) for it in listed] == [("fix", "looop/fix/1", str(path))]
    assert (await looop("sandbox", "other", "--json")).value["sandboxes"] == []


async def test_where_box_is_installed_that_is_to_be_used(looop: Looop, tmp_path: Path, mail: Path) -> None:
    (tmp_path / "box").write_text("")
    (tmp_path / "box").chmod(0o700)
    call = person(tmp_path)
    call.env = {**call.env, "PATH": str(tmp_path)}
    said = await looop("sandbox", "fix", "--repo", str(mail), "--json", call=call)
    assert said.value["sandboxes"][0]["kind"] == "box"


async def test_the_hooks_of_config_and_repository_run_for_a_worker(
    looop: Looop, profile: Profile, tmp_path: Path, mail: Path
) -> None:
    hook(mail, f"echo hello; pwd > {tmp_path}/second; cat {tmp_path}/first > /dev/null")
    config.set_keys(profile, sandbox_setup=f"pwd > {tmp_path}/first")
    started(profile, "fix")
    said = await looop("sandbox", "--repo", str(mail), call=worker(tmp_path))
    assert said.code == 0
    assert (said.out.strip(), said.err) == ((tmp_path / "second").read_text().strip(), "hello\n")
    (tmp_path / "second").unlink()
    assert (await looop("sandbox", "--repo", str(mail), call=worker(tmp_path))).out == said.out
    assert not (tmp_path / "second").exists()


async def test_a_repositorys_hook_does_not_run_for_a_person(
    looop: Looop, profile: Profile, tmp_path: Path, mail: Path
) -> None:
    hook(mail, f"touch {tmp_path}/ran")
    config.set_keys(profile, sandbox_setup=f"touch {tmp_path}/mine")
    said = await looop("sandbox", "fix", "--repo", str(mail), call=person(tmp_path))
    assert said.code == 0
    assert ".looop/setup of the repository was not run" in said.err
    assert ((tmp_path / "mine").exists(), (tmp_path / "ran").exists()) == (True, False)


async def test_a_setup_that_failed_is_said_and_tried_again(
    looop: Looop, profile: Profile, tmp_path: Path, mail: Path
) -> None:
    config.set_keys(profile, sandbox_setup=f"echo no >&2; test -e {tmp_path}/go")
    said = await looop("sandbox", "fix", "--repo", str(mail), call=person(tmp_path))
    assert said.code == 1
    why = "its setup failed with exit code 1 (sandbox_setup): mend that and ask again."
    assert said.err == f"no\nlooop: it is there, but {why}\n"
    (tmp_path / "go").touch()
    assert (await looop("sandbox", "fix", "--repo", str(mail), call=person(tmp_path))).code == 0


async def test_one_with_work_in_it_stays_and_says_why(
    looop: Looop, profile: Profile, tmp_path: Path, mail: Path
) -> None:
    await looop("sandbox", "fix", "--repo", str(mail), call=person(tmp_path))
    path = profile.sandboxes / "fix" / "mail"
    commit(path, "one")
    (path / "two").write_text("")
    said = await looop("sandbox", "fix", "--remove", call=person(tmp_path))
    assert said.code == 1
    first, *stays = said.out.splitlines()
    assert first.startswith("fix  stays  looop/fix/1")
    assert [it.partition(":")[0] for it in stays] == [
        "fix stays",
        "fix stays",
    ]
    assert "two" in stays[0]
    assert "1 commit is on no other branch" in stays[1]


async def test_a_clean_one_is_removed_and_restored(looop: Looop, tmp_path: Path, mail: Path) -> None:
    made = await looop("sandbox", "fix", "--repo", str(mail), call=person(tmp_path))
    path = Path(made.out.strip())
    removed = await looop("sandbox", "fix", "--remove", "--json", call=person(tmp_path))
    assert (removed.code, path.exists()) == (0, False)
    again = await looop("sandbox", "fix", "--remove", "--json", call=person(tmp_path))
    assert again.problem == (3, "no-sandbox")
    restored = await looop("sandbox", "fix", "--restore", "--json", call=person(tmp_path))
    assert (restored.code, (path / "first").exists()) == (0, True)
    assert (await looop("sandbox", "fix", "--restore", "--json", call=person(tmp_path))).problem == (
        3,
        "no-sandbox",
    )


async def test_only_its_own_session_removes_it_while_that_lives(
    looop: Looop, profile: Profile, tmp_path: Path, mail: Path
) -> None:
    started(profile, "fix", State.WORKING)
    profile.keeper_lock.write_bytes(holder.myself())
    await looop("sandbox", "fix", "--repo", str(mail), call=person(tmp_path))
    said = await looop("sandbox", "fix", "--remove", "--json", call=person(tmp_path))
    assert said.problem == (5, "live")
    assert (await looop("sandbox", "--remove", call=worker(tmp_path))).code == 0


async def cloned(profile: Profile, tmp_path: Path, mail: Path) -> Path:
    """Make a clone with a commit, as a worker in its cell would."""
    files.private_dir(profile.sandboxes / "fix", below=profile.data)
    box = await clone.ensure(profile, "fix", mail, repositories.variables(tmp_path))
    commit(sandboxes.place(profile, box), "work")
    return sandboxes.place(profile, box)


@pytest.mark.needs("bwrap")
async def test_a_clone_is_listed_and_a_person_gets_its_commits_as_a_file(
    looop: Looop, profile: Profile, tmp_path: Path, mail: Path
) -> None:
    place = await cloned(profile, tmp_path, mail)
    assert (await looop("sandbox")).out == f"fix  there, a clone  looop/fix/1  {place}\n"
    said = await looop("sandbox", "fix", "--bundle", "it s", call=person(tmp_path))
    assert said.out == f"git -C {mail} fetch '{tmp_path}/it s' looop/fix/1  # then look at FETCH_HEAD\n"
    run(mail, "fetch", "-q", str(tmp_path / "it s"), "looop/fix/1")
    assert run(mail, "log", "--format=%s", "-1", "FETCH_HEAD") == "add work"
    for repo, words, why in (
        (".", ("it s",), (3, "no-sandbox")),
        ("mail", ("it s",), (1, "exists")),
    ):
        said = await looop(
            "sandbox", "fix", "--repo", repo, "--bundle", *words, "--json", call=person(tmp_path)
        )
        assert said.problem == why
    said = await looop("sandbox", "fix", "--bundle", "other", "--json", call=worker(tmp_path))
    assert said.problem == (5, "not-yours")
    assert not (tmp_path / "other").exists()


async def test_of_several_clones_one_has_to_be_named(
    looop: Looop, profile: Profile, tmp_path: Path, mail: Path
) -> None:
    await cloned(profile, tmp_path, mail)
    await cloned(profile, tmp_path, repositories.made(tmp_path / "web"))
    said = await looop("sandbox", "fix", "--bundle", "x", "--json", call=person(tmp_path))
    assert said.problem == (2, "several")


async def test_a_person_who_asks_for_what_a_worker_cloned_gets_it_and_nothing_runs_there(
    looop: Looop, profile: Profile, tmp_path: Path, mail: Path
) -> None:
    hook(mail, f"touch {tmp_path}/ran")
    config.set_keys(profile, sandbox_setup=f"touch {tmp_path}/mine")
    place = await cloned(profile, tmp_path, mail)
    said = await looop("sandbox", "fix", "--repo", str(mail), call=person(tmp_path))
    assert (said.code, said.out) == (0, f"{place}\n")
    assert not (tmp_path / "mine").exists()
    started(profile, "fix")
    assert (await looop("sandbox", "--repo", str(mail), call=worker(tmp_path))).code == 0
    assert ((tmp_path / "mine").exists(), (tmp_path / "ran").exists()) == (True, True)
    (tmp_path / "ran").unlink()
    assert (await looop("sandbox", "--repo", str(mail), call=worker(tmp_path))).out == f"{place}\n"
    assert not (tmp_path / "ran").exists()


async def test_undo_brings_a_removed_sandbox_back(looop: Looop, tmp_path: Path, mail: Path) -> None:
    made = await looop("sandbox", "fix", "--repo", str(mail), call=person(tmp_path))
    await looop("sandbox", "fix", "--remove", call=person(tmp_path))
    said = await looop("undo", "sandbox/fix", "--json", call=person(tmp_path))
    assert [it["path"] for it in said.value["sandboxes"]] == [made.out.strip()]
    assert (Path(made.out.strip()) / "first").exists()
    assert (await looop("undo", "sandbox/fix", "--json", call=person(tmp_path))).problem == (3, "no-sandbox")
    assert (await looop("undo", "sandbox/../x", "--json", call=person(tmp_path))).problem is not None


async def test_two_wishes_at_once_are_a_mistake(looop: Looop) -> None:
    said = await looop("sandbox", "fix", "--remove", "--restore", "--json")
    assert said.problem == (2, "bad-value")


def test_what_others_left_among_the_records_is_no_sandbox(profile: Profile) -> None:
    sandboxes.prepare(profile)
    for name, text in (("a@b.json", "{}"), ("c@d.json", "no"), ("e.json", "{}")):
        (profile.sandboxes / name).write_text(text)
    assert sandboxes.listed(profile) == ()
