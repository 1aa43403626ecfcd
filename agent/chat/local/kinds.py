"""What kind of answer a route gives, in a word or two: what readings and examples are compared by. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.chat.local.route import Route

_FIGURES = frozenset({"sharpe", "sortino", "calmar", "cagr", "sqn", "kelly", "factor", "expectancy", "volatility"})
_LEVELS = frozenset({"stop", "target"})
# inputs that make an answer of another kind, by the tool; a name alone: that it is given at all
_BY: dict[str, tuple[str, ...]] = {
    "votes": ("against",), "standing": ("limit",), "positions": ("at",), "market_state": ("feature",),
    "situations": ("tests",),
}  # fmt: skip


def kind_of(name: str, route: Route) -> str:
    """The kind of a reading of that name: its first tool with what of it is told."""
    if not route.steps:
        return f"words {name}"
    step = route.steps[0]
    given = {key: value for key, value in step.input.items() if value is not None}
    told = _TOLD[step.tool](given) if step.tool in _TOLD else _plain(step.tool, given)
    return " ".join(part for part in (step.tool, told) if part)


def _plain(tool: str, given: dict[str, Any]) -> str:
    return " ".join(key for key in _BY.get(tool, ()) if key in given) or str(given.get("of", ""))


def _trades(given: dict[str, Any]) -> str:
    if "by" in given:
        return "first of each" if "order" in given else "by group"
    if "order" in given:
        return "listed" if given["order"] == "first" and given.get("n", 1) >= 50 else "in order"
    if given.get("rest"):
        return "left out"
    return "related" if given.get("relate") else "figure" if "figure" in given else str(given.get("measure", "all"))


def _decisions(given: dict[str, Any]) -> str:
    if given.get("clamped"):
        return "clamped"
    return "cause" if given.get("by") == "cause" else "in order" if "order" in given else "counted"


def _result(given: dict[str, Any]) -> str:
    measure = str(given.get("measure", "all"))
    if "by" in given:
        return "by stretch"
    return "figure" if measure in _FIGURES else "equity" if measure in ("equity", "peak") else measure


def _why(given: dict[str, Any]) -> str:
    aspect = str(given.get("aspect", "all"))
    return "levels" if aspect in _LEVELS else aspect


def _skills(given: dict[str, Any]) -> str:
    return "ranked" if "rank" in given else "all" if given.get("which", "all") == "all" else "standing"


_TOLD: dict[str, Callable[[dict[str, Any]], str]] = {
    "trades": _trades, "decisions": _decisions, "result": _result, "why": _why, "skills": _skills,
    "skill": lambda given: str(given.get("aspect", "all")), "regimes": lambda given: str(given.get("measure", "")),
    "recall": lambda given: "", "voters": lambda given: "", "feature_history": lambda given: "",
}  # fmt: skip
