"""The second look at an answer, and the sensors made from it, against programs that stand for gh and curl."""

import json
import os
from pathlib import Path

import pytest

from looop.core import starter
from looop.core.interview import Answers, Nonsense, Sort
from looop.session import looks

pytestmark = pytest.mark.process

GH = """#!/bin/sh
[ "$1 $2 $3" = "repo view me/mine" ] && exit 0
case "$*" in
*"pr list --repo me/mine "*) echo '[{"number": 7, "title": "a \\"quoted\\" one", "updatedAt": "x"}]' ;;
*"issue list --repo me/mine "*) echo '[]' ;;
*) echo "no such repository" >&2; exit 1 ;;
esac
"""
CURL = """#!/bin/sh
case "$*" in
*"https://up.example/"*) printf 'hello\\n200' ;;
*"https://gone.example/"*) printf '\\n000'; echo "could not resolve" >&2; exit 6 ;;
esac
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Give an environment whose first programs are the stand-ins."""
    for name, script in (("gh", GH), ("curl", CURL)):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(script)
        (tmp_path / "bin" / name).chmod(0o700)
    return {"PATH": f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}


def made(folder: Path, key: str, what: str) -> Path:
    (text,) = [
        text for path, text in starter.files(Answers({key: (what,)}), {}).items() if path.endswith(".sh")
    ]
    script = folder / f"{key}.sh"
    script.write_text(text)
    script.chmod(0o700)
    return script


def refused(sort: Sort, answer: str, env: dict[str, str]) -> str:
    with pytest.raises(Nonsense) as caught:
        looks.look(sort, answer, env, Path(env["HOME"]))
    return str(caught.value)


def test_a_github_repository_that_gh_sees_is_kept_and_its_sensor_works(
    tmp_path: Path, env: dict[str, str]
) -> None:
    assert looks.look(Sort.GITHUB, "me/mine", env, tmp_path) == "me/mine"
    said = looks.try_sensor(made(tmp_path, "github", "me/mine"), env)
    assert json.loads(said)["signal"]["pulls"][0]["title"] == 'a "quoted" one'


def test_a_github_repository_that_gh_does_not_see_says_why(env: dict[str, str]) -> None:
    assert refused(Sort.GITHUB, "me/other", env) == "gh can't see me/other: no such repository (exit 1)"


@pytest.mark.parametrize(("sort", "program"), [(Sort.GITHUB, "gh"), (Sort.URL, "curl"), (Sort.FOLDER, "git")])
def test_a_missing_program_is_named_with_what_to_do(env: dict[str, str], sort: Sort, program: str) -> None:
    assert refused(sort, "x", {**env, "PATH": "/nowhere"}).startswith(f"{program} is not installed: ")


def test_a_page_is_told_by_status_and_sum(tmp_path: Path, env: dict[str, str]) -> None:
    said = json.loads(looks.try_sensor(made(tmp_path, "pages", "https://up.example/"), env))
    assert said["signal"]["status"] == "200"
    assert said["detail"] == {"page": "https://up.example/"}


def test_a_page_that_does_not_answer_is_a_failed_sensor_not_a_change(
    tmp_path: Path, env: dict[str, str]
) -> None:
    with pytest.raises(Nonsense, match="no answer"):
        looks.try_sensor(made(tmp_path, "pages", "https://gone.example/"), env)


def test_a_command_of_any_output_is_one_json_value(tmp_path: Path, env: dict[str, str]) -> None:
    command = r"printf 'a\033[2J\001\"\\\\\nb\377 naïve'; head -c 100000 /dev/zero | tr '\0' x; exit 3"
    said = looks.try_sensor(made(tmp_path, "commands", command), env)
    assert said.startswith('{"signal": {"exit": 3, "sum": "')


def test_a_command_without_end_is_ended(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "DEADLINE", 0.5)
    assert refused(Sort.COMMAND, "yes", env) == "It: it took too long."


def test_a_sensor_that_prints_no_json_is_refused(tmp_path: Path, env: dict[str, str]) -> None:
    script = tmp_path / "s.sh"
    script.write_text("#!/bin/sh\necho no\n")
    script.chmod(0o700)
    with pytest.raises(Nonsense, match="did not print one JSON value"):
        looks.try_sensor(script, env)
