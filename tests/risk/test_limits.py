"""The last wall: whatever a signal says, no more than this reaches a venue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Action, Position, Signal
from agent.risk.limits import Standing, inside, limit
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


def _drawn(rng: np.random.Generator) -> Standing:
    """A book that is now and then in trouble."""

    def seldom(value: Any, otherwise: Any = None) -> Any:
        return value if rng.random() < 0.08 else otherwise

    return standing(
        equity=float(rng.uniform(1e3, 1e6)),
        exposure=float(rng.uniform(0, 0.6)),
        drawdown=float(rng.uniform(0, 0.3)),
        daily_loss=float(rng.uniform(0, 0.04)),
        weekly_loss=float(rng.uniform(0, 0.08)),
        position=seldom(position()),
        cooldown=seldom(2, 0),
        halted=seldom("a person said so"),
        entries_stopped=seldom("a person said so"),
        symbol=str(rng.choice(["AAA", "BBB", "AAA", "BBB", "CCC"])),
        at=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=int(rng.integers(0, 366 * 1440))),
        symbol_exposure=float(rng.uniform(0, 0.3)),
        correlated=float(rng.uniform(0, 0.5)),
        liquid=float(rng.uniform(0, 30)) if rng.random() < 0.5 else None,
        jump=float(rng.uniform(0, 0.3)),
        orders_minute=int(rng.integers(0, 12)),
        price=100.0,
        venue=seldom("the venue cannot be reached"),
    )


STRICT = Limits(
    max_weekly_loss=0.06, max_symbol=0.4, max_correlated=0.6, max_leverage=0.9, max_liquidity_share=0.05, max_jump=0.25,
    max_risk=0.02, max_orders_minute=10, symbols=("AAA", "BBB"),
    sessions=("mon-fri 08:00-20:00", "sun 22:00-06:00"), allow_short=True,
)  # fmt: skip


def _blocked(s: Standing, limits: Limits) -> bool:
    """Whether a person reading the limits would let no entry through at all."""
    open_now = any(inside(text, s.at) for text in limits.sessions) if limits.sessions and s.at else True
    return bool(
        s.halted or s.entries_stopped or s.venue or s.position or s.cooldown or not s.can_short
        or s.daily_loss >= limits.max_daily_loss or s.weekly_loss >= limits.max_weekly_loss or s.drawdown >= limits.max_drawdown
        or s.jump > limits.max_jump or s.orders_minute >= limits.max_orders_minute or not open_now
        or (limits.symbols and s.symbol not in limits.symbols)
    )  # fmt: skip


def _room(s: Standing, stop: float) -> float:
    """The largest entry, with its stop at such a share of the price, that every limit has room for."""
    return max(0.0, min(
        STRICT.max_risk / stop,
        STRICT.max_position, STRICT.max_exposure - s.exposure, STRICT.max_leverage - s.exposure,
        STRICT.max_symbol - s.symbol_exposure, STRICT.max_correlated - s.correlated,
        9 if s.liquid is None else STRICT.max_liquidity_share * s.liquid,
    ))  # fmt: skip


def check_books(count: int) -> None:
    """Over random books and signals: no limit is exceeded, what is within all of them trades whole, exits always work."""
    rng = np.random.default_rng(count)
    clear = traded = 0
    for _ in range(count):
        s, side, size = _drawn(rng), str(rng.choice(["buy", "sell"])), float(rng.uniform(0.001, 1.0))
        sign, stop = 1 if side == "buy" else -1, float(rng.uniform(0.01, 0.2))
        wish = signal(side, sign * size).model_copy(update={"stop": 100 * (1 - sign * stop)})  # type: ignore[arg-type]
        decision, clamps = limit(wish, s, STRICT)
        made, room = abs(decision.size), _room(s, stop)
        assert limit(signal("close"), s, STRICT)[0].action == "close"
        assert (made > 0) == (decision.action == side)
        assert made <= min(size, room) + 1e-12
        assert made == 0 or not _blocked(s, STRICT)
        assert made == size or clamps  # nothing vanishes without a reason
        if not _blocked(s, STRICT) and size <= room:
            clear += 1
            traded += made == (size / 2 if s.drawdown >= STRICT.drawdown_throttle else size)
    assert clear > count / 100
    assert traded == clear  # at least half is what is asked of it; nothing within the limits is held back


def test_no_random_book_exceeds_a_limit_and_what_is_within_them_trades() -> None:
    check_books(2_000)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_no_book_of_a_hundred_thousand_exceeds_a_limit() -> None:
    check_books(100_000)


@pytest.mark.parametrize(
    ("session", "at", "expected"),
    [
        ("mon-fri 14:30-21:00", "2024-06-12T14:30", True),
        ("mon-fri 14:30-21:00", "2024-06-12T21:00", False),
        ("mon-fri 14:30-21:00", "2024-06-15T15:00", False),
        ("sun 22:00-06:00", "2024-06-17T05:59", True),
        ("sun 22:00-06:00", "2024-06-17T06:00", False),
        ("fri-mon 00:00-24:00", "2024-06-16T12:00", True),
        ("fri-mon 00:00-24:00", "2024-06-18T12:00", False),
    ],
)
def test_sessions_are_read_as_a_person_reads_them(session: str, at: str, expected: bool) -> None:
    assert inside(session, datetime.fromisoformat(at).replace(tzinfo=UTC)) is expected


def test_no_entry_risks_more_between_price_and_stop_than_the_limit_whatever_sized_it() -> None:
    wish = signal("buy", 0.4).model_copy(update={"stop": 95.0})
    limits = Limits(max_risk=0.01)
    decision, clamps = limit(wish, standing(price=100.0), limits)
    assert decision.size == pytest.approx(0.2)
    assert clamps[-1].limit == "max_risk"
    assert limit(wish, standing(price=100.0), Limits())[0].size == 0.4
