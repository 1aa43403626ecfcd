from __future__ import annotations

import random
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.settings import SkillRules
from skills.counts import NONE, Counts
from skills.lifecycle import SIZED, STATUSES, TABLE, Status, Transition, View, next_status, ordered
from tests.skills.build import START, at

RULES = SkillRules()


def view(
    status: Status = "active",
    *,
    rule: str = "shipped",
    since: datetime = START,
    fires: float | None = None,
    sound: bool = True,
    bereft: bool = False,
) -> View:
    return View(status=status, since=since, rule=rule, prior=0.5, fires=fires, sound=sound, bereft=bereft)


def asked(seen: View, book: Counts = NONE, shadow: Counts = NONE, day: float = 1) -> Transition | None:
    return next_status(seen, book, shadow, RULES, at(day))


def lived(rate: float, executions: int, seed: int) -> tuple[Status, bool]:
    """The status after so many executions at a true rate, and whether it was ever retired."""
    rng = random.Random(seed)
    seen, book, shadow, ever = view(), NONE, NONE, False
    for day in range(executions):
        won = rng.random() < rate
        outcome = ("success", 1.0) if won else ("failure", -1.0)
        if seen.status in SIZED:
            book = book.plus(outcome[0], outcome[1], at(day))  # type: ignore[arg-type]
        else:
            shadow = shadow.plus(outcome[0], outcome[1], at(day))  # type: ignore[arg-type]
        change = next_status(seen, book, shadow, RULES, at(day))
        if change is not None:
            seen = view(change.to, rule=change.rule, since=at(day))
            book = NONE if "book" in change.resets else book
            shadow = NONE if "shadow" in change.resets else shadow
            ever = ever or change.to == "retired"
    return seen.status, ever


@given(success=st.integers(0, 60), partial=st.integers(0, 60), failure=st.integers(0, 60))
def test_lifecycle_contract_retires_exactly_below_0_30_from_10_executions(success: int, partial: int, failure: int) -> None:
    book = Counts(success=success, partial=partial, failure=failure, last_success=at(1))
    change = asked(view(), book)
    below = book.total >= 10 and book.wins / book.total < 0.30
    assert (change is not None and change.rule == "retire-reliability") == below


def test_lifecycle_nine_losses_do_not_retire_and_the_tenth_does() -> None:
    assert asked(view(), Counts(failure=9)) is None
    change = asked(view(), Counts(failure=10))
    assert change is not None
    assert (change.to, change.resets) == ("retired", ("shadow",))


def test_lifecycle_losing_record_retires_after_100_trades_unless_wins_pay_for_it() -> None:
    even = Counts(success=48, failure=53, gained=48_000_000, lost=53_000_000, last_success=at(1))
    change = asked(view(), even)
    assert change is not None
    assert change.rule == "retire-win-rate"
    assert asked(view(), Counts(success=47, failure=53, gained=47_000_000, lost=53_000_000, last_success=at(1))) is None
    paying = Counts(success=48, failure=53, gained=96_000_000, lost=53_000_000, last_success=at(1))
    assert asked(view(), paying) is None


def test_lifecycle_retired_skill_needs_twenty_good_shadow_runs_to_return() -> None:
    retired = view("retired", rule="retire-reliability")
    assert asked(retired, shadow=Counts(success=19)) is None
    assert asked(retired, shadow=Counts(success=9, failure=11)) is None
    change = asked(retired, shadow=Counts(success=12, failure=8))
    assert change is not None
    assert (change.to, change.rule, change.resets) == ("active", "restore", ("book", "shadow"))


def test_lifecycle_skill_retired_by_a_person_does_not_come_back_by_rule() -> None:
    assert asked(view("retired", rule="person-retire"), shadow=Counts(success=50)) is None


def test_lifecycle_candidate_waits_until_it_fires_often_enough_but_not_always() -> None:
    assert asked(view("candidate")) is None
    assert asked(view("candidate", fires=0.004)) is None
    assert asked(view("candidate", fires=0.41)) is None
    change = asked(view("candidate", fires=0.1))
    assert change is not None
    assert change.to == "probation"


