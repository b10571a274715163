"""One sensor, run once outside any beat: what `looop sensor run` needs of the loop, which cli does not know.

In: a profile, the caller's environment, a sensor. Out: its reading. Nothing is written.
"""

from collections.abc import Mapping

from looop.child import tree
from looop.core.world import Reading
from looop.loop import sense
from looop.loop.clock import Clock
from looop.loop.fleet import NoFleet
from looop.loop.site import Surroundings
from looop.store.memory import SensorFile
from looop.store.paths import Profile


async def read_sensor(profile: Profile, env: Mapping[str, str], sensor: SensorFile) -> Reading:
    """Run it in DATA as a beat would, under its own deadline. Cancelled, it is ended with its whole tree."""
    tree.become_subreaper()
    site = Surroundings(profile, env, lambda _line: None, Clock(), NoFleet()).site()
    return await sense.run_sensor(site, sensor, site.environment())
