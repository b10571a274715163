"""The lines of a text that a caller's regular expression matches, in linear time: for the verb `log`.

In: a pattern as somebody typed it. Out: a filter. It stands here because verbs don't know sessions.
"""

from collections.abc import Callable

from looop.session import pattern as patterns


def matcher(pattern: str) -> Callable[[str], bool]:
    """Give a test for lines; Problem USAGE `bad-pattern`."""
    wanted = patterns.compile(pattern)
    return lambda line: wanted.search(line.encode("utf-8", "replace")) is not None