def test_lifecycle_probation_ends_with_thirty_trades_whose_lower_bound_is_positive() -> None:
    probation = view("probation")
    good = NONE
    for day in range(30):
        good = good.plus("success" if day % 3 else "failure", 1.5 if day % 3 else -1.0, at(day))
    change = asked(probation, shadow=good)
    assert change is not None
    assert change.rule == "promote"
    coin = NONE
    for day in range(30):
        coin = coin.plus("success" if day % 2 else "failure", 1.0 if day % 2 else -1.0, at(day))
    assert asked(probation, shadow=coin) is None
    assert asked(probation, shadow=Counts(success=29, gained=29_000_000, squares=30_000_000)) is None


def test_lifecycle_quarantine_and_rejection_end_only_by_a_person() -> None:
    plenty = Counts(success=500, gained=500_000_000, squares=600_000_000)
    for status in ("quarantined", "rejected", "superseded"):
        assert asked(view(status, fires=0.1), plenty, plenty) is None


def test_lifecycle_ninety_days_without_a_success_make_it_stale_and_one_lucky_run_does_not_end_that() -> None:
    assert asked(view(), day=89.9) is None
    assert asked(view(), Counts(success=1, last_success=at(50)), day=100) is None
    change = asked(view(), day=90)
    assert change is not None
    assert (change.to, change.resets) == ("stale", ("shadow",))
    stale = view("stale", rule="stale", since=at(90))
    assert asked(stale, shadow=Counts(success=1, last_success=at(95)), day=95) is None
    assert asked(stale, shadow=Counts(success=2, failure=3, last_success=at(95)), day=95) is None
    back = asked(stale, shadow=Counts(success=2, failure=2, last_success=at(95)), day=95)
    assert back is not None
    assert back.to == "active"


def test_lifecycle_what_a_person_called_outdated_waits_for_a_person_and_keeps_its_counts() -> None:
    plenty = Counts(success=20, last_success=at(95))
    assert asked(view("stale", rule="person-stale", since=at(90)), shadow=plenty, day=95) is None
    back, anew = ordered("restore", "stale", "it is not"), ordered("restore", "retired", "again")
    assert back is not None
    assert anew is not None
    assert (back.to, back.resets, anew.resets) == ("active", (), ("book", "shadow"))


def test_lifecycle_watch_has_room_between_its_lines() -> None:
    slipping, between, steady = (Counts(success=s, failure=20 - s, last_success=at(1)) for s in (7, 8, 9))
    change = asked(view(), slipping)
    assert change is not None
    assert change.to == "watch"
    assert asked(view(), between) is None
    assert asked(view("watch"), between) is None
    back = asked(view("watch"), steady)
    assert back is not None
    assert back.to == "active"


def test_lifecycle_composite_with_a_retired_component_is_suspended() -> None:
    change = asked(view(sound=False))
    assert change is not None
    assert (change.to, change.rule) == ("suspended", "component-gone")
    change = asked(view(bereft=True))
    assert change is not None
    assert (change.to, change.rule) == ("suspended", "component-retired")


def test_lifecycle_composite_that_lost_a_component_to_its_record_has_to_earn_its_way_by_its_own() -> None:
    assert asked(view("probation", bereft=True)) is None
    back = asked(view("suspended", rule="component-retired"))
    assert back is not None
    assert (back.to, back.resets) == ("probation", ("shadow",))
    assert asked(view("suspended", rule="component-gone", sound=False)) is None
    assert asked(view("suspended", rule="source-revoked")) is None


def test_lifecycle_table_reaches_sizing_only_from_a_record_or_an_order() -> None:
    into_sizing = {(rule.name, source) for rule in TABLE for source in rule.sources if rule.to in SIZED and source not in SIZED}
    assert into_sizing == {("restore", "retired"), ("promote", "probation"), ("fresh-success", "stale")}
    assert all(source in STATUSES for rule in TABLE for source in rule.sources)


def test_lifecycle_approval_lifts_quarantine_but_not_probation() -> None:
    approved = ordered("approve", "quarantined", "looked at it")
    assert approved is not None
    assert approved.to == "candidate"
    assert ordered("approve", "probation", "looked at it") is None


@pytest.mark.parametrize(("rate", "executions", "least", "most"), [(0.55, 200, 0.0, 0.05), (0.25, 60, 0.93, 1.0)])
def test_lifecycle_end_states_keep_the_good_and_retire_the_bad(rate: float, executions: int, least: float, most: float) -> None:
    retired = sum(lived(rate, executions, seed)[0] == "retired" for seed in range(400)) / 400
    assert least <= retired <= most
