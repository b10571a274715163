"""What machines read: the JSON of every verb, held by golden files. `GOLDEN=write` writes them anew."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from looop.cli import verbs
from looop.cli.console import FakeCall
from looop.core.phase import Doing, Phase
from looop.core.sessions import State
from looop.store.paths import Profile
from support.lived import NOW, RUN, live_in
from support.verbs import FakeEngine, Looop

FOLDER = Path(__file__).parent / "golden"

CASES = {
    "bare": "",
    "status": "status",
    "journal": "journal",
    "cost": "cost",
    "cost-tick": "cost --by tick",
    "cost-session": "cost --by session",
    "cost-goal": "cost --by goal",
    "cost-runner": "cost --by runner",
    "cost-day": "cost --by day --days 2",
    "events": "events",
    "runs": "runs",
    "run": f"runs {RUN}",
    "why": "why",
    "why-run": f"why {RUN}",
    "why-hour": "why 11:45",
    "why-goal": "why goals/tea.md",
    "history": "history",
    "diff": f"diff {RUN}",
    "undo": f"undo {RUN}",
    "goals": "goals",
    "goal-show": "goal show tea",
    "sensors": "sensors",
    "sensor-show": "sensor show tea",
    "sensor-run": "sensor run tea",
    "trust": "trust",
    "reports": "reports",
    "claims": "claims",
    "sandbox": "sandbox",
    "log": "log pulse --tail 2",
    "pause": "pause --for 1h",
    "version": "version",
    "help": "help goal show",
    "doctor": "doctor",
    "guard-rules": "guard rules",
}

OF_SESSIONS = {
    "ls": "ls",
    "shot": "shot tea --trim",
    "log-session": "log tea --tail 2",
    "start-session": "start-session fresh drink --command sh",
    "kill": "kill tea",
    "resume-all": "resume --all",
    "resize": "resize tea 80x24",
    "prune": "prune",
    "send": "send tea hello",
    "key": "key tea C-c",
    "expect": "expect tea (\\w+)!",
    "wait": "wait over",
    "wait-idle": "wait-idle tea --settle 1ms",
    "explain": "explain tea",
}


@pytest.fixture(autouse=True)
def _a_morning(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    live_in(profile)
    monkeypatch.setattr("time.time", lambda: NOW)


@pytest.mark.parametrize("name", CASES)
async def test_the_json_of_a_verb_is_as_it_was_promised(looop: Looop, name: str) -> None:
    call = FakeCall(env={"PATH": "/nowhere", "HOME": "/nowhere", "LOOOP_CONFINE": "off"})
    said = await looop(*CASES[name].split(), "--json", call=call)
    assert said.err == ""
    _compare(name, said.value, looop.profile)


async def test_the_json_of_a_running_engine_says_how_late_it_runs(profile: Profile) -> None:
    engine = FakeEngine(Phase(doing=Doing.DECIDING, pid=1, run=RUN, runner="claude"))
    said = await Looop(profile, engine)("status", "--json")
    _compare("status-live", said.value, profile)


@pytest.mark.parametrize("name", ["status", "why", "bare"])
async def test_what_is_printed_fits_the_schema_that_help_promises(looop: Looop, name: str) -> None:
    said = await looop(*CASES[name].split(), "--json")
    view = verbs.load(verbs.VIEWS[CASES[name]])
    msgspec.json.decode(said.out, type=view)


@pytest.mark.parametrize("name", [name for name in CASES if name not in {"pause", "sensor-run"}])
async def test_the_words_for_people_are_as_they_were(looop: Looop, name: str) -> None:
    call = FakeCall(env={"PATH": "/nowhere", "HOME": "/nowhere", "LOOOP_CONFINE": "off"})
    said = await looop(*CASES[name].split(), call=call)
    _hold(FOLDER / f"{name}.txt", _plain(said.out, looop.profile))


@pytest.mark.parametrize("name", OF_SESSIONS)
async def test_the_json_of_a_verb_for_sessions_is_as_it_was_promised(profile: Profile, name: str) -> None:
    said = await Looop(profile, _with_sessions())(*OF_SESSIONS[name].split(), "--json")
    assert said.err == ""
    _compare(name, said.value, profile)
    view = verbs.load(verbs.VIEWS[OF_SESSIONS[name].split()[0]])
    if name != "log-session":
        msgspec.json.decode(said.out, type=view)


@pytest.mark.parametrize("name", OF_SESSIONS)
async def test_the_words_of_a_verb_for_sessions_are_as_they_were(profile: Profile, name: str) -> None:
    said = await Looop(profile, _with_sessions())(*OF_SESSIONS[name].split())
    _hold(FOLDER / f"{name}.txt", said.out)


def _with_sessions() -> FakeEngine:
    """Give an engine in which one session works, one asks, one is over and one is lost."""
    engine = FakeEngine()
    tea = engine.sessions.add(
        "tea", log=b"\x1b[1mboil\x1b[0m\r\ndrink!\r\nmore", goal="tea.md", runner="claude"
    )
    tea.rows = ("boil", "drink!", "more")
    engine.sessions.add("asks").flag(7, "Which tea?")
    engine.sessions.add("over", note="all drunk", outcome="done", verdict="verified").end_with(0)
    engine.sessions.add("lost", State.LOST, ended=NOW - 3600)
    return engine


def _compare(name: str, value: Any, profile: Profile) -> None:
    assert value["v"] == 1
    _hold(FOLDER / f"{name}.json", _plain(json.dumps(value, indent=1, ensure_ascii=False), profile) + "\n")


def _hold(path: Path, text: str) -> None:
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert path.read_text() == text


def _plain(text: str, profile: Profile) -> str:
    """Put fixed words where this machine shows through."""
    text = text.replace(str(profile.data), "/DATA").replace(str(profile.config), "/CONFIG")
    text = re.sub(r'"(python|platform)": "[^"]*"', r'"\1": "HERE"', text)
    text = re.sub(r"undo-\d{8}-\d{6}-[0-9a-f]{6}", "undo-NOW", text)
    text = re.sub(r"\d+ MiB free", "N MiB free", text)
    text = re.sub(r"rehearsal, no AI \(.*?\); on", "rehearsal, no AI (WHY); on", text)
    text = re.sub(r"(uid \d+|root: agents run[^\"\n]*)", "A USER", text)
    machine = "ptys|files|sleep|linger"
    text = re.sub(rf'("what": "({machine})",\s*"grade": )"\w+",(\s*"said": )".*"', r'\1"ANY",\3"HERE"', text)
    text = re.sub(rf"^\w+ +({machine}) .*$", r"ANY \1 HERE", text, flags=re.MULTILINE)
    return re.sub(
        r'("what": "user",\s*"grade": )"\w+"', r'\1"ANY"', re.sub(r"\w+ +user ", "ANY  user ", text)
    )


def test_no_golden_file_is_left_over() -> None:
    assert shutil.which("sh")
    names = {path.stem for path in FOLDER.iterdir()}
    assert names == {*CASES, *OF_SESSIONS, "status-live"}
