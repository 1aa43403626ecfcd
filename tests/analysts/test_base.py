"""The base strategies: they speak with reasons, and abstain where they know nothing."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.analysts.base import VOTERS, consult, momentum, rsi_reversal
from agent.domain import REGIMES, RegimeLabel, Vote
from agent.market.features import FEATURES
from agent.market.feed import builtin
from agent.market.instrument import instrument
from agent.market.series import prepare
from agent.settings import Market

UP = {"momentum_10": 0.04, "trend_strength": 2.0, "macd_hist": 0.5, "atr_14": 2.0, "adx_14": 30.0, "rsi_14": 25.0}
DOWN = UP | {"momentum_10": -0.04, "trend_strength": -2.0, "macd_hist": -0.5, "rsi_14": 75.0}


@pytest.mark.parametrize(("features", "side"), [(UP, 1.0), (DOWN, -1.0)])
def test_momentum_follows_a_trend_that_its_signs_agree_on(features: dict[str, float | None], side: float) -> None:
    vote = momentum(features, "trending")
    assert (vote.direction, vote.abstained) == (side, False)
    assert vote.confidence == pytest.approx(0.5 + 0.15 * (2 / 3 + 30 / 40 + 0.5))
    assert vote.evidence["trend_strength"] == features["trend_strength"]


@pytest.mark.parametrize(("features", "heading"), [(UP, "p_up"), (DOWN, "p_down")])
def test_momentum_is_favoured_in_a_trending_market_that_heads_its_way(features: dict[str, float | None], heading: str) -> None:
    plain = momentum(features, "trending")
    favoured = momentum(features | {heading: 0.8}, "trending")
    assert favoured.confidence == pytest.approx(min(0.95, 1.1 * plain.confidence))
    assert favoured.evidence == plain.evidence | {heading: 0.8}
    assert momentum(features | {heading: 0.8}, "ranging").confidence == plain.confidence
    assert momentum(features | {heading: 0.5}, "trending") == plain


def test_momentum_against_the_histogram_speaks_softer() -> None:
    assert momentum(UP | {"macd_hist": -0.5}, None).confidence < momentum(UP, None).confidence


@pytest.mark.parametrize("lacking", ["momentum_10", "trend_strength", "macd_hist", "atr_14", "adx_14"])
def test_momentum_without_a_feature_abstains_and_names_it(lacking: str) -> None:
    vote = momentum(UP | {lacking: None}, "trending")
    assert (vote.abstained, vote.direction, vote.confidence, vote.score) == (True, 0.0, 0.0, 0.0)
    assert lacking in vote.reason


def test_momentum_with_signs_that_disagree_abstains() -> None:
    assert momentum(UP | {"momentum_10": -0.01}, "trending").abstained


@pytest.mark.parametrize(
    ("rsi", "side", "confidence"),
    [(39.0, 1.0, 0.516), (30.0, 1.0, 0.66), (10.0, 1.0, 0.9), (65.0, -1.0, 0.58), (95.0, -1.0, 0.9)],
)
def test_rsi_reversal_leans_against_extremes_the_more_the_further(rsi: float, side: float, confidence: float) -> None:
    vote = rsi_reversal({"rsi_14": rsi, "trend_strength": 0.0}, "volatile")
    assert vote.direction == side
    assert vote.confidence == pytest.approx(confidence)


@pytest.mark.parametrize("rsi", [40.0, 50.0, 60.0])
def test_rsi_reversal_in_the_middle_abstains(rsi: float) -> None:
    assert rsi_reversal({"rsi_14": rsi, "trend_strength": 0.0}, "ranging").abstained


def test_rsi_reversal_does_not_stand_in_the_way_of_a_trend() -> None:
    falling: dict[str, float | None] = {"rsi_14": 25.0, "trend_strength": -2.0}
    assert rsi_reversal(falling, "trending").abstained
    assert not rsi_reversal(falling, "volatile").abstained
    assert not rsi_reversal(falling | {"trend_strength": 2.0}, "trending").abstained


def test_rsi_reversal_is_surer_in_a_ranging_market() -> None:
    features: dict[str, float | None] = {"rsi_14": 30.0, "trend_strength": 0.0}
    assert rsi_reversal(features, "ranging").confidence > rsi_reversal(features, "volatile").confidence


def test_rsi_reversal_without_rsi_abstains() -> None:
    assert "rsi_14" in rsi_reversal({"trend_strength": 1.0}, "ranging").reason


FEATURE_MAPS = st.fixed_dictionaries({name: st.none() | st.floats(-1e3, 1e3) for name in FEATURES if name != "atr_14"})


@given(features=FEATURE_MAPS, atr=st.none() | st.floats(1e-6, 1e3), regime=st.none() | st.sampled_from(REGIMES))
def test_any_vote_is_either_an_abstention_or_a_side(
    features: dict[str, float | None], atr: float | None, regime: RegimeLabel | None
) -> None:
    for name, voter in VOTERS.items():
        vote = voter(features | {"atr_14": atr}, regime)
        assert vote.voter == name
        assert vote.reason.endswith(".")
        assert vote.abstained == (vote.direction == 0)
        assert vote.confidence == 0 if vote.abstained else 0.5 <= vote.confidence <= 0.95


def test_consult_on_a_real_index_has_momentum_speak_on_most_bars() -> None:
    bars = builtin("SP500").head(2400)
    series = prepare(bars, instrument("SP500", "1d"), Market())
    votes: list[list[Vote]] = []
    for n in range(400, 2400, 4):
        cut = series.head(n)
        votes.append(consult(cut.state(cut.bars.timestamp(-1) + timedelta(days=1))))
    assert [v.voter for v in votes[0]] == list(VOTERS)
    spoken = np.array([[not v.abstained for v in row] for row in votes]).mean(axis=0)
    assert 0.5 < spoken[0] < 0.8
    assert 0.1 < spoken[1] < 0.4
