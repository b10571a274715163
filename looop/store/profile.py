"""A profile made ready: its folders, its seeds, its CONFIG; what `up`, `init` and `tick` do first.

In: a `Profile`. Out: it exists, private, seeded once, in today's format. Every other verb needs one.
"""

from collections.abc import Mapping

from looop.store import config, paths, seed
from looop.store.paths import Profile


def prepare(profile: Profile, env: Mapping[str, str]) -> bool:
    """Make what is missing; True if the profile was seeded. Twice, or at once elsewhere, is harmless.

    Problem REFUSED or USAGE when DATA or CONFIG, with the overrides in `env`, can't be used as they are;
    nothing of them is changed then.
    """
    config.load(profile, env)
    paths.create(profile)
    seeded = seed.seed(profile)
    config.ensure(profile)
    return seeded
