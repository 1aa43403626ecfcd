"""Conditions on the market: at how many decisions they held or came true, what followed, and what the agent did."""

from __future__ import annotations

from pydantic import Field

from agent.chat.found import Found, cite, day, listing, per_cent
from agent.chat.found import nothing as nothing_of
from agent.chat.tables import Row
from agent.chat.tools.base import Scope, Tool
from agent.chat.tools.figures import DECISION_FIGURES, Bound, bounded, meets, settled
from agent.chat.view import View
from agent.statistics.proportion import wilson

SHOWN = 12  # days on which conditions came true are told one by one up to here


class Situations(Scope):
    """Conditions that the bar met, all of them; ``crossed``: that it met and the bar before did not."""

    tests: tuple[Bound, ...] = ()
    crossed: bool = Field(False, description="count the bars at which the conditions came true, not those at which they held")


def situations(view: View, asked: Situations) -> Found:
    """How often conditions were met, what a standard long and short then paid, and what the agent did."""
    unknown = [t.feature for t in asked.tests if t.feature not in DECISION_FIGURES]
    if unknown:
        return nothing_of(f"{unknown[0]!r} is no feature; there are {listing(list(DECISION_FIGURES), 30)}.", f"run:{view.run}")
    held, begun, what = _met(view, asked)
    rows = begun if asked.crossed else held
    if not rows:
        never = "never came true" if asked.crossed else "was never seen"
        text = f"{what}{asked.words()} {never} at a decision of this run {cite('run', view.run)}."
        return Found(text=text, ids=(f"run:{view.run}",), data={"count": 0})
    pays = [view.tables.shadows[row.id] for row in rows if row.id in view.tables.shadows]
    words = [_seen(view, asked, rows, begun, what)]
    words += [_paid(side, [p[i] for p in pays], view, asked) for i, side in enumerate(("long", "short")) if pays]
    words += [_taken(view, rows), _days(rows, SHOWN if asked.crossed else 3)]
    ids = (f"run:{view.run}", *(r.id for r in rows[-10:]))
    return Found(text=" ".join(words), ids=ids, data={"count": len(rows), "spells": len(begun), "settled": len(pays)})


def _met(view: View, asked: Situations) -> tuple[list[Row], list[Row], str]:
    """The bars that met the conditions, those of them at which they came true, and the conditions in words."""
    held: list[Row] = []
    begun: list[Row] = []
    words: list[str] = []
    for symbol in [asked.symbol] if asked.symbol else view.tables.symbols:
        every = view.tables.by_symbol.get(symbol, [])
        tests = settled(asked.tests, DECISION_FIGURES, every)
        words.append(bounded(tests, DECISION_FIGURES).removeprefix(" with ").replace(" with ", " and "))
        before = True  # what held at the first bar did not come true there
        for row in every:
            now = all(meets(DECISION_FIGURES[test.feature].of(row), test) for test in tests)
            if now and asked.holds(row.day) and asked.regime in (None, row.regime):
                held.append(row)
                begun += [] if before else [row]
            before = now
    held.sort(key=lambda row: (row.bar, row.symbol))
    begun.sort(key=lambda row: (row.bar, row.symbol))
    return held, begun, " or ".join(dict.fromkeys(words)) or "any state"


def _seen(view: View, asked: Situations, rows: list[Row], begun: list[Row], what: str) -> str:
    share = len(rows) / max(1, len(Scope(symbol=asked.symbol).rows(view)))
    spells = f", in {len(begun)} spells" if asked.tests and not asked.crossed and len(begun) < len(rows) else ""
    seen = "came true {} times" if asked.crossed else "seen at {} decisions"
    return f"{what}{asked.words()}: {seen.format(len(rows))} ({per_cent(share)} of all{spells}) {cite('run', view.run)}."


def _taken(view: View, rows: list[Row]) -> str:
    taken = [view.tables.trade_of[row.id] for row in rows if row.id in view.tables.trade_of]
    if not taken:
        return "The book entered none of them."
    mean = sum(t.outcome.r for t in taken) / len(taken)
    return f"The book entered {len(taken)} of them: {sum(t.won for t in taken)} won, mean net {mean:+.2f} R."


def _days(rows: list[Row], most: int) -> str:
    near = [f"{row.symbol} {day(row.bar)} {cite('decision', row.id)}" for row in rows[-most:]]
    return f"{'They were' if len(near) == len(rows) else 'The last'}: {', '.join(near)}."


def _paid(side: str, rs: list[float], view: View, asked: Scope) -> str:
    won = sum(r > 0 for r in rs)
    spread = wilson(won, len(rs))
    every = [
        view.tables.shadows[r.id][side == "short"] for r in Scope(symbol=asked.symbol).rows(view) if r.id in view.tables.shadows
    ]
    interval = f" [{per_cent(spread[0], 0)}, {per_cent(spread[1], 0)}]" if spread else ""
    return (
        f"A standard {side} then paid a mean net {sum(rs) / len(rs):+.2f} R and won "
        f"{per_cent(won / len(rs))}{interval} of {len(rs)}; "
        f"over all bars {sum(every) / len(every):+.2f} R and {per_cent(sum(r > 0 for r in every) / len(every))}."
    )


TOOLS = (
    Tool(
        "situations",
        "How often conditions on features were met, or came true (crossed), and what followed, e.g. rsi_14 < 30 in volatile.",
        Situations, situations,
    ),
)  # fmt: skip
