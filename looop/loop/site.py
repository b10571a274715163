"""Where a beat happens: the profile with everything around it that a step may need, as one value."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from looop.child import spawn
from looop.child.environ import environment
from looop.child.walls import Walls
from looop.core.mask import Mask
from looop.core.rules import Shims
from looop.loop.clock import Clock
from looop.loop.fleet import Fleet, NoFleet
from looop.store.config import Config, load
from looop.store.masking import mask_of
from looop.store.paths import Profile, check

WriteShims = Callable[[Config, bool], Shims | None]
"""Writes the guard's shims as CONFIG wants them, for a cell or not, and says where they are."""

Run = Callable[..., Awaitable[spawn.Ended]]
"""`child.spawn.run`, or a test's fake of it: the one door to other programs."""


@dataclass(frozen=True)
class Site:
    """A beat's surroundings. `env` is the environment that children get; `say` tells people a line."""

    profile: Profile
    config: Config
    env: Mapping[str, str]
    say: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    fleet: Fleet = field(default_factory=NoFleet)
    run: Run = spawn.run
    shims: WriteShims = lambda _config, _celled: None

    @cached_property
    def mask(self) -> Mask:
        """What takes secrets out of all that is written down, told to the AI or to a person."""
        return mask_of(self.env, self.config)

    def environment(self, **extra: str) -> dict[str, str]:
        """Make the environment of a child of this profile."""
        ours = {"LOOOP_DATA_DIR": str(self.profile.data), "LOOOP_CONFIG": str(self.profile.config)}
        return environment(self.env, **ours, **extra)

    @cached_property
    def walls(self) -> Walls:
        """The walls around what runs here, by this CONFIG."""
        return Walls(self.profile, self.config, self.env)


@dataclass(frozen=True)
class Surroundings:
    """What stays the same from beat to beat; CONFIG is read afresh for each, so an edit counts at once."""

    profile: Profile
    env: Mapping[str, str]
    say: Callable[[str], None]
    clock: Clock
    fleet: Fleet
    run: Run = spawn.run
    shims: WriteShims = lambda _config, _celled: None

    def site(self) -> Site:
        """Make the site of one beat. Problem when CONFIG can't be used, or DATA is gone."""
        check(self.profile)
        config = load(self.profile, self.env)
        mask = mask_of(self.env, config)

        def say(line: str) -> None:
            self.say(mask.text(line))

        return Site(self.profile, config, self.env, say, self.clock, self.fleet, self.run, self.shims)
