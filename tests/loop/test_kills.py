"""Killed at any moment, between sending and hearing too, the loop goes on as if it had not been: the same orders, each once."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import agent.loop.runner
import memory_db.journal
from agent.backtest.plan import Plan, TimeRange
from agent.brokers.simulated import SimulatedVenue
from agent.cycle.history import closed_trades, record_documents
from agent.domain import CycleRecord
from agent.feeds.quotes import Recorded, RecordedQuotes
from agent.loop.doors import replay
from agent.loop.stop import Stop
from agent.market.bars import ARRAYS, Bars
from agent.market.feed import read_bars
from agent.settings import Brokering, Settings
from agent.wiring.arms import ARMS
from agent.wiring.desks import broker_for
from agent.wiring.homes import open_journal, run_folder
from agent.wiring.recorded import prepared
from tests.cycle.build import SETTINGS
from tests.market.build import walk

SYMBOLS = ("ADAUSDT", "BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
PLACES: tuple[tuple[object, str], ...] = (
    (agent.loop.runner, "settle_bar"),
    (agent.loop.runner, "decide_symbol"),
    (agent.loop.runner, "watch"),
    (memory_db.journal, "write_head"),
    (memory_db.journal, "flush"),
    (SimulatedVenue, "place"),
    (SimulatedVenue, "_keep"),
    (SimulatedVenue, "executions"),
)
FREE = {"fee_bps": 0.0, "slippage_bps": 0.0}
RUN = "killed"


def plan_of(bars: list[Bars], settings: Settings = SETTINGS) -> Plan:
    settings = settings.model_copy(update={"broker": Brokering(venue="simulated")})
    return Plan(ARMS["full"], prepared(bars, settings), TimeRange(), "none", settings)


def restless() -> Settings:
    """A trader that goes by stated confidences and pays no costs: kills between sending and hearing need orders to fall on."""
    learning = SETTINGS.learning.model_copy(update={"prior": 1e9})
    return SETTINGS.model_copy(update={"learning": learning, "costs": SETTINGS.costs.model_copy(update=FREE)})


def made_up(bars: int) -> list[Bars]:
    return [five_minutes(s, i, bars) for i, s in enumerate(SYMBOLS, 1)]


def real_quarter(days: int = 91) -> list[Bars]:
    """Three markets' first months of 2024, and two of them again as they went from May on, moved to the same days."""
    folder = os.environ.get("TRADECRAFT_DATA")
    if not folder:
        pytest.skip("TRADECRAFT_DATA does not name the folder of recorded market data")
    first, warm = np.datetime64("2024-01-05", "ns"), np.timedelta64(4, "D")
    found = []
    for symbol, name, later in (
        ("ADAUSDT", "BTCUSDT", 120), ("BTCUSDT", "BTCUSDT", 0), ("ETHUSDT", "ETHUSDT", 0),
        ("SOLUSDT", "ETHUSDT", 120), ("XRPUSDT", "XRPUSDT", 0),
    ):  # fmt: skip
        bars, _ = read_bars(Path(folder) / "binance-2024" / f"{name}-5m.parquet")
        moved = np.timedelta64(later, "D")
        at = (bars.start >= first - warm + moved) & (bars.start < first + moved + np.timedelta64(days, "D"))
        cut = {name: getattr(bars, name)[at] for name in ARRAYS}
        found.append(Bars(symbol, "5m", bars.start[at] - moved, **cut))
    return found


def five_minutes(symbol: str, seed: int, bars: int) -> Bars:
    """A random walk of 5-minute bars with volume."""
    close = np.array(walk(bars, seed=seed), dtype=np.float64)
    opened = np.concatenate([[close[0]], close[:-1]])
    rng = np.random.default_rng(seed)
    high = np.maximum(opened, close) * (1 + 0.004 * rng.random(bars))
    low = np.minimum(opened, close) * (1 - 0.004 * rng.random(bars))
    start = np.datetime64("2024-01-01", "ns") + np.arange(bars) * np.timedelta64(5, "m")
    ones = np.ones(bars)
    return Bars(symbol, "5m", start, opened, high, low, close, ones * 1e9, ones, ones, np.zeros(bars))


