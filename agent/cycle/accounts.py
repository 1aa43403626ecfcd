"""Accounts of a run's model: money by model, task, day and symbol, and how its decisions came about.

The day is the one the money was spent on. A run whose model holds almost always, while arithmetic would have acted, is
called by its name: that is an alarm and no judgement.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from agent.cycle.activity import extended, hold_share, passive
from agent.cycle.calls import calls_of
from agent.cycle.history import record_documents
from agent.llm import Call
from agent.settings import Llm
from memory_db.journal import Journal

Json = dict[str, Any]


def accounts(journal: Journal, settings: Llm) -> Json:
    """The document of ``tradecraft cost`` for a run."""
    calls = list(calls_of(journal))
    records = record_documents(journal)
    whole = _sum("all", calls)
    read = sum(call.usage.input_tokens for call in calls)
    decided = [r for r in records if r.get("opinion") is not None]
    spoken = max(1, len({call.decision for call in calls if call.decision}))
    return {
        "calls": len(calls),
        "cost_usd": whole["cost_usd"],
        "at_risk_usd": sum(r.get("at_risk_usd", 0.0) for r in records),
        "max_cost": settings.max_cost,
        "max_cost_day": settings.max_cost_day,
        "usage": {k: whole[k] for k in ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens")},
        "cached_share": whole["cached_tokens"] / read if read else 0.0,
        "uncached_tokens_per_decision": (read - whole["cached_tokens"] - whole["cache_write_tokens"]) / spoken,
        "cost_per_decision_usd": whole["cost_usd"] / spoken,
        "decisions": {
            "total": len(records),
            "by_model": len(decided),
            "fallback": sum(r["fallback_reason"] is not None for r in records),
            "skipped": sum(r.get("skipped") is not None for r in records),
            "holds": sum(r["opinion"]["action"] == "hold" for r in decided),
            "flagged": sum(bool(r["opinion"]["flags"]) for r in decided),
        },
        "faults": dict(Counter(r["fallback_reason"].partition(":")[0] for r in records if r["fallback_reason"]).most_common()),
        "hold_share": hold_share(_activity(decided)),
        "alarm": passive(_activity(decided)),
        "by_model": _grouped(calls, lambda call: call.model),
        "by_task": _grouped(calls, lambda call: call.task),
        "by_day": _grouped(calls, lambda call: call.spent_at.date().isoformat()),
        "by_symbol": _grouped(calls, lambda call: call.symbol or "-"),
    }


def _activity(decided: Iterable[Json]) -> str:
    """The run's activity, read from its records."""
    activity = ""
    for r in decided:
        acting = bool(r["arithmetic"]) and r["arithmetic"]["action"] in ("buy", "sell")
        activity = extended(activity, r["opinion"]["action"] == "hold", acting)
    return activity


def notes(records: Iterable[Json]) -> list[str]:
    """What a reader of a run's results must know of its models: what they may remember, what was hidden, whether they act."""
    decided = [r for r in records if r.get("opinion") is not None]
    if not decided:
        return []
    found = []
    voices = {(o["model"], o["cutoff"], o["masked"]) for r in decided for o in _opinions(r)}
    for model, cutoff, masked in sorted(voices, key=str):
        own = [r for r in decided if any(o["model"] == model for o in _opinions(r))]
        early = sum(bool(o["may_remember"]) for r in own for o in _opinions(r) if o["model"] == model)
        hidden = "; symbols, dates and price levels were hidden from it" if masked else "; --mask hides what they are known by"
        if cutoff is None:
            found.append(f"It is not known until when {model}'s training data reach: it may remember these bars{hidden}.")
        elif early:
            found.append(f"{model} was trained on data to {cutoff}: it may remember {early} of its {len(own)} bars{hidden}.")
        else:
            found.append(f"{model} was trained on data to {cutoff}, before all of its {len(own)} bars.")
    alarm = passive(_activity(decided))
    return [*found, f"Alarm: {alarm}."] if alarm else found


def _opinions(record: Json) -> list[Json]:
    """Every opinion of a record, the leading one first or alone."""
    return [v["opinion"] for v in record.get("voices") or [] if v["opinion"]] or [record["opinion"]]


def _grouped(calls: Iterable[Call], key: Callable[[Call], str]) -> list[Json]:
    found: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        found[key(call)].append(call)
    return [_sum(name, found[name]) for name in sorted(found)]


def _sum(name: str, calls: list[Call]) -> Json:
    paid = [call.seconds for call in calls if call.paid]
    return {
        "name": name,
        "calls": len(calls),
        "input_tokens": sum(call.usage.input_tokens for call in calls),
        "output_tokens": sum(call.usage.output_tokens for call in calls),
        "cached_tokens": sum(call.usage.cached_tokens for call in calls),
        "cache_write_tokens": sum(call.usage.cache_write_tokens for call in calls),
        "cost_usd": sum(call.cost_usd for call in calls),
        "seconds": sum(paid) / len(paid) if paid else 0.0,
    }
