"""The table of what survives what: each row of docs/sessions.md names a test that is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_row_names_a_file_of_tests_that_is_there() -> None:
    text = (ROOT / "docs" / "sessions.md").read_text()
    rows = text.split("## What survives what")[1].splitlines()
    rows = [row for row in rows if row.startswith("| ") and not row.startswith("| what happens")]
    for row in rows:
        *_, shown, _ = row.split("|")
        found = re.findall(r"`([^`]+)`", shown)
        assert found, row
        folder = found[0].rpartition("/")[0]
        for name in found:
            assert (ROOT / (name if "/" in name else f"{folder}/{name}")).is_file(), name
    assert len(rows) > 15
