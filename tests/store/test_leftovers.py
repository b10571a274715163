"""Completions, man page and unpacked programs: only what is looop's own is removed, and through no link."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from looop.store import leftovers
from looop.store.leftovers import Swept
from support.ordinary_user import as_ordinary_user

DIGEST = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def _shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "_SHARED", tmp_path / "var-tmp")


@pytest.fixture
def env(tmp_path: Path) -> Mapping[str, str]:
    return {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}


def put(place: Path, text: str = "#compdef looop\n") -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return place


def version(cache: Path, name: str = DIGEST) -> Path:
    return put(cache / name / "lib" / "looop.so").parents[1]


def cleared(env: Mapping[str, str]) -> Swept:
    """Do what the verb does, with nobody running."""
    found, swept = leftovers.unpacked(env)
    for place in found:
        swept += leftovers.remove_unpacked(place)
    return swept


WRITTEN = (
    ".local/share/bash-completion/completions/looop",
    ".local/share/zsh/site-functions/_looop",
    ".zfunc/_looop",
    ".config/fish/completions/looop.fish",
    ".local/share/man/man1/looop.1",
)


def test_what_a_person_was_told_to_write_is_removed_and_its_neighbours_stay(
    tmp_path: Path, env: Mapping[str, str]
) -> None:
    ours = [put(tmp_path / name) for name in WRITTEN]
    others = [put(place.parent / "other") for place in ours]
    swept = leftovers.sweep_files(env)
    assert set(swept.gone) == {str(place) for place in ours}
    assert [place for place in ours if place.exists()] == []
    assert all(place.exists() for place in others)
    assert leftovers.sweep_files(env) == Swept()


def test_xdg_folders_count_and_relative_ones_do_not(tmp_path: Path, env: Mapping[str, str]) -> None:
    place = put(tmp_path / "share/bash-completion/completions/looop")
    assert leftovers.sweep_files({**env, "XDG_DATA_HOME": "share"}).gone == ()
    assert leftovers.sweep_files({**env, "XDG_DATA_HOME": str(tmp_path / "share")}).gone == (str(place),)


def test_a_file_of_somebody_elses_and_a_link_stay(tmp_path: Path, env: Mapping[str, str]) -> None:
    foreign = put(tmp_path / WRITTEN[0], "complete -F other other\n")
    target = put(tmp_path / "dotfiles/_looop")
    link = tmp_path / WRITTEN[1]
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    fifo = tmp_path / WRITTEN[3]
    fifo.parent.mkdir(parents=True)
    os.mkfifo(fifo)
    swept = leftovers.sweep_files(env)
    assert swept.gone == ()
    assert {path for path, _ in swept.kept} == {str(foreign), str(link), str(fifo)}
    assert target.exists()


def test_each_cache_is_emptied_of_versions_and_then_removed(tmp_path: Path, env: Mapping[str, str]) -> None:
    caches = [tmp_path / ".cache/looop", tmp_path / "run/looop", tmp_path / f"var-tmp/looop-{os.geteuid()}"]
    for cache in caches:
        version(cache)
        version(cache, ".new-17-6a5f")
        put(cache / ".lock")
    swept = cleared(env)
    assert len(swept.gone) == 9
    assert (swept.kept, swept.failed) == ((), ())
    assert [cache for cache in caches if cache.exists()] == []


def test_what_looop_did_not_unpack_stays_and_is_named(tmp_path: Path, env: Mapping[str, str]) -> None:
    cache = tmp_path / ".cache/looop"
    version(cache)
    strange = [put(cache / name) for name in ("notes", "abcdef", f"{DIGEST} x", f"{'0' * 65}x")]
    swept = cleared(env)
    assert {path for path, _ in swept.kept} == {str(place) for place in strange}
    assert not (cache / DIGEST).exists()
    assert all(place.exists() for place in strange)


def test_a_cache_that_is_a_link_is_left_alone_with_what_it_leads_to(
    tmp_path: Path, env: Mapping[str, str]
) -> None:
    target = version(tmp_path / "elsewhere")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache/looop").symlink_to(target.parent)
    swept = cleared(env)
    assert swept.gone == ()
    assert swept.kept[0][0] == str(tmp_path / ".cache/looop")
    assert target.exists()


def test_a_version_that_is_a_link_goes_and_what_it_leads_to_stays(
    tmp_path: Path, env: Mapping[str, str]
) -> None:
    target = put(tmp_path / "precious/file").parent
    cache = tmp_path / ".cache/looop"
    version(cache).joinpath("inner").symlink_to(target)
    (cache / ("f" * 64)).symlink_to(target)
    assert len(cleared(env).gone) == 2
    assert (target / "file").exists()


def test_another_users_folder_in_a_shared_place_is_left_alone(
    tmp_path: Path, env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = version(tmp_path / f"var-tmp/looop-{os.geteuid() + 1}").parent
    another = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: another)
    assert cleared(env).kept[0][0] == str(theirs)
    assert theirs.exists()


def test_a_cache_that_can_not_be_removed_is_named_with_its_reason() -> None:
    def case(folder: Path) -> None:
        leftovers._SHARED = folder  # in a child of this process
        cache = version(folder / ".cache/looop").parent
        cache.chmod(0o500)
        swept = cleared({"HOME": str(folder)})
        assert [path for path, _ in swept.failed] == [str(cache / DIGEST)]
        assert "Permission denied" in swept.failed[0][1]

    as_ordinary_user(case)


def test_nothing_anywhere_and_no_home_are_no_trouble(env: Mapping[str, str]) -> None:
    for each in (env, {}, {"HOME": "x", "XDG_CACHE_HOME": "y"}):
        assert (leftovers.sweep_files(each), cleared(each)) == (Swept(), Swept())


def test_the_program_goes_only_when_that_is_meant_and_from_where_it_was_installed(tmp_path: Path) -> None:
    there = put(tmp_path / ".local/bin/looop")
    said = leftovers.remove_program(str(there), tmp_path, purged=False)
    assert said.kept == ((str(there), f"is the program: `rm {there}`"),)
    elsewhere = put(tmp_path / "my tools/looop")
    said = leftovers.remove_program(str(elsewhere), tmp_path, purged=True)
    assert said.kept[0][1] == f"is the program: `rm '{elsewhere}'`"
    link = tmp_path / ".local/bin/linked"
    link.symlink_to(elsewhere)
    assert leftovers.remove_program(str(link), tmp_path, purged=True).kept[0][0] == str(link)
    assert leftovers.remove_program(str(there), tmp_path, purged=True).gone == (str(there),)
    assert not there.exists()
    assert elsewhere.exists()


def test_a_program_that_only_root_can_remove_is_told_so() -> None:
    program = shutil.which("true") or "/bin/true"  # not in /bin where Nix builds

    def case(folder: Path) -> None:
        assert leftovers.remove_program(program, folder, purged=True).kept == (
            (program, f"is the program: `sudo rm {program}`"),
        )

    as_ordinary_user(case)


def test_a_place_that_can_not_be_looked_at_is_told(env: Mapping[str, str]) -> None:
    swept = cleared({**env, "XDG_CACHE_HOME": f"/{'x' * 300}"})
    ((place, why),) = swept.failed
    assert place.endswith("/looop")
    assert why == "could not be removed (File name too long)"


def test_a_program_that_is_gone_already_needs_no_word(tmp_path: Path) -> None:
    assert leftovers.remove_program(str(tmp_path / "looop"), tmp_path, purged=True) == Swept()
