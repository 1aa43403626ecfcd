"""Small documents of a run, as plain JSON."""

from typing import Any

JSON = dict[str, Any]


def stamp(day: int) -> str:
    return f"2014-{1 + day // 28:02d}-{1 + day % 28:02d}T00:00:00Z"


def trade(symbol: str = "SP500", pnl: float = 120.0) -> JSON:
    return {
        "symbol": symbol,
        "side": "buy",
        "entry_bar": stamp(2),
        "entry_price": 100.0,
        "exit_bar": stamp(5),
        "exit_price": 100.0 + pnl / 10,
        "pnl": pnl,
        "r": pnl / 100,
        "reason": "target" if pnl > 0 else "stop",
        "quantity": "10",
        "bars_held": 3,
    }


def document(arm: str = "full", total: float = 12.3, **more: Any) -> JSON:
    """One arm with a year of equity and nothing optional."""
    return {
        "run": f"{arm}-0123456789ab",
        "arm": arm,
        "symbols": ["SP500"],
        "timerange": {"start": stamp(0), "end": stamp(300)},
        "metrics": {
            "Return [%]": total,
            "Return (Ann.) [%]": total,
            "Sharpe Ratio": 0.41,
            "Max. Drawdown [%]": -8.5,
            "# Trades": 40,
            "Win Rate [%]": 55.0,
            "Exposure Time [%]": 48.0,
        },
        "equity": [[stamp(day), 100_000.0 + 30 * day * (1 if day % 7 else -1)] for day in range(300)],
        "config_hash": "c" * 64,
        "data_hash": "d" * 64,
        **more,
    }


def comparison(against: str, value: float, low: float, high: float) -> JSON:
    return {"against": against, "difference_pct": value, "interval": [low, high], "mde_pct": 2.1, "n_days": 300}


def learned(name: str = "trend-pullback") -> JSON:
    skill = {
        "id": "s1",
        "name": name,
        "version": 1,
        "status": "active",
        "origin": "manual",
        "executions": 31,
        "success": 14,
        "partial": 3,
        "failure": 14,
        "reliability": 0.5,
        "interval": [0.34, 0.66],
        "mean_r": 0.1,
        "shadow": {"executions": 4, "mean_r": None},
    }
    voter = {
        "voter": "momentum",
        "regime": "all",
        "weight": 0.6,
        "n": 1200,
        "hit_rate": 0.53,
        "interval": [0.5, 0.56],
        "brier": 0.25,
    }
    change = {"at": stamp(9), "name": "size_factor", "from": 1.0, "to": 0.7, "reason": "losing streak", "trigger": "streak"}
    return {
        "skills": [skill, {**skill, "name": "gap-fade", "status": "retired", "reliability": 0.2, "interval": [0.1, 0.4]}],
        "voters": [voter, {**voter, "regime": "trending", "n": 0, "hit_rate": None}],
        "abstentions": [{"voter": "hedge", "asked": 1258, "abstained": 1258}],
        "regimes": [{"regime": "trending", "trades": 22, "win_rate": 0.6, "mean_r": 0.2, "interval": [-0.1, 0.5]}],
        "parameters": [change],
    }


def chunk(name: str, value: float) -> JSON:
    return {
        "name": name,
        "return_pct": value,
        "benchmark_return_pct": 2.0,
        "max_drawdown_pct": -3.0,
        "trades": 8,
        "win_rate": 0.5,
        "mean_r": None,
        "exposure_pct": 40.0,
        "decisions": 60,
        "entries": 8,
        "errors": 0,
        "memories": 120,
        "skills_active": 6,
        "weights": {"momentum": 0.6, "rsi_reversal": 0.4},
    }


def run() -> list[JSON]:
    """A whole run: the full arm with everything, itself without memory, buy-and-hold."""
    full = document(
        chunks=[chunk("2014Q1", 1.0), chunk("2014Q2", -0.5)],
        trades=[trade(), trade(pnl=-80.0)],
        learned=learned(),
        notes=["A price index."],
        costs={"fee_bps": 1.0, "slippage_bps": 3.0},
        comparisons=[comparison("no-memory", 0.4, -1.2, 2.0), comparison("buy-and-hold", -6.1, -11.0, -1.3)],
        cost_sensitivity=[{"multiple": m, "return_pct": 12.3 - 3 * m, "sharpe": 0.4} for m in (1, 2, 3)],
    )
    full["metrics"]["Sharpe Interval"] = [-0.32, 1.14]
    full["cost_sensitivity"][0]["break_even_multiple"] = 3.25
    plainer = document("no-memory", 10.1, chunks=[chunk("2014Q1", 0.4), chunk("2014Q2", 0.1)])
    return [full, plainer, document("buy-and-hold", 48.2)]


def quotes() -> dict[str, JSON]:
    return {"SP500": {"timestamps": [stamp(day) for day in range(300)], "close": [100.0 + day / 10 for day in range(300)]}}


def explanation(**more: Any) -> JSON:
    return {
        "id": "b9d6c6f0-1111-5222-8333-123456789abc",
        "symbol": "SP500",
        "as_of": stamp(3),
        "action": "buy",
        "headline": "Bought a pullback",
        "text": "Three parts agreed.",
        "contributions": [
            {"source": "base", "id": "momentum", "value": 0.3},
            {"source": "memory", "id": "25 situations", "value": -0.1},
        ],
        "memories": ["SP500 2013-02-01: +1.4 R"],
        "skills": ["trend-pullback"],
        "clamps": [],
        "outcome": None,
        **more,
    }
