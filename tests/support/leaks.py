"""Where a secret has got to: every file of a profile that holds it, the raw logs of programs apart."""

import re
from pathlib import Path

SECRET = 'tok_"7\\f3/9a+0123456789'
"""Has to be escaped in JSON, in a shell and in an address, so that each way of writing it is another one."""

RAW = re.compile(r"(sessions|runs)/(?!pulse/)[^/]+/output(-\d+)?\.log")
"""What programs wrote to their terminal or to their stdout: nobody can mask that while it is written."""


def leaks(data: Path, *forms: str) -> list[str]:
    """Name the files below DATA that hold one of these texts, and no raw log is."""
    wanted = [form.encode() for form in forms]
    found = [path for path in data.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(found) > 3
    holding = (path for path in found if any(form in path.read_bytes() for form in wanted))
    names = (path.relative_to(data).as_posix() for path in holding)
    return sorted(name for name in names if not RAW.fullmatch(name))
