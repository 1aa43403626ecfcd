"""Questions about trades divided: by symbol, regime, stretch, skill, weekday or exit, and the first of each group."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re
from typing import Any

from agent.chat.local.composing import figure_of, group_of, order_of, route, second_of, which_of, won_of
from agent.chat.local.intents.trades import asks_list, listed, query
from agent.chat.local.reading import Question
from agent.chat.local.route import Route, Step, clean, intent
from agent.chat.tools.figures import TRADE_FIGURES
from agent.chat.view import View

_DIVIDING = (
    "by",
    "how_many",
    "most",
    "least",
    "best",
    "worst",
    "compare",
    "win",
    "lose",
    "return",
    "average",
    "win_rate",
    "holding",
    "share",
    "list",
    "make",
)


_RANKING = {"best", "worst", "most", "least", "by", "compare", "list"}


def _sort(q: Question, given: dict[str, Any]) -> dict[str, Any]:
    """Which group of trades has most or least of what is asked for."""
    if not q.any("most", "least", "best", "worst", "compare"):
        return given
    low = q.any("least", "worst") and not q.any("most", "best")
    if re.search(r"\bnumber of (?:\w+ )?(?:losers|losses|losing|winners|wins|winning)\b", q.text):
        return {**given, "rank": "wins" if won_of(q) else "losses", "won": None, "least": low}
    if q.has("average") and q.any("most", "least", "best", "worst", "compare"):
        return {**given, "rank": "mean_r", "least": low, "won": None}
    if q.has("cost") and q.has("most"):
        return {**given, "rank": "pnl", "least": True, "won": None}
    if q.has("win_rate"):
        return {**given, "rank": "win_rate", "least": low, "won": None}
    if (
        q.any("return", "best", "worst", "make")
        or q.any("win", "lose")
        and not (q.has("trade") and q.any("most", "least", "how_many"))
    ):
        low = low or won_of(q) is False and q.any("most", "compare")
        return {**given, "rank": "mean_r" if q.has("average") else "pnl", "least": low, "won": None}
    return {**given, "rank": {True: "wins", False: "losses", None: "count"}[won_of(q)], "won": None, "least": low}


_SPLIT = re.compile(r"\b(?:by|per|each|every|across|split|over)\b")


def _by_group(q: Question, view: View) -> Route | None:
    found = group_of(q)
    if found is None:
        return None
    by, concept = found
    if (
        by in ("month", "quarter", "year")
        and not q.any("trade", "win_rate", "holding", "factor", "exit_way")
        and not q.has("average", "win|lose|r_unit|size|confidence")
        and not q.symbols
        and not q.exit
        and not q.has("how_many", "most|least")
    ):
        return None  # the result of stretches is that of equity
    if not concept.startswith("@") and not q.any(*_DIVIDING, "negation") and not _SPLIT.search(q.text):
        return None
    given = _sort(q, {"by": by, "having": next((b for b in q.bounds if b.feature == "count"), None)})
    figure = figure_of(q, TRADE_FIGURES)
    measure = "win_rate" if q.has("win_rate") else "holding" if q.has("holding") else "factor" if q.has("factor") else None
    tells = {
        concept,
        *({"negation"} if by in ("month", "quarter", "year") else set()),
        "win_rate",
        "return",
        "win",
        "lose",
        "average",
        "holding",
        "factor",
        *_RANKING,
        *([figure[1]] if figure else []),
    }
    if by == "exit":
        return query(q, tells, **given, measure=measure, exit=None)
    return query(q, tells, **given, measure=measure, figure=figure[0] if figure else None)


_ONE_OF_EACH = re.compile(
    r"\b(?:best|worst|biggest|largest|smallest|longest|shortest|highest|lowest|most \w+|last|first|top|quickest|surest) (?:\S+ ){0,3}?"
    r"(?:trade|position|winner|loser|win|loss|deal|gain|buy|entry)s? (?:\S+ ){0,3}?(?:each|every|per|by|both|either|all)\b|"
    r"\b(?:each|every|for each|per|both|either) .{0,40}\b(?:best|worst|biggest|largest|longest|highest|lowest) (?:\S+ ){0,2}?(?:trade|winner|loser|win|loss|deal)\b"
)


def _of_each(q: Question, view: View) -> Route | None:
    """The best (worst, longest) single trade of each group."""
    group, order = group_of(q, named=False), order_of(q)
    if order is None or not _ONE_OF_EACH.search(q.text):
        return None
    by = group or (("exit", "exit_way") if q.has("exit_way") else None)
    if by is None:
        return None
    given, used = which_of(q)
    if (order[0] == "best") == (won_of(q) is True) and order[0] in ("best", "worst"):
        given.pop("won", None)
    top = q.top if q.top > 1 else None
    step = Step("trades", clean({**given, "order": order[0], "figure": order[1], "by": by[0], "n": top}))
    return route(step, used, order[2] | {by[1], "by", "list", "when", "win", "lose"})


def _symbols_compared(q: Question, view: View) -> Route | None:
    """The symbols side by side, where nothing says by what."""
    if group_of(q) is None or (group_of(q) or ("", ""))[0] != "symbol":
        return None
    low = q.any("worst", "lose") and not q.any("best", "win")
    rank = "win_rate" if q.has("win_rate") else "mean_r" if q.has("average") else "pnl"
    return query(q, {"symbol", "average", "win_rate", *_RANKING}, by="symbol", rank=rank, least=low, won=None)


def _grid(q: Question, view: View) -> Route | None:
    """Two divisions at once: "by exit type and regime"."""
    first = group_of(q, named=False) or (("exit", "exit_way") if q.has("exit_way") else None)
    second = second_of(q, first) if first else None
    if first is None or second is None:
        return None
    told = {first[1], second[1], "win_rate", "return", "win", "lose", "average", "how_many", "exit_way", "close", *_RANKING}
    given = _sort(q, {"by": first[0], "within": second[0]})
    return query(q, told, **given, exit=None if "exit" in (first[0], second[0]) else q.exit)


def _by_exit(q: Question, view: View) -> Route | None:
    ways = q.values("exit")
    if q.tests and not ways and not q.any("trade", "win", "lose"):
        return None  # the price closed somewhere, no trade was
    split = q.has("win", "lose") or re.search(r"\b(?:by|per|each) (?:\S+ )?(?:exit|way)", q.text) is not None
    ranked = split or q.any("most", "least", "best", "worst", "average", "win_rate", "by", "return", "cost", "compare")
    ranked = ranked and len(ways) != 1
    tells = {"exit_way", "stop", "target", "close", "share", "@exit", "return", "average", "win", "lose", "cost", *_RANKING}
    if ranked:
        return query(q, tells, **_sort(q, {"by": "exit"}), exit=None)
    if len(ways) == 1 and asks_list(q):
        return listed(q, view)
    return query(q, tells, measure="exits", exit=None)


def _which_exits(q: Question, view: View) -> Route | None:
    return _by_exit(q, view) if re.search(r"\b(?:which|what) (?:kinds? of |types? of )?(?:exits?|ways?)\b", q.text) else None


INTENTS = (
    intent("trades by a group", "trade|win|lose|win_rate|return|holding|factor|average|make|@weekday", "how_many when", _by_group, 0.1),
    intent("one of each", "best|worst|longest|shortest|most|least|last|first trade|win|lose|buy|entries", "by list when return describe", _of_each, 0.6),
    intent("a grid", "symbol|regime|exit_way|weekday|skill|side regime|exit_way|weekday|skill|side|year|quarter|month|calendar_month", "list describe trade", _grid, 0.7),
    intent("exits by a group", "@exit year|quarter|month|weekday|symbol|skill|regime", "how_many trade when by list share", _by_group, 0.35),
    intent("which exits", "exit_way return|win|lose|best|worst|most|least", "how_many trade when average make compare", _which_exits, 0.4),
    intent("returns by a group", "best|worst", "", _by_group),
    intent("symbols compared", "symbol compare|best|worst", "by return win lose make", _symbols_compared, 0.35),
    intent("trades by how they ended", "exit_way", "how_many trade when share average", _by_exit),
    intent("ways to end", "@exit", "how_many trade share average exit_way", _by_exit, -0.2),
)  # fmt: skip
