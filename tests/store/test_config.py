"""CONFIG: its defaults, what a person sets in the file or the environment, and what counts as consent."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from looop.core import duration
from looop.core.rules import Guard
from looop.core.runners import BUILT_IN
from looop.store import config
from looop.store.config import Config, Price
from looop.store.shape import MOST
from support.profiles import config_in, profile_in


def loaded(folder: Path, text: str | bytes | dict[str, Any], **env: str) -> Config:
    return config.load(config_in(folder, text), env)


def test_an_absent_config_means_the_defaults_and_is_not_written_by_reading(tmp_path: Path) -> None:
    assert config.load(profile_in(tmp_path), {}) == Config()
    assert list(tmp_path.iterdir()) == []


def test_the_defaults_are_those_that_are_documented() -> None:
    assert msgspec.to_builtins(Config()) == {
        "format": 1,
        "runner": "auto",
        "runners": {},
        "interval": 60,
        "busy_interval": 10,
        "active_interval": 30,
        "edit_settle": 5,
        "revisit": 21600,
        "tick_timeout": 900,
        "sensor_timeout": 60,
        "sensor_max_bytes": 8192,
        "sensor_parallel": 16,
        "session_ttl": 259200,
        "session_size": "120x40",
        "session_log_max_bytes": 67108864,
        "max_sessions": 8,
        "max_decides_per_hour": 120,
        "max_decides_per_day": 300,
        "max_daily_usd": None,
        "warn_daily_usd": None,
        "prices": {},
        "notify": None,
        "tmux": False,
        "flag_wait_max": 90,
        "sensors": "ask",
        "verify_timeout": 600,
        "sandbox_setup": None,
        "confine": "auto",
        "grants": {},
        "writable": {},
        "guard": {},
    }


def test_every_key_that_is_given_counts(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"interval": 5, "tmux": True, "max_daily_usd": 2, "guard": {"off": ["root"]}})
    assert (found.interval, found.tmux, found.max_daily_usd, found.guard) == (
        5.0,
        True,
        2.0,
        Guard(off=("root",)),
    )


def test_a_duration_may_be_written_as_people_write_it(tmp_path: Path) -> None:
    assert loaded(tmp_path, {"revisit": "6h"}).revisit == 21600.0


def test_prices_are_read(tmp_path: Path) -> None:
    assert loaded(tmp_path, {"prices": {"codex": {"input": 1.25, "output": 10}}}).prices == {
        "codex": Price(1.25, 10.0)
    }


def test_nothing_is_no_limit_and_huge_values_saturate(tmp_path: Path) -> None:
    found = loaded(tmp_path, '{"interval": 0, "revisit": 1e400, "tick_timeout": 1e30, "max_sessions": 1e400}')
    assert (found.interval, found.revisit, found.tick_timeout, found.max_sessions) == (
        0.0,
        duration.LONGEST,
        duration.LONGEST,
        MOST,
    )


def test_a_huge_amount_stays_a_number(tmp_path: Path) -> None:
    assert loaded(tmp_path, '{"max_daily_usd": 1e400}').max_daily_usd == float(MOST)


def test_a_runner_of_ones_own_is_read(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"runner": "mine", "runners": {"mine": {"tick": "./agent", "env": {"A": "b"}}}})
    assert (found.runners["mine"].tick, found.runners["mine"].env) == ("./agent", {"A": "b"})


def test_an_entry_for_a_built_in_runner_changes_only_what_it_names(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"runners": {"claude": {"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1"}}}})
    built_in = BUILT_IN["claude"]
    assert found.runners["claude"].tick == built_in.tick
    assert found.runners["claude"].output == built_in.output
    assert found.runners["claude"].env == {"ANTHROPIC_BASE_URL": "http://127.0.0.1"}


@pytest.mark.parametrize(
    ("name", "value", "key", "expected"),
    [
        ("LOOOP_INTERVAL", "5", "interval", 5.0),
        ("LOOOP_SESSION_TTL", "3d", "session_ttl", 259200.0),
        ("LOOOP_RUNNER", "claude", "runner", "claude"),
        ("LOOOP_RUNNER", "5", "runner", "5"),
        ("LOOOP_SESSION_SIZE", "80x24", "session_size", "80x24"),
        ("LOOOP_SENSORS", "auto", "sensors", "auto"),
        ("LOOOP_MAX_SESSIONS", "2", "max_sessions", 2),
        ("LOOOP_MAX_DAILY_USD", "2.5", "max_daily_usd", 2.5),
        ("LOOOP_MAX_DAILY_USD", "null", "max_daily_usd", None),
        ("LOOOP_NOTIFY", 'notify-send "$1"', "notify", 'notify-send "$1"'),
        ("LOOOP_NOTIFY", "null", "notify", None),
        ("LOOOP_TMUX", "yes", "tmux", True),
        ("LOOOP_TMUX", "0", "tmux", False),
        ("LOOOP_GUARD", '{"off": ["*"]}', "guard", Guard(off=("*",))),
        ("LOOOP_PRICES", '{"pi": {"input": 1, "output": 2}}', "prices", {"pi": Price(1.0, 2.0)}),
    ],
)
def test_the_environment_overrides_every_kind_of_key(
    tmp_path: Path, name: str, value: str, key: str, expected: object
) -> None:
    file = {"interval": 60, "tmux": False, "notify": "x", "max_daily_usd": 1}
    assert getattr(loaded(tmp_path, file, **{name: value}), key) == expected


def test_an_empty_variable_overrides_nothing(tmp_path: Path) -> None:
    assert loaded(tmp_path, {"interval": 7}, LOOOP_INTERVAL="").interval == 7.0


def test_variables_that_are_no_keys_are_not_ours_to_judge(tmp_path: Path) -> None:
    assert loaded(tmp_path, {}, LOOOP_BIN="/bin/looop", LOOOP_ANYTHING="x") == Config()


def test_only_a_name_is_consent(tmp_path: Path) -> None:
    assert not config.consented(Config())
    assert not config.consented(loaded(tmp_path, {"runners": {"claude": {"env": {}}}}))
    assert config.consented(loaded(tmp_path, {"runner": "claude"}))
    assert config.consented(loaded(tmp_path, {}, LOOOP_RUNNER="pi"))
    assert not config.consented(loaded(tmp_path, {}, LOOOP_RUNNER="auto"))


def test_what_looop_wrote_itself_is_no_consent(tmp_path: Path) -> None:
    config.ensure(profile_in(tmp_path))
    assert not config.consented(config.load(profile_in(tmp_path), {}))


def test_each_look_tells_what_is_there_now(tmp_path: Path) -> None:
    for wanted, env in ((3, ""), (4, ""), (3, ""), (9, "9"), (3, "")):
        found = loaded(tmp_path, {"max_sessions": min(wanted, 4)} if not env else {}, LOOOP_MAX_SESSIONS=env)
        assert found.max_sessions == wanted
    profile_in(tmp_path).config.unlink()
    assert config.load(profile_in(tmp_path), {}) == Config()
