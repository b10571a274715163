"""A sensor that an agent wrote, from its tick to its first reading, past all who may not say yes to it."""

import json

import pytest

from support.person import Person
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

WRITES = (
    "if test -e sensors/mail.sh; then looop approve 1 2>said; cp said $LOOOP_DATA_DIR/said;"
    " else printf '#!/bin/sh\\necho 42\\n' >sensors/mail.sh; fi; echo '- looked' >>journal.md"
)


def agree(looop: Person, tick: str) -> None:
    """Make this shell command the agent, with intervals that no test would wait for."""
    slow = {"interval": 3600, "busy_interval": 1, "active_interval": 3600, "edit_settle": 0}
    config = {"runner": "mine", "runners": {"mine": {"tick": tick}}, **slow}
    looop.profile.config.write_text(json.dumps(config))


def reading(looop: Person) -> dict[str, object]:
    found = [it for it in looop.json("sensors")["sensors"] if it["name"] == "mail"]
    return found[0] if found else {}


def test_a_sensor_of_an_agent_runs_once_its_person_has_said_so(looop: Person) -> None:
    agree(looop, WRITES)
    looop("up")
    until(lambda: looop.json("trust")["waits"], "the flag that asks")
    (asks,) = looop.json("trust")["waits"]
    assert asks["cause"] == "awaiting sensors/mail.sh"
    assert "+echo 42" in asks["diff"]
    until((looop.profile.data / "said").exists, "a tick that tries to approve it itself")
    assert "only a person may" in (looop.profile.data / "said").read_text()
    assert reading(looop)["awaits"] is True
    assert looop.call("sensor", "run", "mail").returncode == 5
    number = str(asks["number"])
    assert looop.call("unflag", number).returncode == 5
    assert "may run" in looop("approve", number)
    until(lambda: reading(looop).get("signal") == "42", "its first reading, in the beat that the yes woke")
    assert looop.json("trust")["waits"] == []


def test_a_no_without_a_pulse_puts_it_away(looop: Person) -> None:
    agree(looop, WRITES)
    looop("tick")
    looop("tick")
    (asks,) = looop.json("trust")["waits"]
    assert "denied by a person" in looop("deny", str(asks["number"]), "no mail here")
    assert not (looop.profile.sensors / "mail.sh").exists()
    assert "no mail here (kept as sensors/mail.sh.off)" in looop("journal")
    until(lambda: not looop.lives(), "the engine to leave, since nothing wants it")
