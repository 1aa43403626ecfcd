"""Queries over trades and decisions put together from what a question names: which, what of them, how divided and ordered.

Each part that was put in is also accounted for, so that a question's words are used or left over, and never dropped unseen.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from agent.chat.local.reading import Question
from agent.chat.local.route import Route, Step, clean, days_of
from agent.chat.tools.figures import DECISION_FIGURES, TRADE_FIGURES, Bound
from agent.domain import ExitReason

_BOTH = re.compile(r"\b(?:winn\w+|wins?|won|profitable)\b.*\b(?:los\w+)\b|\b(?:los\w+)\b.*\b(?:winn\w+|wins?|won|profitable)\b")
# asked whether it won, not of those that won
_YES_NO = re.compile(
    r"(?:and |so |but )?(?:did|was|were|is|are|has|have|does|do|had)\b(?!.*\b(?:any|ever|how many|which|there)\b)"
)
_OPENED = re.compile(r"\b(?:open(?:ed)?|enter(?:ed)?|bought|buy|started|initiated|entries|entry|put on|begun)\b")
_CLOSED = re.compile(r"\b(?:clos\w+|exit\w*|ended|sold|got out|finished|left)\b")
_UNITS = (
    ("weekday", "weekday"), ("regime", "regime"), ("symbol", "symbol"), ("quarter", "quarter"),
    ("calendar_month", "calendar_month"), ("month", "month"), ("year", "year"), ("side", "side"), ("skill", "skill"),
)  # fmt: skip
_DECISION_UNITS = ("weekday", "regime", "symbol", "quarter", "month", "year", "skill")


def won_of(q: Question) -> bool | None:
    """Winners or losers, where one of the two is meant."""
    if q.day or _YES_NO.match(q.text) or _BOTH.search(q.text) or q.any("win_rate") or q.has("win") == q.has("lose"):
        return None
    said = {token.text for token in q.tokens if "win" in token.concepts and not token.bare}
    if said and said <= {"profit", "profits"} and not _IN_PROFIT.search(q.text):
        return None  # the profit of trades is what all of them made
    return q.has("win")


_IN_PROFIT = re.compile(r"\b(?:in|at a|with a|with|a|for a|into) profits?\b")


def group_of(q: Question, *, named: bool = True) -> tuple[str, str] | None:
    """What divides them, with the concept that says so: a unit that is spoken of and not given a value."""
    if len(q.symbols) > 1:
        return "symbol", "@symbol"
    if len(q.regimes) > 1:
        return "regime", "@regime"
    if len(q.values("exit")) > 1 and named:
        return "exit", "@exit"
    if len(q.values("weekday")) > 1:
        return "weekday", "@weekday"
    for concept, unit in _UNITS:
        held = {"regime": q.regimes, "symbol": q.symbols, "skill": q.skills, "weekday": q.values("weekday")}.get(unit)
        if q.has(concept) and not held and not (unit == "symbol" and not _of_symbols(q)):
            return unit, concept
    return None


def second_of(q: Question, first: tuple[str, str]) -> tuple[str, str] | None:
    """A second division beside the first: "by exit type and regime"."""
    for concept, unit in (*_UNITS, ("exit_way", "exit")):
        held = {"regime": q.regimes, "symbol": q.symbols, "skill": q.skills, "weekday": q.values("weekday")}.get(unit)
        if unit == first[0] or held or not q.has(concept) or unit == "symbol" and not _of_symbols(q):
            continue
        if unit in ("month", "quarter", "year") and first[0] in ("month", "quarter", "year", "calendar_month"):
            continue
        return unit, concept
    return None


def _of_symbols(q: Question) -> bool:
    """Whether symbols are asked for, and "market" is not said in passing."""
    return bool(
        re.search(r"\b(?:symbols?|instruments?|tickers?|assets?|index(?:es)?|indices|which market|markets|securit\w+)\b", q.text)
    )


# what a bound says in words beside its number
_BOUND_SAYS = {
    "bars_held": ("holding", "how_long"), "days_held": ("holding", "how_long"), "pnl": ("win", "lose", "return"),
    "r": ("win", "lose", "return"), "return_pct": ("win", "lose", "return"), "confidence": ("confidence",), "size": ("size",),
}  # fmt: skip


def which_of(q: Question) -> tuple[dict[str, Any], set[str]]:
    """The filters on trades that a question names, and what it says them with."""
    won = won_of(q)
    bounds = tuple(b for b in q.bounds if b.feature in TRADE_FIGURES)
    opened = bool(_OPENED.search(q.text)) and not _CLOSED.search(q.text)
    given: dict[str, Any] = {
        "symbol": q.symbol, **days_of(q), "regime": q.regime, "won": won, "exit": q.exit, "bounds": bounds,
        "skill": q.skills[0] if len(q.skills) == 1 else None, "weekday": q.weekday,
        "side": "sell" if q.has("short") else None, "after": q.value("after"),
        "dated": "entry" if opened and q.period else None,
    }  # fmt: skip
    tells = {"trade"} | ({"win"} if won else {"lose"} if won is False else set())
    tells |= {"short"} if q.has("short") else {"long"}
    tells |= {"buy", "entries"} if opened else {"close"}
    tells |= {word for b in bounds for word in _BOUND_SAYS.get(b.feature, ())}
    if q.exit:
        tells |= {"exit_way", "close"} | ({q.exit} if q.exit in ("stop", "target") else set())
        if _negated(q):
            given["but"] = True
            tells |= {"negation"}
    return clean(given), tells


def _negated(q: Question) -> bool:
    """Whether the way of ending is denied: "not stopped out", "without hitting the target"."""
    slot = next((s for s in q.slots if s.kind == "exit"), None)
    return (
        slot is not None
        and re.search(r"\b(?:not|never|without|other than|except|excluding)\b[^,]{0,24}$", q.text[: slot.begin]) is not None
    )


_FIGURES: tuple[tuple[str, str], ...] = (
    ("given_back", "given_back"), ("excursion", "adverse"), ("stop", "stop_distance"), ("confidence", "confidence"),
    ("size", "size"), ("cost", "fees"),
)  # fmt: skip


_FEES = re.compile(r"\b(?:fees?|commissions?|slippage|charges?)\b")
# "how large are the losses": not the positions
_OF_RESULTS = re.compile(
    r"\b(?:large|big|small)\w* (?:\w+ ){0,3}?(?:loss|losses|wins?|gains?|profits?)\b(?!.*\b(?:siz\w+|positions?|units|equity)\b)"
)
_ACTIONS = re.compile(r"\b(?:by|per|each|every) (?:kind of |type of )?(?:action|verdict|kind|type)s?\b")


def figure_of(q: Question, known: dict[str, Any]) -> tuple[str, str] | None:
    """A figure of each trade or decision that is asked for, with the concept that says so."""
    for concept, name in _FIGURES:
        if (
            q.has(concept)
            and name in known
            and not (concept == "stop" and (q.exit or not q.any("most", "least", "average")))
            and not (concept == "size" and _OF_RESULTS.search(q.text))
            and not (concept == "cost" and not _FEES.search(q.text))
            and not any(b.feature == name for b in q.bounds)
        ):
            return name, concept
    loose = [f for f in q.values("feature") if not any(b.feature == f for b in q.bounds)]
    return (loose[0], "feature") if loose and loose[0] in known else None


_ASKS_RELATION = re.compile(
    r"(?:do|does|did|are|is|were) (?:the |a )?(?:high|low|big|small|large|strong|weak|wide|tight|near)\w* "
)


def asks_relation(q: Question) -> bool:
    """Whether it is asked if more of a figure goes with better results."""
    return _ASKS_RELATION.match(q.text) is not None and q.any("win", "lose", "compare", "return")


_LASTS = re.compile(r"\bhow long (?:do|does|did) [\w ]{0,40}?\blast\b")  # how long they last, not which came last


Order = Literal["best", "worst", "longest", "shortest", "first", "last", "largest", "smallest", "highest", "lowest"]


def order_of(q: Question) -> tuple[Order, str | None, set[str]] | None:
    """How single trades are ranked: the order, the figure it goes by, and what says so."""
    figure = figure_of(q, TRADE_FIGURES)
    if asks_relation(q):
        return None
    if q.has("longest") or q.any("most", "least") and q.has("holding"):
        return ("longest" if q.any("longest", "most") else "shortest"), None, {"longest", "most", "least", "holding", "how_long"}
    if q.has("shortest"):
        return "shortest", None, {"shortest", "holding", "how_long"}
    if figure and q.any("best", "worst"):
        return ("worst" if q.has("worst") else "best"), figure[0], {"most", "least", "best", "worst", "win", "lose", figure[1]}
    if figure and q.any("most", "least"):
        return ("highest" if q.has("most") else "lowest"), figure[0], {"most", "least", figure[1]}
    if q.any("most", "least") and q.any("win", "lose", "return", "make"):
        return _by_result(q)
    if q.any("best", "worst"):
        return ("worst" if q.has("worst") else "best"), None, {"best", "worst", "return", "most", "win", "lose", "cost"}
    if q.any("most", "least") and q.has("trade"):
        return ("largest" if q.has("most") else "smallest"), None, {"most", "least", "size"}
    if q.any("first", "last", "nth") and not _LASTS.search(q.text):
        return ("last" if q.has("last") and not q.has("first") else "first"), None, {"first", "last", "nth", "sequence"}
    return None


def _by_result(q: Question) -> tuple[Order, str | None, set[str]]:
    """The biggest loss is the worst, the smallest win the least of the winners."""
    lost = q.has("lose") and not q.has("win")
    best = q.has("most") != lost
    return ("best" if best else "worst"), None, {"most", "least", "return", "win", "lose"}


def trades(q: Question, *, order: Order | None = None, **more: Any) -> Step:
    """One query over trades, with the filters that a question names."""
    given, _ = which_of(q)
    return Step("trades", clean({**given, "order": order, **more}))


_NO_HOLD = re.compile(r"\b(?:not|never|no|without|except) (?:\w+ ){0,2}?hold")  # "not holds" is the contrary of "not bought"


def which_decisions(q: Question) -> tuple[dict[str, Any], set[str]]:
    """The filters on decisions that a question names, and what it says them with."""
    bounds = tuple(b for b in q.bounds if b.feature in DECISION_FIGURES)
    entered = q.any("buy", "entries") and not q.has("hold")
    given: dict[str, Any] = {
        "symbol": q.symbol, **days_of(q), "regime": q.regime, "bounds": bounds, "weekday": q.weekday,
        "skill": q.skills[0] if len(q.skills) == 1 else None,
        "action": "hold" if q.has("hold") else "close" if q.any("close", "sell") and not entered else None,
        "entered": entered or None,
    }  # fmt: skip
    tells = {"decision", "hold", "buy", "entries", "happened"} | (
        {"negation"} if q.has("hold") and not _NO_HOLD.search(q.text) else set()
    )
    if given["action"] == "close":
        tells |= {"close", "sell"}
    return clean(given), tells


def decision_group(q: Question) -> tuple[str, str] | None:
    """What divides decisions."""
    if _ACTIONS.search(q.text):
        return "action", "happened"
    found = group_of(q, named=False)
    return found if found and found[0] in _DECISION_UNITS else None


def extreme(q: Question) -> Bound | None:
    """The first bound that is of a count and of nothing else."""
    return next((b for b in q.bounds if b.feature == "count"), None)


def route(step: Step, *tells: set[str] | frozenset[str]) -> Route:
    """A route of one query with all it accounts for."""
    return Route((step,), tells=frozenset().union(*tells))


def exit_meant(q: Question) -> ExitReason | None:
    """The way of ending that is named."""
    return q.exit
