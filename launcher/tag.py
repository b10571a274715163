"""Hold a release's tag and the program's version together: `python3 launcher/tag.py v1.2.0` prints 1.2.0.

In: the tag. Out: the version, and exit code 0 only if looop says the same of itself. Run first in a release.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from looop import __version__


def main(argv: list[str]) -> int:
    """Compare; a sentence on stderr when they differ."""
    if argv != [f"v{__version__}"]:
        given = " ".join(argv) or "no tag"
        print(
            f"{given} does not name this version: tag v{__version__}, or correct looop/__init__.py.",
            file=sys.stderr,
        )
        return 1
    print(__version__)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
