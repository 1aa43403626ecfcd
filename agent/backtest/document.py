"""A run as one JSON document: figures, chunks, trades, equity, decisions, and what was learned.

Everything is read back from the run's journal; nothing is kept beside it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

import numpy as np

from agent.backtest.holding import held_equity, matched_equity
from agent.backtest.plan import Plan, chunk_name
from agent.backtest.summary import by_symbol, trend
from agent.cycle import Desk
from agent.cycle.accounts import accounts
from agent.cycle.accounts import notes as model_notes
from agent.cycle.history import closed_trades, record_documents
from agent.domain import Outcome
from agent.learn.attribution import attribution, regret, reliability, scored
from agent.learn.models import history_rows
from agent.learn.tables import abstention_rows, parameter_rows, regime_rows, voter_rows
from agent.market.bars import to_stamp
from agent.statistics.bootstrap import sharpe_interval
from agent.statistics.equity import daily_returns
from agent.statistics.metrics import metrics

Json = dict[str, Any]
DAYS = {"crypto": 365.0, "fx": 260.0, "equity": 252.0, "index": 252.0}


def document(desk: Desk, plan: Plan) -> Json:
    """The document of a walked arm."""
    records = record_documents(desk.memory.journal)
    trades = closed_trades(desk.memory.journal)
    curve = {_time(r["bar_time"]): (r["book"]["equity"], r["book"]["exposure"]) for r in records}
    stamps = sorted(curve)
    equity = [curve[s][0] for s in stamps]
    held = dict(held_equity(plan))
    exposure = [curve[s][1] for s in stamps]
    return {
        **_head(plan),
        "metrics": _metrics(plan, stamps, equity, trades, exposure, [held[s] for s in stamps]),
        "chunks": _chunks(desk, plan, records, trades, held),
        "trades": [trade.model_dump(mode="json") for trade in trades],
        "equity": [[_iso(s), value] for s, value in zip(stamps, equity, strict=True)],
        "decisions": [_decision(r) for r in records],
        **_tail(plan, model_notes(records)),
        "learned": _learned(desk, records, trades),
        "summary": {
            "trend": trend(desk.memory.journal, lambda moment: chunk_name(moment, plan.chunk)),
            "symbols": by_symbol(trades, stamps, plan.settings.cash, trading_days(plan)),
        },
        **({"model": _model(desk, plan)} if desk.mind else {}),
        "cost_sensitivity": _sensitivity(desk, plan, stamps, equity, trades),
        "abstained": sum(r["status"] == "abstained" for r in records),
        "errors": sum(r["status"] == "error" for r in records),
    }


def held_document(plan: Plan, like: Json | None = None) -> Json:
    """The document of buy-and-hold; with ``like``, of a share held that gives that document's volatility."""
    curve = held_equity(plan) if like is None else matched_equity(plan, like["equity"])
    stamps, equity = [s for s, _ in curve], [v for _, v in curve]
    return {
        **_head(plan),
        "metrics": _metrics(plan, stamps, equity, [], [1.0] * len(equity), [value for _, value in held_equity(plan)]),
        "chunks": [],
        "trades": [],
        "equity": [[_iso(s), value] for s, value in curve],
        "decisions": [],
        **_tail(plan),
    }


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _head(plan: Plan) -> Json:
    starts = [(s.bars.timestamp(0), s.bars.timestamp(-1)) for s in plan.series.values()]
    first = plan.timerange.first or min(a for a, _ in starts).date()
    last = plan.timerange.last or max(b for _, b in starts).date()
    return {
        "run": plan.run,
        "arm": plan.arm.name,
        "symbols": plan.symbols,
        "timerange": {"start": first.isoformat(), "end": last.isoformat()},
    }


def _tail(plan: Plan, more: list[str] | None = None) -> Json:
    return {
        "config_hash": plan.config_hash,
        "data_hash": plan.data_hash,
        "seed": plan.settings.seed,
        "costs": {symbol: _cost(plan, symbol) for symbol in plan.symbols},
        "notes": [*_notes(plan), *(more or [])],
    }


def _cost(plan: Plan, symbol: str) -> dict[str, float]:
    instrument, costs = plan.series[symbol].instrument, plan.settings.costs
    return {
        "fee_bps": instrument.fee_bps if costs.fee_bps is None else costs.fee_bps,
        "slippage_bps": instrument.slippage_bps if costs.slippage_bps is None else costs.slippage_bps,
    }


def _notes(plan: Plan) -> list[str]:
    notes = ["Open positions at the end are marked at the last close, not closed.", "Symbols were chosen with hindsight."]
    for symbol in plan.symbols:
        series = plan.series[symbol]
        if series.instrument.asset_class == "index":
            notes.append(f"{symbol} is a price index: dividends are missing and it cannot be traded as such.")
        if bool(np.isnan(series.bars.volume).all()):
            notes.append(f"{symbol} has no volume: the cap on a bar's volume is off.")
        rows = [i for i in range(1, len(series.bars)) if series.bars.timestamp(i) in plan.timerange]
        same = sum(series.bars.open[i] == series.bars.close[i - 1] for i in rows)
        if rows and same > 0.1 * len(rows):
            notes.append(
                f"{symbol}: {same / len(rows):.0%} of opens equal the previous close, so fills at the open are not real."
            )
    return notes


def trading_days(plan: Plan) -> float:
    """Trading days a year of the busiest of the symbols."""
    return max(DAYS[series.instrument.asset_class] for series in plan.series.values())


