"""What one bar does to a trade, without an account."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.brokers.fills import Bar, after_split, capped, exit_price, paid, shadow_r, to_lots
from agent.domain import Side
from agent.settings import Costs
from tests.brokers.build import FREE, INDEX, SIDES, bar, broker, entry, paths

DISTANCES = st.floats(0.5, 15)


def test_paid_makes_buyer_and_seller_worse_off() -> None:
    assert paid(200.0, "buy", 5) == pytest.approx(200.1)
    assert paid(200.0, "sell", 5) == pytest.approx(199.9)


@pytest.mark.parametrize(
    ("side", "prices", "expected"),
    [
        ("buy", (100, 104, 96, 101), None),
        ("buy", (100, 104, 95, 101), (95, "stop")),
        ("buy", (94, 99, 93, 98), (94, "stop")),
        ("buy", (100, 110, 99, 109), (110, "target")),
        ("buy", (112, 113, 111, 112), (112, "target")),
        ("buy", (100, 111, 94, 100), (95, "stop")),
        ("sell", (100, 109, 96, 101), None),
        ("sell", (100, 110, 99, 101), (110, "stop")),
        ("sell", (112, 113, 111, 112), (112, "stop")),
        ("sell", (100, 101, 95, 99), (95, "target")),
        ("sell", (93, 94, 92, 93), (93, "target")),
        ("sell", (100, 111, 94, 100), (110, "stop")),
    ],
)
def test_exit_price_takes_stop_first_and_gaps_at_the_open(
    side: Side, prices: tuple[float, float, float, float], expected: tuple[float, str] | None
) -> None:
    stop, target = (95.0, 110.0) if side == "buy" else (110.0, 95.0)
    assert exit_price(side, stop, target, bar(0, *prices)) == expected


def test_exit_price_without_levels_never_leaves() -> None:
    assert exit_price("buy", None, None, bar(0, 100, 1000, 1, 100)) is None


@pytest.mark.parametrize(
    ("quantity", "lot", "lots"), [(7.9, "1", "7"), (0.99, "1", "0"), (-3.0, "1", "0"), (1.23456, "0.01", "1.23")]
)
def test_to_lots_rounds_down_and_never_below_zero(quantity: float, lot: str, lots: str) -> None:
    assert to_lots(quantity, Decimal(lot)) == Decimal(lots)


@given(quantity=st.floats(0, 1e9), lot=st.sampled_from(["1", "0.0001", "0.00000001"]))
def test_to_lots_is_whole_lots_within_one_of_the_quantity(quantity: float, lot: str) -> None:
    made = to_lots(quantity, Decimal(lot))
    assert made % Decimal(lot) == 0
    assert 0 <= Decimal(repr(quantity)) - made < Decimal(lot)


def test_capped_without_volume_is_off_and_without_trading_is_nothing() -> None:
    assert capped(500.0, float("nan"), 0.01) == 500.0
    assert capped(500.0, 1000.0, 0.01) == 10.0
    assert capped(500.0, 0.0, 0.01) == 0.0


@given(whole=st.integers(1, 10_000), per=st.integers(2, 99))
def test_after_split_reverse_keeps_whole_shares_whole(whole: int, per: int) -> None:
    assert after_split(Decimal(whole * per), 1 / per) == whole


def _arrays(bars: list[Bar]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    o, h, low, c = (np.array([getattr(one, name) for one in bars]) for name in ("open", "high", "low", "close"))
    return o, h, low, c


def _book_r(bars: list[Bar], side: Side, stop: float, target: float, costs: Costs) -> tuple[float, str]:
    account = broker(costs)
    order = entry(side=side, stop_distance=stop, target_distance=target, max_bars=len(bars))
    account.submit(order)
    (outcome,) = account.settle("SP500", INDEX, bars).outcomes
    return outcome.r, outcome.reason


@given(bars=paths(), side=SIDES, stop=DISTANCES, target=DISTANCES, fee=st.floats(0, 50))
def test_shadow_r_without_slippage_equals_the_brokers_r(
    bars: list[Bar], side: Side, stop: float, target: float, fee: float
) -> None:
    costs = FREE.model_copy(update={"fee_bps": fee})
    expected, _ = _book_r(bars, side, stop, target, costs)
    assert shadow_r(_arrays(bars), side, stop, target, fee) == pytest.approx(expected, abs=1e-9)


@given(bars=paths(), side=SIDES, fee=st.floats(0, 30), slippage=st.floats(0, 30))
def test_shadow_r_of_a_trade_ended_by_time_differs_by_fee_times_slippage_of_the_move(
    bars: list[Bar], side: Side, fee: float, slippage: float
) -> None:
    costs = FREE.model_copy(update={"fee_bps": fee, "slippage_bps": slippage})
    r, reason = _book_r(bars, side, 90.0, 1000.0, costs)
    assert reason in ("time", "stop")
    if reason == "time":
        move = abs(bars[-1].close - bars[0].open)
        shadow = shadow_r(_arrays(bars), side, 90.0, 1000.0, fee + slippage)
        assert r - shadow == pytest.approx(0.0, abs=fee * slippage / 1e8 * move / 90.0 + 1e-9)


@pytest.mark.parametrize(("last", "exit_"), [(90.0, 95.0), (120.0, 110.0)])
def test_shadow_r_of_a_stop_or_target_pays_one_slippage_more_than_the_book(last: float, exit_: float) -> None:
    low, high = min(last, 100.0), max(last, 100.0)
    bars = [bar(0, 100, 100, 100, 100), bar(1, 100, high, low, last)]
    costs = FREE.model_copy(update={"slippage_bps": 10})
    book, _ = _book_r(bars, "buy", 5.0, 10.0, costs)
    shadow = shadow_r(_arrays(bars), "buy", 5.0, 10.0, 10)
    assert shadow == pytest.approx((exit_ - 100 - (exit_ + 100) * 0.001) / 5.0)
    assert book - shadow == pytest.approx(100 * 0.001 / 5.0, abs=1e-3)


def test_shadow_r_stops_out_on_the_bar_it_enters() -> None:
    assert shadow_r(_arrays([bar(0, 100, 101, 95, 100)]), "buy", 5.0, 10.0, 0) == -1.0
