"""Questions about trades as a whole: how many, how good, single ones, and how figures of them go together."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re
from typing import Any

from agent.chat.local.composing import asks_relation, figure_of, group_of, order_of, route, which_of, won_of
from agent.chat.local.reading import Question
from agent.chat.local.route import Route, Step, clean, days_of, intent, one
from agent.chat.tools.figures import TRADE_FIGURES
from agent.chat.view import View


def query(q: Question, tells: set[str], **more: Any) -> Route:
    """One query over the trades that a question names, with more of its input."""
    given, used = which_of(q)
    return route(Step("trades", clean({**given, **more})), used, tells)


def _after(q: Question, view: View) -> Route | None:
    """How the trades went that came after others."""
    given, used = which_of(q)
    given.pop("won", None)
    return route(Step("trades", clean({**given, "measure": "win_rate" if q.has("win_rate") else "average"})), used)


MANY = 5  # how many "the biggest losers" are


_PLURAL = re.compile(
    r"\b(?:best|worst|biggest|largest|longest|shortest|smallest|top|most \w+) (?:\S+ ){0,2}?(?:trades|winners|losers|wins|losses|deals|positions)\b"
)


_BOTH_ENDS = re.compile(
    r"\bbest\b.*\bworst\b|\bworst\b.*\bbest\b|\b(?:biggest|largest) win\w*\b.*\blos|\b(?:biggest|largest) los\w*\b.*\bwin"
)


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


def listed(q: Question, view: View) -> Route | None:
    """The trades one by one, in order."""
    if re.search(r"\b(?:going on|running|in progress|ongoing)\b", q.text):
        return None  # those that are open
    if q.day or not (q.period or q.bounds or q.exit or q.skills or asks_list(q)):
        return None
    return query(q, {"list", "describe", "happened"}, order="first", n=MOST_LISTED)


# each of them is asked for, not their number
_ASKS_LIST = re.compile(
    r"(?:please |can you |could you |i (?:want|need|would like) (?:to see )?)?"
    r"(?:list|show|name|enumerate|print|give|display|tabulate|all|every|(?:which|what) (?:\S+ ){0,3}?(?:trades|positions|deals|winners|losers)) "
)


MOST_LISTED = 50


def asks_list(q: Question) -> bool:
    """Whether trades are asked for one by one, and no figure of them."""
    if q.has("make") and not q.bounds:
        return False  # "what did the trades make"
    return _ASKS_LIST.match(q.text) is not None and not q.any("how_many", "how_much", "how_long", "share", "average", "win_rate")


def _counted(q: Question, view: View) -> Route | None:
    if q.day and not q.has("how_many"):
        return None  # of one day the decision is asked
    if q.tests and not q.exit and not q.any("trade", "win", "lose", "short"):
        return None  # the price closed somewhere, no trade was
    if asks_list(q):
        return listed(q, view)
    return query(q, {"how_many"}, measure="count")


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
    if asks_list(q) and not q.has("return"):
        return listed(q, view)
    return query(q, {"how_much", "win", "lose"}, measure="pnl")


def _in_r(q: Question, view: View) -> Route | None:
    """The sum of R, not of money."""
    if not re.search(r"\b(?:total|sum of|cumulative|how many|net) r\b", q.text):
        return None
    found = group_of(q)
    return query(q, {found[1], "by"} if found else set(), by=found[0] if found else None, measure="pnl", won=None)


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
    return query(q, {"average", "how_long", "how_many", "buy", "entries", "streak", "longest", "most"}, measure="spacing")


def _distributed(q: Question, view: View) -> Route | None:
    if q.symbols and not q.any("trade", "win", "lose", "return"):
        return None  # of the price
    figure = figure_of(q, TRADE_FIGURES)
    name, concept = figure or ("r", "return")
    return both(q, {"figure": name}, {concept, "average", "share", "describe", "state"})


def _together(q: Question, view: View) -> Route | None:
    if q.day:
        return None  # of one day, what each did is asked
    return one("together", **days_of(q)).telling("@symbol symbol")


def _stops_and_targets(q: Question, view: View) -> Route | None:
    if q.day or q.idents:
        return None
    return query(
        q,
        {"stop", "target", "win", "lose", "how_many", "compare", "share", "exit_way", "close", "most"},
        measure="exits",
        won=None,
    )


def _held(q: Question, view: View) -> Route | None:
    meant = {token.text for token in q.tokens if token.concepts & {"holding", "how_long"} and not token.bare}
    if q.has("how_many", "trade") and any(b.feature in ("bars_held", "days_held") for b in q.bounds):
        return None  # how many of that length
    if asks_list(q) or meant <= {"last", "long"} and not re.search(r"\b(?:how long|do|does|did)\b", q.text):
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
    return query(q, set(), measure="factor")


def _payoff(q: Question, view: View) -> Route | None:
    if (found := group_of(q)) is not None:
        return query(
            q,
            {found[1], "win", "lose", "average", "compare", "size", "by", "best", "worst", "win_rate", "share"},
            measure="average",
            won=None,
            by=found[0],
        )
    return query(q, {"win", "lose", "average", "compare", "size"}, measure="average", won=None)


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
    if asks_list(q):
        return listed(q, view)
    return query(
        q,
        {"how_many", "buy", "entries", "happened", "win", "lose", "when", "condition", "win_rate", "return", "average"},
        dated=None,
    )


INTENTS = (
    intent("after others", "@after", "happened trade win lose win_rate return average how_much when outcome buy entries sequence next often", _after, 0.1),
    intent("single trades", "trade|win|lose|close|sell|short|cost", "when return describe", _single, 0.1),
    intent("extreme results", "most|least return", "trade when describe", _single, -0.1),
    intent("extreme trades", "best|worst|longest|shortest", "when return describe", _single, -0.3),
    intent("trades listed", "trade|close|win|lose|exit_way|@exit", "when", listed, -0.3),
    intent("trades counted", "trade|win|lose|short|close|@exit", "happened overall", _counted),
    intent("trades counted in number", "how_many trade|win|lose|short|close|@exit", "happened overall by", _counted, 0.1),
    intent("win rate", "win_rate", "trade return average how_often", _rated),
    intent("share of the sum", "share|how_much return|win|lose", "trade by make", _share_of_sum, 0.6),
    intent("share that won", "share win|lose", "trade", _rated, 0.1),
    intent("odds", "how_many win", "trade", _rated, -0.4),
    intent("trades summed", "return|win|lose|make", "trade when by outcome", _summed, -0.1),
    intent("R in all", "r_unit", "overall how_many how_much by trade return make list year quarter month symbol regime", _in_r, 0.5),
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
