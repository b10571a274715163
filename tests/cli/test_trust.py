"""What looop runs by itself is listed with its author; what waits is shown whole, and is no plain flag."""

import pytest

from looop.cli import trust
from looop.cli.console import FakeCall
from looop.core import reach
from looop.core.cell import Level
from looop.core.digest import digest_bytes
from looop.core.problem import Exit
from looop.engine.call import Caller, Kind
from looop.store import config, flags, written
from looop.store.paths import Profile
from support.profiles import sensor
from support.verbs import Looop

SCRIPT = "#!/bin/sh\necho 1\n"
DIGEST = digest_bytes(SCRIPT.encode())


@pytest.fixture(autouse=True)
def _written_by_a_tick(profile: Profile) -> None:
    sensor(profile, "mail", SCRIPT)
    written.note(profile, DIGEST, "sensors/mail.sh", "tick-1")
    flags.offer(profile, "awaiting sensors/mail.sh", "mail asks", DIGEST, "+echo \x1b[2J1\n")


async def test_what_waits_is_shown_with_its_diff_and_both_verbs(looop: Looop) -> None:
    said = (await looop("trust")).out
    assert "⚑ 1 mail asks\n`looop approve 1`, or `looop deny 1 WHY`\n\n+echo 1\n" in said
    (mail,) = [row.split() for row in said.splitlines() if row.startswith("sensor  mail")]
    assert " ".join(mail[2:]) == f"by tick-1 {DIGEST[:12]} does not run may touch all that you can"


async def test_each_program_has_its_author_and_its_reach(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.set_keys(profile, notify="notify-send", runner="claude")
    (profile.goals / "a.md").write_text("---\ngoal: x\nverify: make test\n---\n")
    written.note(
        profile, written.digest_of_check("make test"), "goals/a.md", "tick-2", approved=True, now=5.0
    )
    monkeypatch.setattr("looop.child.walls.level", lambda _: Level("bwrap", scoped=True))
    monkeypatch.setattr(reach, "_CONFINED", {"sensor": "a sensor's", "check": "a check's"})
    view = trust.observe(profile, {})
    found = {(it.kind, it.by, it.runs, it.approved, it.touches) for it in view.programs}
    assert found == {
        ("sensor", "tick-1", False, None, "a sensor's"),
        ("sensor", "a person", True, None, "a sensor's"),
        ("check", "tick-2", True, 5.0, "a check's"),
        ("notify", "a person", True, None, reach.EVERYTHING),
        ("agent", "a person", True, None, reach.EVERYTHING),
    }


async def test_with_auto_what_an_ai_wrote_runs_and_still_has_its_author(profile: Profile) -> None:
    config.set_keys(profile, sensors="auto")
    (mail,) = [it for it in trust.observe(profile, {}).programs if it.name == "mail"]
    assert (mail.by, mail.runs, mail.approved) == ("tick-1", True, None)


async def test_a_sensor_that_waits_is_no_failing_one(looop: Looop) -> None:
    assert "mail   every beat  awaits approval: `looop trust` shows it" in (await looop("sensors")).out
    assert (await looop("status", "--json")).value["failing"] == []
    assert "mail asks (`looop trust`)" in (await looop("status")).out
    assert "looop trust" in (await looop()).out


@pytest.mark.parametrize(
    ("argv", "kind"),
    [
        (("sensor", "run", "mail"), "awaits-approval"),
        (("unflag", "1"), "needs-verdict"),
        (("unflag", "awaiting sensors/mail.sh"), "needs-verdict"),
        (("answer", "1", "yes"), "own-flag"),
    ],
)
async def test_it_is_approved_or_denied_and_nothing_else(
    looop: Looop, argv: tuple[str, ...], kind: str
) -> None:
    said = await looop(*argv, "--json")
    assert said.problem == (Exit.REFUSED, kind)
    assert flags.open_flags(looop.profile) != ()


@pytest.mark.parametrize("kind", [Kind.CHILD, Kind.TICK])
@pytest.mark.parametrize("verb", ["approve", "deny"])
async def test_nobody_but_a_person_decides(relayed: Looop, verb: str, kind: Kind) -> None:
    call = FakeCall(caller=Caller(kind, 1, "fix" if kind is Kind.CHILD else None))
    said = await relayed(verb, "1", "--json", call=call)
    assert said.problem == (Exit.REFUSED, "not-yours")


async def test_tab_offers_what_can_be_decided(looop: Looop) -> None:
    flags.raise_flag(looop.profile, "disk", "full")
    assert (await looop("complete", "proposals")).out == "1\n"
    assert (await looop("complete", "all-flags")).out == "2\n"
