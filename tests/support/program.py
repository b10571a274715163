"""A looop with a fake pulse and fake verbs, for tests of keeper and engine as real processes.

Run as a program it is keeper or engine, as `looop` itself would be. What the engine does beyond that is
said by `FAKE_*` variables in the environment of the `up` that starts it: see `support.resident`.
"""

import sys
from collections.abc import Sequence

from looop.engine import keeper


def main(argv: Sequence[str]) -> int:
    if argv[0] == "__keeper":
        return keeper.main(argv[1:])
    from looop.engine import entry
    from support import resident

    return entry.main(argv[1:], resident.build)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
