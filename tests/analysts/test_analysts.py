"""The analysts: each formula against an independent reference, each silence with its reason, nothing from the future."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm

from agent.analysts.hedge import Chain, delta, gamma, hedge
from agent.analysts.liquidity import amihud, corwin_schultz, kyle_lambda, liquidity, profile, roll_spread
from agent.analysts.markov import NAMES, Markov, Path, _say, filter_forward, fit_chain
from agent.analysts.memory import Past, remembered
from agent.analysts.panel import VOTERS, Panel
from agent.analysts.sentiment import Heard, News, Scored, lexicon, reversals, sentiment
from agent.analysts.speech import vote
from agent.analysts.wyckoff import events, outcomes, wyckoff
from agent.domain import Vote
from agent.errors import ConfigError
from agent.market.bars import Floats
from agent.market.series import Series
from tests.market.build import bars_of, series_of, walk

NEW = Past()


def _series(n: int = 900, *, seed: int = 1, volume: bool = True) -> Series:
    return series_of(bars_of(walk(n, seed=seed), seed=seed, volume=volume))


def _as_of(series: Series) -> datetime:
    return series.bars.timestamp(-1) + timedelta(days=1)


# memory


@pytest.mark.parametrize(("wins", "factor"), [(3, 0.7), (4, 1.0), (6, 1.0), (7, 1.2)])
def test_ten_scored_votes_move_a_voter_within_the_bound(wins: int, factor: float) -> None:
    past = Past(recent=tuple(i < wins for i in range(10)))
    assert remembered(vote("x", 1, 0.6, ".", {}), past).confidence == pytest.approx(0.6 * factor)


def test_fewer_than_ten_votes_move_nothing_and_no_effect_exceeds_thirty_per_cent() -> None:
    said = vote("x", 1, 0.6, ".", {})
    assert remembered(said, Past(recent=(False,) * 9)) == said
    assert remembered(said, Past(recent=(False,) * 10), 0.8).confidence == pytest.approx(0.6 * 0.7)
    assert remembered(vote("x", 1, 0.95, ".", {}), Past(recent=(True,) * 10)).confidence == 1.0


# hedge


def test_gamma_and_delta_agree_with_finite_differences_of_the_black_scholes_price() -> None:
    strike, years, sigma = np.array([80.0, 100.0, 120.0]), np.array([0.1, 0.5, 1.5]), np.array([0.15, 0.3, 0.6])

    def price(s: float) -> Floats:
        d1 = np.log(s / strike) / (sigma * np.sqrt(years)) + sigma * np.sqrt(years) / 2
        value: Floats = s * norm.cdf(d1) - strike * norm.cdf(d1 - sigma * np.sqrt(years))
        return value

    h = 1e-3
    call = np.ones(3, dtype=bool)
    assert delta(100.0, strike, years, sigma, call) == pytest.approx((price(100 + h) - price(100 - h)) / (2 * h), abs=1e-6)
    assert delta(100.0, strike, years, sigma, ~call) == pytest.approx(delta(100.0, strike, years, sigma, call) - 1)
    curvature = (price(100 + h) - 2 * price(100.0) + price(100 - h)) / h**2
    assert gamma(100.0, strike, years, sigma) == pytest.approx(curvature, abs=1e-6)


def _chain(series: Series, *, puts: float, calls: float, put_volume: float, call_volume: float, days: int = 0) -> Chain:
    spot = float(series.bars.close[-1])
    known = np.datetime64(_as_of(series).replace(tzinfo=None), "us") - np.timedelta64(days, "D")
    columns = {
        "timestamp": np.repeat(known, 4),
        "expiry": np.repeat(known + np.timedelta64(30, "D"), 4),
        "strike": spot * np.array([0.97, 1.03, 0.97, 1.03]),
        "kind": np.array(["put", "put", "call", "call"]),
        "open_interest": np.array([puts, puts, calls, calls]),
        "implied_volatility": np.array([0.25, 0.22, 0.22, 0.2]),
        "volume": np.array([put_volume, put_volume, call_volume, call_volume]),
    }
    return Chain.of(columns)


def test_short_gamma_with_bought_flow_is_long_and_long_gamma_with_sold_flow_is_short() -> None:
    series = _series()
    up = hedge(series, _as_of(series), NEW, _chain(series, puts=900, calls=100, put_volume=10, call_volume=500))
    down = hedge(series, _as_of(series), NEW, _chain(series, puts=100, calls=900, put_volume=500, call_volume=10))
    assert (up.direction, down.direction) == (1.0, -1.0)
    assert up.evidence["net_gamma"] < -0.5
    assert up.evidence["flow"] > 0.3
    assert up.evidence["squeeze"] == 1.0
    assert up.evidence["skew"] > 0


def test_gamma_by_strike_adds_up_to_the_exposure() -> None:
    series = _series()
    chain = _chain(series, puts=300, calls=500, put_volume=1, call_volume=1)
    spot = float(series.bars.close[-1])
    found = chain.snapshots[0].positioning(spot)
    assert found is not None
    assert sum(chain.snapshots[0].by_strike(spot).values()) == pytest.approx(found.exposure)


def test_hedge_without_a_chain_or_with_a_stale_one_abstains() -> None:
    series = _series()
    assert hedge(series, _as_of(series), NEW, None).reason == "No option chain is given."
    stale = _chain(series, puts=900, calls=100, put_volume=10, call_volume=500, days=6)
    assert hedge(series, _as_of(series), NEW, stale).abstained
    later = _chain(series, puts=900, calls=100, put_volume=10, call_volume=500, days=-1)
    assert hedge(series, _as_of(series), NEW, later).abstained


def test_a_chain_with_an_unknown_kind_is_refused_in_one_line() -> None:
    series = _series()
    with pytest.raises(ConfigError, match="neither call nor put"):
        Chain.of({**_columns(series), "kind": np.array(["straddle"])})


def _columns(series: Series) -> dict[str, npt.NDArray[Any]]:
    known = np.datetime64(_as_of(series).replace(tzinfo=None), "us")
    one = {"strike": 100.0, "open_interest": 1.0, "implied_volatility": 0.2}
    return {"timestamp": np.array([known]), "expiry": np.array([known]), **{k: np.array([v]) for k, v in one.items()}}


# liquidity


def test_liquidity_estimators_agree_with_plain_loops() -> None:
    series = _series(300)
    close, volume, high, low = series.bars.close, series.bars.volume, series.bars.high, series.bars.low
    ratios = [abs(close[i] / close[i - 1] - 1) / (close[i] * volume[i]) for i in range(280, 300)]
    assert amihud(close, volume)[-1] == pytest.approx(1e6 * np.mean(ratios))
    returns = close[1:] / close[:-1] - 1
    flow = np.sign(returns) * close[1:] * volume[1:] / 1e6
    assert kyle_lambda(close, volume) == pytest.approx(np.polyfit(flow, returns, 1)[0])
    change = np.diff(close)
    covariance = np.cov(change[1:], change[:-1])[0, 1]
    expected = 2 * np.sqrt(-covariance) / close[-1] if covariance < 0 else None
    assert roll_spread(close) == (pytest.approx(expected) if expected else None)
    beta = np.log(high[1] / low[1]) ** 2 + np.log(high[0] / low[0]) ** 2
    width = np.log(max(high[:2]) / min(low[:2])) ** 2
    k = 3 - 2 * 2**0.5
    alpha = ((2 * beta) ** 0.5 - beta**0.5) / k - (width / k) ** 0.5
    assert corwin_schultz(high, low)[0] == pytest.approx(max(2 * (np.e**alpha - 1) / (1 + np.e**alpha), 0))


def test_corwin_schultz_finds_a_planted_spread() -> None:
    draw = np.random.default_rng(0)
    steps = draw.normal(0, 0.02 / np.sqrt(390), (400, 390)).cumsum(axis=1)
    path = np.exp(steps + np.concatenate([[0], steps[:-1, -1].cumsum()])[:, None])
    side = np.where(draw.random(path.shape) < 0.5, 1 - 0.01, 1 + 0.01)
    high, low = (path * side).max(axis=1), (path * side).min(axis=1)
    assert corwin_schultz(high, low).mean() == pytest.approx(0.02, rel=0.3)


def test_roll_finds_a_planted_spread() -> None:
    draw = np.random.default_rng(0)
    mid = 100 + draw.normal(0, 0.05, 4000).cumsum()
    assert roll_spread(mid + 0.5 * np.where(draw.random(4000) < 0.5, 1, -1)) == pytest.approx(1.0 / mid[-1], rel=0.1)


def test_the_value_area_holds_seventy_per_cent_around_the_point_of_control() -> None:
    price = np.concatenate([np.full(80, 100.5), np.full(10, 90.0), np.full(10, 110.0)])
    found = profile(price, price, price, np.ones(100))
    assert found is not None
    assert found.low <= found.poc <= found.high
    assert found.low <= 100.5 <= found.high
    assert found.high - found.low < 2


def test_liquidity_without_volume_or_movement_abstains_with_the_reason() -> None:
    assert liquidity(_series(volume=False), NEW).reason == "No volume is known."
    bars = bars_of(walk(400))
    bars.volume[:] = 0
    assert liquidity(series_of(bars), NEW).reason == "No volume is known."
    assert "needed" in liquidity(_series(60), NEW).reason


# sentiment


def test_the_lexicon_counts_and_turns_negated_words() -> None:
    assert lexicon("Strong growth, no recession") == 1.0
    assert lexicon("Markets plunged on fears; losses widened") == -1.0
    assert lexicon("The committee met on Tuesday") is None


def test_news_is_heard_only_after_it_was_known_and_for_three_days() -> None:
    at = datetime(2020, 1, 10, tzinfo=UTC)
    news = News.of([Scored(at, 1.0), Scored(at + timedelta(days=1), -1.0), Scored(at, None)])
    assert news.heard("X", at - timedelta(seconds=1)) == Heard(None, 0, 0)
    assert news.heard("X", at) == Heard(1.0, 1, 0)
    heard = news.heard("X", at + timedelta(days=1))
    assert heard.tone == pytest.approx((0.5 - 1) / 1.5)
    assert heard.items == 2
    assert news.heard("X", at + timedelta(days=5)) == Heard(None, 0, 0)


def test_news_in_doubt_has_no_tone_and_news_of_another_symbol_is_not_heard() -> None:
    at = datetime(2020, 1, 10, tzinfo=UTC)
    news = News.of([Scored(at, 1.0, doubtful=True), Scored(at, -0.5, symbol="X"), Scored(at, 9.0, symbol="Y")])
    assert news.heard("X", at) == Heard(-0.5, 1, 1)
    assert news.heard("Y", at) == Heard(1.0, 1, 1)  # whoever scores, a tone stays within its bounds
    assert news.heard("Z", at) == Heard(None, 0, 1)


def test_no_news_is_no_data_and_news_moves_the_mood() -> None:
    series = _series()
    state = series.state(_as_of(series))
    quiet = sentiment(series, state, NEW, News.of([]))
    assert "no news in three days" in quiet.reason
    assert "news_tone" not in quiet.evidence
    loud = sentiment(series, state, NEW, News.of([Scored(_as_of(series), -1.0)]))
    assert loud.evidence["news_tone"] == -1.0
    doubt = sentiment(series, state, NEW, News.of([Scored(_as_of(series), None, doubtful=True)]))
    assert "1 in doubt left out" in doubt.reason
    assert doubt.model_copy(update={"reason": "", "evidence": {}}) == quiet.model_copy(update={"reason": "", "evidence": {}})


@pytest.mark.parametrize(("half", "fickle"), [(10, True), (4, False)])
def test_moods_that_mostly_turned_soften_the_next_by_a_fifth(half: int, fickle: bool) -> None:
    swings = np.repeat([1.0, -1.0], half)
    whole = series_of(bars_of(100 * np.exp(np.cumsum(np.tile(0.01 * swings, 100)[:700]))))
    spoke = []
    for n in range(640, 700):
        cut = whole.head(n)
        said = sentiment(cut, cut.state(_as_of(cut)), NEW, None)
        if not said.abstained:
            turned, before = reversals(cut, said.direction)
            assert (turned > before / 2) == fickle
            assert (said.evidence["past_reversed"], said.evidence["past_moods"]) == (turned, before)
            spoke.append(said.evidence.get("memory_factor", 1.0))
    assert spoke
    assert set(spoke) == ({0.8} if fickle else {1.0})


# wyckoff


def _swing(n: int) -> Floats:
    return 100 + np.tile(np.sin(np.arange(20) * np.pi / 10), n // 20)


def test_a_spring_and_an_upthrust_are_seen_and_their_outcomes_counted_when_known() -> None:
    close = _swing(200)
    high, low = close + 0.2, close - 0.2
    low[150], high[180] = 90.0, 110.0
    found = events(high, low, close)
    offset = len(close) - len(found)
    assert found[150 - offset] == 1
    assert found[180 - offset] == -1
    assert found[140 - offset] == 0
    assert len(outcomes(found, close)) == 2
    assert len(outcomes(found[: 185 - offset], close[:185])) == 1


def test_wyckoff_speaks_for_a_spring_and_is_silent_without_one() -> None:
    bars = bars_of(_swing(300))
    bars.high[:], bars.low[:] = bars.close + 0.2, bars.close - 0.2
    bars.open[:] = bars.close
    bars.low[-2] = 90.0
    assert wyckoff(series_of(bars), NEW).direction == 1.0
    assert wyckoff(series_of(bars.head(290)), NEW).abstained
    assert wyckoff(_series(50), NEW).abstained


# markov


def _two_moods(n: int = 1500, seed: int = 0) -> Floats:
    draw = np.random.default_rng(seed)
    wild = np.repeat(draw.random(n // 50) < 0.3, 50)
    return draw.normal(0, np.where(wild, 0.03, 0.006))


def test_the_chain_is_filtered_as_statsmodels_filters_it() -> None:
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    returns = _two_moods(800)
    fit = fit_chain(returns)
    assert fit is not None
    assert fit.transition.sum(axis=1) == pytest.approx(np.ones(3))
    assert (np.diff(fit.variance) >= 0).all()
    model = MarkovRegression(returns, k_regimes=3, switching_variance=True)
    moving = fit.transition.T[:, :2].ravel(order="F")
    params = np.zeros(12)
    names = model.param_names
    for k, name in enumerate(names):
        if name.startswith("p["):
            params[k] = fit.transition[int(name[2]), int(name[5])]
        elif name.startswith("const"):
            params[k] = fit.mean[int(name[6])]
        else:
            params[k] = fit.variance[int(name[7])]
    assert len(moving) == 6
    reference = np.asarray(model.filter(params).filtered_marginal_probabilities)
    ours = filter_forward(fit, reference[400], returns[401:])
    assert ours == pytest.approx(reference[401:], abs=1e-9)


def test_names_keep_their_meaning_when_more_data_comes() -> None:
    returns = _two_moods(1500)
    first, second = fit_chain(returns[:1000]), fit_chain(returns)
    assert first is not None
    assert second is not None
    assert first.variance[2] == pytest.approx(second.variance[2], rel=0.5)


def test_a_chain_that_changes_more_than_it_was_fitted_to_is_believed_less() -> None:
    fit = fit_chain(_two_moods(1500))
    assert fit is not None
    calm, wild = Path(np.array([0.9, 0.05, 0.05]), (0,) * 61), Path(np.array([0.9, 0.05, 0.05]), (0, 2) * 30)
    assert (calm.changes, wild.changes) == (0, 59)
    assert calm.expected(fit) == pytest.approx(60 * (1 - fit.transition[0, 0]))
    drifting = replace(fit, mean=np.array([0.01, 0.0, 0.0]))
    quiet, restless = (_say(drifting, path, NEW) for path in (calm, wild))
    assert restless.confidence == pytest.approx(0.8 * quiet.confidence)
    assert "were to be expected" in restless.reason
    row = [quiet.evidence[f"calm_to_{name}"] for name in NAMES]
    assert sum(row) == pytest.approx(1.0)
    assert quiet.evidence["duration"] == pytest.approx(1 / (1 - row[0]))


def test_constant_returns_have_no_regimes() -> None:
    assert fit_chain(np.zeros(600)) is None


# the panel


def test_a_cut_series_gives_the_same_votes_as_the_whole_one_went_through_bar_by_bar() -> None:
    whole = series_of(bars_of(100 * np.exp(np.cumsum(_two_moods(1500))), seed=2))
    going, spoke = Panel(), set()
    for n in range(1200, 1400, 20):
        cut = whole.head(n)
        state = cut.state(_as_of(cut))
        seen: list[Vote] = going(cut, state, {})
        fresh = series_of(whole.bars.head(n))
        assert seen == Panel()(fresh, state, {})
        assert [v.voter for v in seen] == list(VOTERS)
        assert all(v.reason for v in seen)
        spoke |= {v.voter for v in seen if not v.abstained}
    assert {"sentiment", "momentum"} <= spoke


def test_markov_waits_for_a_stamp_with_enough_before_it() -> None:
    assert "500 needed" in Markov()(_series(450), NEW).reason
