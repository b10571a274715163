"""A check of a generation is begun once, concluded where the generation is now, and news once."""

from pathlib import Path

import pytest

from looop.core.verdict import Check, Verdict
from looop.store import sessions, verdicts
from looop.store.paths import Profile
from looop.store.questions import Place
from support.profiles import made_in, session_in

CHECK = Check("make test", 5.0)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return made_in(tmp_path)


@pytest.fixture
def place(profile: Profile) -> Place:
    return session_in(profile, "tea", "01A")


def test_only_the_first_who_begins_may_run_it(profile: Profile, place: Place) -> None:
    assert verdicts.read(place.folder) is None
    assert verdicts.begin(profile, "tea", "01A", CHECK)
    assert not verdicts.begin(profile, "tea", "01A", Check("other", 6.0))
    assert verdicts.read(place.folder) == CHECK


def test_of_a_generation_that_has_gone_nothing_is_begun_concluded_or_shown(
    profile: Profile, place: Place
) -> None:
    assert not verdicts.begin(profile, "tea", "01B", CHECK)
    verdicts.conclude(profile, "tea", "01B", CHECK)
    assert verdicts.show(profile, "tea", "01B", "verified", final=True) is None
    assert verdicts.read(place.folder) is None


def test_the_verdict_stays_with_its_generation_when_the_next_begins(profile: Profile, place: Place) -> None:
    verdicts.begin(profile, "tea", "01A", CHECK)
    later = session_in(profile, "tea", "01B")
    done = Check("make test", 5.0, verdict=Verdict.VERIFIED)
    verdicts.conclude(profile, "tea", "01A", done)
    assert verdicts.read(profile.sessions / "tea@1") == done
    assert verdicts.read(later.folder) is None


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 5000])
def test_a_check_that_can_not_be_understood_was_begun(profile: Profile, place: Place, data: bytes) -> None:
    (place.folder / verdicts.FILE).write_bytes(data)
    found = verdicts.read(place.folder)
    assert found is not None
    assert "can't be understood" in found.said
    assert not verdicts.begin(profile, "tea", "01A", CHECK)


def test_a_check_whose_end_nobody_saw_is_not_known_and_keeps_what_it_had_said() -> None:
    lost = verdicts.lost(CHECK, "the engine was killed")
    assert (lost.verdict, lost.said) == (Verdict.UNKNOWN, "the engine was killed")
    assert verdicts.lost(Check("x", 1.0, said="more"), "why").said == "more"


def test_a_final_verdict_is_news_once_and_equal_words_write_nothing(profile: Profile, place: Place) -> None:
    for words, final in (("being checked", False), ("verified", True)):
        known = verdicts.show(profile, "tea", "01A", words, final=final)
        assert known is not None
        assert known.verdict == words
    before = (place.folder / sessions.STATUS).stat().st_ino
    again = verdicts.show(profile, "tea", "01A", "verified", final=True)
    assert again == known
    assert again is not None
    assert again.news == 1
    assert (place.folder / sessions.STATUS).stat().st_ino == before
