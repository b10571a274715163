"""`up --install` and `up --uninstall`: have the person's service manager start the loop after a reboot.

In: a person's wish. Out: a unit that was written, or removed, and what a logout ends. Neighbours:
`store.services` has the files, `child.manager` the manager that may run, `cli.loop` the `up` itself.
"""

import sys

import msgspec

from looop.child.environ import own_binary
from looop.cli import doctor_machine
from looop.cli.findings import Grade
from looop.cli.show import emit, line
from looop.core.problem import Exit, Problem
from looop.engine import holder
from looop.engine.call import Call
from looop.store import services
from looop.store.paths import Profile
from looop.store.services import Place, Removed

_DARWIN = "darwin"
_HOMELESS = "HOME is not set to a full path, and a service manager looks below it: set HOME."


class InstalledView(msgspec.Struct, frozen=True):
    """What `up --install --json` prints under `service`; `written` is false when it stood there already.

    `managed`: the manager that runs now knows it; else it will at the next boot. `lingers` is whether it is
    started at boot and goes on after a logout, null where that is not known.
    """

    file: str
    written: bool
    managed: bool
    lingers: bool | None


class UninstalledView(msgspec.Struct, frozen=True):
    """What `up --uninstall --json` prints: the files that are gone, and those that stay, each with why."""

    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    v: int = 1


async def install(call: Call, profile: Profile) -> InstalledView:
    """Write the service. Where the person lingers the manager starts the pulse, so that no logout ends it."""
    from looop.child import manager  # noqa: PLC0415 - Trio, which `pause` must not pay for

    where = _place(call, profile)
    written = services.write(where, services.service(profile, call.env, own_binary()))
    managed = where.link is not None and await manager.reload(call.env)
    lingers = _lingers()
    if managed and lingers and holder.living(profile.keeper_lock) is None:
        # Not what is written here: `up` itself comes next, and says why nothing lives.
        await manager.restart(call.env, where.file.name)
    return InstalledView(str(where.file), written, managed, lingers)


async def uninstall(call: Call, profile: Profile, *, json: bool) -> int:
    """Remove what `install` wrote; the pulse goes on. 1 if something of it was edited, and so stays."""
    where = _place(call, profile)
    removed = await remove(call, where)
    view = UninstalledView(
        tuple(map(str, removed.gone)),
        tuple(f"{path} {why}: remove it by hand." for path, why in removed.kept),
    )
    await emit(call, view, _removed(view), json=json)
    return int(Exit.NO if view.kept else Exit.DONE)


async def remove(call: Call, where: Place) -> Removed:
    """Remove a service's files, and have a running manager see that they are gone."""
    from looop.child import manager  # noqa: PLC0415 - as in `install`

    removed = services.remove(where)
    if removed.gone and where.link is not None:
        await manager.reload(call.env)
    return removed


def installed(view: InstalledView) -> str:
    """Say what `install` did, for people."""
    how = "Written" if view.written else "In place already"
    when = "at each boot" if view.lingers else "at your first login after a boot"
    text = f"{how}: {line(view.file)} starts the pulse {when}; `looop up --uninstall` removes it.\n"
    if view.managed or sys.platform == _DARWIN:
        return text
    return f"{text}No service manager of yours answers now: one that starts later reads it by itself.\n"


def after_logout(view: InstalledView) -> str:
    """Say what a logout ends, if it may end anything."""
    grade, said = doctor_machine.linger_of(doctor_machine.user())
    return "" if view.lingers or grade is Grade.FINE else f"looop: {said}\n"


def _place(call: Call, profile: Profile) -> Place:
    where = services.place(profile, call.env)
    if where is None:
        raise Problem(Exit.USAGE, "no-home", _HOMELESS)
    return where


def _lingers() -> bool | None:
    user = doctor_machine.user()
    return None if user is None or sys.platform == _DARWIN else doctor_machine.lingers(user)


def _removed(view: UninstalledView) -> str:
    said = [f"Removed: {line(path)}" for path in view.removed]
    said += [f"Stays: {line(why)}" for why in view.kept]
    if not said:
        return "There was nothing to remove: `looop up --install` writes it."
    return "\n".join([*said, "A pulse that runs goes on; `looop down` ends it."])
