"""CONFIG: what a person may set, from one JSON file and the environment, as one frozen value.

In: `looop.json` and the `LOOOP_<KEY>` variables over it. Out: a `Config` that is right in every key, or a
Problem that names the place. Neighbours: `shape` finds what is wrong, `core.runners` chooses by it.
"""

import json
import os
import stat
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec

from looop.core import credentials
from looop.core.problem import Exit, Problem
from looop.core.rules import Guard
from looop.core.runners import BUILT_IN, Runner
from looop.store import files
from looop.store.paths import Profile
from looop.store.shape import (
    Count,
    Misshapen,
    Money,
    Seconds,
    Sensors,
    Size,
    Wall,
    fields_of,
    from_text,
    shape,
)

FORMAT = 1
AUTO = "auto"
REQUIRE = "require"
OFF = "off"
GROUPS = ("ticks", "sensors", "sessions", "checks")
"""Whom `grants` and `writable` may name; `sensors/NAME` and `sessions/ID` are one of them alone."""

_LIMIT = 1 << 20
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Price(msgspec.Struct, frozen=True):
    """What a runner's tokens cost where it reports no money: dollars per million tokens.

    Without prices of their own, input tokens that a cache held or took cost as much as others.
    """

    input: Money
    output: Money
    cache_read: Money | None = None
    cache_write: Money | None = None


class Config(msgspec.Struct, frozen=True):
    """Every key (SPEC 8). Durations are seconds; 0 means no limit, in durations, counts and money alike."""

    format: Count = FORMAT
    runner: str = AUTO
    runners: dict[str, Runner] = {}
    interval: Seconds = 60.0
    busy_interval: Seconds = 10.0
    active_interval: Seconds = 30.0
    edit_settle: Seconds = 5.0
    revisit: Seconds = 21600.0
    tick_timeout: Seconds = 900.0
    sensor_timeout: Seconds = 60.0
    sensor_max_bytes: Count = 8192
    sensor_parallel: Count = 16
    session_ttl: Seconds = 259200.0
    session_size: Size = "120x40"
    session_log_max_bytes: Count = 64 << 20
    max_sessions: Count = 8
    max_decides_per_hour: Count = 120
    max_decides_per_day: Count = 300
    max_daily_usd: Money | None = None
    warn_daily_usd: Money | None = None
    prices: dict[str, Price] = {}
    notify: str | None = None
    tmux: bool = False
    flag_wait_max: Seconds = 90.0
    verify_timeout: Seconds = 600.0
    sandbox_setup: str | None = None
    confine: Wall = AUTO
    grants: dict[str, list[str]] = {}
    writable: dict[str, list[str]] = {}
    sensors: Sensors = "ask"
    guard: Guard = Guard()


def load(profile: Profile, env: Mapping[str, str]) -> Config:
    """Read CONFIG, or its defaults while it is absent, with the environment's overrides.

    Problem USAGE `bad-config` for what a person has to correct, REFUSED `bad-config` for a file that can't
    be trusted, REFUSED `newer-format` for one of a later looop. Never writes.
    """
    found = _found(profile)
    given = tuple((name, env[name]) for name in _variables() if env.get(name))
    return _loaded(profile, b"{}" if found is None else found, given)


@lru_cache(maxsize=8)
def _loaded(profile: Profile, data: bytes, given: tuple[tuple[str, str], ...]) -> Config:
    """Make a Config of CONFIG's bytes; remembered, since most of those who ask find what was there before."""
    return _load(_parse(profile.config, data), profile, dict(given))


@cache
def _variables() -> tuple[str, ...]:
    return tuple(f"LOOOP_{name.upper()}" for name in fields_of(Config) if name != "format")


def consented(config: Config) -> bool:
    """Tell whether a person has agreed that an agent may run: a name stands where looop writes `auto`."""
    return config.runner != AUTO


def ensure(profile: Profile) -> bool:
    """Write CONFIG with its defaults if it is absent; True if it was. Racing another process is harmless."""
    try:
        if files.present(profile.config):
            return False
        if not profile.config.parent.exists():
            files.private_dir(profile.config.parent)
        files.exclusive(profile.config, _text(msgspec.to_builtins(Config())))
    except FileExistsError:
        return False
    except OSError as error:
        raise _unwritable(profile, error) from error
    return True


def set_keys(profile: Profile, **keys: Any) -> Config:
    """Rewrite CONFIG with these keys changed and all others as they were; the result without overrides.

    A symbolic link stays, its target is rewritten. Nothing is written if a value is wrong.
    """
    raw = _read(profile)
    raw = (msgspec.to_builtins(Config()) if raw is None else raw) | keys
    config = _load(raw, profile, {})
    try:
        if not profile.config.parent.exists():
            files.private_dir(profile.config.parent)
        files.durable(Path(os.path.realpath(profile.config)), _text(raw))
    except OSError as error:
        raise _unwritable(profile, error) from error
    return config


def _load(raw: dict[str, Any], profile: Profile, env: Mapping[str, str]) -> Config:
    _known_format(raw, profile)
    try:
        config: Config = shape(_with_built_in(raw), Config, "$")
    except Misshapen as error:
        raise _wrong(f"{profile.config}: {error}.") from None
    overrides = {}
    for field in fields_of(Config).values():
        name = f"LOOOP_{field.name.upper()}"
        if env.get(name) and field.name != "format":
            overrides[field.name] = _override(name, env[name], field)
    config = msgspec.structs.replace(config, **overrides)
    _check_guard(f"{profile.config}: `$.guard", "LOOOP_GUARD" if "guard" in overrides else None, config.guard)
    for name, runner in config.runners.items():
        _check_output(f"{profile.config}: `$.runners.{name}.output`", runner)
    _check_walls(config)
    return config