def _metrics(
    plan: Plan, stamps: list[datetime], equity: list[float], trades: list[Outcome], exposure: list[float], held: list[float]
) -> Json:
    times = np.array([to_stamp(s) for s in stamps])
    table: Json = dict(
        metrics(
            equity,
            times,
            trades,
            periods_per_year=trading_days(plan),
            exposure=exposure,
            benchmark=held,
            start=plan.settings.cash,
        )
    )
    spread = sharpe_interval(daily_returns(np.array(equity), times), trading_days(plan), seed=plan.settings.seed)
    table["Sharpe Interval"] = [spread.low, spread.high] if spread else None
    return table


def _decision(record: Json) -> Json:
    signal = record["signal"]
    return {
        "id": record["id"],
        "as_of": record["as_of"],
        "symbol": record["symbol"],
        "status": record["status"],
        "action": record["decision"]["action"],
        "confidence": signal["confidence"] if signal else None,
        "size": record["decision"]["size"],
    }


def _chunks(desk: Desk, plan: Plan, records: list[Json], trades: list[Outcome], held: dict[datetime, float]) -> list[Json]:
    grouped: dict[str, list[Json]] = defaultdict(list)
    for record in records:
        grouped[chunk_name(_time(record["bar_time"]), plan.chunk)].append(record)
    closed: dict[str, list[Outcome]] = defaultdict(list)
    for trade in trades:
        closed[chunk_name(trade.exit_bar, plan.chunk)].append(trade)
    snapshots = {fact.data["chunk"]: fact.data for fact in desk.memory.journal.facts(kinds=("snapshot",))}
    rows, before, carried = [], plan.settings.cash, 0
    held_before = next(iter(held.values()))
    for name, inside in grouped.items():
        row = _chunk(name, inside, closed[name], before, carried, snapshots.get(name, {}))
        last = held[_time(inside[-1]["bar_time"])]
        row["benchmark_return_pct"] = 100 * (last / held_before - 1)
        rows.append(row)
        before, held_before = inside[-1]["book"]["equity"], last
        carried = snapshots.get(name, {}).get("memories", carried)
    return rows


def _chunk(name: str, inside: list[Json], trades: list[Outcome], before: float, carried: int, snapshot: Json) -> Json:
    equity = np.array([before, *(r["book"]["equity"] for r in inside)])
    worst = float((1 - equity / np.maximum.accumulate(equity)).max())
    rs = [trade.r for trade in trades]
    wins = sum(r > 0 for r in rs)
    return {
        "name": name,
        "start": inside[0]["bar_time"],
        "end": inside[-1]["bar_time"],
        "return_pct": 100 * (float(equity[-1]) / before - 1),
        "max_drawdown_pct": -100 * worst,
        "trades": len(rs),
        "win_rate": wins / len(rs) if rs else None,
        "mean_r": sum(rs) / len(rs) if rs else None,
        "exposure_pct": 100 * float(np.mean([r["book"]["exposure"] for r in inside])),
        "decisions": len(inside),
        "entries": sum(r["order"] is not None and r["decision"]["action"] in ("buy", "sell") for r in inside),
        "errors": sum(r["status"] == "error" for r in inside),
        "memories": carried,
        "skills_active": snapshot.get("skills_active"),
        "weights": snapshot.get("weights", {}).get("all", {}),
    }


def _learned(desk: Desk, records: list[Json], trades: list[Outcome]) -> Json:
    rows = scored(desk.memory.journal)
    return {
        "skills": [row for row in desk.skills.rows() if row["kind"] == "strategy"],
        "voters": voter_rows(desk.voters),
        "abstentions": abstention_rows(records),
        "regimes": regime_rows(desk.regimes),
        "parameters": parameter_rows(desk.memory.journal),
        "forecast": history_rows(desk.memory.journal),
        "reliability": reliability(rows),
        "regret": regret(rows, desk.settings.learning),
        "by_quarter": attribution(rows, trades, "quarter"),
        "by_symbol": attribution(rows, trades, "symbol"),
        "regime_share": dict(Counter(r["state"]["regime"]["label"] for r in records if r["state"])),
    }


def _model(desk: Desk, plan: Plan) -> Json:
    """How the model's decisions came about; money is left to ``cost``, since a replay is free and otherwise the same."""
    told = accounts(desk.memory.journal, plan.settings.model)
    return {name: told[name] for name in ("calls", "usage", "cached_share", "decisions", "faults", "hold_share", "alarm")}


def _sensitivity(desk: Desk, plan: Plan, stamps: list[datetime], equity: list[float], trades: list[Outcome]) -> list[Json]:
    """The same trades at 1x, 2x and 3x cost, costs booked when a trade closed."""
    cost = {s: (c["fee_bps"] + c["slippage_bps"]) / 1e4 for s, c in ((s, _cost(plan, s)) for s in plan.symbols)}
    extra: dict[datetime, float] = defaultdict(float)
    for trade in trades:
        extra[trade.exit_bar] += float(trade.quantity) * (trade.entry_price + trade.exit_price) * cost[trade.symbol]
    booked = np.cumsum([extra.get(s, 0.0) for s in stamps])
    gained = equity[-1] - equity[0]
    rows: list[Json] = []
    for multiple in (1, 2, 3):
        curve = np.array(equity) - (multiple - 1) * booked
        table = _metrics(plan, stamps, curve.tolist(), [], [0.0] * len(equity), equity)
        rows.append({"multiple": multiple, "return_pct": table["Return [%]"], "sharpe": table["Sharpe Ratio"]})
    if booked[-1] > 0:
        rows[0]["break_even_multiple"] = 1 + gained / float(booked[-1])
    return rows
