"""What a verb is handed besides its flags, and the flags that many verbs share.

cyclopts reads these annotations at run time: it parses the flags and leaves the rest for `app.run`.
"""

from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter

from looop.cli.console import Terminal
from looop.engine.call import Call
from looop.engine.live import Live
from looop.store.paths import Profile

ACall: TypeAlias = Annotated[Call, Parameter(parse=False)]
ATerminal: TypeAlias = Annotated[Terminal, Parameter(parse=False)]
AProfile: TypeAlias = Annotated[Profile, Parameter(parse=False)]
ALive: TypeAlias = Annotated[Live | None, Parameter(parse=False)]

FLAG = Parameter(negative=(), show_default=False)


def _from_0(type_: Any, value: Any) -> None:
    """Check a number; cyclopts' checks come in one package, which only a verb that was given one loads."""
    from cyclopts.validators import Number  # noqa: PLC0415 - see above

    Number(gte=0, lt=1 << 53)(type_, value)


Json: TypeAlias = Annotated[bool, FLAG, Parameter(help="One JSON object for machines.")]
Tail: TypeAlias = Annotated[
    int, Parameter(validator=_from_0, help="How many of the newest to show; 0: all that are kept.")
]
Follow: TypeAlias = Annotated[
    bool, FLAG, Parameter(name=("--follow", "-f"), help="Go on with what is added, until Ctrl-C.")
]
Since: TypeAlias = Annotated[int | None, Parameter(validator=_from_0, help="Begin at this offset, in bytes.")]
Text: TypeAlias = Annotated[str, Parameter(allow_leading_hyphen=True)]
