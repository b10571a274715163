"""A file that looop wrote is known by its line, and no longer once a person has changed it."""

import pytest

from looop.core.signed import Whose, signed, whose

TEXT = "[Unit]\nDescription=x\n"
XML = "<?xml?>\n<!DOCTYPE plist>\n<plist/>\n"


def test_what_was_signed_is_ours_wherever_its_line_stands() -> None:
    assert whose(signed(TEXT)) is Whose.OURS
    assert whose(signed(XML, after=2, comment=("<!-- ", " -->"))) is Whose.OURS


@pytest.mark.parametrize(
    "changed",
    [
        signed(TEXT) + b"\n",
        signed(TEXT).replace(b"=x", b"=y"),
        b"# mine\n" + signed(TEXT),
        signed(TEXT).removesuffix(b"\n"),
    ],
)
def test_a_single_changed_byte_makes_it_a_persons(changed: bytes) -> None:
    assert whose(changed) is Whose.EDITED


@pytest.mark.parametrize(
    "data", [b"", TEXT.encode(), b"\xff\x00", b"# Made by looop\n", b"sha256:" + b"0" * 64]
)
def test_what_has_no_such_line_is_foreign(data: bytes) -> None:
    assert whose(data) is Whose.FOREIGN


def test_the_line_may_stand_in_xml() -> None:
    line = signed(XML, after=2, comment=("<!-- ", " -->")).decode().splitlines()[2]
    assert "--" not in line.removeprefix("<!--").removesuffix("-->")


def test_whose_a_file_is_reads_as_a_clause() -> None:
    assert [str(whose(data)) for data in (b"", signed("x\n"), signed("x\n") + b"y\n")] == [
        "was not written by looop",
        "is as looop wrote it",
        "was edited since looop wrote it",
    ]
