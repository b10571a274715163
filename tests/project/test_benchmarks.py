"""The table of results: every row has a program that measures it, and none is lost that was not measured."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import results, rows
from benchmarks.asked import ASKED, Aim, By
from benchmarks.rows import Lacking, Row

CRASHES = "raise SystemExit('there is no disk')\n"
ONE_AND_CRASH = """
import json
print(json.dumps({"key": "cat", "ours": [4.0], "theirs": [2.0], "note": "", "lacks": "", "load": 0.5}))
raise ValueError("the second one")
"""


def parts(script: str) -> set[str]:
    """Read what a program's PARTS names, without importing it."""
    tree = ast.parse((results.HERE / f"{script}.py").read_text())
    dicts = (
        node.value
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and "PARTS" in ast.unparse(node).partition("=")[0]
    )
    return {key.value for found in dicts for key in found.keys if isinstance(key, ast.Constant)}  # type: ignore[union-attr, misc]


def test_each_row_has_a_program_with_its_part() -> None:
    sources = {asked.source for key, asked in ASKED.items() if key not in results.ELSEWHERE}
    assert [(script, part) for script, part in sorted(sources) if part not in parts(script)] == []


def test_an_aim_is_about_what_it_names() -> None:
    row = Row("echo", ours=[1.0] * 98 + [50.0] * 2, theirs=[1.0])
    assert (row.reached(), row.met()) == (50.0, False)
    assert Row("cat", ours=[5.0, 8.0, 9.0], theirs=[10.0, 10.0]).met() is True
    assert Row("cat", ours=[7.0], theirs=[10.0]).met() is False
    assert Row("guard-git", ours=[12.0, 13.0, 90.0], theirs=[10.0, 10.0, 10.0]).met() is True


def test_without_values_or_a_yardstick_no_aim_is_met() -> None:
    assert Row("cat", ours=[5.0]).met() is None
    assert Row("cat", lacks="script is not installed").met() is None


def test_a_bound_is_still_met_and_what_lies_beyond_is_not() -> None:
    most, least = Aim(By.MEDIAN, "≤", 15), Aim(By.RATIO, "≥", 0.8)
    assert (most.met(15.0), most.met(15.1), least.met(0.8), least.met(0.7)) == (True, False, True, False)


def test_a_program_that_crashes_says_so_in_each_row_that_it_owes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sessions.py").write_text(ONE_AND_CRASH)
    (tmp_path / "guard.py").write_text(CRASHES)
    monkeypatch.setattr(results, "HERE", tmp_path)
    told, trouble = results.ran("sessions", "cat")
    assert (told["cat"][0].ours, told["cat"][1]) == ([4.0], 0.5)
    assert trouble == "it ended with 1: ValueError: the second one"
    assert results.ran("guard", "git") == ({}, "it ended with 1: there is no disk")


def test_a_program_that_hangs_is_ended_and_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "beat.py").write_text("import time\ntime.sleep(1000)\n")
    monkeypatch.setattr(results, "HERE", tmp_path)
    monkeypatch.setattr(results, "LONGEST", 0.5)
    told, trouble = results.ran("beat", "off")
    assert told == {}
    assert trouble.startswith("it had not ended after")


def test_a_part_that_lacks_a_program_says_so_in_all_its_rows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacking() -> Iterator[Row]:
        yield Row("cat", [2.0], [1.0])
        raise Lacking("tmux is not installed")

    monkeypatch.setattr("sys.argv", ["sessions.py", "cat", "--json"])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    rows.main("sessions", {"cat": lacking})
    told = [rows.taken(line)[0] for line in capsys.readouterr().out.splitlines()]
    assert [(row.key, row.lacks) for row in told] == [("cat", ""), ("cat-tmux", "tmux is not installed")]


def test_the_page_is_the_same_of_the_same_figures_and_has_a_line_for_each_row() -> None:
    found = {key: (Row(key, lacks="it is late"), 0.1) for key in ASKED}
    found["shot"] = (Row("shot", [1.0, 2.0, 3.0], [2.0, 4.0, 6.0], note="warm"), 0.2)
    page = results.written([("cores", "2")], found)
    assert page == results.written([("cores", "2")], found)
    assert page.count("not measured: it is late") == len(ASKED) - 1
    line = next(line for line in page.splitlines() if "relayed `looop shot`" in line)
    assert line == (
        "| relayed `looop shot` | ≤ 1 | ratio **0.50** | yes | 2.00 ms (1.00–3.00) "
        "| `tmux capture-pane -p` 4.00 ms (2.00–6.00) | 3 | 0.2 |"
    )
