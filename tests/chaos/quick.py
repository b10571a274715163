"""looop, whose keeper and engine are impatient with each other, so that a chaos run need not wait a minute.

Run instead of `python -m looop` by what a chaos run types: whoever of them starts a keeper gives it this.
"""

import os
from dataclasses import asdict
from functools import partial

from looop import __main__ as program
from looop.engine import startup
from looop.engine.timing import Timing

QUICK = Timing(pat=0.3, hang_after=10.0, second_look=0.5, grace=8.0, restarts=1000, window=4.0)

if __name__ == "__main__":
    vars(startup)["Timing"] = partial(Timing, **asdict(QUICK))
    os._exit(program.main())
