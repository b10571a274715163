"""Which role is this process? A typed verb, keeper below its guardian, the engine, or the rehearsal agent.

In: the command line. Out: an exit code. It puts the rooms together, so it may import all of them; it
imports each only where its role needs it, because a relayed verb is little more than its imports.
"""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # see core.wire
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from looop.engine.call import Call
    from looop.engine.daemon import Parts
    from looop.engine.doors import Doors
    from looop.engine.leash import Leash
    from looop.engine.live import Live
    from looop.engine.residents import Residents
    from looop.engine.ward import PulseLike
    from looop.loop.fleet import Fleet
    from looop.store.paths import Profile

_LATE = ("hashlib", "cyclopts.validators", "looop.core.streams")
"""What verbs that run without an engine import when they come to need it, and an engine must have by then."""


def main() -> int:
    """Be what the first argument says; the exit code."""
    argv = sys.argv[1:]
    match argv:
        case ["version" | "--version" | "-V"]:
            return _version()
        case ["__keeper", *rest]:
            from looop.engine import guardian  # noqa: PLC0415 - this role's alone

            return guardian.main(rest)
        case ["__engine", *rest]:
            gc.disable()  # until all is imported: an engine is back a sixth sooner
            from looop.engine import entry  # noqa: PLC0415 - this role's alone

            return entry.main(rest, _build)
        case ["__rehearse"]:
            from looop.loop import rehearsal  # noqa: PLC0415 - this role's alone

            return rehearsal.main()
        case ["__inside", *rest]:
            from looop.child import inside  # noqa: PLC0415 - this role's alone

            inside.main(rest)
        case ["__interview", *_]:
            from looop.session import interview  # noqa: PLC0415 - this role's alone

            return interview.main()
    return _verb(argv)


def _version() -> int:
    from looop import __version__  # noqa: PLC0415 - this role's alone

    try:
        os.write(1, f"looop {__version__}\n".encode())
    except OSError:  # closed, full, or its reader has gone: the verb itself knows what to do then
        return _verb(["version"])
    return 0


def _verb(argv: Sequence[str]) -> int:
    """Run a verb in the engine if one answers, else here."""
    code = _relayed(argv)
    if code is None:
        gc.disable()  # what is imported stays
        from looop.cli import app  # noqa: PLC0415 - a third of a second that a relayed verb must not pay

        gc.freeze()
        gc.enable()
        if argv[:1] == ["tick"]:
            from looop.engine import guarded  # noqa: PLC0415 - this verb's alone

            return guarded.run(lambda: app.main(argv))
        code = app.main(argv)
    return code


def _relayed(argv: Sequence[str]) -> int | None:
    """Have the engine run the verb; None when it is to be run here."""
    from looop.cli import places  # noqa: PLC0415 - no other role asks
    from looop.engine import address, client  # noqa: PLC0415 - the same

    places.open_streams()
    if places.place(argv) is places.Place.LOCAL:
        return None
    try:
        cwd = os.getcwd()  # noqa: PTH109 - pathlib costs more than the whole relay
    except FileNotFoundError:  # the folder was removed: the verb says what is to be said
        return None
    sock = address.socket_path(os.environ, cwd)
    if sock is None:
        return None
    if argv[:1] == ["attach"]:
        from looop.engine import attaching  # noqa: PLC0415 - this verb's alone

        return attaching.attach(sock, argv, os.environ, cwd)
    return client.relay(sock, argv, os.environ, cwd)


def _build(profile: Profile) -> Parts:
    """Put an engine together: the verbs from above it, the beat from below."""
    from importlib import import_module  # noqa: PLC0415 - this role's alone

    from looop.cli import app, places, verbs  # noqa: PLC0415 - the same
    from looop.engine.daemon import Parts  # noqa: PLC0415 - the same
    from looop.engine.guarding import shims_of  # noqa: PLC0415 - the same
    from looop.engine.residents import House  # noqa: PLC0415 - the same
    from looop.loop import notify  # noqa: PLC0415 - the same
    from looop.loop.clock import Clock  # noqa: PLC0415 - the same
    from looop.loop.fleet import NoFleet  # noqa: PLC0415 - the same
    from looop.loop.pulse import Pulse  # noqa: PLC0415 - the same
    from looop.loop.site import Surroundings  # noqa: PLC0415 - the same
    from looop.loop.voice import Voice  # noqa: PLC0415 - the same

    # Now, before anything waits: an import in the first call of a verb would hold all others up.
    app.app()
    for verb, where in verbs.COMMANDS.items():
        if places.place(verb.split()) is not places.Place.LOCAL:
            verbs.load(where)
    for late in _LATE:
        import_module(late)
    gc.freeze()
    gc.enable()
    env, clock = dict(os.environ), Clock()

    async def run_verb(argv: Sequence[str], call: Call, live: Live | None) -> int:
        return await app.run(argv, call, profile, live)

    def make_pulse(fleet: Fleet) -> PulseLike:
        return Pulse(profile, env=env, fleet=fleet, clock=clock, shims=shims_of(profile, env))

    def make_residents(keeper: Leash, poke: Callable[[], None], doors: Doors) -> Residents:
        return House(profile, keeper, env=env, poke=poke, tell=tell, doors=doors)

    async def tell(sentence: str) -> None:
        await notify.notify(
            Surroundings(profile, env, Voice(profile, clock).say, clock, NoFleet()).site(), sentence
        )

    return Parts(run_verb, make_pulse, tell, make_residents)


if __name__ == "__main__":
    # All has been written as it was said; to take the interpreter apart would be a tenth of a relayed verb.
    os._exit(main())
