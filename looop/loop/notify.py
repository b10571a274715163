"""Tell a person outside the terminal: CONFIG's `notify` command, once per flag.

In: a sentence. Out: the command ran, with the sentence in LOOOP_TEXT and on its stdin, never in its text.
What belongs to it, a diff, follows on stdin alone.
"""

from looop.child import spawn
from looop.core.quote import flat, visible
from looop.loop.site import Site

DEADLINE = 30.0
"""Seconds that the command may take."""

LONGEST = 1000
"""Bytes of the sentence, before its brackets are replaced by longer ones."""

MORE = 16 << 10
"""Bytes of what follows it on stdin, where a diff is shown as it is: nobody reads markup or options there."""

_OURS = "looop: "
_BRACKETS = str.maketrans("<>", "‹›")


async def notify(site: Site, text: str, more: str = "") -> bool:
    """Run the command; False when it failed or there is none. Never raises for what the command does."""
    if not site.config.notify:
        return False
    try:
        ended = await tell(site, site.config.notify, text, more)
    except OSError as error:
        site.say(f"notify could not be started: {error.strerror}")
        return False
    if ended.code != 0:
        site.say(f"notify failed: {ended.err.decode(errors='replace').strip()[-200:]}")
    return ended.code == 0


def harmless(text: str) -> str:
    """Give one line that is only text to whatever shows it.

    Desktops read markup in it, and programs that get it as an argument take a first `-` for an option and a
    first `@` for a file to send: it begins with a letter or a digit, and brackets become single quotes.
    """
    line = flat(text, LONGEST - len(_OURS)).translate(_BRACKETS)
    return line if line[:1].isalnum() else f"{_OURS}{line}"


async def tell(site: Site, command: str, text: str, more: str = "") -> spawn.Ended:
    """Run a command with a sentence, under the deadline; how it ended. OSError when it can't be started."""
    plain = harmless(site.mask.text(text))
    rest = f"\n{visible(site.mask.text(more))[:MORE]}" if more else ""
    return await site.run(
        ["/bin/sh", "-c", command],
        cwd=site.profile.data,
        env=site.environment(LOOOP_TEXT=plain),
        stdin=f"{plain}\n{rest}".encode(),
        deadline=DEADLINE,
        max_out=1 << 16,
    )
