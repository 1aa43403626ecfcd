"""Questions about trades and decisions as a whole: how many, how good, single ones, by what divides them."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re
from typing import Any

from agent.chat.local.composing import (
    asks_relation,
    figure_of,
    group_of,
    order_of,
    route,
    second_of,
    which_of,
    won_of,
)
from agent.chat.local.reading import Question
from agent.chat.local.route import Route, Step, clean, days_of, intent, one
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


def _query(q: Question, tells: set[str], **more: Any) -> Route:
    given, used = which_of(q)
    return route(Step("trades", clean({**given, **more})), used, tells)


def _sort(q: Question, given: dict[str, Any]) -> dict[str, Any]:
    """Which group of trades has most or least of what is asked for."""
    if not q.any("most", "least", "best", "worst", "compare"):
        return given
    low = q.any("least", "worst") and not q.any("most", "best")
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
        and not q.any("trade", "win_rate", "holding", "factor", "average", "exit_way")
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
        return _query(q, tells, **given, measure=measure, exit=None)
    return _query(q, tells, **given, measure=measure, figure=figure[0] if figure else None)


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
    return _query(q, {"symbol", "average", "win_rate", *_RANKING}, by="symbol", rank=rank, least=low, won=None)


def _grid(q: Question, view: View) -> Route | None:
    """Two divisions at once: "by exit type and regime"."""
    first = group_of(q, named=False) or (("exit", "exit_way") if q.has("exit_way") else None)
    second = second_of(q, first) if first else None
    if first is None or second is None:
        return None
    told = {first[1], second[1], "win_rate", "return", "win", "lose", "average", "how_many", "exit_way", "close", *_RANKING}
    given = _sort(q, {"by": first[0], "within": second[0]})
    return _query(q, told, **given, exit=None if "exit" in (first[0], second[0]) else q.exit)


def _after(q: Question, view: View) -> Route | None:
    """How the trades went that came after others."""
    given, used = which_of(q)
    given.pop("won", None)
    return route(Step("trades", clean({**given, "measure": "win_rate" if q.has("win_rate") else "average"})), used)


def _by_exit(q: Question, view: View) -> Route | None:
    ways = q.values("exit")
    if q.tests and not ways and not q.any("trade", "win", "lose"):
        return None  # the price closed somewhere, no trade was
    split = q.has("win", "lose") or re.search(r"\b(?:by|per|each) (?:\S+ )?(?:exit|way)", q.text) is not None
    ranked = split or q.any("most", "least", "best", "worst", "average", "win_rate", "by", "return", "cost", "compare")
    ranked = ranked and len(ways) != 1
    tells = {"exit_way", "stop", "target", "close", "share", "@exit", "return", "average", "win", "lose", "cost", *_RANKING}
    if ranked:
        return _query(q, tells, **_sort(q, {"by": "exit"}), exit=None)
    if len(ways) == 1 and _asks_list(q):
        return _listed(q, view)
    return _query(q, tells, measure="exits", exit=None)


MANY = 5  # how many "the biggest losers" are
_PLURAL = re.compile(
    r"\b(?:best|worst|biggest|largest|longest|shortest|smallest|top|most \w+) (?:\S+ ){0,2}?(?:trades|winners|losers|wins|losses|deals|positions)\b"
)


_BOTH_ENDS = re.compile(
    r"\bbest\b.*\bworst\b|\bworst\b.*\bbest\b|\b(?:biggest|largest) win\w*\b.*\blos|\b(?:biggest|largest) los\w*\b.*\bwin"
)


def _which_exits(q: Question, view: View) -> Route | None:
    return _by_exit(q, view) if re.search(r"\b(?:which|what) (?:kinds? of |types? of )?(?:exits?|ways?)\b", q.text) else None


def _single(q: Question, view: View) -> Route | None:
    found = order_of(q)
    if found is None:
        return None
    order, figure, tells = found
    given, used = which_of(q)
    if q.any("win", "lose") and won_of(q) is None:
        tells = tells | {"win", "lose"}
    if (order == "best") == (won_of(q) is True) and order in ("best", "worst"):
        given.pop("won", None)
        tells = tells | {"win", "lose"}
    many = q.top if q.top > 1 else MANY if _PLURAL.search(q.text) and order not in ("first", "last") else None
    given |= clean({"order": order, "figure": figure, "n": many, "nth": q.value("nth")})
    if _BOTH_ENDS.search(q.text) and not q.value("nth"):
        both_ends = tuple(Step("trades", {**given, "order": end}) for end in ("best", "worst"))
        return Route(both_ends, tells=frozenset(used | tells | {"compare"}))
    return route(Step("trades", given), used, tells)


def _listed(q: Question, view: View) -> Route | None:
    if q.day or not (q.period or q.bounds or q.exit or q.skills or _asks_list(q)):
        return None
    return _query(q, {"list", "describe", "happened"}, order="first", n=MOST_LISTED)


# each of them is asked for, not their number
_ASKS_LIST = re.compile(
    r"(?:please |can you |could you |i (?:want|need|would like) (?:to see )?)?"
    r"(?:list|show|name|enumerate|print|give|display|tabulate|all|every|(?:which|what) (?:\S+ ){0,3}?(?:trades|positions|deals|winners|losers)) "
)
MOST_LISTED = 50


def _asks_list(q: Question) -> bool:
    """Whether trades are asked for one by one, and no figure of them."""
    if q.has("make") and not q.bounds:
        return False  # "what did the trades make"
    return _ASKS_LIST.match(q.text) is not None and not q.any("how_many", "how_much", "how_long", "share", "average", "win_rate")


def _counted(q: Question, view: View) -> Route | None:
    if q.day and not q.has("how_many"):
        return None  # of one day the decision is asked
    if q.tests and not q.exit and not q.any("trade", "win", "lose", "short"):
        return None  # the price closed somewhere, no trade was
    if _asks_list(q):
        return _listed(q, view)
    return _query(q, {"how_many"}, measure="count")


_OF_THE_SUM = re.compile(
    r"\b(?:part|share|percent(?:age)?|fraction|portion|proportion|much) of (?:the |our |your |all |total )+(?:\w+ )?(?:profits?|loss(?:es)?|p&l|pnl|gains?|results?|money)\b"
)


def _share_of_sum(q: Question, view: View) -> Route | None:
    """What one symbol, regime or skill makes of the whole sum: all of them side by side."""
    by = "symbol" if q.symbols else "regime" if q.regimes else "exit" if q.values("exit") else None
    if by is None or not _OF_THE_SUM.search(q.text):
        return None
    given, used = which_of(q)
    for name in ("symbol", "regime", "exit", "won"):
        given.pop(name, None)
    return route(
        Step("trades", {**given, "by": by, "rank": "pnl"}), used, {"share", "return", "win", "lose", "how_much", f"@{by}"}
    )


def _rated(q: Question, view: View) -> Route | None:
    given, used = which_of(q)
    if _OF_THE_SUM.search(q.text) or re.search(r"\b(?:how many|what) per ?cent(?:age)? did (?:we|you|it|the)\b", q.text):
        return None
    if q.exit and not q.has("win_rate"):
        return None
    given.pop("won", None)
    return route(Step("trades", clean({**given, "measure": "win_rate"})), used, {"win", "lose", "share", "how_many"})


def _summed(q: Question, view: View) -> Route | None:
    if q.day and not q.any("how_much", "return"):
        return None
    if _asks_list(q) and not q.has("return"):
        return _listed(q, view)
    return _query(q, {"how_much", "win", "lose"}, measure="pnl")


def _averaged(q: Question, view: View) -> Route | None:
    figure = figure_of(q, TRADE_FIGURES)
    if figure is not None and figure[1] == "feature" and not q.any("trade", "buy", "entries", "win", "lose", "close"):
        return None  # the feature itself, not that of trades
    if figure is None:
        given, used = which_of(q)
        given.pop("won", None)
        return route(
            Step("trades", clean({**given, "measure": "average"})), used, {"win", "lose", "return", "compare", "size", "by"}
        )
    return both(q, {"figure": figure[0]}, {figure[1], "compare"})


def both(q: Question, more: dict[str, Any], tells: set[str]) -> Route:
    """A figure of winners and of losers, where both are named; else of those that are."""
    given, used = which_of(q)
    if not q.has("win", "lose"):
        return route(Step("trades", clean({**given, **more})), used, tells)
    given.pop("won", None)
    steps = tuple(Step("trades", {**clean({**given, **more}), "won": won}) for won in (True, False))
    return Route(steps, tells=frozenset(used | tells | {"win", "lose", "compare", "by"}))


def _related(q: Question, view: View) -> Route | None:
    """Whether a figure goes with the result."""
    figure = figure_of(q, TRADE_FIGURES)
    if asks_relation(q) and q.exit == "stop":
        figure = ("stop_distance", "stop")  # "do bigger stops go with bigger wins"
    if figure is None or q.day or q.exit and figure[1] != "stop":
        return None
    given, used = which_of(q)
    for name in ("won", "exit"):
        given.pop(name, None)
    said = {
        figure[1],
        "compare",
        "win",
        "lose",
        "return",
        "most",
        "least",
        "best",
        "worst",
        "by",
        "average",
        "outcome",
        "describe",
        "entries",
        "buy",
    }
    return route(Step("trades", clean({**given, "figure": figure[0], "relate": True})), used, said)


def _spaced(q: Question, view: View) -> Route | None:
    return _query(q, {"average", "how_long", "how_many", "buy", "entries", "streak", "longest", "most"}, measure="spacing")


def _distributed(q: Question, view: View) -> Route | None:
    if q.symbols and not q.any("trade", "win", "lose", "return"):
        return None  # of the price
    figure = figure_of(q, TRADE_FIGURES)
    name, concept = figure or ("r", "return")
    return both(q, {"figure": name}, {concept, "average", "share", "describe", "state"})


def _together(q: Question, view: View) -> Route | None:
    return one("together", **days_of(q)).telling("@symbol symbol")


def _stops_and_targets(q: Question, view: View) -> Route | None:
    if q.day or q.idents:
        return None
    return _query(
        q,
        {"stop", "target", "win", "lose", "how_many", "compare", "share", "exit_way", "close", "most"},
        measure="exits",
        won=None,
    )


def _held(q: Question, view: View) -> Route | None:
    meant = {token.text for token in q.tokens if token.concepts & {"holding", "how_long"} and not token.bare}
    if q.has("how_many", "trade") and any(b.feature in ("bars_held", "days_held") for b in q.bounds):
        return None  # how many of that length
    if _asks_list(q) or meant <= {"last", "long"} and not re.search(r"\b(?:how long|do|does|did)\b", q.text):
        return None  # the last of something, no duration
    return both(q, {"measure": "holding"}, {"average", "how_long", "longest", "shortest", "compare", "most", "least"})


def _streak(q: Question, view: View) -> Route | None:
    given, used = which_of(q)
    for name in ("won", "exit"):
        given.pop(name, None)
    return route(
        Step("trades", {**given, "measure": "streak"}),
        used,
        {"win", "lose", "longest", "most", "worst", "best", "how_many", "how_long", "again", "return", "when"},
    )


def _factor(q: Question, view: View) -> Route | None:
    if not (q.symbols or q.regimes or q.period or q.skills or re.search(r"\bgross\b", q.text)):
        return one("result", measure="factor")
    return _query(q, set(), measure="factor")


def _payoff(q: Question, view: View) -> Route | None:
    if (found := group_of(q)) is not None:
        return _query(
            q,
            {found[1], "win", "lose", "average", "compare", "size", "by", "best", "worst", "win_rate", "share"},
            measure="average",
            won=None,
            by=found[0],
        )
    return _query(q, {"win", "lose", "average", "compare", "size"}, measure="average", won=None)


def _shorts(q: Question, view: View) -> Route | None:
    given, used = which_of(q)
    steps = (
        Step("trades", clean({**given, "side": "sell", "measure": "count", "won": None})),
        Step("standing", {"limit": "allow_short"}),
    )
    return Route(
        steps,
        tells=frozenset(
            used
            | {
                "how_many",
                "happened",
                "buy",
                "sell",
                "trade",
                "return",
                "win",
                "lose",
                "position_open",
                "hold",
                "@limit",
                "limit",
                "again",
            }
        ),
    )


def _by_feature(q: Question, view: View) -> Route | None:
    """Trades that were entered in a state."""
    if _asks_list(q):
        return _listed(q, view)
    return _query(
        q,
        {"how_many", "buy", "entries", "happened", "win", "lose", "when", "condition", "win_rate", "return", "average"},
        dated=None,
    )


INTENTS = (
    intent("trades by a group", "trade|win|lose|win_rate|return|holding|factor|average|make|@weekday", "how_many when", _by_group, 0.1),
    intent("one of each", "best|worst|longest|shortest|most|least|last|first trade|win|lose|buy|entries", "by list when return describe", _of_each, 0.6),
    intent("a grid", "symbol|regime|exit_way|weekday|skill|side regime|exit_way|weekday|skill|side|year|quarter|month|calendar_month", "list describe trade", _grid, 0.7),
    intent("after others", "@after", "happened trade win lose win_rate return average how_much when outcome buy entries sequence next often", _after, 0.1),
    intent("exits by a group", "@exit year|quarter|month|weekday|symbol|skill|regime", "how_many trade when by list share", _by_group, 0.35),
    intent("which exits", "exit_way return|win|lose|best|worst|most|least", "how_many trade when average make compare", _which_exits, 0.4),
    intent("returns by a group", "best|worst", "", _by_group),
    intent("symbols compared", "symbol compare|best|worst", "by return win lose make", _symbols_compared, 0.35),
    intent("trades by how they ended", "exit_way", "how_many trade when share average", _by_exit),
    intent("ways to end", "@exit", "how_many trade share average exit_way", _by_exit, -0.2),
    intent("single trades", "trade|win|lose|close|sell|short|cost", "when return describe", _single, 0.1),
    intent("extreme results", "most|least return", "trade when describe", _single, -0.1),
    intent("extreme trades", "best|worst|longest|shortest", "when return describe", _single, -0.3),
    intent("trades listed", "trade|close|win|lose|exit_way|@exit", "when", _listed, -0.3),
    intent("trades counted", "trade|win|lose|short|close|@exit", "happened overall", _counted),
    intent("trades counted in number", "how_many trade|win|lose|short|close|@exit", "happened overall by", _counted, 0.1),
    intent("win rate", "win_rate", "trade return average how_often", _rated),
    intent("share of the sum", "share|how_much return|win|lose", "trade by make", _share_of_sum, 0.6),
    intent("share that won", "share win|lose", "trade", _rated, 0.1),
    intent("odds", "how_many win", "trade", _rated, -0.4),
    intent("trades summed", "return|win|lose|make", "trade when by outcome", _summed, -0.1),
    intent("trades averaged", "average", "trade when condition buy entries", _averaged),
    intent("payoff", "payoff", "trade", _payoff, 0.2),
    intent("a figure against the result", "compare size|confidence|@feature|cost win|lose|return|outcome|worth_having|compare", "trade how_much settings peak often share how_many", _related, 0.1),
    intent("time between trades", "spacing", "trade buy entries", _spaced, 0.2),
    intent("distribution", "spread_of", "trade return win lose list share", _distributed, 0.2),
    intent("symbols together", "together", "position_open buy sell close trade hold share how_many symbol when exposure benchmark happened entries exit_way again", _together, 0.2),
    intent("stop or target", "stop target", "trade", _stops_and_targets, 0.2),
    intent("holding", "holding|how_long", "trade position_open", _held, 0.1),
    intent("streaks", "streak", "trade", _streak, 0.2),
    intent("profit factor", "factor", "return", _factor, 0.2),
    intent("shorts", "short", "long", _shorts, 0.1),
    intent("entered in a state", "@test trade|buy|entries|win|lose|win_rate", "", _by_feature, -0.2),
)  # fmt: skip
