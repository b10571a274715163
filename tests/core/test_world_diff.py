"""One observation makes items; comparing them with the baseline makes changes."""

from dataclasses import replace

from looop.core.diff import Baseline, ChangeKind, compare, untold
from looop.core.digest import digest_bytes
from looop.core.document import Document, headline
from looop.core.world import Claim, Reading, Session, World


def document(name: str, text: str) -> Document:
    return Document(name, text, digest_bytes(text.encode()))


def world(**parts: object) -> World:
    base: dict[str, object] = {"playbook": document("PLAYBOOK.md", "rules")}
    return World(**{**base, **parts})  # type: ignore[arg-type]


def changes(before: World, now: World) -> list[str]:
    return [str(change) for change in compare(Baseline.of(before, 0), now)]


def test_the_same_world_is_no_change() -> None:
    assert changes(world(), world()) == []


def test_without_a_baseline_everything_is_added() -> None:
    found = compare(None, world(readings=(Reading("today", "2026-11-22"),)))
    assert [(change.item, change.kind) for change in found] == [
        ("playbook", ChangeKind.ADDED),
        ("sensor:today", ChangeKind.ADDED),
    ]


def test_a_changed_signal_says_what_it_was_and_is() -> None:
    before = world(readings=(Reading("prs", 2),))
    assert changes(before, world(readings=(Reading("prs", 3),))) == ["sensor:prs changed: 2 → 3"]


def test_detail_never_wakes_the_loop() -> None:
    before = world(readings=(Reading("prs", 2, detail="checked at 10:01"),))
    assert changes(before, world(readings=(Reading("prs", 2, detail="checked at 10:02"),))) == []


def test_a_sensor_that_fails_is_a_change_and_its_stderr_is_not() -> None:
    ok, bad = world(readings=(Reading("prs", 2),)), world(readings=(Reading("prs", error="printed nothing"),))
    worse = world(readings=(Reading("prs", detail="pid 7", error="printed nothing"),))
    assert changes(ok, bad) == ['sensor:prs changed: 2 → {"error":"printed nothing"}']
    assert changes(bad, worse) == []


def test_equal_json_values_in_another_order_are_equal() -> None:
    before = world(readings=(Reading("a", {"x": 1, "y": [1, 2]}),))
    assert changes(before, world(readings=(Reading("a", {"y": [1, 2], "x": 1}),))) == []


def test_a_removed_sensor_is_news() -> None:
    before = world(readings=(Reading("prs", 2),))
    assert changes(before, world()) == ["sensor:prs removed: 2"]


def test_a_goal_shows_its_goal_line() -> None:
    now = world(goals=(document("x.md", "---\ngoal: learn Trio\n---\nnotes"),))
    assert changes(world(), now) == ["goal:x.md added: learn Trio"]


def test_a_released_claim_and_a_retired_session_merely_fade() -> None:
    done = Session("w", "01G", "ended", news=2, news_name="ended", exit_code=0, ended=True)
    before = world(claims=(Claim("deploy", "w", "01G"),), sessions=(done,))
    assert changes(before, world()) == []


def test_a_live_session_that_disappears_is_news() -> None:
    before = world(sessions=(Session("w", "01G", "working"),))
    assert changes(before, world()) == ["session:w removed: working"]


def test_working_and_freezing_are_no_news_but_idling_a_flag_and_an_answer_are() -> None:
    def session(**facts: object) -> World:
        return world(sessions=(Session("w", "01G", **{"state": "working", **facts}),))  # type: ignore[arg-type]

    assert changes(session(), session(state="frozen")) == []
    assert changes(session(), session(evidence="title: it turns", said="done: all of it")) == []
    assert changes(session(), session(state="idle", news=1, news_name="idle")) != []
    assert changes(session(), session(flag="which branch?")) != []
    assert changes(session(flag="which branch?"), session(flag="which branch, please?")) == []
    assert changes(session(), session(answers=1)) != []


def test_the_headline_of_a_file_without_a_goal_line_is_its_first_words() -> None:
    assert headline("# \n\nHello there\n") == "Hello there"
    assert headline("") == "(empty)"


def test_the_same_generation_reused_under_one_id_is_news() -> None:
    before = world(sessions=(Session("w", "01G", "working"),))
    assert changes(before, world(sessions=(Session("w", "01H", "working"),))) != []


def test_a_playbook_that_is_gone_is_a_change() -> None:
    assert [change.kind for change in compare(Baseline.of(world(), 0), world(playbook=None))] == [
        ChangeKind.REMOVED
    ]


def test_an_end_is_untold_until_a_good_tick_has_seen_what_it_came_to() -> None:
    lives, over = Session("lives", "01J", "working"), Session("over", "01J", "ended", news=1, ended=True)
    assert untold(None, (lives, over)) == {"over"}
    seen = Baseline.of(world(sessions=(lives, over)), 0)
    assert untold(seen, (lives, over)) == frozenset()
    assert untold(seen, (lives, replace(over, verdict="failed", news=2))) == {"over"}
