"""If the planted truth is not in the bars, every verdict about learning is worthless."""

import numpy as np
import pytest

from agent.errors import ConfigError
from agent.market.feed import builtin
from agent.market.instrument import instrument
from agent.market.series import prepare
from agent.settings import Market as MarketSettings
from evals.markets import Edge, Market, achievable, block_shuffled, garch, planted


def next_moves(market: Market) -> np.ndarray:
    bars = market.bars
    return np.sign(bars.close[1:] - bars.open[1:])


def test_planted_same_seed_gives_the_same_bars_and_another_does_not() -> None:
    assert planted(1, 500, Edge()).bars.data_hash() == planted(1, 500, Edge()).bars.data_hash()
    assert planted(1, 500, Edge()).bars.data_hash() != planted(2, 500, Edge()).bars.data_hash()


def test_planted_odds_come_true_where_planted_and_nowhere_else() -> None:
    market = planted(3, 20_000, Edge(strength=0.65, support=0.3))
    moves, side = next_moves(market), market.side[:-1]
    assert (side != 0).mean() == pytest.approx(0.3, abs=0.02)
    assert (moves == side)[side != 0].mean() == pytest.approx(0.65, abs=0.02)
    before = np.sign(market.bars.close - market.bars.open)[:-1]
    assert (moves == before)[side == 0].mean() == pytest.approx(0.5, abs=0.02)


def test_planted_flip_turns_the_edge_round_in_the_wild_regime() -> None:
    market = planted(4, 20_000, Edge(support=0.5, flips=True, switch=200))
    moves, side = next_moves(market), market.side[:-1]
    went = np.sign(market.bars.close - market.bars.open)[:-1]
    wild = market.wild[:-1]
    assert (moves == went)[(side != 0) & wild].mean() == pytest.approx(0.35, abs=0.03)
    assert (moves == side)[side != 0].mean() == pytest.approx(0.65, abs=0.02)


def test_planted_decay_halves_the_edge_on_time() -> None:
    market = planted(5, 30_000, Edge(strength=0.9, support=1.0, half_life=10_000))
    right = (next_moves(market) == market.side[:-1])[9_000:11_000]
    assert right.mean() == pytest.approx(0.7, abs=0.03)


def test_planted_pair_needs_both_conditions() -> None:
    market = planted(6, 40_000, Edge(strength=0.8, support=0.5, pair=True))
    moves, side = next_moves(market), market.side[:-1]
    went = np.sign(market.bars.close - market.bars.open)[:-1]
    spike = (market.bars.volume > 2e9)[:-1]
    assert (moves == went)[side != 0].mean() == pytest.approx(0.8, abs=0.02)
    assert (moves == went)[spike & (side == 0)].mean() == pytest.approx(0.5, abs=0.02)


def test_achievable_pays_less_the_more_it_costs_and_nothing_off_the_plant() -> None:
    market = planted(7, 1500, Edge())
    series = prepare(market.bars, instrument("PLANTED", "1d"), MarketSettings())
    cheap, dear = (achievable(market, series, stop_atr=1.0, target_atr=1.5, horizon=1, cost_bps=bps) for bps in (0.0, 10.0))
    assert np.isnan(cheap[market.side == 0]).all()
    assert np.nansum(cheap) > np.nansum(dear)
    assert np.nanmean(cheap) > 0.1


@pytest.mark.parametrize("bars", [garch(1, 3000), block_shuffled(builtin("SP500"), 2, 5)])
def test_noise_has_sound_bars_and_no_drift_and_no_memory(bars) -> None:  # type: ignore[no-untyped-def]
    assert (bars.high >= np.maximum(bars.open, bars.close) - 1e-9).all()
    assert (bars.low <= np.minimum(bars.open, bars.close) + 1e-9).all()
    returns = np.diff(np.log(bars.close))
    assert abs(returns.mean()) < 3 * returns.std() / np.sqrt(len(returns))
    assert abs(np.corrcoef(returns[1:], returns[:-1])[0, 1]) < 0.1


def test_edge_impossible_strength_is_refused_by_value() -> None:
    with pytest.raises(ConfigError, match=r"1\.5"):
        Edge(strength=1.5)
