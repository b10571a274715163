"""A bare `looop` claims nothing that it can't know."""

import pytest

from looop.core.phase import Doing, Phase
from looop.store import flags
from looop.store.paths import Profile
from support.verbs import FakeEngine, Looop


async def test_a_config_that_cannot_be_read_is_no_missing_consent(looop: Looop, profile: Profile) -> None:
    profile.config.write_text("{")
    said = await looop()
    assert "is not JSON" in said.out
    assert "agreed" not in said.out
    assert "lets you agree" not in (await looop("status")).out


@pytest.mark.parametrize(
    ("doing", "verb"),
    [(Doing.SAFE_MODE, "looop up"), (Doing.CRASHED, "looop status"), (Doing.SLEEPING, "looop status")],
)
async def test_a_pulse_in_trouble_waits_for_a_person(
    relayed: Looop, engine: FakeEngine, doing: Doing, verb: str
) -> None:
    engine.shown = Phase(doing=doing, trouble="something broke")
    assert {"what": "something broke", "verb": verb} in (await relayed("--json")).value["waits"]


async def test_a_trouble_that_is_flagged_is_told_once(
    relayed: Looop, engine: FakeEngine, profile: Profile
) -> None:
    engine.shown = Phase(doing=Doing.SLEEPING, trouble="goals can't be read")
    flags.raise_flag(profile, "unreadable", "the loop idles: goals can't be read")
    assert (await relayed()).out.count("goals can't be read") == 1


async def test_a_ledger_that_cannot_be_read_is_no_spend_of_zero(looop: Looop, profile: Profile) -> None:
    profile.cost.write_text("bad\n")
    assert (await looop("status", "--json")).value["usd_today"] is None
    assert "$0.00" not in (await looop("status")).out