def _check_walls(config: Config) -> None:
    """Refuse a grant that would silently give nothing: a person would look for the cause elsewhere."""
    for name in config.grants:
        if not credentials.known(name):
            kinds = ", ".join(sorted([*credentials.KINDS, *credentials.AGENTS]))
            raise _wrong(f"CONFIG's `grants` names {name[:40]!r}: give a variable's name, or one of {kinds}.")
    for path in config.writable:
        if not path.startswith(("/", "~/")):
            raise _wrong(f"CONFIG's `writable` names {path[:80]!r}: give a full path, or one from ~/.")
    for whom in {
        one for given in (config.grants, config.writable) for those in given.values() for one in those
    }:
        group, slash, name = whom.partition("/")
        if group not in GROUPS or (slash and not name):
            known = ", ".join(GROUPS)
            raise _wrong(
                f"CONFIG gives something to {whom[:40]!r}: give it to {known}, or to sensors/NAME alone."
            )


def _check_output(where: str, runner: Runner) -> None:
    from looop.core.streams import FORMATS  # noqa: PLC0415 - all parsers, for a runner of a person's own

    if runner.output not in FORMATS:
        known = f"looop reads {', '.join(FORMATS)}"
        raise _wrong(f"{where} is {runner.output!r}, and {known}: correct it.")


def _check_guard(where: str, variable: str | None, guard: Guard) -> None:
    if guard == Guard():
        return
    from looop.core.guarded import mistake  # noqa: PLC0415 - the table of rules, for a guard of a person's own

    if wrong := mistake(guard):
        raise _wrong(f"{f'`{variable}' if variable else where}{wrong}: correct it.")


def _override(name: str, text: str, field: msgspec.structs.FieldInfo) -> Any:
    value = from_text(text, field.type)
    if field.name == "runners":
        value = _with_built_in({"runners": value})["runners"]
    try:
        return shape(value, field.type, name)
    except Misshapen as error:
        raise _wrong(f"The environment's {error}: correct or unset it.") from None


def _with_built_in(raw: dict[str, Any]) -> dict[str, Any]:
    """Fill what a person's entry for a built-in runner leaves out from the built-in one."""
    given = raw.get("runners")
    if not isinstance(given, dict):
        return raw
    filled = {
        name: msgspec.to_builtins(BUILT_IN[name]) | it if name in BUILT_IN and isinstance(it, dict) else it
        for name, it in given.items()
    }
    return raw | {"runners": filled}


def _known_format(raw: dict[str, Any], profile: Profile) -> None:
    found = raw.get("format", FORMAT)
    if isinstance(found, int) and found > FORMAT:
        raise Problem(
            Exit.REFUSED,
            "newer-format",
            f"{profile.config} was written for a newer looop (format {found}; this one knows {FORMAT}): "
            "nothing was touched; update looop, or name another file with LOOOP_CONFIG.",
        )


def _read(profile: Profile) -> dict[str, Any] | None:
    """Read CONFIG's object; None if it is absent."""
    found = _found(profile)
    return None if found is None else _parse(profile.config, found)


def _found(profile: Profile) -> bytes | None:
    """Read CONFIG; None if it is absent. A link to nothing is not absence."""
    try:
        if not files.present(profile.config):
            return None
        target = profile.config.resolve(strict=True)
        _judge(profile.config, target.stat())
        return files.read_regular(target, _LIMIT)
    except FileNotFoundError as error:
        raise _wrong(f"{profile.config} is a symbolic link to nothing: correct or remove it.") from error
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        why = error.strerror if isinstance(error, OSError) else "symbolic links in a circle"
        raise _wrong(f"{profile.config} could not be read ({why}): correct it.") from error


def _judge(config: Path, found: os.stat_result) -> None:
    if found.st_uid not in {os.geteuid(), 0}:
        raise Problem(
            Exit.REFUSED,
            "bad-config",
            f"{config} belongs to user {found.st_uid}, so it can't be trusted: "
            "make it your own, or name another file with LOOOP_CONFIG.",
        )
    if found.st_mode & _OTHERS_MAY_WRITE:
        raise Problem(
            Exit.REFUSED,
            "bad-config",
            f"Others may write {config}, so it can't be trusted: run `chmod 600 '{config}'` first.",
        )


def _parse(config: Path, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_number)
        msgspec.json.encode(value)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _wrong(f"{config} is not JSON ({place}: {error.msg}): correct it there.") from None
    except UnicodeError:  # in the bytes, or half a character in an escape
        raise _wrong(f"{config} is not UTF-8 text: save it as such.") from None
    except Misshapen as error:
        raise _wrong(f"{config}: {error}.") from None
    except (ValueError, RecursionError):
        raise _wrong(f"{config} holds a number that is too long or is nested too deeply.") from None
    if isinstance(value, dict):
        return value
    raise _wrong(f"{config} must hold one JSON object, such as {{}}.")


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object, of which no key may stand twice: the one that is read might not be the one meant."""
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise Misshapen(f"the key `{key}` stands twice in one object")
        made[key] = value
    return made


def _no_number(word: str) -> Any:
    raise Misshapen(f"{word} is no number in JSON")


def _text(raw: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(raw), indent=2) + b"\n"


def _wrong(sentence: str) -> Problem:
    return Problem(Exit.USAGE, "bad-config", sentence)


def _unwritable(profile: Profile, error: OSError) -> Problem:
    return Problem(
        Exit.REFUSED,
        "bad-config",
        f"{profile.config} could not be written ({error.strerror}): correct its rights, "
        "or name another file with LOOOP_CONFIG.",
    )
