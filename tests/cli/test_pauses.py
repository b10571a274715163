"""A pause holds until its end, a person's word, or for ever, and survives everything."""

import pytest

from looop.core.problem import Exit
from looop.engine.call import Kind
from looop.store import files, pause
from looop.store.paths import Profile
from looop.store.pause import Pause
from support.verbs import FakeEngine, Looop

NOON = 1767268800.0  # 2026-01-01 12:00 UTC


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOON)


@pytest.mark.parametrize(
    ("flags", "until"),
    [
        ((), None),
        (("--for", "0"), None),
        (("--for", "90"), NOON + 90),
        (("--for", "1h30m"), NOON + 5400),
        (("--until", "18:00"), NOON + 6 * 3600),
        (("--until", "9:00"), NOON + 21 * 3600),
        (("--until", "2026-01-03 12:00"), NOON + 2 * 86400),
        (("--for", "9" * 20 + "d"), NOON + 10 * 365 * 86400),
    ],
)
async def test_a_pause_lasts_as_long_as_it_was_told(
    relayed: Looop, engine: FakeEngine, profile: Profile, flags: tuple[str, ...], until: float | None
) -> None:
    assert (await relayed("pause", *flags)).code == 0
    assert pause.read(profile) == Pause(since=NOON, until=until)
    assert engine.pokes == 1


async def test_a_script_may_make_a_pause_longer_and_not_shorter(looop: Looop, profile: Profile) -> None:
    for flags, until in (("--for", "2h"), NOON + 7200), (("--until", "18:00"), NOON + 21600), ((), None):
        assert (await looop("pause", *flags, kind=Kind.STRANGER)).code == 0
        assert pause.read(profile) == Pause(since=NOON, until=until)
        said = await looop("pause", "--for", "1h", "--json", kind=Kind.STRANGER)
        assert said.problem == (Exit.REFUSED, "not-yours")
        assert pause.read(profile) == Pause(since=NOON, until=until)
    assert (await looop("pause", "--for", "1h")).code == 0


@pytest.mark.parametrize("text", ["2025-12-31 12:00", "noon", "25:00", "9999999999999-01-01", ""])
async def test_a_moment_that_is_none_or_has_passed_is_refused(looop: Looop, text: str) -> None:
    assert (await looop("pause", "--until", text)).code == Exit.USAGE


async def test_ending_a_pause_that_is_none_is_no_error(looop: Looop, profile: Profile) -> None:
    await looop("pause")
    assert (await looop("unpause")).out == "The pause is over.\n"
    assert (await looop("unpause")).out == "There was no pause.\n"
    assert not files.present(profile.pause)
