"""CONFIG's `notify`, tried by hand: what `looop notify` needs of the loop, which cli does not know.

In: a profile, the caller's environment, a sentence. Out: how the command ended, as the loop would run it.
"""

from collections.abc import Mapping

from looop.child import spawn, tree
from looop.loop import notify
from looop.loop.clock import Clock
from looop.loop.fleet import NoFleet
from looop.loop.site import Surroundings
from looop.store.paths import Profile


async def try_notify(profile: Profile, env: Mapping[str, str], text: str) -> spawn.Ended | None:
    """Run the command with a sentence; None when CONFIG has none. OSError when it can't be started.

    Cancelled, it is ended with its whole tree.
    """
    tree.become_subreaper()
    site = Surroundings(profile, env, lambda _line: None, Clock(), NoFleet()).site()
    return await notify.tell(site, site.config.notify, text) if site.config.notify else None
