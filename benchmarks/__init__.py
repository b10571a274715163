"""Figures of the real program: each file here is a program of its own, and `make bench` runs them all.

They stand on what the tests have: profiles, people who type, keepers. Importing this package finds it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
