"""A program's output on its way to a screen: whatever it is, in any pieces, on a screen of any size."""

import random

from fuzz.material import Material
from support import hostile_streams


def screens(data: bytes) -> None:
    """Screens and scanners: whole, alike in any pieces and over any dump, in any sizes."""
    given = Material(data)
    how = given.number(256)
    hostile_streams.bear(random.Random(how), given.rest())
