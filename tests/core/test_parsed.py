"""Our own files as typed values: whatever is in them, one kind of error."""

import msgspec
import pytest

from looop.core.parsed import parsed


class Kept(msgspec.Struct):
    number: int = 0


def test_a_value_is_of_its_type() -> None:
    assert parsed(b'{"number": 7, "of a later looop": {}}', Kept) == Kept(7)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b'{"number": "7"}', b'{"number": \xff}', b"[" * 200_000, b'{"a": ' + b"[" * 200_000],
    ids=["empty", "cut", "of another type", "no UTF-8", "nested", "nested where the type has no place"],
)
def test_what_is_none_raises_value_error_alone(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parsed(data, Kept)
