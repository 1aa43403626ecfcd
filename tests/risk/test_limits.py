"""The last wall: whatever a signal says, no more than this reaches a venue."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Action, Position, Signal
from agent.risk.limits import Standing, limit
from agent.settings import Limits

SHORTS = Limits(allow_short=True)
WHEN = datetime(2020, 1, 6, tzinfo=UTC)


def signal(action: Action, size: float = 0.2) -> Signal:
    side = action if action in ("buy", "sell") else None
    return Signal(side=side, action=action, confidence=0.8, size=size, stop=None, target=None, horizon=5, thesis="x")


def standing(**more: Any) -> Standing:
    calm = {"equity": 1e5, "exposure": 0.0, "drawdown": 0.0, "daily_loss": 0.0, "position": None}
    return Standing.model_validate(calm | more)


def position() -> Position:
    return Position(
        id="p", decision="p", symbol="SP500", side="buy", quantity=Decimal(1), entry_price=100, entry_bar=WHEN, stop=None,
        target=None, max_bars=None, bars_held=1, risk=5, fees=0, worst=100, best=100, last=100,
    )  # fmt: skip


FRACTIONS = st.floats(0, 2)
SIGNALS = st.builds(
    lambda action, size: signal(action, size if action == "buy" else -size if action == "sell" else 0.0),
    st.sampled_from(["buy", "sell", "close", "hold"]),
    st.floats(0, 10),
)
STANDINGS = st.builds(
    standing,
    equity=st.floats(-1e5, 1e6),
    exposure=FRACTIONS,
    drawdown=st.floats(0, 1),
    daily_loss=st.floats(0, 1),
    position=st.sampled_from([None, position()]),
    cooldown=st.integers(0, 3),
    halted=st.sampled_from([None, "a person said so"]),
    entries_stopped=st.sampled_from([None, "a person said so"]),
    can_short=st.booleans(),
)
LIMITS = st.builds(
    Limits,
    max_position=st.floats(0.01, 1),
    max_exposure=st.floats(0.01, 1),
    max_daily_loss=st.floats(0.01, 1),
    max_drawdown=st.floats(0.01, 1),
    drawdown_throttle=st.floats(0.01, 1),
    allow_short=st.booleans(),
)


@given(wish=SIGNALS, where=STANDINGS, limits=LIMITS)
def test_decision_is_never_larger_than_the_signal_nor_on_its_other_side(wish: Signal, where: Standing, limits: Limits) -> None:
    decision, _ = limit(wish, where, limits)
    assert abs(decision.size) <= abs(wish.size)
    assert decision.size * wish.size >= 0
    assert decision.action in (wish.action, "hold")
    if wish.action in ("buy", "sell"):
        assert (decision.size != 0) == (decision.action == wish.action)


@given(wish=SIGNALS, where=STANDINGS, limits=LIMITS)
def test_decision_stays_inside_position_and_exposure(wish: Signal, where: Standing, limits: Limits) -> None:
    decision, _ = limit(wish, where, limits)
    assert abs(decision.size) <= limits.max_position
    if decision.size:
        assert where.exposure + abs(decision.size) <= limits.max_exposure + 1e-12


@given(wish=SIGNALS, where=STANDINGS, limits=LIMITS)
def test_every_reduction_is_a_clamp_that_begins_where_the_last_one_ended(wish: Signal, where: Standing, limits: Limits) -> None:
    decision, clamps = limit(wish, where, limits)
    size = abs(wish.size) if wish.action in ("buy", "sell") else 0.0
    for clamp in clamps:
        assert clamp.from_ == size
        assert clamp.to <= clamp.from_
        assert clamp.reason
        size = clamp.to
    assert size == abs(decision.size)


@given(where=STANDINGS, limits=LIMITS, action=st.sampled_from(["close", "hold", "none"]))
def test_close_hold_and_none_pass_in_any_standing(where: Standing, limits: Limits, action: Action) -> None:
    decision, clamps = limit(signal(action, 0.0), where, limits)
    assert (decision.action, decision.size, clamps) == (action, 0.0, [])


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("halt", {"halted": "a person said so"}),
        ("stop_entry", {"entries_stopped": "a person said so"}),
        ("venue", {"can_short": False}),
        ("one_position", {"position": position()}),
        ("equity", {"equity": 0.0}),
        ("max_daily_loss", {"daily_loss": 0.03}),
        ("max_drawdown", {"drawdown": 0.25}),
        ("cooldown", {"cooldown": 1}),
        ("max_exposure", {"exposure": 1.0}),
    ],
)
def test_entry_is_blocked_and_the_clamp_names_why(name: str, more: dict[str, Any]) -> None:
    decision, clamps = limit(signal("sell", -0.2), standing(**more), SHORTS)
    assert (decision.action, decision.size) == ("hold", 0.0)
    assert [clamp.limit for clamp in clamps] == [name]


def test_short_needs_a_mandate() -> None:
    assert [clamp.limit for clamp in limit(signal("sell", -0.2), standing(), Limits())[1]] == ["allow_short"]
    assert limit(signal("sell", -0.2), standing(), SHORTS)[0].size == -0.2


def test_short_is_told_by_the_action_not_by_the_side_a_signal_claims() -> None:
    sly = signal("sell", -0.2).model_copy(update={"side": "buy"})
    assert limit(sly, standing(), Limits())[0].action == "hold"
    assert limit(sly, standing(), SHORTS)[0].size == -0.2


def test_drawdown_halves_and_ceilings_cut_in_order() -> None:
    decision, clamps = limit(signal("buy", 2.0), standing(drawdown=0.1, exposure=0.7), Limits())
    assert [clamp.limit for clamp in clamps] == ["drawdown_throttle", "max_position", "max_exposure"]
    assert decision.size == pytest.approx(0.3)
