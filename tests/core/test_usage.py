"""A conversation's answers are added up by day, each once; no figure that was known is lost again."""

from looop.core.usage import Sum, Tally, Trouble, Used, day_of, settled, topped

NOON = 1767268800.0  # 2026-01-01 12:00 UTC
TODAY, TOMORROW = "2026-01-01", "2026-01-02"


def free(_: Used) -> float | None:
    return None


def test_an_answer_that_is_told_again_counts_once_with_its_last_figure() -> None:
    tally = Tally(NOON)
    tally.add([Used("a", NOON, output=1, usd=0.1), Used("a", NOON + 5, output=7, usd=0.2)])
    tally.add([Used("a", NOON, output=7, usd=0.2)])
    assert tally.days(free) == {TODAY: Sum(NOON, 0, 7, 0.2, "agent")}


def test_answers_belong_to_the_day_on_which_they_came() -> None:
    tally = Tally(NOON)
    tally.add([Used("b", NOON + 86400, usd=2.0), Used("a", NOON, usd=1.0)])
    assert {day: it.usd for day, it in tally.days(free).items()} == {TODAY: 1.0, TOMORROW: 2.0}


def test_an_answer_without_a_time_came_with_the_one_before_it() -> None:
    tally = Tally(NOON)
    tally.add([Used("a", NOON + 86400, usd=1.0), Used("b", usd=2.0)])
    assert tally.days(free) == {TOMORROW: Sum(NOON + 86400, usd=3.0, source="agent")}


def test_one_answer_of_unknown_cost_makes_the_day_unknown() -> None:
    tally = Tally(NOON)
    tally.add([Used("a", NOON, output=3, usd=1.0), Used("b", NOON, output=4)])
    assert tally.days(free) == {TODAY: Sum(NOON, 0, 7, None, "")}


def test_a_persons_prices_stand_in_where_the_agent_is_silent() -> None:
    tally = Tally(NOON)
    tally.add([Used("a", NOON, output=2), Used("b", NOON, output=3, usd=1.0)])
    assert tally.days(lambda it: it.output * 0.5) == {TODAY: Sum(NOON, 0, 5, 2.0, "prices")}


def test_a_trouble_lasts_until_the_next_answer() -> None:
    tally = Tally(NOON)
    tally.add([Used("a", NOON), Trouble("limit")])
    assert tally.trouble == Trouble("limit")
    tally.add([Used("b", NOON)])
    assert tally.trouble is None


def test_a_figure_is_never_made_smaller_or_unknown_again() -> None:
    before = {TODAY: Sum(NOON, 10, 5, 2.0, "agent")}
    assert settled({TODAY: Sum(NOON, 4, 9)}, before) == {TODAY: Sum(NOON, 10, 9, 2.0, "agent")}
    assert settled({}, before) == before


def test_a_day_of_which_nothing_was_known_is_nothing_once_another_one_is_known() -> None:
    before = {TODAY: Sum(NOON)}
    days = {TOMORROW: Sum(NOON + 86400, 1, 1, 0.5, "agent")}
    assert settled(days, before)[TODAY].usd == 0.0
    assert settled({TODAY: Sum(NOON)}, {})[TODAY].usd is None


def test_what_a_total_has_beyond_the_days_belongs_to_its_own_day() -> None:
    days = {TODAY: Sum(NOON, 1, 1, 1.0, "agent")}
    assert topped(days, 1.5, "reported", NOON + 86400) == {
        TODAY: Sum(NOON, 1, 1, 1.0, "agent"),
        TOMORROW: Sum(NOON + 86400, usd=0.5, source="reported"),
    }


def test_a_total_below_what_is_known_changes_nothing() -> None:
    days = {TODAY: Sum(NOON, 1, 1, 1.0, "agent")}
    assert topped(days, 0.5, "reported", NOON) == days


def test_a_total_makes_unknown_days_known_together() -> None:
    days = {TODAY: Sum(NOON, 5, 5), TOMORROW: Sum(NOON + 86400, 7, 7)}
    found = topped(days, 3.0, "reported", NOON + 86400)
    assert {day: (it.usd, it.input) for day, it in found.items()} == {TODAY: (0.0, 5), TOMORROW: (3.0, 7)}
    assert topped(found, 3.0, "reported", NOON + 86400) == found


def test_a_moment_that_no_calendar_has_is_a_day_all_the_same() -> None:
    assert day_of(1e18) == day_of(float("inf")) == "1970-01-01"