class Doom:
    """Counts the moments a process passes, and kills it at one of them, before or after what happens there."""

    def __init__(self, at: int | None) -> None:
        self.count, self.at = 0, at

    @contextmanager
    def over(self) -> Iterator[None]:
        real = [(owner, name, getattr(owner, name)) for owner, name in PLACES]
        for owner, name, function in real:
            setattr(owner, name, self._watched(function))
        try:
            yield
        finally:
            for owner, name, function in real:
                setattr(owner, name, function)

    def _watched(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.pass_by()
            done = real(*args, **kwargs)
            self.pass_by()
            return done

        return call

    def pass_by(self) -> None:
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def nothing(record: CycleRecord) -> None:
    """Nobody watches."""


def quotes_of(plan: Plan) -> dict[str, Recorded]:
    """Two quotes inside each bar of every symbol."""
    found = {}
    for name, series in plan.series.items():
        bars, rng = series.bars, np.random.default_rng(len(name))
        at = (bars.start[:, None] + rng.integers(1, 299, (len(bars), 2)).cumsum(1) // 2 * np.timedelta64(1, "s")).ravel()
        bid = (bars.low[:, None] + rng.random((len(bars), 2)) * (bars.high - bars.low)[:, None]).ravel()
        found[name] = Recorded(at, bid, bid * 1.0001)
    return found


def live_through(home: Path, plan: Plan, doom: Doom, quoted: bool = False) -> None:
    quotes = RecordedQuotes(quotes_of(plan)) if quoted else None
    with doom.over(), replay(home, RUN, plan, 0.0, Stop(home), nothing, quotes=quotes) as (loop, begin):
        loop.run(begin)


def killed(home: Path, plan: Plan, at: int, quoted: bool = False) -> bool:
    """Live through it in a process that dies at a moment; False when it came to its end before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of the test runner stay behind
        pid = os.fork()
    if pid == 0:
        try:
            live_through(home, plan, Doom(at), quoted)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def outcome(home: Path, plan: Plan) -> dict[str, Any]:
    """All that must not depend on being killed."""
    venue = broker_for(run_folder(home, RUN), plan.settings).venue.venue  # type: ignore[attr-defined]
    with open_journal(home, RUN) as journal:
        assert journal.verify() == []
        records = record_documents(journal)
        return {
            "decisions": [(r["id"], r["decision"], r["order"] and r["order"]["client_id"]) for r in records],
            "exits": [(r["id"], [(o["position"], o["exit_bar"], o["reason"], o["r"]) for o in r["outcomes"]]) for r in records],
            "trades": [(t.position, t.closed_at, t.exit_price, t.reason) for t in closed_trades(journal)],
            "equity": records[-1]["book"]["equity"],
            "venue": {s: (venue.ledger(s).taken, venue.ledger(s).digest) for s in SYMBOLS},
        }


def check_kills(tmp_path: Path, plan: Plan, kills: int, quoted: bool = False) -> None:
    whole = Doom(None)
    live_through(tmp_path / "whole", plan, whole, quoted)
    expected = outcome(tmp_path / "whole", plan)
    assert len(expected["trades"]) > max(3, kills // 5)
    assert any(closed.timestamp() % 300 for _, closed, _, _ in expected["trades"]) == quoted  # quotes end trades within bars
    rng = np.random.default_rng(len(next(iter(plan.series.values())).bars))
    apart = whole.count // (kills + 1)  # so that the last one, too, comes before the end
    for _ in range(kills):
        assert killed(tmp_path / "killed", plan, int(rng.integers(1, apart)), quoted)
    live_through(tmp_path / "killed", plan, Doom(None), quoted)
    assert outcome(tmp_path / "killed", plan) == expected


@pytest.mark.parametrize("quoted", [False, True])
def test_six_kills_change_no_order_lose_none_and_send_none_twice(tmp_path: Path, quoted: bool) -> None:
    check_kills(tmp_path, plan_of(made_up(350)), 6, quoted)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_hundred_kills_change_no_order_lose_none_and_send_none_twice(tmp_path: Path) -> None:
    check_kills(tmp_path, plan_of(made_up(2_300), restless()), 100)


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.timeout(10_800)
def test_a_real_quarter_of_five_minutes_killed_a_hundred_times_trades_as_if_it_had_not_been(tmp_path: Path) -> None:
    check_kills(tmp_path, plan_of(real_quarter(), restless()), 100)
