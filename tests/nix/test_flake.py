"""The flake, evaluated without a network: every output of every system; pyproject.toml is its only list."""

import base64
import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import looop
from support import flake
from support.ordinary_user import as_ordinary_user
from support.source import ROOT

pytestmark = pytest.mark.process

SYSTEMS = ("aarch64-darwin", "aarch64-linux", "x86_64-darwin", "x86_64-linux")
OUTPUTS = {
    "apps": ["default", "looop"],
    "checks": ["bundle", "package", "smoke", "tests"],
    "devShells": ["bundle", "default"],
    "packages": ["bundle", "default"],
}
# What is built from: an untracked file in there would be missing in every build by Nix.
BUILT_FROM = ("looop", "seeds", "launcher", "nix", "tests", "flake.nix", "looop.spec", "pyproject.toml")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIREMENTS = {canonicalize_name(it.name): it for it in map(Requirement, PROJECT["dependencies"])}
APPLICATION = "packages.x86_64-linux.default"
CHECKS = [f"checks.x86_64-linux.{name}" for name in ("smoke", "bundle", "tests")]
DRAWN_IN = "it: map (one: [ one.pname one.version ]) it.dependencies"


def test_the_outputs_are_these_for_four_systems(nix: flake.Nix, tree: Path) -> None:
    done = nix.run("flake", "show", "--json", f"path:{tree}")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert {kind: {name: sorted(shown[kind][name]) for name in sorted(shown[kind])} for kind in OUTPUTS} == {
        kind: dict.fromkeys(SYSTEMS, names) for kind, names in OUTPUTS.items()
    }
    assert set(shown) - set(OUTPUTS) == {"overlays"}


def test_nix_itself_finds_the_flake_in_order(nix: flake.Nix, tree: Path) -> None:
    done = nix.run("flake", "check", "--no-build", f"path:{tree}")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["checks", "devShells", "packages"])
def test_every_derivation_is_whole_and_for_its_system(nix: flake.Nix, tree: Path, kind: str) -> None:
    """What a derivation is made from is all evaluated for its path."""
    whole = "builtins.mapAttrs (_: builtins.mapAttrs (_: it: builtins.seq it.drvPath [ it.type it.system ]))"
    assert nix.evaluate(tree, kind, whole) == {
        system: {name: ["derivation", system] for name in OUTPUTS[kind]} for system in SYSTEMS
    }


def test_nix_run_starts_the_program_of_the_application(nix: flake.Nix, tree: Path) -> None:
    packages = nix.evaluate(tree, "packages", "builtins.mapAttrs (_: it: it.default.outPath)")
    described = {"description": PROJECT["description"]}
    apps = {
        system: {"type": "app", "program": f"{packages[system]}/bin/looop", "meta": described}
        for system in SYSTEMS
    }
    wanted = {system: dict.fromkeys(OUTPUTS["apps"], app) for system, app in apps.items()}
    assert nix.evaluate(tree, "apps", "it: it") == wanted


def test_name_version_and_words_are_the_projects(nix: flake.Nix, tree: Path) -> None:
    wanted = (
        "it: { inherit (it) pname version; inherit (it.meta) description license mainProgram platforms; }"
    )
    assert nix.evaluate(tree, APPLICATION, wanted) == {
        "pname": "looop",
        "version": looop.__version__,
        "description": PROJECT["description"],
        "license": {"spdxId": PROJECT["license"]},
        "mainProgram": "looop",
        "platforms": ["x86_64-linux", "aarch64-linux", "x86_64-darwin", "aarch64-darwin"],
    }
    assert nix.evaluate(tree, "packages.aarch64-darwin.bundle", "it: it.version") == looop.__version__
    metadata = nix.run("flake", "metadata", "--json", f"path:{tree}")
    assert json.loads(metadata.stdout)["description"] == PROJECT["description"]


def test_the_packages_drawn_in_are_those_of_pyproject_at_versions_that_it_accepts(
    nix: flake.Nix, tree: Path
) -> None:
    drawn = dict(nix.evaluate(tree, APPLICATION, DRAWN_IN))
    assert sorted(drawn) == sorted(REQUIREMENTS)
    assert {name: it for name, it in drawn.items() if it not in REQUIREMENTS[name].specifier} == {}


def test_the_version_follows_the_file_that_hatchling_reads(
    nix: flake.Nix, tree: Path, tmp_path: Path
) -> None:
    change = {"looop/__init__.py": (f'"{looop.__version__}"', '"7.8.9"')}
    other = flake.edited(tree, tmp_path / "tree", change)
    assert nix.evaluate(other, APPLICATION, "it: it.version") == "7.8.9"


def test_a_package_that_nixpkgs_has_new_enough_is_nixpkgs_own(
    nix: flake.Nix, tree: Path, tmp_path: Path
) -> None:
    nixpkgs = flake.edited(
        flake.STAND_IN, tmp_path / "nixpkgs", {"flake.nix": ('cyclopts = "4.25.3"', 'cyclopts = "5.99"')}
    )
    now = dict(nix.evaluate(tree, APPLICATION, DRAWN_IN))
    later = dict(nix.evaluate(tree, APPLICATION, DRAWN_IN, nixpkgs=nixpkgs))
    assert (now["cyclopts"] < "5.99", later["cyclopts"]) == (True, "5.99")


def test_each_release_is_the_one_that_the_single_file_is_made_from() -> None:
    """Version and digest are both in the list that pip checks."""
    text = (ROOT / "nix/releases.nix").read_text()
    releases = re.findall(r'(\S+) = \{\s+version = "(.+)";\s+hash = "sha256-(.+)";', text)
    pinned = re.split(r"^(?=\S)", (ROOT / "launcher/requirements.txt").read_text(), flags=re.MULTILINE)
    assert len(releases) == text.count(" = {") > 0
    for name, version, digest in releases:
        (pin,) = (it for it in pinned if it.startswith(f"{name}=={version} "))
        assert f"sha256:{base64.b64decode(digest).hex()}" in pin


