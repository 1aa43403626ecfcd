"""How much a trade wants to be: a stop costs what the mandate says, less where the market is wild."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Side
from agent.risk.sizing import Condition, Exits, bounded_exits, condition, target_fraction
from agent.settings import Limits

EXITS = Exits(stop_distance=4.0, target_distance=6.0, max_bars=5)
LIMITS = Limits()


def test_target_fraction_loses_the_set_risk_at_the_stop() -> None:
    fraction = target_fraction("buy", 100.0, EXITS, None, 1.0, LIMITS)
    assert fraction * EXITS.stop_distance / 100.0 == pytest.approx(LIMITS.risk_per_trade)
    assert target_fraction("sell", 100.0, EXITS, None, 1.0, LIMITS) == -fraction


@given(one=st.floats(0.01, 3), two=st.floats(0.01, 3), side=st.sampled_from(["buy", "sell"]))
def test_target_fraction_falls_with_volatility_and_never_exceeds_the_calm_one(one: float, two: float, side: Side) -> None:
    low, high = sorted((one, two))
    sizes = [abs(target_fraction(side, 100.0, EXITS, v, 1.0, LIMITS)) for v in (None, low, high)]
    assert sizes[0] >= sizes[1] >= sizes[2] > 0


def test_target_fraction_halves_at_twice_the_target_volatility() -> None:
    calm = target_fraction("buy", 100.0, EXITS, 0.2, 1.0, LIMITS)
    assert target_fraction("buy", 100.0, EXITS, 0.4, 1.0, LIMITS) == pytest.approx(calm / 2)


def test_target_fraction_takes_the_plans_share_and_the_multiplier() -> None:
    whole = target_fraction("buy", 100.0, EXITS, None, 1.0, LIMITS)
    half = target_fraction("buy", 100.0, EXITS.model_copy(update={"fraction": 0.5}), None, 0.7, LIMITS)
    assert half == pytest.approx(whole * 0.35)


@given(stop=st.floats(1e-6, 1e3), bars=st.integers(1, 250), atr=st.floats(1e-3, 100))
def test_bounded_exits_lie_inside_the_limits_and_keep_the_rest(stop: float, bars: int, atr: float) -> None:
    wanted = Exits(stop_distance=stop, target_distance=6.0, max_bars=bars, fraction=0.5, plan="x v1")
    made = bounded_exits(wanted, atr, LIMITS)
    assert LIMITS.min_stop_atr * atr <= made.stop_distance <= LIMITS.max_stop_atr * atr
    assert made.max_bars <= LIMITS.max_bars
    if LIMITS.min_stop_atr * atr <= stop <= LIMITS.max_stop_atr * atr:
        assert made.stop_distance == stop
    assert (made.target_distance, made.fraction, made.plan) == (6.0, 0.5, "x v1")


@pytest.mark.parametrize(
    ("features", "regime", "expected"),
    [
        ({"volatility_z": 2.1}, "volatile", (0.8, 1.5, 1.3)),
        ({"volatility_z": 2.1, "p_up": 0.9, "p_down": 0.0, "adx_14": 30.0}, "trending", (0.8, 1.5, 1.3)),
        ({"volatility_z": 2.0}, "volatile", (1.0, 1.0, 1.0)),
        ({"p_up": 0.51, "p_down": 0.1, "adx_14": 26.0}, "trending", (1.2, 1.0, 1.0)),
        ({"p_up": 0.1, "p_down": 0.51, "adx_14": 26.0}, "trending", (1.0, 1.0, 1.0)),
        ({"p_up": 0.51, "p_down": 0.1, "adx_14": 26.0}, "ranging", (1.0, 1.0, 1.0)),
        ({"p_up": 0.51, "p_down": 0.1, "adx_14": 25.0}, "trending", (1.0, 1.0, 1.0)),
        ({"p_up": 0.2, "p_down": 0.2, "adx_14": 14.0}, "ranging", (1.0, 0.8, 1.0)),
        ({"p_up": 0.6, "p_down": 0.1, "adx_14": 14.0}, "ranging", (1.0, 1.0, 1.0)),
        ({"p_up": 0.2, "p_down": 0.2, "adx_14": 14.0}, "trending", (1.0, 1.0, 1.0)),
        ({"volatility_z": None, "p_up": None, "p_down": None, "adx_14": None}, None, (1.0, 1.0, 1.0)),
        ({}, "trending", (1.0, 1.0, 1.0)),
    ],
)
def test_condition_table(features: dict[str, float | None], regime: str | None, expected: tuple[float, float, float]) -> None:
    found: Condition = condition(features, regime)
    assert (found.size, found.stop, found.target) == expected
    assert (found.reason is None) == (expected == (1.0, 1.0, 1.0))
