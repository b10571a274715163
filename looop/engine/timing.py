"""How patient keeper and engine are with each other. Parameters, so that tests need not wait a minute."""

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds of CLOCK_MONOTONIC, which stands still while the machine sleeps."""

    pat: float = 5.0
    """How often the engine tells keeper that it lives, and looks whether it is still wanted."""

    hang_after: float = 60.0
    """The silence after which an engine counts as hung."""

    second_look: float = 5.0
    """From the request for its stacks to the kill; a sign of life in between acquits it."""

    grace: float = 30.0
    """What an engine has to end by itself, a landing included."""

    restarts: int = 5
    """So many restarts within `window` lead to safe mode."""

    window: float = 600.0

    def argument(self) -> str:
        """Write it as one command-line argument."""
        return ",".join(str(value) for value in astuple(self))

    @classmethod
    def parse(cls, argument: str) -> "Timing":
        """Read what `argument` wrote."""
        pat, hang_after, second_look, grace, restarts, window = argument.split(",")
        return cls(
            float(pat), float(hang_after), float(second_look), float(grace), int(restarts), float(window)
        )