def test_the_single_file_is_frozen_by_the_one_pyinstaller_that_its_spec_takes(
    nix: flake.Nix, tree: Path
) -> None:
    (wanted,) = re.findall(r'^PYINSTALLER = "(.+)"$', (ROOT / "launcher/freeze.py").read_text(), re.MULTILINE)
    with_it = "it: map (one: one.name) (builtins.head it.nativeBuildInputs).paths"
    frozen = nix.evaluate(tree, "packages", f"builtins.mapAttrs (_: it: ({with_it}) it.bundle)")
    assert [f"pyinstaller-{wanted}" in frozen[system] for system in SYSTEMS] == [True] * 4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'msgspec = "0.22.0"',
            'msgspec = "0.20.0"',
            "nixpkgs has msgspec 0.20.0, which looop refuses",
        ),
        ('pyte = "0.8.2";', "", "nixpkgs has no Python package 'pyte'"),
        (
            'version = "3.13.9"',
            'version = "3.10.9"',
            "nixpkgs has Python 3.10.9, which looop refuses",
        ),
    ],
)
def test_a_nixpkgs_that_will_not_do_is_refused_in_words(
    nix: flake.Nix, tree: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    nixpkgs = flake.edited(flake.STAND_IN, tmp_path / "nixpkgs", {"flake.nix": (old, new)})
    assert said in nix.refusal(tree, nixpkgs=nixpkgs)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '"pyte>=0.8.2,<0.9"',
            "\"pyte>=0.8.2,<0.9; python_version > '3'\"",
            "can't read the requirement 'pyte",
        ),
        ('"pyte>=0.8.2,<0.9"', '"pyte~=0.8"', "can't read the condition '~=0.8'"),
        ('"pyte>=0.8.2,<0.9"', '"pyte==0.8.*"', "can't read the condition '==0.8.*'"),
        ('"pyte>=0.8.2,<0.9"', '"no.such_package"', "nixpkgs has no Python package 'no-such-package'"),
    ],
)
def test_what_nix_cannot_read_in_pyproject_is_an_error_and_no_guess(
    nix: flake.Nix, tree: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    other = flake.edited(tree, tmp_path / "tree", {"pyproject.toml": (old, new)})
    assert said in nix.refusal(other)


def test_a_file_that_git_does_not_track_is_no_part_of_the_flake(
    nix: flake.Nix, tree: Path, tmp_path: Path
) -> None:
    other = flake.edited(tree, tmp_path / "tree", {})
    assert nix.refusal(other) == ""
    (other / "nix/venv.sh").unlink()
    assert "venv.sh" in nix.refusal(other)


def test_all_that_is_built_from_is_tracked() -> None:
    assert flake.tracked(*BUILT_FROM, others=True) == [], "`git add` them: a flake sees what git tracks"


def test_the_source_of_the_packages_is_every_tracked_file(nix: flake.Nix, tree: Path) -> None:
    for name in ("default", "bundle"):
        source = Path(nix.evaluate(tree, f"packages.x86_64-linux.{name}", 'it: "${it.src}"'))
        found = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
        assert found == set(flake.tracked())
        assert {"seeds/PLAYBOOK.md", "LICENSE", "README.md"} <= found


def test_the_launchers_compiler_is_static_where_there_is_a_static_libc(nix: flake.Nix, tree: Path) -> None:
    kinds = nix.evaluate(tree, "packages", "builtins.mapAttrs (_: it: it.bundle.stdenv)")
    assert kinds == {name: "static" if name.endswith("linux") else "native" for name in SYSTEMS}


def test_the_tests_have_a_compiler_since_they_compile_the_launcher(nix: flake.Nix, tree: Path) -> None:
    assert nix.evaluate(tree, "checks.x86_64-linux.tests", "it: it.stdenv") == "native"


def test_the_overlay_gives_both_packages_and_changes_nothing_else(nix: flake.Nix, tree: Path) -> None:
    names = nix.evaluate(
        tree, "overlays.default", "it: builtins.attrNames (it { callPackage = _: _: { }; } { })"
    )
    assert names == ["looop", "looop-bundle"]


def test_every_piece_of_shell_is_shell(nix: flake.Nix, tree: Path) -> None:
    phases = '[ "buildPhase" "installPhase" "postFixup" "buildCommand" ]'
    texts = f'it: map (name: it.${{name}} or "") {phases}'
    pieces = [
        text
        for output in (APPLICATION, "packages.x86_64-linux.bundle", *CHECKS)
        for text in nix.evaluate(tree, output, texts)
        if text
    ]
    pieces += [path.read_text() for path in sorted((tree / "nix").glob("*.sh"))]
    assert len(pieces) == 8
    for piece in pieces:
        checked = subprocess.run(["bash", "-n"], input=piece, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, ""), piece


def test_an_ordinary_user_needs_no_daemon_to_evaluate_it(nix: flake.Nix) -> None:
    assert nix.folder.exists()
    names = flake.tracked()

    def evaluate(folder: Path) -> None:
        flake.copy(folder / "tree", names)
        (folder / "nix").mkdir()
        own = flake.Nix(folder / "nix")
        nixpkgs = folder / "tree/tests/nix/stand-in"
        assert (
            own.evaluate(folder / "tree", APPLICATION, "it: it.version", nixpkgs=nixpkgs) == looop.__version__
        )

    as_ordinary_user(evaluate)
