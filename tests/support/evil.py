"""A profile in which everything that somebody else may have written attacks the terminal that it is shown on.

In: a folder. Out: a profile at a path that does the same. Sequences that set titles and clipboards and clear
the screen, single-byte and two-byte controls, bidi, forged lines, markup, formats of tmux and of shells.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec

from looop.core.diff import Change, ChangeKind
from looop.core.phase import Doing, Hold, Phase
from looop.core.streams import Cost
from looop.store import events, flags, ledger, runs
from looop.store.ledger import Entry
from looop.store.paths import Profile
from looop.store.profile import prepare
from looop.store.runs import MoveRecord
from support.lived import NOW, RUN
from support.profiles import profile_in
from support.verbs import FakeEngine

EVIL = (
    "\x1b]52;c;QUFB\x07\x1b[2J\x1b]0;title\x1b\\\x9b31m\x1bP+q\x1b\\\u202eevil\u2066\x00\x7f\x85\u2028\r\n"
    "looop: forged\t<b>x</b>&#(touch x)#{pane_id}$(touch y)`touch z`'\"\\\u200b\U000e0041\udcff"
)
NAME = EVIL.replace("\x00", "").replace("/", "").replace("\udcff", "")
"""The same as a file's name."""


def evil_profile(folder: Path) -> Profile:
    """Make it, with something hostile of everything that there is."""
    place = folder / f"at {NAME}".replace("\n", "").replace("\u2028", "")
    place.mkdir(mode=0o700)
    profile = profile_in(place)
    prepare(profile, {})
    _memory(profile)
    _runs(profile)
    _sessions(profile)
    return profile


def evil_engine() -> FakeEngine:
    """Give an engine whose phase and sessions are hostile."""
    engine = FakeEngine(_phase())
    facts: dict[str, Any] = {"title": EVIL, "evidence": EVIL, "note": EVIL, "outcome": EVIL, "runner": EVIL}
    facts |= {"goal": EVIL, "news_name": EVIL}
    tea = engine.sessions.add("tea", log=EVIL.encode(errors="replace") + b"\n\x9b31mx\x1b[1mend", **facts)
    tea.rows = (EVIL, "end")
    engine.sessions.add("asks", **facts).flag(7, EVIL)
    engine.sessions.add("over", **facts).end_with(0)
    return engine


def _memory(profile: Profile) -> None:
    put(profile.playbook, EVIL)
    put(profile.goals / "tea.md", f"---\ngoal: {EVIL}\n---\n{EVIL}")
    put(profile.goals / f"{NAME}.md", EVIL)
    put(profile.archive / f"{NAME}.md", EVIL)
    put(profile.reports / NAME, EVIL)
    put(profile.sensors / "tea.sh", f"#!/bin/sh\n# {EVIL}\n", 0o700)
    put(profile.sensors / f"{NAME}.sh", f"#!/bin/sh\n# {EVIL}\n", 0o700)
    put(profile.sensors / f"{NAME}.sh.off", "#!/bin/sh\n")
    put(profile.snapshots / "sensor-tea.json", json.dumps({"error": EVIL, "detail": EVIL}))
    put(profile.snapshots / f"sensor-{NAME}.json", json.dumps({"signal": EVIL}))
    put(profile.journal, f"- 2026-01-01 11:50 {EVIL}\n{EVIL}\n")
    put(profile.pulse_log, f"2026-01-01 11:50:00 {EVIL}\n\x9b31m\n")
    put(profile.pulse / "status.json", msgspec.json.encode(_phase()).decode())
    put(profile.claims / "tea.json", json.dumps(_claim("tea")))
    put(profile.claims / f"{NAME}.json", json.dumps(_claim(NAME)))
    flags.raise_flag(profile, f"cause {_plain(EVIL)}", _plain(EVIL), now=NOW - 60)
    events.emit(profile, _plain(EVIL), at=NOW - 600, run=EVIL, **{_plain(EVIL): EVIL})


def _runs(profile: Profile) -> None:
    record = MoveRecord(
        run=RUN,
        began=NOW - 600,
        ended=NOW - 558,
        why=_plain(EVIL),
        changes=(Change(_plain(EVIL), ChangeKind.CHANGED, _plain(EVIL), _plain(EVIL)),),
        runner=_plain(EVIL),
        outcome="landed",
        subject="goal:tea.md",
        move=_plain(EVIL),
        reason=_plain(EVIL),
        line=_plain(EVIL),
        cost=Cost(0.0421, 1000, 100),
        acts=(_plain(EVIL),),
        ignored=(_plain(EVIL),),
    )
    run = runs.start(profile, RUN)
    runs.write_record(run, record)
    put(run.prompt, EVIL)
    put(run.output, EVIL)
    ledger.record(profile, Entry(NOW - 600, RUN, _plain(EVIL), 0.5, 900, 90, _plain(EVIL)))


def _sessions(profile: Profile) -> None:
    folder = profile.sessions / "tea"
    meta = {"id": "tea", "generation": "01J", "command": "true", "cwd": "/", "created": NOW, "runner": EVIL}
    meta |= {"goal": EVIL, "size": [20, 4], "conversation": EVIL}
    known = {"state": "ended", "source": EVIL, "said": EVIL, "outcome": EVIL, "note": EVIL, "ended": NOW}
    put(folder / "meta.json", json.dumps({key: _plain(it) for key, it in meta.items()}))
    put(folder / "status.json", json.dumps({key: _plain(it) for key, it in known.items()}))
    put(folder / "output.log", EVIL)
    put(folder / "flag.json", json.dumps({"number": 7, "text": _plain(EVIL), "raised": NOW}))
    answer = {"number": 6, "text": EVIL, "at": NOW, "by": EVIL, "question": EVIL}
    put(folder / "answer-6.json", json.dumps({key: _plain(it) for key, it in answer.items()}))
    put(profile.sessions / NAME / "meta.json", "{}")


def _phase() -> Phase:
    return Phase(
        doing=Doing.SLEEPING,
        pid=4242,
        since=NOW - 500,
        wakes_at=NOW + 40,
        waits_for=_plain(EVIL),
        runner=_plain(EVIL),
        rehearsing_because=_plain(EVIL),
        holds=(Hold(_plain(EVIL), NOW + 60),),
        notices=(_plain(EVIL),),
        trouble=_plain(EVIL),
    )


def _claim(name: str) -> dict[str, Any]:
    return {"name": _plain(name), "session": _plain(EVIL), "generation": "01J", "since": NOW}


def _plain(value: Any) -> Any:
    """Leave half characters out of what has to be JSON."""
    return value.replace("\udcff", "") if isinstance(value, str) else value


def put(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file, whatever bytes its name and text have."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(text.encode(errors="surrogateescape"))
    path.chmod(mode)


def programs(folder: Path) -> str:
    """Give a PATH on which there is little."""
    return str(Path(shutil.which("sh") or "/bin/sh").parent) + f":{folder}"
