"""Time zones as tests need them, by rules that every machine knows.

In: a rule as TZ has it. Out: a process whose local time follows it, until the block ends.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"


@contextmanager
def local_time(rule: str) -> Iterator[None]:
    """Have `time` and `datetime` give local time by this rule."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = rule
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()
