"""Words that somebody typed: names of keys, and the commands that the guard judges and shows."""

import re
import shlex
from fnmatch import fnmatchcase

from fuzz.material import Material
from looop.core import command, keys
from looop.core.guarded import Added, Rules, Where, asks_branch, hot, judge
from looop.core.keys import KeyModes
from looop.core.problem import Exit, Problem

MODES = tuple(KeyModes(application, flags) for application in (False, True) for flags in (0, 1, 8, 9, 31))
LEGACY = KeyModes()
WHERE = Where("/home/ada/repo", ("/tmp",), ("/tmp/data",), home="/home/ada", branch="main")
RULES = Rules(added=(Added("own", ("tool", "do*", "*")), Added("opt", ("tool", "--hard", "x"))))
HOT = hot(RULES)
WRAPPERS = ("nohup", "command", "env", "nice", "setsid", "builtin", "xargs", "busybox", "stdbuf", "time")
WORD = re.compile(r"\$'((?:[^'\\]|\\.)*)'|'[^']*'(?:\"'\"'[^']*')*|\S+", re.DOTALL)
ESCAPE = re.compile(r"\\(?:x(..)|u(....)|U(.{8})|(.))", re.DOTALL)
SHORT = {"n": "\n", "t": "\t", "r": "\r"}


def names(data: bytes) -> None:
    """Names of keys: the same bytes as for each key alone, or a Problem; what is Esc is known as such."""
    given = Material(data)
    modes, words = given.choice(MODES), [word for text in given.texts() for word in text.split(" ")][:20]
    sent = b""
    for word in words:
        try:
            one = keys.encode([word], modes)
            legacy = keys.encode([word], LEGACY)
        except Problem as problem:
            told(problem, "no-key")
            assert not keys.is_escape(word)
            continue
        assert one
        assert one == keys.encode([word.upper() if len(word) > 1 and "-" not in word else word], modes)
        assert keys.is_escape(word) == (legacy == b"\x1b"), word
        sent += one
        assert keys.encode([word, "Enter"], modes) == one + keys.encode(["Enter"], modes)


def told(problem: Problem, *kinds: str) -> None:
    assert problem.kind in kinds
    assert problem.exit_code in {Exit.USAGE, Exit.REFUSED}
    assert len(str(problem)) < 600
    assert str(problem).isprintable()


def guard(data: bytes) -> None:
    """The guard's judgement: nothing raises, a wrapper hides nothing, and `hot` leaves nothing out."""
    argv = Material(data).texts()
    if len(argv) == 1:
        argv = argv[0].split(" ")
    rule = judge(argv, RULES, WHERE)
    asks_branch(argv)
    judge(argv, Rules(off=frozenset("*")), Where("/", branch=None))
    if rule is None:
        return
    patterns = HOT.get(argv[0].rpartition("/")[2])
    assert (
        patterns is None
        or "*" in patterns
        or any(fnmatchcase(it, one) for it in argv[1:] for one in patterns)
    )
    if argv[0] and not argv[0].startswith("-") and "=" not in argv[0]:
        for wrapper in WRAPPERS:
            assert judge([wrapper, *argv], RULES, WHERE) is not None, wrapper


def shown(data: bytes) -> None:
    """A command as a person is shown it: one line, nothing unseen, and it can be read back as it was."""
    argv = Material(data).texts()
    try:
        command.checked(argv)
    except Problem as problem:
        told(problem, "no-command", "bad-argument", "too-long")
        return
    said = command.shown(argv)
    assert said.isprintable()
    assert [read_back(word) for word in WORD.finditer(said)] == argv
    assert command.visible(said) == said


def read_back(word: re.Match[str]) -> str:
    """Read one word of a shell's line as the shell does."""
    if word[1] is None:
        (only,) = shlex.split(word[0])
        return only
    return ESCAPE.sub(unescaped, word[1])


def unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    return chr(int(code, 16)) if code else SHORT.get(found[4], found[4])
