"""The rules of a cell on macOS, as text: nobody has run them. The last one that fits decides."""

from looop.child import sandboxexec
from looop.core.cell import Cell


def test_nothing_is_allowed_to_be_read_after_what_is_hidden() -> None:
    cell = Cell(data="/d", write=("/d/tick",), hide=("/home/me/.ssh",), show=("/home/me",), door="/d/doors/g")
    rules = sandboxexec.profile(cell)
    hidden = rules.index('"/home/me/.ssh"')
    assert rules.index('"/d/tick"') < hidden
    assert "allow file" not in rules[hidden:]
    assert rules.index("deny network-outbound\n") < rules.index('"/d/doors/g"')


def test_a_path_can_not_end_its_rule() -> None:
    assert sandboxexec._quoted('/a" (allow default) \\') == '"/a\\" (allow default) \\\\"'
