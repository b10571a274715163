"""What waits for a person's approval, told by the loop's own flags: scripts, checks, moves that are held.

In: the policy files as this beat read them, the book of what an AI wrote, the moves that wait. Out: one flag
for each, with its diff, told once. All of it is derived anew in each beat: a crash loses no flag, and a cause
that is gone has none. Neighbours: `beat` calls, `verdicts` hears what the person says.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from looop.core.diffs import unified
from looop.core.digest import digest_bytes
from looop.loop.notify import notify
from looop.loop.origin import check_of
from looop.loop.site import Site
from looop.store import events, files, flags, held, written
from looop.store.memory import Memory
from looop.store.paths import Profile
from looop.store.runs import Run
from looop.store.written import Written

PIECE = "awaiting "
"""How the cause begins that names a script or a goal with a check; one of a held move is `Held.cause`."""

_AUTO = "auto"
_DIGITS = 8
_LARGEST = 16 << 20


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that waits: what the flag says, and what an approval of it is bound to."""

    cause: str
    text: str
    digest: str
    diff: Callable[[], str]


def awaited(site: Site) -> dict[str, Written]:
    """Give what an AI wrote and may not run yet, by digest; nothing with `sensors: auto`. Unreadable."""
    return {} if site.config.sensors == _AUTO else written.awaited(site.profile)


def offers(profile: Profile, policy: Memory, waiting: Mapping[str, Written]) -> Iterator[Offer]:
    """Give everything that waits now."""
    for sensor in policy.sensors:
        if piece := waiting.get(sensor.digest):
            path = f"sensors/{sensor.path.name}"
            text = f"{path} was written by {piece.run}: it runs once you have approved it"
            yield Offer(PIECE + path, text, sensor.digest, partial(_script, profile, path, piece, waiting))
    for goal in policy.goals if waiting else ():
        digest = written.digest_of_check(check_of(goal.text) or "")
        piece = waiting.get(digest)
        if piece and piece.denied is None:
            path = f"goals/{goal.name}"
            text = f"the check of {path} was written by {piece.run}: it runs once you have approved it"
            yield Offer(PIECE + path, text, digest, partial(_check, path, check_of(goal.text) or ""))
    for digest, piece in waiting.items():
        if piece.text and piece.denied is None and not piece.path.startswith("goals/"):
            text = (
                f"the check of `{piece.path}` was written by {piece.run}: it runs once you have approved it"
            )
            cause = f"{PIECE}{piece.path} {digest[:_DIGITS]}"
            yield Offer(cause, text, digest, partial(_check, piece.path, piece.text))
    for move in held.listed(profile):
        yield of_move(profile, move)


async def reconcile(site: Site, policy: Memory, waiting: Mapping[str, Written]) -> None:
    """Raise a flag for each that has none, end those of what waits no more, tell of the new ones."""
    await files.aside(_reconciled, site.profile, policy, waiting)
    await tell(site)


async def tell(site: Site) -> None:
    """Tell a person of every offer of which nobody was told."""
    for flag in await files.aside(flags.open_flags, site.profile):
        if flag.told:
            continue
        with suppress(OSError):
            events.emit(
                site.profile, "flag", cause=flag.cause, number=flag.number, text=flag.text, diff=flag.diff
            )
        site.say(f"⚑ {flag.text}")
        await notify(site, f"{flag.text} (`looop approve {flag.number}`)", flag.diff)
        with suppress(OSError):
            await files.aside(flags.tell, site.profile, flag.number)


def raised(profile: Profile, offer: Offer) -> flags.Flag:
    """Raise the flag of one offer, or give the one that is up."""
    for flag in flags.open_flags(profile):
        if (flag.cause, flag.offer) == (offer.cause, offer.digest):
            return flag
    return flags.offer(profile, offer.cause, offer.text, offer.digest, _shown(offer))


def of_move(profile: Profile, move: held.Held) -> Offer:
    """Give the offer of one held move."""
    text = f"{move.run} {move} and waits for you, since {move.why}"
    return Offer(move.cause, text, move.digest, partial(held.diff, profile, move))


def _reconciled(profile: Profile, policy: Memory, waiting: Mapping[str, Written]) -> None:
    wanted = {offer.cause: offer for offer in offers(profile, policy, waiting)}
    for flag in flags.open_flags(profile):
        if flag.offer is not None and flag.cause not in wanted:
            flags.clear(profile, flag.number)
    for offer in wanted.values():
        raised(profile, offer)


def _shown(offer: Offer) -> str:
    try:
        return offer.diff()
    except (OSError, ValueError) as error:  # gone since it was listed, or damaged: it won't land either
        return f"(it can't be shown: {error})\n"


def _script(profile: Profile, path: str, piece: Written, waiting: Mapping[str, Written]) -> str:
    """Show a script against its predecessor, or whole where that was never approved either."""
    kept, before = Run(profile.runs / piece.run).replaced / path, None
    with suppress(OSError):
        before = files.read_regular(kept, _LARGEST)
    if before is not None and digest_bytes(before) in waiting:
        before = None
    text = unified(path, before, files.read_regular(profile.data / path, _LARGEST))
    return held.shortened(text, str(profile.data / path))


def _check(path: str, command: str) -> str:
    return unified(path, None, f"verify: {command}\n".encode())
