from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from agent.domain import Grade
from skills.admit import admit
from skills.compose import compose
from skills.counts import NONE, Counts, read_counts
from skills.priors import prior_of
from skills.reliability import EVEN, contract, in_regime, lift, net_r, net_r_lower, posterior, probability_at_least
from tests.skills.build import at, draft, live, opened

_COUNTS = st.builds(Counts, success=st.integers(0, 200), partial=st.integers(0, 200), failure=st.integers(0, 200))
_GRADES: list[tuple[Grade, float]] = [
    ("success", 1.5),
    ("partial", 0.3),
    ("failure", -1.0),
    ("success", 0.7),
    ("failure", -0.123456789),
]


def counted(outcomes: list[tuple[Grade, float]]) -> Counts:
    counts = NONE
    for day, (grade, r) in enumerate(outcomes):
        counts = counts.plus(grade, r, at(day))
    return counts


@given(counts=_COUNTS, prior=st.floats(0, 1))
def test_reliability_any_counts_stays_a_probability(counts: Counts, prior: float) -> None:
    bounds = posterior(counts)
    assert 0 <= contract(counts, prior) <= 1
    assert 0 <= bounds.low <= bounds.mean <= bounds.high <= 1


@given(counts=_COUNTS)
def test_reliability_one_more_win_raises_it_and_one_more_loss_lowers_it(counts: Counts) -> None:
    won, lost = counts.plus("success", 1.0, at(0)), counts.plus("failure", -1.0, at(0))
    assert posterior(lost).mean < posterior(counts).mean < posterior(won).mean
    assert posterior(lost).low < posterior(won).low
    assert contract(lost, 0.5) <= contract(won, 0.5)


def test_reliability_untried_is_the_prior_and_a_partial_counts_half() -> None:
    assert contract(NONE, 0.65) == 0.65
    assert contract(Counts(success=3, partial=2, failure=5), 0.65) == 0.4


def test_reliability_interval_is_the_beta_distributions() -> None:
    bounds = posterior(Counts(success=14, partial=2, failure=5))
    assert bounds.low == pytest.approx(stats.beta(17, 8).ppf(0.025), abs=1e-12)
    assert bounds.high == pytest.approx(stats.beta(17, 8).ppf(0.975), abs=1e-12)
    assert probability_at_least(Counts(success=14, partial=2, failure=5), 0.6) == pytest.approx(
        stats.beta(17, 8).sf(0.6), abs=1e-12
    )


def test_reliability_regime_hardly_seen_leans_on_the_others_and_a_known_one_does_not() -> None:
    overall = Counts(success=80, failure=20)
    assert in_regime(NONE, overall).mean == pytest.approx((2 + 16) / (4 + 20))
    known = Counts(failure=100)
    assert in_regime(known, overall.joined(known)).mean < 0.2


def test_reliability_regime_back_off_never_counts_a_trade_twice() -> None:
    only_here = Counts(success=7, failure=3)
    assert in_regime(only_here, only_here) == posterior(only_here)


def test_net_r_interval_is_students() -> None:
    counts = counted(_GRADES)
    values = [r for _, r in _GRADES]
    low, high = stats.t(4, stats.tmean(values), stats.sem(values)).interval(0.95)
    found = net_r(counts)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert (found.mean, found.low, found.high) == pytest.approx((stats.tmean(values), low, high), abs=1e-5)
    assert net_r_lower(counts) == pytest.approx(stats.t(4, stats.tmean(values), stats.sem(values)).ppf(0.10), abs=1e-5)


def test_net_r_without_enough_executions_is_missing_not_zero() -> None:
    assert net_r(NONE) is None
    assert net_r_lower(counted(_GRADES[:1])) is None
    assert NONE.mean_r is None
    assert lift(NONE, 0.5) is None


def test_counts_booked_in_any_order_are_the_same_bytes() -> None:
    shuffled = list(_GRADES * 7)
    random.Random(7).shuffle(shuffled)
    in_order, in_disorder = counted(_GRADES * 7), counted(shuffled)
    assert {**in_order.document(), "last_success": None} == {**in_disorder.document(), "last_success": None}


@given(outcomes=st.lists(st.sampled_from(_GRADES), max_size=20), cut=st.integers(0, 20))
def test_counts_of_parts_add_up_and_survive_their_json(outcomes: list[tuple[Grade, float]], cut: int) -> None:
    whole, parts = counted(outcomes), counted(outcomes[:cut]).joined(counted(outcomes[cut:]))
    assert (whole.total, whole.gained, whole.lost, whole.squares) == (parts.total, parts.gained, parts.lost, parts.squares)
    assert read_counts(whole.document()) == whole


def test_reliability_of_a_composite_begins_where_its_components_stand_and_claims_count_for_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        made = compose(catalogue, [catalogue.get("gap-fade"), catalogue.get("washout-rebound")], "pair", "Made.")
        with journal.write() as w:
            admit(w, catalogue, made, principal="operator", at=at(0), origin="composed")
            boast = draft("boast", prior=0.9)
            admit(w, catalogue, boast, principal="agent", at=at(0))
            admit(
                w,
                catalogue,
                draft("hand-made", prior=0.8, when={"feature": "rsi_14", "op": "<", "value": 25}),
                principal="operator",
                at=at(0),
            )
        even = prior_of(catalogue, catalogue.get("pair"))
        live(journal, catalogue, "gap-fade", [1.0, 1.0, -1.0, 1.0], first_day=1)
        heir = prior_of(catalogue, catalogue.get("pair"))
        assert (even, prior_of(catalogue, catalogue.get("boast"))) == (EVEN, EVEN)
        # gap-fade: Beta(2 + 3, 2 + 1), mean 5/8; the other was never tried and says nothing
        assert heir == pytest.approx((4 * 5 / 8, 4 * 3 / 8))
        assert prior_of(catalogue, catalogue.get("hand-made")) == pytest.approx((3.2, 0.8))
        low = {row["name"]: row["interval"][0] for row in catalogue.rows()}
        assert low["pair"] > low["boast"]
