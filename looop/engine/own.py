"""The loop's own flags that ask for approval, as verbs reach them: before the sessions' are looked at.

In: a flag's number, or its cause, and a verdict. Out: what became of it, or None for a flag of somebody
else's. Neighbours: `loop.verdicts` does it, `session.flags` has everybody else's.
"""

from collections.abc import Callable

from looop.core.problem import Exit, Problem
from looop.core.questions import Answered
from looop.loop import verdicts
from looop.loop.site import Site
from looop.store import files, flags
from looop.store.flags import Flag

_LOOP = "the loop"


class Own:
    """Verdicts on the loop's own flags. `poke` wakes the loop: what was approved runs in its next beat."""

    def __init__(self, site: Callable[[], Site], poke: Callable[[], None]) -> None:
        self._site = site
        self._poke = poke

    async def decide(self, which: str, text: str, *, approved: bool) -> Answered | None:
        """Do what a person decided; None if the flag is none of these. Problem as `verdicts.decide`."""
        site = self._site()
        flag = _found(await files.aside(flags.open_flags, site.profile), which)
        if flag is None:
            return None
        try:
            said = await verdicts.decide(site, flag, text, approved=approved)
        finally:
            self._poke()
        return Answered(flag.number, _LOOP, said)


def _found(there: tuple[Flag, ...], which: str) -> Flag | None:
    asking = [flag for flag in there if flag.offer is not None]
    for flag in asking:
        if which in {str(flag.number), flag.cause}:
            return flag
    for flag in asking:
        if which == str(flag.instead):
            text = f"What ⚑ {which} showed has changed: look at it again, it is ⚑ {flag.number} now."
            raise Problem(Exit.REFUSED, "changed", text)
    return None
