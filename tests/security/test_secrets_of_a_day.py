"""Keys in the environment, in CONFIG and on everybody's lips for a day: where they are in the evening."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.leaks import SECRET, leaks
from support.person import Person, person
from support.profiles import sensor
from support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

OF_CONFIG = "rt-9876543210-of-the-runner"
ESCAPED = json.dumps(SECRET)[1:-1]
SAY = "printf '%s\\n'"
AGENT = f"""{SAY} "I hold $SERVICE_API_KEY and $RUNNER_TOKEN"
{SAY} "- used $SERVICE_API_KEY and $RUNNER_TOKEN" >>journal.md
"""


@pytest.fixture
def looop(tmp_path: Path) -> Iterator[Person]:
    with person(tmp_path, SERVICE_API_KEY=SECRET) as them:
        agent = tmp_path / "agent.sh"
        agent.write_text(AGENT)
        runner = {"tick": f"exec /bin/sh {agent}", "output": "text", "env": {"RUNNER_TOKEN": OF_CONFIG}}
        runner["interactive"] = "exec sh"
        told = f'printenv LOOOP_TEXT >>"{tmp_path}/told"'
        settings = {"runner": "fake", "runners": {"fake": runner}, "notify": told}
        settings |= {"grants": {"SERVICE_API_KEY": ["ticks", "sensors", "sessions"]}}
        them.profile.config.write_text(json.dumps(settings))
        yield them


def test_they_are_in_raw_logs_and_in_configs_own_file_alone(looop: Person, tmp_path: Path) -> None:
    sensor(looop.profile, "says", f'#!/bin/sh\n{SAY} "$SERVICE_API_KEY"\n')
    sensor(looop.profile, "fails", f'#!/bin/sh\n{SAY} "no: $SERVICE_API_KEY" >&2\nexit 1\n')
    looop("up")
    looop("start-session", "tea", f"log in with {SECRET}", "fake")
    until(lambda: looop.state("tea") != "starting", "the session to be there")
    looop("send", "tea", f'{SAY} "have $SERVICE_API_KEY" "$RUNNER_TOKEN"')
    looop.shows("tea", "have tok_")
    looop("flag", "tea", f"May I use {SECRET}?")
    looop("tick", "--force")
    looop("pause", "--for", "1h")
    looop("done", "--session", "tea", "-m", f"logged in with {OF_CONFIG} and {SECRET}")
    looop("down", "--all")
    assert leaks(looop.profile.data, SECRET, ESCAPED, OF_CONFIG) == []
    told = (tmp_path / "told").read_text()
    assert "May I use [secret" in told
    for verb in ("status", "why", "events", "runs", "journal", "ls", "cost", "claims", "trust", "sensors"):
        for argv in ((verb,), (verb, "--json")):
            said = looop.call(*argv)
            assert SECRET not in said.stdout + said.stderr, argv
            assert ESCAPED not in said.stdout + said.stderr, argv
            assert OF_CONFIG not in said.stdout + said.stderr, argv
