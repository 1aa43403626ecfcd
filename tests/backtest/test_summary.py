"""The summary across quarters: a voter that got worse shows where, and a symbol that earned nothing shows it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from agent.backtest.plan import chunk_name
from agent.backtest.summary import by_symbol, trend
from agent.cycle.history import closed_trades
from tests.cycle.build import READY, desk_at, known, run


def test_trend_adds_up_to_each_voters_whole_record(home: Path) -> None:
    with desk_at(home) as desk:
        run(desk, READY, READY + 150)
        rows = trend(desk.memory.journal, lambda moment: chunk_name(moment, "month"))
        record = desk.voters.record("all", "momentum")
    own = [row for row in rows if row["voter"] == "momentum"]
    assert len(own) > 2
    assert sum(row["n"] for row in own) == record.n
    assert sum(row["n"] * row["brier"] for row in own) == pytest.approx(record.brier)
    assert sum(row["n"] * row["hit_rate"] for row in own) == pytest.approx(record.hits)
    assert [row["chunk"] for row in own] == sorted(row["chunk"] for row in own)


def test_symbols_share_the_whole_result_between_them(home: Path) -> None:
    with desk_at(home) as desk:
        run(desk, READY, READY + 150)
        trades = closed_trades(desk.memory.journal)
    days = [known(i) - timedelta(days=1) for i in range(READY, READY + 150)]
    (row,) = by_symbol(trades, days, 100_000.0, 252.0)
    assert row["pnl"] == pytest.approx(sum(trade.pnl for trade in trades))
    assert (row["sharpe"] > 0) == (row["pnl"] > 0)
    assert by_symbol([], days, 100_000.0, 252.0) == []
