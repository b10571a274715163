"""Events are one line each, rotate, and are read back past whatever is broken."""

import json
from pathlib import Path

import pytest

from looop.store import events
from looop.store.events import Event
from looop.store.paths import Profile
from support.profiles import made_in


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


def test_an_event_is_one_line_with_version_time_and_kind_first(profile: Profile) -> None:
    events.emit(profile, "tick-ended", at=12.3456, run="tick-1", text="two\nlines")
    (line,) = profile.events.read_text().splitlines()
    assert list(json.loads(line).items()) == [
        ("v", 1),
        ("at", 12.346),
        ("event", "tick-ended"),
        ("run", "tick-1"),
        ("text", "two\nlines"),
    ]


def test_a_name_that_is_no_unicode_can_be_told(profile: Profile) -> None:
    events.emit(profile, "edited", at=1.0, path="goals/\udcff.md")
    assert events.read(profile, 1) == (Event(1.0, "edited", {"path": "goals/?.md"}),)


def test_events_are_read_back(profile: Profile) -> None:
    for number in range(5):
        events.emit(profile, "beat", at=float(number), number=number)
    assert events.read(profile, 2) == (Event(3.0, "beat", {"number": 3}), Event(4.0, "beat", {"number": 4}))


def test_a_field_cannot_forge_the_kind(profile: Profile) -> None:
    events.emit(profile, "beat", at=1.0, event="forged", v=9)
    assert events.read(profile, 1)[0].kind == "beat"
    assert json.loads(profile.events.read_text())["v"] == 1


@pytest.mark.parametrize(
    "broken", [b'{"v":1,"at":', b"null\n", b"\xff\xfe\n", b'{"event":"x"}\n', b"[" * 9999 + b"\n"]
)
def test_a_broken_line_is_passed_over(profile: Profile, broken: bytes) -> None:
    events.emit(profile, "before", at=1.0)
    with profile.events.open("ab") as file:
        file.write(broken)
    events.emit(profile, "after", at=2.0)
    assert [it.kind for it in events.read(profile, 9)] == ["before", "after"]


def test_a_half_written_last_line_is_passed_over(profile: Profile) -> None:
    events.emit(profile, "whole", at=1.0)
    with profile.events.open("ab") as file:
        file.write(b'{"v":1,"at":2.0,"eve')
    assert [it.kind for it in events.read(profile, 9)] == ["whole"]


def test_a_large_file_is_rotated_and_read_across(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "ROTATE_AT", 100)
    for number in range(4):
        events.emit(profile, "beat", at=float(number), filler="x" * 60)
    assert (profile.data / "events.1.jsonl").exists()
    assert [it.at for it in events.read(profile, 2)] == [2.0, 3.0]


def test_without_a_time_it_is_now(profile: Profile) -> None:
    events.emit(profile, "beat")
    assert events.read(profile, 1)[0].at > 1763800000


def test_no_events_are_none(profile: Profile) -> None:
    assert events.read(profile, 5) == ()
