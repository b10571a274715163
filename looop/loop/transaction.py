"""The running tick's one verb: recorded when the agent calls it, performed when the tick lands."""

from dataclasses import dataclass, replace

from looop.core.act import Act
from looop.core.mask import NOTHING, Mask
from looop.core.problem import Exit, Problem
from looop.loop.fleet import Fleet


@dataclass
class Transaction:
    """Open while an agent runs; whoever runs the tick asks it for each changing verb that arrives."""

    fleet: Fleet
    mask: Mask = NOTHING
    act: Act | None = None

    def record(self, act: Act) -> None:
        """Record the tick's verb. Problem REFUSED for a second one, or one that could not be performed."""
        if self.act is not None:
            first = " ".join(self.act.argv)
            raise Problem(
                Exit.REFUSED,
                "second-move",
                f"This tick's one move is `looop {first}` already; end your turn, the next tick may do more.",
            )
        if not act.writes:
            self.fleet.check(act)
        self.act = replace(act, argv=self.mask.value(act.argv))
