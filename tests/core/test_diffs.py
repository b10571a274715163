"""A diff shows what a file holds, and no line of it can pass for anything else."""

from looop.core.diffs import unified


def test_a_hunk_in_the_middle_of_a_long_file_has_its_own_line_numbers() -> None:
    lines = [f"{i}\n".encode() for i in range(5000)]
    after = [*lines[:4000], b"new\n", *lines[4001:]]
    shown = unified("f", b"".join(lines), b"".join(after)).splitlines()
    assert shown[2] == "@@ -3998,7 +3998,7 @@"


def test_two_long_files_without_a_common_line_show_whole() -> None:
    old, new = (b"".join(b"%s%d\n" % (mark, i) for i in range(2000)) for mark in (b"a", b"b"))
    shown = unified("f", old, new).splitlines()
    assert shown[2] == "@@ -1,2000 +1,2000 @@"
    assert len(shown) == 4003


def test_no_changed_line_can_pass_for_the_heading_of_another_file() -> None:
    old, new = b"-- PLAYBOOK.md\nx\n-- y\n", b"++ PLAYBOOK.md\nx\n-- y\n"
    assert unified("goals/a.md", old, new) == (
        "--- goals/a.md\n+++ goals/a.md\n@@ -1,3 +1,3 @@\n"
        "-<U+002D>- PLAYBOOK.md\n+<U+002B>+ PLAYBOOK.md\n x\n -- y\n"
    )


def test_nor_can_one_of_a_file_that_differs_in_too_many_lines() -> None:
    old, new = (b"".join(b"%c %d\n" % (mark, at) for at in range(1100)) for mark in b"ab")
    shown = unified("f", b"-- g\n" + old, b"++ g\n" + new).split("\n")
    assert [line for line in shown if line.startswith(("--- ", "+++ "))] == ["--- f", "+++ f"]


def test_a_file_that_comes_or_goes_has_one_side_alone() -> None:
    assert unified("f", None, b"a\n") == "--- (none)\n+++ f\n@@ -0,0 +1 @@\n+a\n"
    assert unified("f", b"a\n", None) == "--- f\n+++ (none)\n@@ -1 +0,0 @@\n-a\n"


def test_a_newline_that_is_missing_at_the_end_is_told() -> None:
    assert unified("f", b"a\n", b"a").splitlines()[2:] == [
        "@@ -1 +1 @@",
        "-a",
        "+a (no newline at the end)",
    ]
