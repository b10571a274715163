"""Verdicts on the loop's own flags reach the loop before the sessions' flags are looked at."""

from pathlib import Path

import pytest

from looop.core.digest import digest_bytes
from looop.core.problem import Problem
from looop.engine.own import Own
from looop.loop.clock import Clock
from looop.loop.fleet import NoFleet
from looop.loop.site import Site
from looop.session.fake_house import FakeHouse
from looop.session.flags import Flags
from looop.store import config, flags, written
from looop.store.paths import Profile
from support.desk import Desk
from support.profiles import made_in, sensor

SCRIPT = "#!/bin/sh\necho 1\n"
DIGEST = digest_bytes(SCRIPT.encode())


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    made = made_in(tmp_path)
    sensor(made, "x", SCRIPT)
    written.note(made, DIGEST, "sensors/x.sh", "tick-1")
    return made


class Desks:
    """The sessions' flags with the loop's own before them."""

    def __init__(self, profile: Profile) -> None:
        self.pokes = 0
        site = Site(profile, config.load(profile, {}), {}, lambda _line: None, Clock(), NoFleet())
        own = Own(lambda: site, self.poke)
        desk = Desk(profile, FakeHouse(profile))
        self.flags = Flags(
            profile,
            desk.house,
            poke=self.poke,
            notify=desk.notify,
            proposals=desk.proposals,
            commands=desk.commands,
            own=own,
        )

    def poke(self) -> None:
        self.pokes += 1


async def test_an_approval_is_of_the_digest_and_wakes_the_loop(profile: Profile) -> None:
    flag = flags.offer(profile, "awaiting sensors/x.sh", "look", DIGEST, "")
    desks = Desks(profile)
    made = await desks.flags.decide(str(flag.number), "", "ann", approved=True)
    assert (made.number, made.session, made.how) == (1, "the loop", "sensors/x.sh may run from now on.")
    assert written.awaited(profile) == {}
    assert (flags.open_flags(profile), desks.pokes) == ((), 1)


async def test_what_changed_since_it_was_shown_is_refused(profile: Profile) -> None:
    flags.offer(profile, "awaiting sensors/x.sh", "look", DIGEST, "")
    sensor(profile, "x", SCRIPT + "# more\n")
    with pytest.raises(Problem, match="look at it again"):
        await Desks(profile).flags.decide("1", "", "ann", approved=True)
    assert list(written.awaited(profile)) == [DIGEST]


async def test_the_number_of_what_was_shown_before_is_refused(profile: Profile) -> None:
    flags.offer(profile, "awaiting sensors/x.sh", "look", "an older one", "")
    flags.offer(profile, "awaiting sensors/x.sh", "look", DIGEST, "")
    with pytest.raises(Problem, match="look at it again, it is ⚑ 2 now"):
        await Desks(profile).flags.decide("1", "", "ann", approved=True)
    assert list(written.awaited(profile)) == [DIGEST]


async def test_a_flag_that_asks_nothing_is_still_refused(profile: Profile) -> None:
    flags.raise_flag(profile, "disk", "full")
    with pytest.raises(Problem, match="is the loop's own and asks nothing"):
        await Desks(profile).flags.decide("1", "", "ann", approved=True)
