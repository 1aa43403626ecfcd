"""What the words of this program mean, in a sentence each."""

# ruff: noqa: E501 - a sentence reads best on one line

from __future__ import annotations

from agent.chat.found import Found, cite, listing, nothing
from agent.chat.tools.base import Tool
from agent.chat.view import View
from agent.domain import Frozen
from agent.market.features import DOCS

# words that are also a figure of every run: "what is drawdown?" may be asked of either
FIGURES = frozenset(
    {
        "sharpe",
        "sharpe ratio",
        "sortino",
        "sortino ratio",
        "calmar",
        "calmar ratio",
        "cagr",
        "drawdown",
        "profit factor",
        "expectancy",
        "sqn",
        "kelly",
        "win rate",
        "exposure",
        *DOCS,
    }
)
TERMS: dict[str, str] = {
    "stop": "A stop is the price at which a losing position is closed, so that a loss stays near one unit of risk (1 R)",
    "stop loss": "A stop loss is the price at which a losing position is closed, so that a loss stays near one unit of risk (1 R)",
    "target": "A target is the price at which a winning position is closed and its profit taken",
    "take profit": "Take profit is the target: the price at which a winning position is closed",
    "horizon": "The horizon is the largest number of bars a position is held before it is closed by time",
    "r": "R is a trade's net result divided by what was at risk at entry (entry price less stop, times quantity): +1 R wins as much as was risked",
    "r multiple": "An R multiple is a trade's net result divided by what was at risk at entry",
    "sharpe ratio": "The Sharpe ratio is the mean daily return over its standard deviation, annualised: return per unit of fluctuation",
    "sharpe": "The Sharpe ratio is the mean daily return over its standard deviation, annualised: return per unit of fluctuation",
    "sortino": "The Sortino ratio is like the Sharpe ratio, but counts only downward fluctuation",
    "sortino ratio": "The Sortino ratio is like the Sharpe ratio, but counts only downward fluctuation",
    "calmar": "The Calmar ratio is the annual return over the maximum drawdown",
    "calmar ratio": "The Calmar ratio is the annual return over the maximum drawdown",
    "cagr": "CAGR is the constant yearly return that would have given the same end",
    "drawdown": "A drawdown is the fall of equity from its highest point so far, as a share of it",
    "profit factor": "The profit factor is the sum of all winning trades over the sum of all losing ones; above 1 the trades made money",
    "expectancy": "Expectancy is the mean return of a trade",
    "sqn": "SQN, the system quality number, is the mean trade over its standard deviation, times the root of the number of trades",
    "kelly": "The Kelly criterion is the fraction of capital that win rate and payoff would justify",
    "win rate": "The win rate is the share of closed trades that made money net of costs",
    "exposure": "Exposure is the share of equity invested; exposure time is the share of bars at which a position was open",
    "regime": "A regime is the kind of market at a bar: trending, ranging or volatile, with a probability for each",
    "trending": "Trending is the regime in which prices move in one direction for long",
    "ranging": "Ranging is the regime in which prices move sideways",
    "volatile": "Volatile is the regime in which prices move much more than usual",
    "voter": "A voter is a base strategy or analyst that gives a direction with a confidence, or abstains; its weight grows as it is right",
    "vote": "A vote is a voter's direction with a confidence; without data it abstains",
    "abstention": "An abstention is a decision at which nothing that may decide spoke: no voter and no skill",
    "abstain": "To abstain is to say nothing for want of data or of a case: it is not the same as to be neutral",
    "hold": "A hold is a decision to change nothing: to stay out, or to keep the position that is open",
    "confidence": "Confidence is the strength of the weighed evidence, from 0 to 1; an entry needs at least the threshold",
    "skill": "A skill is a strategy with typed conditions and a plan; it is trusted by the evidence of its executions",
    "reliability": "A skill's reliability is (successes + half of the partial successes) / executions; without executions it is a prior",
    "probation": "On probation a skill is followed on paper, beside the book, until its record is good enough to be used",
    "quarantine": "In quarantine a skill waits for a person's approval and is not used",
    "quarantined": "A quarantined skill waits for a person's approval and is not used",
    "retired": "A retired skill is no longer used, because its record fell below the rule; it is followed on paper and may be restored",
    "stale": "A stale skill has had no success for 90 days",
    "watch": "A skill on watch is used, but its record is being looked at closely",
    "execution": "An execution is one trade that a skill agreed with: a success, a partial success or a failure",
    "partial": "A partial success is an execution that made money, but less than 0.5 R",
    "shadow": "In shadow, trades are simulated on paper beside the book, so that there is evidence without money",
    "brier": "The Brier score is the mean squared distance between a stated chance and what came true: 0 is perfect, 0.25 is saying 50 % always",
    "brier score": "The Brier score is the mean squared distance between a stated chance and what came true: 0 is perfect, 0.25 is saying 50 % always",
    "clamp": "A clamp is a reduction of a decision's size by a limit, with its reason",
    "halt": "A halt stops all trading until a person lets it go on",
    "slippage": "Slippage is what is lost because an order fills at a worse price than the one seen",
    "buy and hold": "Buy and hold buys at the first close with all cash and keeps it to the end",
    "arm": "An arm is the same run with something left out or replaced (no memory, random entries), to compare with",
    "memory cap": "The memory cap bounds what memory may add to or take from a decision",
    "lesson": "A lesson is a sentence the agent writes down at the end of a stretch about how its trades went",
    "parameter": "An adaptive parameter is a number the agent changes by rule within the mandate: the threshold and the size multiplier",
    "size multiplier": "The size multiplier scales every position; it falls after losses and returns by rule",
    "threshold": "The threshold is the confidence an entry needs at least",
    "max position": "max_position is the largest share of equity in one position",
    "volatility z": "volatility_z is how far volatility is from its usual, in standard deviations",
    **{name: f"{name} is: {text}" for name, text in DOCS.items()},
    "rsi": f"RSI is: {DOCS['rsi_14']}",
    "atr": f"ATR is: {DOCS['atr_14']}",
    "adx": f"ADX is: {DOCS['adx_14']}",
}  # fmt: skip


class Term(Frozen):
    """A word of this program."""

    name: str


def term(view: View, asked: Term) -> Found:
    """What a word means here."""
    text = TERMS.get(asked.name.lower().replace("-", " "))
    if text is None:
        return nothing(f"{asked.name!r} is not explained here; there are {listing(list(TERMS), 60)}.", f"run:{view.run}")
    return Found(text=f"{text} {cite('run', view.run)}.", ids=(f"run:{view.run}",))


TOOLS = (Tool("term", "What a word of this program means: R, reliability, regime, drawdown, a feature.", Term, term),)
