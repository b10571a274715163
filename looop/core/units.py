"""What a service manager is told, so that the loop returns after a reboot: a systemd unit, a launchd plist.

In: a `Service`. Out: the bytes of its file, signed. Pure: `store.services` knows where they belong. launchd's
half is written from Apple's documentation. Not tested.
"""

import hashlib
import os
import plistlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from looop.core.problem import Exit, Problem
from looop.core.signed import signed

NAME = "looop"
_READABLE = 40  # characters of DATA's own name that a unit's name shows
_ODD = re.compile(r"[^A-Za-z0-9_.]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# systemd takes no executable whose path holds one of these, however it is quoted.
_NOT_RUN = re.compile(r"[\"'\\]")


@dataclass(frozen=True, slots=True)
class Service:
    """The program to start, and the variables that say which profile, where it is not the usual one."""

    binary: str
    env: Mapping[str, str] = field(default_factory=dict)


def name_of(data: str) -> str:
    """Name the service of a profile elsewhere: DATA's own name to read, and a digest to tell it by."""
    readable = _ODD.sub("-", os.path.basename(data))[:_READABLE].strip("-.")  # noqa: PTH119 - a text
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:8]
    return "-".join(filter(None, (NAME, readable, digest)))


def check(service: Service) -> None:
    """Refuse what no service manager could start. Problem USAGE `bad-path`, with what to do."""
    for word in (service.binary, *service.env.values()):
        if _CONTROL.search(word) or not _is_text(word):
            raise _bad(word, "its path holds characters that a service manager can't be told")
    if not os.path.isabs(service.binary) or _NOT_RUN.search(service.binary):  # noqa: PTH117 - a text
        raise _bad(service.binary, "put the program where its full path has no quotes, such as ~/.local/bin")


def systemd(service: Service) -> bytes:
    """Give a user unit.

    A oneshot that remains: were keeper its main process, a stop would kill keeper and every session with it,
    and so would KillMode's default. A session that takes all memory must not stop the others.
    """
    variables = "".join(f"Environment={_quoted(f'{name}={it}')}\n" for name, it in service.env.items())
    program = f":{_quoted(service.binary)}"  # the colon: `$` in a path is no variable
    return signed(
        f"""\
[Unit]
Description=looop, a control loop for a person's work

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={program} up
ExecStop={program} down
KillMode=process
OOMPolicy=continue
{variables}
[Install]
WantedBy=default.target
"""
    )


def launchd(service: Service, label: str) -> bytes:
    """Give a launch agent. Not tested."""
    agent = {
        "Label": label,
        "ProgramArguments": [service.binary, "up"],
        "EnvironmentVariables": dict(service.env),
        "RunAtLoad": True,
        "AbandonProcessGroup": True,  # `up` returns, and keeper goes on
    }
    text = plistlib.dumps(agent).decode()
    return signed(text, after=2, comment=("<!-- ", " -->"))  # behind the XML declaration and the DOCTYPE


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _is_text(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bad(word: str, why: str) -> Problem:
    return Problem(Exit.USAGE, "bad-path", f"No service can be made for {word!r}: {why}.")
