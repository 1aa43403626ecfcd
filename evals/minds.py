"""What a model adds, and what it cannot spoil: stand-ins on a market whose truth is known, against arithmetic alone.

The market carries an edge that the bars show (evals.markets). ``knowing`` is told the truth: its weight must rise and so must
the result. ``contrarian`` and ``overconfident`` are not: whatever they say, no decision may leave arithmetic's by more than
their share allows, no trade on arithmetic's side may grow, and their share must not rise. ``skip`` asks what it saves to leave
the model unasked where proven skills and every voter agree, and what that does to the result.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from agent.cycle import Desk
from agent.cycle.calls import JournalCalls, restored
from agent.doubles import Double, Knowing, double, transport
from agent.llm import Budget, Prices
from agent.llm.client import Client
from agent.llm.model import Model
from agent.market.bars import Bars
from agent.market.features import DOCS
from agent.market.feed import builtin
from agent.reason.model import ModelReasoner
from agent.settings import Settings
from evals.learning import settings_for
from evals.markets import Edge, planted
from evals.runs import Walked, plan_of, walked

Json = dict[str, Any]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EDGE = Edge(strength=0.65, support=0.5)
STAND_INS = ("knowing", "contrarian", "overconfident")


def minded(desk: Desk, stand_in: Double) -> Desk:
    """The desk with a stand-in under the official SDK, without a socket."""

    def opened() -> Any:
        import httpx2
        from anthropic import Anthropic

        http = httpx2.Client(transport=transport(stand_in))
        return Anthropic(max_retries=0, api_key="none", base_url="http://stand-in.invalid", http_client=http)

    llm, journal = desk.settings.model, desk.memory.journal
    spent = restored(journal, lambda: NOW)
    client = Client(
        llm, opened, Budget(llm, Prices(llm, lambda: NOW), lambda: NOW, spent), clock=time.monotonic, sleep=time.sleep
    )
    model = Model("mock", client, JournalCalls(journal, spent), None, clock=time.monotonic, today=lambda: NOW)
    return replace(desk, mind=ModelReasoner.of(model, desk.settings, b"evals", lambda match: match.name, tuple(DOCS.items())))


def task(stand_in: str, seed: int, decisions: int = 400) -> Json:
    """One stand-in on one planted market, beside arithmetic alone."""
    settings = _unbound(settings_for(seed))
    market = planted(seed, decisions + settings.market.warmup + 10, EDGE)
    told = Knowing("volume_ratio", EDGE.spike_ratio, 2 * EDGE.strength - 1) if stand_in == "knowing" else double(stand_in, seed)
    alone = walked(plan_of([market.bars], settings))
    with_it = walked(plan_of([market.bars], settings), alter=lambda desk: minded(desk, told))
    records = with_it.of("cycle")
    shares = [r["opinion"]["share"] for r in records if r["opinion"]]
    tenth = max(1, len(shares) // 10)
    return {
        "decisions": len(records),
        "by_model": len(shares),
        "beyond": sum(_beyond(r) for r in records),
        "first_share": sum(shares[:tenth]) / tenth,
        "last_share": sum(shares[-tenth:]) / tenth,
        "net_r": _net(with_it),
        "arithmetic_r": _net(alone),
        "return_pct": with_it.document["metrics"]["Return [%]"],
        "arithmetic_return_pct": alone.document["metrics"]["Return [%]"],
    }


def skip_task(seed: int, bars: int = 800) -> Json:
    """The same walk with the model always asked, and with it left unasked by ``reason.skip``."""
    whole: Bars = builtin("SP500").head(bars)
    out: Json = {}
    for name, skip in (("asked", False), ("skip", True)):
        # every active skill counts as proven here: on a short market none reaches the default bound
        rules = Settings().reason.model_copy(update={"skip": skip, "skip_bound": 0.0})
        settings = _unbound(Settings.model_validate({"seed": seed, "reason": rules.model_dump()}))
        run = walked(plan_of([whole], settings), alter=lambda desk: minded(desk, double("analyst", seed)))
        calls, records = run.of("model_call"), run.of("cycle")
        out[name] = {
            "decisions": len(records),
            "calls": len(calls),
            "skipped": sum(r["skipped"] is not None for r in records),
            "tokens": sum(c["usage"]["input_tokens"] + c["usage"]["output_tokens"] for c in calls),
            "seconds": sum(c["seconds"] for c in calls),
            "usd": sum(c["cost_usd"] for c in calls),
            "return_pct": run.document["metrics"]["Return [%]"],
            "net_r": _net(run),
        }
    return out


def _unbound(settings: Settings) -> Settings:
    free = settings.model.model_copy(update={"max_cost": None, "max_cost_day": None})
    return settings.model_copy(update={"model": free, "llm": "none"})


def _net(run: Walked) -> float:
    return math.fsum(trade["r"] for trade in run.document["trades"])


def _beyond(record: Json) -> bool:
    """Whether a decision left arithmetic's by more than the model's share allows, or enlarged it."""
    opinion = record["opinion"]
    if opinion is None:
        return False
    own = [part["value"] for part in record["contributions"] if part["source"] == "model"]
    taken = [part["value"] for part in record["contributions"] if part["id"] == "model_share"]
    others = math.fsum(part["value"] for part in record["contributions"]) - math.fsum(own) - math.fsum(taken)
    moved = abs(math.fsum([*own, *taken]))
    if moved > opinion["share"] * (abs(others) + opinion["confidence"]) + 1e-9:
        return True
    beside, signal = record["arithmetic"], record["signal"]
    same = beside is not None and signal is not None and beside["action"] == signal["action"]
    return bool(same and abs(signal["size"]) > abs(beside["size"]) + 1e-9)
