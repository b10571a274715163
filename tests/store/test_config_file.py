"""CONFIG is read only from a file that can be trusted, and what is there is never taken for absent."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from looop.core.problem import Exit, Problem
from looop.store import config, files
from looop.store.config import Config
from looop.store.paths import Profile
from support.folder import mode
from support.ordinary_user import as_ordinary_user
from support.profiles import config_in, profile_in


def test_what_is_written_at_first_is_private_and_reads_as_the_defaults(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "data", tmp_path / "new" / "looop.json")
    assert config.ensure(profile)
    assert config.load(profile, {}) == Config()
    assert mode(profile.config) == 0o600
    assert mode(profile.config.parent) == 0o700


def test_a_config_that_is_there_is_never_overconfig_in(tmp_path: Path) -> None:
    profile = config_in(tmp_path, "not even JSON")
    assert not config.ensure(profile)
    assert profile.config.read_text() == "not even JSON"


def test_a_link_to_nothing_is_not_filled_with_defaults(tmp_path: Path) -> None:
    profile = profile_in(tmp_path)
    profile.config.symlink_to(tmp_path / "nothing")
    assert not config.ensure(profile)
    with pytest.raises(Problem, match="a symbolic link to nothing"):
        config.load(profile, {})


def test_a_newer_format_is_refused_whatever_else_it_holds_and_stays_unharmed(tmp_path: Path) -> None:
    text = '{"format": 2, "a key of the future": []}'
    profile = config_in(tmp_path, text)
    with pytest.raises(Problem, match="newer looop") as caught:
        config.load(profile, {})
    assert (caught.value.exit_code, caught.value.kind) == (Exit.REFUSED, "newer-format")
    with pytest.raises(Problem, match="newer looop"):
        config.set_keys(profile, runner="claude")
    assert profile.config.read_text() == text


def test_a_config_that_others_can_write_is_refused(tmp_path: Path) -> None:
    profile = config_in(tmp_path, {})
    profile.config.chmod(0o620)
    with pytest.raises(Problem, match="chmod 600") as caught:
        config.load(profile, {})
    assert caught.value.exit_code == Exit.REFUSED


def test_a_config_that_others_can_read_is_the_persons_choice(tmp_path: Path) -> None:
    profile = config_in(tmp_path, {"interval": 5})
    profile.config.chmod(0o644)
    assert config.load(profile, {}).interval == 5.0


def test_a_linked_config_is_judged_by_its_target(tmp_path: Path) -> None:
    profile = profile_in(tmp_path)
    target = tmp_path / "dotfiles.json"
    target.write_text('{"interval": 5}')
    target.chmod(0o644)
    profile.config.symlink_to(target)
    assert config.load(profile, {}).interval == 5.0
    target.chmod(0o666)
    with pytest.raises(Problem, match="Others may write"):
        config.load(profile, {})


def test_a_config_of_root_is_trusted_and_that_of_anybody_else_is_not() -> None:
    def case(folder: Path) -> None:
        (folder / "looop.json").symlink_to("/etc/passwd")
        assert "is not JSON" in problem(folder)
        (folder / "looop.json").unlink()
        config_in(folder, {})
        os.geteuid = lambda: 1  # as seen by somebody else, in this child alone
        assert "so it can't be trusted" in problem(folder)

    def problem(folder: Path) -> str:
        with pytest.raises(Problem) as caught:
            config.load(profile_in(folder), {})
        return caught.value.text

    as_ordinary_user(case)


def test_a_config_without_rights_is_trouble_not_absence() -> None:
    def case(folder: Path) -> None:
        config_in(folder, {}).config.chmod(0)
        with pytest.raises(Problem, match=r"could not be read .Permission denied"):
            config.load(profile_in(folder), {})

    as_ordinary_user(case)


def test_a_config_in_a_closed_folder_is_trouble_not_absence() -> None:
    def case(folder: Path) -> None:
        profile = Profile(folder / "data", folder / "closed" / "looop.json")
        profile.config.parent.mkdir(mode=0)
        with pytest.raises(Problem, match="Permission denied"):
            config.load(profile, {})
        with pytest.raises(Problem, match=r"could not be written .Permission denied"):
            config.ensure(profile)

    as_ordinary_user(case)


@pytest.mark.parametrize("kind", ["pipe", "folder", "circle"])
def test_a_config_that_is_no_file_is_told_and_never_blocks(tmp_path: Path, kind: str) -> None:
    profile = profile_in(tmp_path)
    if kind == "pipe":
        os.mkfifo(profile.config, 0o600)
    elif kind == "folder":
        profile.config.mkdir(mode=0o700)
    else:
        profile.config.symlink_to(profile.config.name)
    with pytest.raises(Problem, match="could not be read"):
        config.load(profile, {})


def test_setting_a_key_keeps_all_others(tmp_path: Path) -> None:
    profile = config_in(tmp_path, {"interval": "5m", "notify": "x"})
    assert config.set_keys(profile, runner="claude", max_daily_usd=2).runner == "claude"
    assert json.loads(profile.config.read_text()) == {
        "interval": "5m",
        "notify": "x",
        "runner": "claude",
        "max_daily_usd": 2,
    }
    assert mode(profile.config) == 0o600


def test_setting_a_key_of_an_absent_config_writes_the_defaults_too(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "data", tmp_path / "new" / "looop.json")
    config.set_keys(profile, runner="claude")
    assert config.load(profile, {}) == Config(runner="claude")
    assert "interval" in profile.config.read_text()


def test_a_wrong_value_is_not_config_in(tmp_path: Path) -> None:
    profile = config_in(tmp_path, {"interval": 5})
    with pytest.raises(Problem, match=r"\$\.interval"):
        config.set_keys(profile, interval=-1)
    assert profile.config.read_text() == '{"interval": 5}'


def test_setting_a_key_of_a_linked_config_writes_its_target(tmp_path: Path) -> None:
    profile = profile_in(tmp_path)
    (tmp_path / "dotfiles.json").write_text("{}")
    (tmp_path / "dotfiles.json").chmod(0o600)
    profile.config.symlink_to("dotfiles.json")
    config.set_keys(profile, runner="pi")
    assert profile.config.is_symlink()
    assert json.loads((tmp_path / "dotfiles.json").read_text()) == {"runner": "pi"}


def test_of_two_who_write_the_first_config_one_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = config_in(tmp_path, {"interval": 7})
    monkeypatch.setattr(files, "present", lambda _: False)  # looked before the other one wrote it
    assert not config.ensure(profile)
    assert json.loads(profile.config.read_text()) == {"interval": 7}


@pytest.mark.parametrize(
    ("step", "write"),
    [("exclusive", config.ensure), ("durable", lambda profile: config.set_keys(profile, interval=7))],
)
def test_a_config_that_can_not_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, write: Callable[[Profile], object]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    profile = profile_in(tmp_path)
    monkeypatch.setattr(files, step, full)
    with pytest.raises(Problem, match=r"could not be written \(No space left on device\)") as caught:
        write(profile)
    assert (caught.value.exit_code, caught.value.kind) == (Exit.REFUSED, "bad-config")
