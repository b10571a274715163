"""Run a case as a user whom mode bits hold back: root would pass every one of them.

In: a function of a folder of its own. Out: its assertion errors, raised here. It always runs in a forked
child; as uid 65534, or another that is named, when the tests run as root, else as whoever runs them.
"""

import os
import resource
import shutil
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


def as_ordinary_user(case: Callable[[Path], None], uid: int = NOBODY) -> None:
    """Call `case(folder)` in a child. Import what it needs before: its user may not be able to."""
    folder = Path(tempfile.mkdtemp(prefix="ordinary-user-"))
    try:
        if os.geteuid() == 0:
            os.chown(folder, uid, uid)
        said = _in_child(lambda: case(folder), uid)
    finally:
        _remove(folder)
    assert said == "", said


def _in_child(case: Callable[[], None], uid: int) -> str:
    """Give the traceback of what the case raised, "" if nothing."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # idle threads of earlier tests don't matter here
        child = os.fork()
    if child == 0:
        _run_and_leave(case, writing, uid)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return said or ("" if code == 0 else f"the child ended with {code}")


def _run_and_leave(case: Callable[[], None], writing: int, uid: int) -> None:
    code = 1
    try:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
        case()
        code = 0
    except BaseException:  # noqa: BLE001 - an exit or interrupt must not escape into pytest twice
        os.write(writing, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _remove(folder: Path) -> None:
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            inner = Path(parent, name)
            if not inner.is_symlink():
                inner.chmod(0o700)
    shutil.rmtree(folder)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes, as on a full disk; only within a case."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
