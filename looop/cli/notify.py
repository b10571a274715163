"""Try what tells a person of flags: `notify --test`.

In: CONFIG's `notify`. Out: it ran with a test sentence, and how it ended; nothing else happens.
"""

from typing import Annotated

import msgspec
from cyclopts import Parameter

from looop.cli.inject import FLAG, ACall, AProfile, Json
from looop.cli.show import emit, line
from looop.core.problem import Exit, Problem

SENTENCE = "A test of looop's: flags will reach you this way."


class NotifyView(msgspec.Struct, frozen=True):
    """What `notify --json` prints; `code` is null when a signal or the deadline ended the command."""

    sent: str
    code: int | None
    said: str
    timed_out: bool = False
    v: int = 1


async def notify(
    *,
    call: ACall,
    profile: AProfile,
    test: Annotated[bool, FLAG, Parameter(help="Run CONFIG's notify with a test sentence.")] = False,
    json: Json = False,
) -> int:
    """Try the command that tells you of flags; 1 if it fails.

    It gets the sentence in LOOOP_TEXT and on its stdin.
    """
    from looop.engine import notifying  # noqa: PLC0415 - the loop, which only this verb needs here

    if not test:
        raise Problem(Exit.USAGE, "bad-value", "Say `looop notify --test`: only flags notify for real.")
    ended = await notifying.try_notify(profile, call.env, SENTENCE)
    if ended is None:
        raise Problem(
            Exit.NO,
            "no-notify",
            f"CONFIG sets no `notify`: add a shell command to {profile.config}, which gets the sentence in "
            'LOOOP_TEXT, such as "notify-send looop \\"$LOOOP_TEXT\\"".',
        )
    said = (ended.err or ended.out).decode(errors="replace").strip()
    view = NotifyView(SENTENCE, ended.code, said, ended.timed_out)
    await emit(call, view, _words(view), json=json)
    return int(Exit.DONE if view.code == 0 else Exit.NO)


def _words(view: NotifyView) -> str:
    if view.timed_out:
        how = "It took too long and was ended."
    elif view.code is None:
        how = "It was ended by a signal."
    else:
        how = (
            "It ended well; did it reach you?" if view.code == 0 else f"It failed with exit code {view.code}."
        )
    return f"{how} It said: {line(view.said, 500)}" if view.said else how
