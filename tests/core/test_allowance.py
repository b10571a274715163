"""The day's money: a warning at 80 %, a halt at all of it, and what a person allows beyond that."""

from looop.core.allowance import Allowance, Level, Limits, Standing, standing

NOON = 1767268800.0
MIDNIGHT = NOON + 12 * 3600


def at(usd: float, allowance: Allowance | None = None, now: float = NOON, **limits: float | None) -> Standing:
    return standing(usd, Limits(**({"most": 10.0} | limits)), allowance, now, MIDNIGHT)


def allowed(usd: float | None = None, until: float = MIDNIGHT) -> Allowance:
    return Allowance("t", NOON - 60, until, usd)


def test_below_four_fifths_all_is_well() -> None:
    assert at(7.99) == Standing(Level.FINE, 7.99, 10.0, MIDNIGHT)


def test_at_four_fifths_a_person_is_warned() -> None:
    found = at(8.0)
    assert (found.level, found.cause, found.spent) == (Level.WARN, "money", False)


def test_a_persons_own_mark_takes_the_place_of_four_fifths() -> None:
    assert at(9.0, warn=9.5).level is Level.FINE
    assert at(9.5, warn=9.5).said == "more than $9.5 was spent today (warn_daily_usd)"
    assert at(2.0, most=None, warn=1.0).level is Level.WARN


def test_at_all_of_it_everything_waits_until_midnight() -> None:
    found = at(10.0)
    assert (found.level, found.cause, found.until, found.spent) == (
        Level.SPENT,
        "money-spent",
        MIDNIGHT,
        True,
    )
    assert "looop unpark" in found.said


def test_no_limit_or_a_limit_of_0_never_holds() -> None:
    assert at(1e9, most=None).level is Level.FINE
    assert at(1e9, most=0.0).level is Level.FINE


def test_a_person_may_put_the_limit_off_and_is_reminded_of_it() -> None:
    found = at(12.0, allowed())
    assert (found.level, found.cap) == (Level.WARN, None)
    assert "put max_daily_usd ($10) off" in found.said


def test_a_person_may_allow_a_sum_and_no_more() -> None:
    assert at(11.0, allowed(14.0)).cap == 14.0
    assert at(11.0, allowed(14.0)).level is Level.FINE
    assert at(11.5, allowed(14.0)).level is Level.WARN
    assert at(14.0, allowed(14.0)).spent


def test_a_sum_below_a_limit_that_was_raised_since_does_not_lower_it() -> None:
    assert at(10.5, allowed(11.0), most=20.0).cap == 20.0


def test_an_allowance_ends_by_itself() -> None:
    assert at(12.0, allowed(until=NOON + 1)).level is Level.WARN
    assert at(12.0, allowed(until=NOON)).spent


def test_an_allowance_of_a_clock_that_was_years_ahead_is_none() -> None:
    assert at(12.0, allowed(until=NOON + 365 * 86400)).spent


def test_a_spend_that_nobody_knows_holds_where_there_is_a_limit() -> None:
    def unknown(most: float | None) -> Standing:
        return standing(0.0, Limits(most), None, NOON, MIDNIGHT, "the ledger is damaged.")

    assert unknown(10.0).spent
    assert unknown(10.0).said.startswith("the ledger is damaged.")
    assert not unknown(None).spent
    assert unknown(None).cause == ""
