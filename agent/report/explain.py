"""A decision explained from its own record: nothing is computed that the record does not hold."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]


def why(record: Json, closed: Json | None) -> Json:
    """The document of ``tradecraft why``: signal, parts, memories, skills, clamps, context, and how it ended."""
    recollection = record["recollection"]
    return {
        "id": record["id"],
        "run": record["run"],
        "symbol": record["symbol"],
        "as_of": record["as_of"],
        "bar_time": record["bar_time"],
        "status": record["status"],
        "status_reason": record["status_reason"],
        "decision": record["decision"],
        "signal": record["signal"],
        "contributions": record["contributions"],
        "memories": {
            "estimate": recollection["estimate"],
            "other_side": recollection["other_side"],
            "analogues": recollection["analogues"],
            "counter_evidence": recollection["counter_evidence"],
            "reliability": recollection.get("reliability", []),
            "texts": recollection["memories"],
        },
        "skills": record["skills"],
        "votes": record["votes"],
        "clamps": record["clamps"],
        "refusal": record["refusal"],
        "order": record["order"],
        "outcome": closed,
        "context": {
            "hash": record["context_hash"],
            "prompt_hash": record["prompt_hash"],
            "reasoner": record["reasoner"],
            "saw": record["state"]["text"] if record["state"] else None,
            "parts": [{"part": name, "bytes": len(json.dumps(record[name]))} for name in _SHOWN],
            "usage": record["usage"],
            "cost_usd": record["cost_usd"],
            "shown": record.get("shown", []),
            "calls": record.get("calls", []),
        },
        "opinion": record.get("opinion"),
        "arithmetic": record.get("arithmetic"),
        "fallback_reason": record.get("fallback_reason"),
        "skipped": record.get("skipped"),
        "voices": record.get("voices", []),
        "alarms": record.get("alarms", []),
    }


_SHOWN = ("state", "votes", "forecast", "recollection", "skills", "weights", "parameters")


def explanation(record: Json, closed: Json | None) -> Json:
    """The short form that reports draw."""
    signal, names = record["signal"] or {}, {skill["id"]: skill["name"] for skill in record["skills"]}
    action = record["decision"]["action"]
    headline = f"{record['symbol']} {record['bar_time'][:10]}: {action}"
    if signal:
        headline += f" at confidence {signal['confidence']:.2f}, {abs(record['decision']['size']):.0%} of equity"
    return {
        "id": record["id"],
        "symbol": record["symbol"],
        "as_of": record["as_of"],
        "action": action,
        "headline": headline,
        "text": (signal.get("thesis") or record["status_reason"] or "")
        + (f" {record['state']['text']}." if record["state"] else ""),
        "contributions": [{**c, "id": names.get(c["id"], c["id"])} for c in record["contributions"]],
        "memories": [analogue_text(a) for a in record["recollection"]["analogues"][:3]]
        + [analogue_text(a) + " (shown against it)" for a in record["recollection"]["counter_evidence"][:2]]
        + [reliability_text(one) for one in _told(record)],
        "skills": [skill_text(s) for s in record["skills"] if s["status"] == "active"],
        "clamps": [f"{c['limit']}: {c['from']:.2f} to {c['to']:.2f} ({c['reason']})" for c in record["clamps"]],
        "outcome": closed_text(closed) if closed else None,
    }


def _told(record: Json) -> list[Json]:
    """Who of those that spoke is known to be right more or less often in situations like this one."""
    spoke = {vote["voter"] for vote in record["votes"] if not vote["abstained"]}
    return [one for one in record["recollection"].get("reliability", []) if one["voter"] in spoke and one["share"] >= 0.5]


def reliability_text(one: Json) -> str:
    """One voter's record in situations like this one, in words."""
    return (
        f"{one['voter']} was right in {one['rate']:.0%} of situations like this one by {one['by']} "
        f"({one['share']:.0%} sure that it depends on them)"
    )


def analogue_text(analogue: Json) -> str:
    """One remembered situation in words."""
    kind = "shadow" if analogue["shadow"] else "trade"
    what = f"{analogue['symbol']} {analogue['bar_time'][:10]}: {analogue['side']} {analogue['r']:+.2f} R"
    return f"{what} ({kind}, {analogue['similarity']:.2f} similar)"


def skill_text(skill: Json) -> str:
    """One skill that applied, with its evidence."""
    low, high = skill["interval"]
    earned = f"{skill['reliability']:.2f} [{low:.2f}, {high:.2f}] over {skill['executions']} executions"
    return f"{skill['name']} ({skill['side']}): {earned}"


def closed_text(closed: Json) -> str:
    """How a trade ended."""
    return (
        f"closed {closed['exit_bar'][:10]} at {closed['exit_price']:,.2f} by {closed['reason']} "
        f"after {closed['bars_held']} bars: "
        f"{closed['r']:+.2f} R, {closed['pnl']:+,.2f}"
    )


def telling(records: list[Json], trades: list[Json], most: int = 8) -> list[Json]:
    """A few decisions worth reading: best and worst trades, one clamped, one that memory held back, the last."""
    closed = {trade["decision"]: trade for trade in trades}
    by_id = {record["id"]: record for record in records}
    ranked = sorted((t for t in trades if t["decision"] in by_id), key=lambda t: (t["r"], t["decision"]))
    chosen = [t["decision"] for t in (*ranked[-2:][::-1], *ranked[:2])]
    clamped = [r["id"] for r in records if any(c["to"] == 0 for c in r["clamps"])]
    bounded = [r["id"] for r in records if any(c["id"] == "memory_cap" for c in r["contributions"])]
    errors = [r["id"] for r in records if r["status"] == "error"]
    acted = [r["id"] for r in records if r["order"] is not None]
    chosen += [*clamped[-1:], *bounded[-1:], *errors[-1:], *acted[-1:]]
    return [explanation(by_id[i], closed.get(i)) for i in dict.fromkeys(chosen)][:most]


def cutoff_text(opinion: Json) -> str:
    """Whether the model may know the bar from its training, in words."""
    reach = f"training data to {opinion.get('cutoff') or 'a day that is not known'}"
    early = "this bar is later" if opinion.get("may_remember") is False else "it may remember this bar"
    return f"{reach}: {early}" + ("; symbol, dates and level were hidden" if opinion.get("masked") else "")
