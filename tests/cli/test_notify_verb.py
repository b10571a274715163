"""`notify --test` runs what CONFIG names, and tells how that went."""

import pytest

from looop.core.problem import Exit
from looop.engine.call import Kind
from looop.store import config
from looop.store.paths import Profile
from support.verbs import Looop

pytestmark = pytest.mark.process


async def test_the_command_gets_the_sentence(looop: Looop, profile: Profile) -> None:
    config.set_keys(profile, notify='cat > told; printf %s "$LOOOP_TEXT" > text')
    said = await looop("notify", "--test", "--json")
    assert (said.code, said.value["code"]) == (0, 0)
    assert (profile.data / "told").read_text() == f"{said.value['sent']}\n"
    assert (profile.data / "text").read_text() == said.value["sent"]


async def test_a_command_that_fails_is_told_with_what_it_said(looop: Looop, profile: Profile) -> None:
    config.set_keys(profile, notify="printf 'no \\033[2Jbus' >&2; exit 3")
    said = await looop("notify", "--test")
    assert said.code == Exit.NO
    assert said.out == "It failed with exit code 3. It said: no bus\n"


async def test_without_a_command_it_says_where_to_put_one(looop: Looop, profile: Profile) -> None:
    said = await looop("notify", "--test", "--json")
    assert said.problem == (Exit.NO, "no-notify")


async def test_without_its_flag_it_says_that_only_flags_notify(looop: Looop) -> None:
    assert (await looop("notify", "--json")).problem == (Exit.USAGE, "bad-value")


@pytest.mark.parametrize("kind", [Kind.TICK, Kind.CHILD])
async def test_nothing_that_looop_started_may_notify(looop: Looop, profile: Profile, kind: Kind) -> None:
    config.set_keys(profile, notify="touch told")
    assert (await looop("notify", "--test", kind=kind)).code == Exit.REFUSED
    assert not (profile.data / "told").exists()
