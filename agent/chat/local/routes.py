"""From a question as read to the tool that answers it. Each rule is a plain condition; the first that holds decides.

The rules stand in the order in which they are asked: what names something exactly comes before what is said in general.
"""

from __future__ import annotations

from dataclasses import replace

from agent.chat.local.reading import Question
from agent.chat.local.route import Route, Rule, Step, one, scope
from agent.chat.local.rules_beliefs import believed, changed, procedural, remembered, skilled
from agent.chat.local.rules_days import compared, hypothetical, identified, reasoned
from agent.chat.local.rules_result import about, beyond, general, regimes, result, seen, situations, social, standing
from agent.chat.local.rules_trades import decided, traded
from agent.chat.view import View


def route(q: Question, view: View) -> Route | None:
    """The first rule that holds; None where none does."""
    for rule in RULES:
        found = rule(q, view)
        if found is not None:
            return found
    return None


def _two_stretches(q: Question, view: View) -> Route | None:
    """The same question of two stretches."""
    if len(q.periods) != 2 or any(p.day for p in q.periods):
        return None
    steps: list[Step] = []
    for period in q.periods:
        alone = replace(q, periods=(period,)).without("compare")
        found = route(alone, view)
        steps += found.steps if found and found.steps else one("result", measure="return", **scope(alone, regime=False)).steps
    return Route(tuple(steps))


RULES: tuple[Rule, ...] = (
    beyond, procedural, hypothetical, compared, _two_stretches, identified, situations, reasoned, believed, skilled, changed,
    remembered, standing, regimes, result, decided, traded, seen, about, social, general,
)  # fmt: skip
