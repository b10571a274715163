"""A build ends with a sentence when a part of it is not the one that it was written for."""

import importlib
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from launcher import zstd
from support.source import ROOT

PINNED = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", zstd.LOCK.read_text(), re.MULTILINE))


@pytest.fixture
def bootloader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a PyInstaller with a bootloader that knows nothing."""
    module = ModuleType("PyInstaller")
    module.__file__ = str(tmp_path / "__init__.py")
    monkeypatch.setitem(sys.modules, "PyInstaller", module)
    monkeypatch.delitem(sys.modules, "launcher.freeze", raising=False)
    real = metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: PINNED[name] if name == "pyinstaller" else real(name)
    )
    path = tmp_path / "bootloader" / "Linux-64bit-intel" / "run"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


@pytest.fixture
def freeze(bootloader: Path) -> Any:
    """Give the steps of the build, with that PyInstaller."""
    return importlib.import_module("launcher.freeze")


def test_what_it_was_written_for_passes(
    freeze: Any, bootloader: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "true")
    bootloader.write_bytes(b"\0".join(freeze._RELIED_ON))
    freeze.check()


def test_another_pyinstaller_is_named(freeze: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda _name: "5.0")
    with pytest.raises(SystemExit, match=rf"PyInstaller {PINNED['pyinstaller']}, and this is 5\.0"):
        freeze.check()


def test_a_bootloader_without_our_variables_is_refused(freeze: Any) -> None:
    with pytest.raises(SystemExit, match=r"does not know the variables that launcher/bundle\.c sets"):
        freeze.check()


def test_what_the_bootloader_must_know_is_what_the_launcher_says(freeze: Any) -> None:
    said = (ROOT / "launcher" / "bundle.c").read_bytes()
    assert [word for word in freeze._RELIED_ON if b'setenv("' + word + b'"' not in said] == []


def test_the_pinned_packages_are_those_of_the_build_and_of_the_tests(freeze: Any) -> None:
    assert PINNED["pyinstaller"] == freeze.PYINSTALLER
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"zstandard=={PINNED['zstandard']}" in project["optional-dependencies"]["test"]
    names = {re.split(r"[^a-z0-9-]", line)[0] for line in project["dependencies"]}
    assert names <= PINNED.keys()
