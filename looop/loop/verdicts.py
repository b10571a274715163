"""What a person says to the loop's own flags that ask for approval: it is done here, once, whole.

In: such a flag and yes or no. Out: an approved digest, or a landing with one journal line, staged below
`sessions/pulse/verdicts/<flag>/`, so that a crash anywhere is finished by `recover`. Neighbours: `awaiting`
raises the flags, `land` does what is to be done, `engine.own` is asked by the verbs.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from looop.core.act import Write
from looop.core.line import stamped
from looop.core.moves import Kind, Landing
from looop.core.problem import Exit, Problem
from looop.loop import land, origin
from looop.loop.awaiting import PIECE
from looop.loop.site import Site
from looop.store import copies, events, files, flags, held, written
from looop.store.flags import Flag
from looop.store.held import Held
from looop.store.paths import Profile
from looop.store.policy import names
from looop.store.runs import Run

_LARGEST = 16 << 20


async def decide(site: Site, flag: Flag, why: str, *, approved: bool) -> str:
    """Do what a person decided about an open flag; a sentence for them. A cancel waits for a landing's end.

    Problem REFUSED `changed` when what stands there is not what the flag shows, REFUSED `conflict` when a
    held move's files were changed meanwhile, NO `busy` when a tick holds the files too long. Then nothing was
    done. OSError when a disk fails: asking again goes on.
    """
    words = f": {why}" if why else ""
    with await land.policy_lock(site):
        if flag.cause.startswith(PIECE):
            said = await _of_piece(site, flag, words, approved=approved)
        else:
            said = await _of_move(site, flag, words, approved=approved)
        await files.aside(_settle, site.profile, flag, approved)
    return said


async def recover(site: Site) -> tuple[str, ...]:
    """Finish what a crash cut off; what was finished, for a log. Problem NO `busy` as above."""
    said = list[str]()
    for name in await files.aside(names, _home(site.profile)):
        run = Run(_home(site.profile) / name)
        with await land.policy_lock(site):
            try:
                said += await _finished(site, run)
            except ValueError:  # damaged: nobody knows what of it was done
                said.append(f"{run.landing} can't be read: look at it, then remove it")
    return tuple(said)


async def _finished(site: Site, run: Run) -> list[str]:
    said = list[str]()
    record = await files.aside(land.load, run)
    if record is not None and not record.landed:
        said += [f"finished {run.folder}", *await land.finish(site, run, record)]
    if record is not None and (flag := await files.aside(_open, site.profile, run.id)):
        approved = bool(record.steps) and not flag.cause.startswith(PIECE)  # a piece's yes stages nothing
        await files.aside(_settle, site.profile, flag, approved)
    await files.aside(files.remove_tree, run.folder)
    return said


async def _of_piece(site: Site, flag: Flag, words: str, *, approved: bool) -> str:
    path = flag.cause.removeprefix(PIECE)
    if await files.aside(_standing, site.profile, flag) != flag.offer:
        raise _changed(flag, path)
    if approved:
        await files.aside(written.approve, site.profile, flag.offer or "")
        return f"{path} may run from now on."
    landing = await files.aside(_put_away, site.profile, path)
    for write in landing.writes[1:]:
        words += f" (kept as {write.path})"
    if not landing.writes:
        await files.aside(written.deny, site.profile, flag.offer or "")
    text = f"{_named(path)} was denied by a person (⚑ {flag.number}){words}"
    return await _land(site, flag, lambda: landing, text)


async def _of_move(site: Site, flag: Flag, words: str, *, approved: bool) -> str:
    move = await files.aside(held.read, site.profile, flag.cause.partition(" ")[2])
    if move is None or move.digest != flag.offer:
        raise _changed(flag, flag.cause)
    if not approved:
        text = f"{move} by {move.run} was denied by a person (⚑ {flag.number}){words}"
        return await _land(site, flag, lambda: Landing(Kind.NOTHING, None), text)
    text = f"{move} by {move.run} landed on a person's approval (⚑ {flag.number})"
    return await _land(site, flag, partial(_approved, site.profile, move), text)


async def _land(site: Site, flag: Flag, made: Callable[[], Landing], text: str) -> str:
    """Land what a verdict comes to with its line, once however often this is called."""
    run = Run(_home(site.profile) / str(flag.number))
    record = await files.aside(land.load, run)
    if record is None:
        landing = await files.aside(made)
        await files.aside(files.private_dir, run.folder)
        kept = await land.land(site, run, landing, stamped(text, site.clock.local()), None)
    else:
        kept = () if record.landed else await land.finish(site, run, record)
    return " ".join([f"{text[0].upper()}{text[1:]}.", *(f"But {it}." for it in kept)])


def _approved(profile: Profile, move: Held) -> Landing:
    """Give a held move for its landing: what of it looop would run is approved with it."""
    if torn := held.torn(profile, move):
        raise Problem(
            Exit.REFUSED,
            "conflict",
            f"{', '.join(torn)} changed since {move.run} made its move: nothing landed. Deny it; the next "
            "tick begins from the files as they are now.",
        )
    try:
        landing = held.landing(profile, move)
    except ValueError as error:
        raise Problem(Exit.NO, "damaged", f"Nothing landed: {error}. Deny it.") from error
    origin.note(profile, move.run, landing.writes, approved=True)
    return landing


def _put_away(profile: Profile, path: str) -> Landing:
    """Give the move that puts a denied script away; a goal stays, its check is not run."""
    if not path.startswith("sensors/"):
        return Landing(Kind.NOTHING, None)
    data = files.read_regular(profile.data / path, _LARGEST)
    writes = (Write(path, None), Write(_free(profile, path), data))
    return Landing(Kind.SENSOR_REMOVED, f"sensor:{_stem(path)}", writes)


def _free(profile: Profile, path: str) -> str:
    """Name the place where a script is kept that no longer runs: of several of one name, each."""
    name, count = f"{path}.off", 2
    while files.present(profile.data / name):
        name, count = f"sensors/{_stem(path)}.{count}.sh.off", count + 1
    return name


def _standing(profile: Profile, flag: Flag) -> str | None:
    """Give the digest of what looop would run, as it stands; a check that a session was given stays."""
    path = flag.cause.removeprefix(PIECE)
    if not path.startswith(("sensors/", "goals/")):
        return flag.offer if flag.offer in written.awaited(profile) else None
    if path.startswith("sensors/"):
        return copies.in_place(profile, path)
    check = origin.check_of(copies.leaf(profile.data / path).data.decode(errors="replace"))
    return written.digest_of_check(check) if check else None


def _settle(profile: Profile, flag: Flag, approved: bool) -> None:
    """End what waited, its flag last: as long as that is up, all of this can be done again."""
    if not flag.cause.startswith(PIECE):
        held.settle(profile, flag.cause.partition(" ")[2], "approved" if approved else "denied")
    with suppress(OSError):
        kind = "approved" if approved else "denied"
        events.emit(profile, kind, cause=flag.cause, number=flag.number, digest=flag.offer)
    flags.clear(profile, flag.number)
    files.remove_tree(_home(profile) / str(flag.number))


def _open(profile: Profile, number: str) -> Flag | None:
    return next((flag for flag in flags.open_flags(profile) if str(flag.number) == number), None)


def _changed(flag: Flag, what: str) -> Problem:
    text = f"{what} is not what ⚑ {flag.number} shows any more: look at it again (`looop trust`)."
    return Problem(Exit.REFUSED, "changed", text)


def _named(path: str) -> str:
    return path if path.startswith("sensors/") else f"the check of {path}"


def _stem(path: str) -> str:
    return Path(path).name.removesuffix(".sh")


def _home(profile: Profile) -> Path:
    return profile.pulse / "verdicts"
