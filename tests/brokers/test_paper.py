"""The paper broker: what a user's account would say after these bars."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.brokers.fills import Bar
from agent.brokers.paper import PaperBroker, Settlement
from agent.domain import Side
from agent.market.instrument import instrument
from agent.settings import Costs
from tests.brokers.build import CASH, DAY, FIRST, FREE, INDEX, SIDES, bar, broker, entry, flat, leaving, paths, priced, spaces

COSTLY = Costs(fee_bps=10, slippage_bps=20, borrow_annual=0.05)


def _run(account: PaperBroker, bars: list[Bar], kind: Any = INDEX) -> Settlement:
    return account.settle(kind.symbol, kind, bars)


def test_entry_fills_at_the_next_open_with_slippage_and_fee() -> None:
    account = broker(COSTLY)
    account.submit(entry())
    (fill,) = _run(account, [bar(0, 50, 60, 45, 55)]).fills
    assert fill.price == pytest.approx(50 * 1.002)
    assert fill.fee == pytest.approx(10 * 50.1 * 0.001)
    assert account.account.cash == pytest.approx(CASH - 501 - 0.501)
    assert account.account.equity == pytest.approx(CASH - 501 - 0.501 + 550)


def test_entry_decided_on_a_bar_is_not_filled_on_it() -> None:
    account = broker()
    _run(account, [flat(0, 50)])
    account.submit(entry())
    assert not account.positions
    assert account.waiting_exposure() == 0.1


@pytest.mark.parametrize(
    ("day", "price", "reason"),
    [
        ((91, 92, 88, 90), 91.0, "stop"),
        ((99, 130, 94, 100), 95.0, "stop"),
        ((113, 114, 112, 113), 113.0, "target"),
        ((100, 112, 99, 111), 110.0, "target"),
    ],
)
def test_long_leaves_at_level_or_gap_with_the_stop_first(
    day: tuple[float, float, float, float], price: float, reason: str
) -> None:
    account = broker()
    account.submit(entry(stop_distance=5, target_distance=10))
    (outcome,) = _run(account, [flat(0, 100), bar(1, *day)]).outcomes
    assert (outcome.exit_price, outcome.reason) == (price, reason)
    assert outcome.r == pytest.approx((price - 100) / 5)
    assert account.account.cash == pytest.approx(CASH + 10 * (price - 100))


def test_entry_bar_may_stop_out_what_it_opened() -> None:
    account = broker()
    account.submit(entry(stop_distance=5, target_distance=10))
    done = _run(account, [bar(0, 100, 111, 94, 105)])
    assert [o.reason for o in done.outcomes] == ["stop"]
    assert done.outcomes[0].bars_held == 1
    assert len(done.fills) == 2
    assert not account.positions


@pytest.mark.parametrize("holding", [1, 3])
def test_max_bars_leaves_at_the_close_of_that_bar_the_entry_bar_counted(holding: int) -> None:
    account = broker()
    account.submit(entry(max_bars=holding))
    (outcome,) = _run(account, [flat(i, 100 + i) for i in range(5)]).outcomes
    assert (outcome.exit_price, outcome.bars_held, outcome.reason) == (100 + holding - 1, holding, "time")
    assert outcome.closed_at == FIRST + holding * DAY


def test_close_order_leaves_at_the_next_open_before_the_stop_and_owns_its_fill() -> None:
    account = broker()
    account.submit(entry(stop_distance=5))
    _run(account, [flat(0, 100)])
    account.submit(leaving())
    done = _run(account, [bar(1, 99, 99, 50, 60)])
    assert (done.outcomes[0].exit_price, done.outcomes[0].reason) == (99, "signal")
    assert (done.fills[0].client_id, done.fills[0].decision) == ("out-SP500", "out-SP500")


def test_close_order_without_a_position_does_nothing() -> None:
    account = broker()
    account.submit(leaving())
    assert _run(account, [flat(0, 100)]) == Settlement()
    assert account.account.cash == CASH


def test_split_with_an_open_position_changes_no_money() -> None:
    account = broker()
    account.submit(entry(stop_distance=10, target_distance=50))
    _run(account, [flat(0, 100)])
    _run(account, [bar(1, 25.5, 26, 25, 25.5, split=4.0)])
    position = account.positions["SP500"]
    assert (position.quantity, position.entry_price, position.stop, position.target) == (Decimal(40), 25, 22.5, 37.5)
    assert account.account.equity == pytest.approx(CASH + 20)
    (outcome,) = _run(account, [bar(2, 25, 25, 22, 22)]).outcomes
    assert outcome.r == pytest.approx(-1.0)


def test_split_with_a_waiting_order_fills_the_same_value() -> None:
    account = broker()
    account.submit(entry(quantity="10", stop_distance=10, target_distance=20))
    _run(account, [flat(0, 50, split=2.0)])
    position = account.positions["SP500"]
    assert (position.quantity, position.stop, position.target) == (Decimal(20), 45, 60)


def test_reverse_split_with_a_waiting_order_of_whole_shares_fills_whole_shares() -> None:
    account, kind = broker(), instrument("ACME", "1d")
    account.submit(entry("ACME", quantity="49"))
    _run(account, [flat(0, 4900, split=1 / 49)], kind)
    assert account.positions["ACME"].quantity == 1


@pytest.mark.parametrize(("side", "income"), [("buy", 15.0), ("sell", -15.0)])
def test_dividend_pays_the_long_and_costs_the_short(side: Side, income: float) -> None:
    account = broker()
    account.submit(entry(side=side))
    _run(account, [flat(0, 100), flat(1, 98.5, dividend=1.5)])
    account.submit(leaving(side="sell" if side == "buy" else "buy"))
    (outcome,) = _run(account, [flat(2, 98.5)]).outcomes
    assert outcome.income == income
    assert outcome.pnl == pytest.approx(0.0)
    assert account.account.cash == pytest.approx(CASH)


def test_dividend_after_a_split_counts_the_new_shares() -> None:
    account = broker()
    account.submit(entry())
    _run(account, [flat(0, 100), flat(1, 49, split=2.0, dividend=1.0)])
    assert account.positions["SP500"].income == 20.0


def test_dividend_on_the_entry_bar_is_not_ours() -> None:
    account = broker()
    account.submit(entry())
    _run(account, [flat(0, 100, dividend=2.0)])
    assert account.positions["SP500"].income == 0.0


def test_volume_caps_an_entry_and_never_an_exit() -> None:
    account = broker()
    account.submit(entry(max_bars=2))
    done = _run(account, [flat(0, 100, volume=420.0), flat(1, 100, volume=1.0)])
    assert [fill.quantity for fill in done.fills] == [Decimal("4.2"), Decimal("4.2")]


def test_bar_without_trading_refuses_the_entry_with_its_reason() -> None:
    account = broker()
    account.submit(entry())
    done = _run(account, [flat(0, 100, volume=0.0)])
    assert "no volume" in done.refusals[0].reason
    assert not account.positions
    assert not account.pending


def test_lots_round_an_entry_down() -> None:
    account = broker()
    account.submit(entry(quantity="10.7"))
    _run(account, [flat(0, 100)], priced(INDEX, lot=Decimal(1)))
    assert account.positions["SP500"].quantity == 10


def test_short_pays_borrow_for_every_bar_it_is_held_over() -> None:
    account = broker(FREE.model_copy(update={"borrow_annual": 0.252}))
    account.submit(entry(side="sell", max_bars=5))
    (outcome,) = _run(account, [flat(i, 100) for i in range(5)]).outcomes
    assert outcome.fees == pytest.approx(5 * 10 * 100 * 0.001)
    assert outcome.pnl == pytest.approx(-outcome.fees)
    assert account.account.cash == pytest.approx(CASH - outcome.fees)


def test_second_order_for_a_symbol_is_refused_and_the_same_one_is_one() -> None:
    account = broker()
    assert account.submit(entry()) is None
    assert account.submit(entry()) is None
    refusal = account.submit(entry(client_id="other"))
    assert refusal is not None
    assert "already waiting" in refusal.reason
    assert len(_run(account, [flat(0, 100)]).fills) == 1


def test_entry_beside_an_open_position_is_refused() -> None:
    account = broker()
    account.submit(entry())
    _run(account, [flat(0, 100)])
    account.submit(entry(client_id="again"))
    assert "already has a position" in _run(account, [flat(1, 100)]).refusals[0].reason


def test_excursion_of_a_stopped_trade_ends_where_the_trade_did() -> None:
    account = broker()
    account.submit(entry(stop_distance=5, target_distance=20))
    (outcome,) = _run(account, [bar(0, 100, 104, 98, 102), bar(1, 101, 130, 60, 70)]).outcomes
    assert outcome.mae == pytest.approx(-1.0)
    assert outcome.mfe == pytest.approx(0.8)


def test_excursion_of_a_reached_target_is_no_better_than_the_target() -> None:
    account = broker()
    account.submit(entry(side="sell", stop_distance=5, target_distance=10))
    (outcome,) = _run(account, [bar(0, 100, 102, 99, 100), bar(1, 100, 103, 50, 60)]).outcomes
    assert outcome.mae == pytest.approx(-0.6)
    assert outcome.mfe == pytest.approx(2.0)


@pytest.mark.parametrize(("close", "grade"), [(97.5, "success"), (97.4999, "partial"), (95.0, "failure"), (94.0, "failure")])
def test_grade_follows_net_r(close: float, grade: str) -> None:
    account = broker()
    account.submit(entry(stop_distance=5, max_bars=1))
    (outcome,) = _run(account, [bar(0, 95, 98, 93, close)]).outcomes
    assert outcome.grade == grade


def test_peak_and_day_are_taken_between_bars_never_between_two_symbols_of_one() -> None:
    account, other = broker(), instrument("NASDAQ", "1d")
    for symbol in ("SP500", "NASDAQ"):
        account.submit(entry(symbol, quantity="500"))
    for i, (one, two) in enumerate([(100, 100), (110, 90), (100, 100)]):
        _run(account, [flat(i, one)])
        _run(account, [flat(i, two)], other)
        assert account.account.equity == pytest.approx(CASH)
        assert account.book().drawdown == pytest.approx(0.0)
        assert account.account.day_equity == pytest.approx(CASH)


def test_drawdown_is_measured_from_the_highest_close() -> None:
    account = broker()
    account.submit(entry(quantity="1000"))
    _run(account, [flat(0, 100), flat(1, 120), flat(2, 90)])
    assert account.book().drawdown == pytest.approx(1 - 90 / 120)
    _run(account, [flat(3, 150)])
    assert account.book().drawdown == 0.0


def test_symbol_that_catches_up_does_not_turn_the_day_back() -> None:
    account, other = broker(), instrument("NASDAQ", "1d")
    account.submit(entry(quantity="500"))
    _run(account, [flat(0, 100), flat(1, 100), flat(2, 90)])
    _run(account, [flat(i, 50) for i in range(3)], other)
    assert account.account.day == (FIRST + 2 * DAY).date().isoformat()
    assert account.account.day_equity == pytest.approx(CASH)


ACTIONS = st.lists(st.tuples(st.booleans(), SIDES, st.integers(1, 40), st.integers(1, 6)), min_size=12, max_size=12)


def _act(account: PaperBroker, i: int, action: tuple[bool, Side, int, int]) -> None:
    """Enter where there is no position, else sometimes leave."""
    acts, side, quantity, holding = action
    position = account.positions.get("SP500")
    if not acts or "SP500" in account.pending:
        return
    if position is None:
        order = entry(side=side, quantity=str(quantity), stop_distance=3.0, target_distance=4.0, max_bars=holding)
        account.submit(order.model_copy(update={"client_id": f"in-{i}", "decision": f"in-{i}"}))
    else:
        order = leaving(side="sell" if position.side == "buy" else "buy", quantity=str(position.quantity))
        account.submit(order.model_copy(update={"client_id": f"out-{i}", "decision": f"out-{i}"}))


def _with_actions(bars: list[Bar], seed: int) -> list[Bar]:
    """Give some bars a split or a dividend; prices follow the split."""
    rng, scale, out = np.random.default_rng(seed), 1.0, []
    for one in bars:
        split = float(rng.choice([1.0, 1.0, 1.0, 2.0, 0.5]))
        scale /= split
        prices = {name: getattr(one, name) * scale for name in ("open", "high", "low", "close")}
        dividend = float(rng.choice([0.0, 0.0, 0.3])) * scale
        out.append(bar((one.start - FIRST).days, *prices.values(), split=split, dividend=dividend))
    return out


@given(bars=paths(), actions=ACTIONS, seed=st.integers(0, 1000), at=st.integers(0, 11))
def test_restored_broker_goes_on_exactly(bars: list[Bar], actions: list[tuple[bool, Side, int, int]], seed: int, at: int) -> None:
    bars = _with_actions(bars, seed)
    steady, restarted = broker(COSTLY), broker(COSTLY)
    for i, one in enumerate(bars):
        assert _run(steady, [one]) == _run(restarted, [one])
        _act(steady, i, actions[i])
        _act(restarted, i, actions[i])
        if i == at:
            held = json.loads(json.dumps(spaces(restarted.snapshot("SP500"))))
            restarted = broker(COSTLY)
            restarted.restore(held)
    assert steady.snapshot("SP500") == restarted.snapshot("SP500")
    assert steady.book() == restarted.book()


@given(bars=paths(), actions=ACTIONS, seed=st.integers(0, 1000))
def test_equity_changes_by_closed_and_open_profit_and_nothing_else(
    bars: list[Bar], actions: list[tuple[bool, Side, int, int]], seed: int
) -> None:
    account, earned = broker(COSTLY), 0.0
    for i, one in enumerate(_with_actions(bars, seed)):
        earned += sum(outcome.pnl for outcome in _run(account, [one]).outcomes)
        unrealised = sum(
            (1 if p.side == "buy" else -1) * float(p.quantity) * (p.last - p.entry_price) - p.fees + p.income
            for p in account.positions.values()
        )
        assert account.account.equity - CASH == pytest.approx(earned + unrealised, abs=1e-4)
        _act(account, i, actions[i])


@given(bars=paths(), actions=ACTIONS)
def test_bars_settled_one_by_one_or_together_end_the_same(bars: list[Bar], actions: list[tuple[bool, Side, int, int]]) -> None:
    together, single = broker(COSTLY), broker(COSTLY)
    for account in (together, single):
        _act(account, 0, (True, *actions[0][1:]))
    _run(together, bars)
    for one in bars:
        _run(single, [one])
    assert together.snapshot("SP500") == single.snapshot("SP500")
