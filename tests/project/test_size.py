"""Code stays small enough to read: no file and no function outgrows the limit."""

import pytest

from support.source import Source, report, sources

MAX_FILE = 400
MAX_FUNCTION = 50
OURS = ("looop", "launcher", "tests", "benchmarks")


def test_no_file_is_longer_than_its_limit() -> None:
    assert [f"{it.path}: {it.lines} lines" for it in sources(*OURS) if it.lines > MAX_FILE] == []


def test_no_function_is_longer_than_its_limit() -> None:
    functions = [function for file in sources(*OURS) for function in file.functions()]
    assert [f"{it.name}: {it.lines} lines" for it in functions if it.lines > MAX_FUNCTION] == []


def test_the_report_names_medians_and_the_longest(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "median" in report("looop")


def test_a_function_is_measured_from_def_to_its_last_line() -> None:
    text = "class A:\n    @property\n    def one(self):\n        return (\n            1\n        )\n"
    (function,) = Source(sources("looop")[0].path, text).functions()
    assert function.lines == 4
