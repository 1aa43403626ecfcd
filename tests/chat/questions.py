"""Questions a trader asks of a finished run, in many wordings, with what the answer must hold.

What must be in an answer is worked out here from the run's document alone, by other code than the program's. The days named
are days of the run over both indices in the first half of 2014.
"""

# ruff: noqa: E501 - a question and its answer stand on one line

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

Json = dict[str, Any]
Needs = Callable[["Facts"], list[str]]


class Facts:
    """The run's document, and simple sums over it."""

    def __init__(self, document: Json) -> None:
        self.d = document
        self.trades: list[Json] = document["trades"]
        self.m: Json = document["metrics"]

    def of(self, symbol: str | None = None, month: str | None = None, reason: str | None = None) -> list[Json]:
        """Trades by symbol, by the month they closed in, by how they ended."""
        return [
            t
            for t in self.trades
            if symbol in (None, t["symbol"]) and (month is None or t["exit_bar"][:7] in month) and reason in (None, t["reason"])
        ]

    def entry(self, symbol: str, decided: str) -> Json:
        """The decision to enter on a day."""
        return next(x for x in self.d["decisions"] if x["symbol"] == symbol and x["action"] == "buy" and self.bar(x) == decided)

    def bar(self, decision: Json) -> str:
        """The day of a decision's bar: it is known a day later."""
        at = date.fromisoformat(decision["as_of"][:10])
        return date.fromordinal(at.toordinal() - 1).isoformat()

    def decided(self, symbol: str, day: str) -> Json:
        """What was decided on a day."""
        return next(x for x in self.d["decisions"] if x["symbol"] == symbol and self.bar(x) == day)

    def trade(self, symbol: str, number: int) -> Json:
        """A symbol's trade by its place in time."""
        return sorted((t for t in self.trades if t["symbol"] == symbol), key=lambda t: str(t["entry_bar"]))[number]

    def made(self, trade: Json) -> Json:
        """The decision that a trade came from."""
        return next(x for x in self.d["decisions"] if x["id"] == trade["decision"])

    def open(self) -> list[str]:
        """Symbols bought and not closed; what was decided at the last bar has not filled."""
        closed, last = {t["decision"] for t in self.trades}, max(x["as_of"] for x in self.d["decisions"])
        return [x["symbol"] for x in self.d["decisions"] if x["action"] == "buy" and x["id"] not in closed and x["as_of"] < last]

    def told(self, question: str) -> str:
        """A question with the days put in: ``{SP500 2 exit %d %B %Y}`` is when its third trade was left, as a person says it."""

        def day(found: re.Match[str]) -> str:
            symbol, number, end, how = found.groups()
            trade = self.trade(symbol, int(number))
            moment = date.fromisoformat(self.bar(self.made(trade)) if end == "decided" else trade[f"{end}_bar"][:10])
            return moment.strftime(how or "%Y-%m-%d")

        return re.sub(r"\{(\w+) (\d+) (entry|exit|decided) ?([^}]*)\}", day, question)

    def best(self, worst: bool = False, rows: list[Json] | None = None) -> Json:
        """The trade that made most, or least."""
        return (min if worst else max)(rows or self.trades, key=lambda t: t["pnl"])

    def wins(self, rows: list[Json] | None = None) -> int:
        """How many paid."""
        return sum(t["r"] > 0 for t in (self.trades if rows is None else rows))

    def rate(self, rows: list[Json] | None = None) -> str:
        """The win rate as it is told."""
        chosen = self.trades if rows is None else rows
        return f"{100 * self.wins(chosen) / len(chosen):.1f}%"

    def sum(self, rows: list[Json]) -> str:
        """Profit and loss of trades as it is told."""
        return f"{sum(t['pnl'] for t in rows):+,.2f}"

    def skill(self, name: str) -> Json:
        """A skill's row at the end."""
        found: Json = next(s for s in self.d["learned"]["skills"] if s["name"] == name)
        return found

    def streak(self, won: bool) -> int:
        """The longest run of wins or of losses in the order trades closed."""
        longest = now = 0
        for t in sorted(self.trades, key=lambda t: (t["closed_at"], t["symbol"])):
            now = now + 1 if (t["r"] > 0) == won else 0
            longest = max(longest, now)
        return longest


def why(symbol: str, day: str) -> Needs:
    """The decision of that day, by id, with what was decided."""

    def needs(f: Facts) -> list[str]:
        made = f.decided(symbol, day)
        return [made["id"][:8], made["action"].replace("none", "nothing was decided")]

    return needs


def said(*words: str) -> Needs:
    """These words."""
    return lambda f: list(words)


def figure(name: str, pattern: str = "{:.2f}") -> Needs:
    """A figure of the document's table."""
    return lambda f: [pattern.format(f.m[name])]


def closed(symbol: str, number: int) -> Needs:
    """A trade by its id, its exit day and result."""

    def needs(f: Facts) -> list[str]:
        t = f.trade(symbol, number)
        return [t["decision"][:8], t["exit_bar"][:10], f"{t['r']:+.2f} R"]

    return needs


def count(rows: Callable[[Facts], list[Json]], won: bool | None = None) -> Needs:
    """How many trades, winners or losers."""

    def needs(f: Facts) -> list[str]:
        chosen = rows(f)
        n = len(chosen) if won is None else f.wins(chosen) if won else len(chosen) - f.wins(chosen)
        return [f"{n} "]

    return needs


def which(standing: Callable[[Json], bool]) -> Needs:
    """Exactly the skills that stand so."""
    return lambda f: [s["name"] for s in f.d["learned"]["skills"] if standing(s)]


def everything(f: Facts) -> list[Json]:
    """All trades."""
    return f.trades


def losing(s: Json) -> bool:
    """A skill that lost in the book."""
    return bool(s["executions"]) and s["mean_r"] < 0


def winning(s: Json) -> bool:
    """A skill that won in the book."""
    return bool(s["executions"]) and s["mean_r"] > 0


QUESTIONS: list[tuple[str, Needs]] = [
    # why it entered
    ("Why did you buy NASDAQ on 2014-01-13?", why("NASDAQ", "2014-01-13")),
    ("What was the reason for going long the S&P 500 on 13 January 2014?", why("SP500", "2014-01-13")),
    ("On what basis did you enter the Nasdaq on Feb 10th, 2014?", why("NASDAQ", "2014-02-10")),
    ("wyh did you byu nasdqa on 13 Janury 2014", why("NASDAQ", "2014-01-13")),
    ("what made you purchase sp500 at 13/1/2014", why("SP500", "2014-01-13")),
    ("Explain the NASDAQ entry of 19 Feb 2014", why("NASDAQ", "2014-02-19")),
    ("What's the story behind the S&P position opened on {SP500 1 decided}?", lambda f: [f.trade("SP500", 1)["decision"][:8]]),
    ("Walk me through the purchase of the nasdaq on March 11, 2014", lambda f: ["NASDAQ", "2014-03-1", "Why: "]),
    ("Why did you hold NASDAQ on 2014-02-14?", why("NASDAQ", "2014-02-14")),
    ("How come nothing was bought in SP500 on 2014-03-03?", why("SP500", "2014-03-03")),
    ("Why didn't you trade the S&P on 3 June 2014?", why("SP500", "2014-06-03")),
    ("Why did we stay out of the nasdaq on 5 May 2014?", why("NASDAQ", "2014-05-05")),
    ("What did you decide for NASDAQ on Saturday 2014-02-15?", lambda f: ["no trading day", "2014-02-14"]),
    ("Why did you not buy SP500 on 4 January 2014?", lambda f: ["no trading day", "2014-01-03"]),
    # why it got out
    ("Why did you sell NASDAQ on {NASDAQ 0 exit}?", closed("NASDAQ", 0)),
    ("Why was the S&P position closed on {SP500 1 exit}?", closed("SP500", 1)),
    ("what led to the exit from nasdaq on {NASDAQ 1 exit %d %b %Y}", closed("NASDAQ", 1)),
    ("How come you got out of SP500 on {SP500 0 exit %d %B %Y}?", closed("SP500", 0)),
    ("why did you sel nasdaq on {NASDAQ 2 exit %d %B %Y}", closed("NASDAQ", 2)),
    # about one decision
    ("How confident were you when buying NASDAQ on 2014-01-13?", lambda f: [f"{f.decided('NASDAQ', '2014-01-13')['confidence']:.2f}"]),
    ("How sure was it about SP500 on {SP500 1 decided %d %B %Y}?", lambda f: [f"{f.made(f.trade('SP500', 1))['confidence']:.2f}"]),
    ("How big was the NASDAQ position opened on 2014-01-13?", lambda f: [f"{abs(f.decided('NASDAQ', '2014-01-13')['size']):.1%}"]),
    ("What size did the S&P trade of {SP500 1 decided} have?", lambda f: [f"{abs(f.made(f.trade('SP500', 1))['size']):.1%}"]),
    ("Where was the stop of the NASDAQ trade of 2014-01-13?", said("stop", "target")),
    ("What price target did you have for SP500 on 2014-05-15?", said("target")),
    ("How did the NASDAQ trade of {NASDAQ 0 entry} end?", closed("NASDAQ", 0)),
    ("Did the S&P trade from {SP500 2 entry %d %B %Y} work out?", closed("SP500", 2)),
    ("Was the nasdaq trade entered {NASDAQ 0 entry %d %B %Y} a winner?", closed("NASDAQ", 0)),
    ("How did the voters vote on NASDAQ on 2014-01-13?", said("momentum", "rsi_reversal")),
    ("Who spoke for or against SP500 on 2014-03-03?", said("momentum")),
    ("Which skills applied to NASDAQ on 2014-01-02?", said("momentum-continuation")),
    ("Which limits cut the NASDAQ decision of 2014-01-02?", said("max_position", "50.0%")),
    ("What did the forecast say for SP500 on 2014-03-03?", said("No forecast")),
    # trades as a whole
    ("How many trades were made?", count(everything)),
    ("number of trades?", count(everything)),
    ("How many of our trades won?", count(everything, True)),
    ("How many losing trades did we have?", count(everything, False)),
    ("how mnay trdes did we lose?", count(everything, False)),
    ("How many trades on NASDAQ?", count(lambda f: f.of("NASDAQ"))),
    ("How many trades were closed in January 2014?", count(lambda f: f.of(month="2014-01"))),
    ("How many S&P trades were winners?", count(lambda f: f.of("SP500"), True)),
    ("What is the win rate?", lambda f: [f.rate()]),
    ("whats the hit rate", lambda f: [f.rate()]),
    ("What share of trades was profitable on the S&P 500?", lambda f: [f.rate(f.of("SP500"))]),
    ("win rate of NASDAQ in the first quarter of 2014", lambda f: [f.rate(f.of("NASDAQ", "2014-01 2014-02 2014-03"))]),
    ("Which symbol has the better win rate?", lambda f: [f.rate(f.of("NASDAQ")), f.rate(f.of("SP500"))]),
    ("Win rate by regime", said("trending", "ranging", "volatile")),
    ("In which regime do we make the most?", said("trending", "ranging", "volatile", "Best")),
    ("What was the best trade?", lambda f: [f.best()["decision"][:8], f"{f.best()['pnl']:+,.2f}"]),
    ("Which trade earned the most money?", lambda f: [f.best()["decision"][:8]]),
    ("Show the biggest winner", lambda f: [f.best()["decision"][:8]]),
    ("What was the largest loss?", lambda f: [f.best(True)["decision"][:8], f"{f.best(True)['pnl']:+,.2f}"]),
    ("which trade was the wrost", lambda f: [f.best(True)["decision"][:8]]),
    ("Worst trade on the S&P?", lambda f: [f.best(True, f.of("SP500"))["decision"][:8]]),
    ("What was the first trade?", lambda f: ["2014-01-03"]),
    ("Tell me about the last trade", lambda f: [max(f.trades, key=lambda t: t["exit_bar"])["decision"][:8]]),
    ("Which trade was held longest?", lambda f: [f"after {max(t['bars_held'] for t in f.trades)} bars"]),
    ("How long are trades held on average?", lambda f: [f"{sum(t['bars_held'] for t in f.trades) / len(f.trades):.1f} bars"]),
    ("What is the average holding period?", lambda f: [f"{sum(t['bars_held'] for t in f.trades) / len(f.trades):.1f} bars"]),
    ("What's the longest losing streak?", lambda f: [f"losing streak is {f.streak(False)} trades"]),
    ("How many wins in a row did we have?", lambda f: [f"winning streak is {f.streak(True)} trades"]),
    ("How many trades were stopped out?", count(lambda f: f.of(reason="stop"))),
    ("How often was the target reached?", count(lambda f: f.of(reason="target"))),
    ("How do trades usually end?", lambda f: [f"{k} {n}" for k, n in Counter(t["reason"] for t in f.trades).items()]),
    ("What is the profit factor?", figure("Profit Factor")),
    ("What's the average win and the average loss?", said("winner", "loser")),
    ("How much did we make on NASDAQ?", lambda f: [f.sum(f.of("NASDAQ"))]),
    ("P&L of the S&P in {SP500 1 exit %B %Y}?", lambda f: [f.sum(f.of("SP500", f.trade("SP500", 1)["exit_bar"][:7]))]),
    ("Which symbol lost more money?", lambda f: [f.sum(f.of("NASDAQ")), f.sum(f.of("SP500"))]),
    ("trades per month", lambda f: [f"2014-01 {len(f.of(month='2014-01'))} trades"]),
    ("How many shorts were done?", said("No short")),
    ("What are the three best trades?", lambda f: [t["decision"][:8] for t in sorted(f.trades, key=lambda t: -t["pnl"])[:3]]),
    # the result
    ("What was the total return?", figure("Return [%]", "{:.2f}%")),
    ("How much money did we lose overall?", lambda f: [f"{f.m['Equity Final [$]'] - 100_000:+,.2f}"]),
    ("How did we do in January 2014?", said("2014-01-31")),
    ("How was the second quarter of 2014?", lambda f: [f"{f.d['chunks'][1]['return_pct']:.2f}%"]),
    ("What's the Sharpe ratio?", figure("Sharpe Ratio")),
    ("whats the shrpe", figure("Sharpe Ratio")),
    ("Sortino?", figure("Sortino Ratio")),
    ("What is the annualised volatility of the portfolio?", figure("Volatility (Ann.) [%]")),
    ("How deep was the worst drawdown?", lambda f: [f"{-f.m['Max. Drawdown [%]']:.2f}%"]),
    ("When was the maximum drawdown?", lambda f: [f"{-f.m['Max. Drawdown [%]']:.2f}%", "from 2014"]),
    ("Did we beat buy and hold?", lambda f: ["fell short", f"{f.m['Buy & Hold Return [%]']:.2f} %"]),
    ("How does it compare to just holding the index?", figure("Buy & Hold Return [%]", "{:.2f} %")),
    ("How much did we pay in commissions?", lambda f: [f"{sum(t['fees'] for t in f.trades):,.2f}"]),
    ("How much of the time were we invested?", figure("Exposure Time [%]", "{:.1f}")),
    ("What is the final equity?", figure("Equity Final [$]", "{:,.2f}")),
    ("When was equity at its highest?", figure("Equity Peak [$]", "{:,.2f}")),
    ("What was the account worth on 31 March 2014?", lambda f: [f"{dict((a[:10], b) for a, b in f.d['equity'])['2014-03-31']:,.2f}"]),
    ("monthly returns", said("2014-01", "2014-06")),
    ("Which month was the worst?", said("worst month was 2014-")),
    ("Compare Q1 2014 with Q2 2014", lambda f: [f"{c['return_pct']:.2f}%" for c in f.d["chunks"]]),
    # decisions
    ("How many decisions were made?", lambda f: [f"{len(f.d['decisions'])} decisions"]),
    ("How many times did it hold?", lambda f: [f"{sum(x['action'] == 'hold' for x in f.d['decisions'])} holds"]),
    ("How often did you enter?", lambda f: [f"{sum(x['action'] == 'buy' for x in f.d['decisions'])} entries"]),
    ("How many abstentions were there?", lambda f: [f"{f.d['abstained']} abstentions"]),
    ("Were there any errors?", said("0 errors")),
    ("Were any orders refused?", said("0 refusals")),
    # skills
    ("Which skills are losing?", which(losing)),
    ("wich skils are loosing", which(losing)),
    ("Which strategies win?", which(winning)),
    ("Have any skills been retired?", said("No skill is retired")),
    ("Which skills are on probation?", said("No skill is on probation")),
    ("Which skills went stale?", which(lambda s: s["status"] == "stale")),
    ("How reliable is trend-pullback?", lambda f: [f"{f.skill('trend-pullback')['reliability']:.2f}", "interval"]),
    ("how good is momentum continuation", lambda f: [f"{f.skill('momentum-continuation')['reliability']:.2f}"]),
    ("How many executions does gap-fade have?", lambda f: [f"{f.skill('gap-fade')['executions']} executions"]),
    ("When was trend-pulback last used?", said("trend-pullback", "2014-0")),
    ("What does washout-rebound do?", said("Applies when")),
    ("Which skills have never been used?", which(lambda s: s["executions"] == 0 and s["name"] in ("drawdown-defence", "washout-rebound"))),
    ("Which skill is best in trending markets?", said("in trending markets", "reliability")),
    ("What is to be done when there is a data gap?", said("data-gap")),
    # whom it believes
    ("Who is the most believed voter?", said("most believed", "weight")),
    ("How much weight does momentum have?", said("momentum", "weight")),
    ("Which voter is right most often?", said("right most often")),
    ("voter weights in volatile markets", said("in volatile markets")),
    # markets and situations
    ("What do we know about RSI below 30 in a volatile regime?", said("rsi_14 < 30 in volatile markets")),
    ("What happened when RSI was above 70?", said("rsi_14 > 70", "standard long")),
    ("How often was adx over 40 on the nasdaq?", said("adx_14 > 40 on NASDAQ")),
    ("What was the regime on 2014-02-03?", said("2014-02-03", "regime")),
    ("What share of the time was the market volatile?", lambda f: [f"{f.d['learned']['regime_share']['volatile'] / len(f.d['decisions']):.1%}"]),
    ("What was RSI of NASDAQ on 2014-02-03?", said("rsi_14 of NASDAQ on 2014-02-03")),
    ("What was the close of SP500 on 2014-02-03?", said("1,741.89")),
    ("Highest RSI of SP500 in May 2014?", said("highest", "rsi_14")),
    ("Have you seen anything like NASDAQ on 2014-06-03 before?", said("Most like NASDAQ 2014-06-03")),
    # memory and change
    ("What lessons were learned in Q1 2014?", said("2014Q1", "[memory:m")),
    ("What changed since last quarter?", said("since 2014-03-31", "Weights of voters")),
    ("What changed in the skills since March 2014?", said("changes of standing from 2014-03-01")),
    ("Did any parameters change?", said("parameter")),
    # how things stand
    ("What positions are open?", lambda f: [f"{symbol} long" for symbol in f.open()] or ["No position"]),
    ("Are we holding anything at the moment?", lambda f: [f"{symbol} long" for symbol in f.open()] or ["No position"]),
    ("Is trading halted?", said("not halted")),
    ("What limits are in force?", said("25% halts")),
    ("What is the drawdown limit?", said("max_drawdown is 25%")),
    ("How much may be risked per trade?", said("risk_per_trade is 1%")),
    ("May you go short?", said("allow_short")),
    ("Which run is this?", lambda f: [f.d["run"]]),
    ("What symbols are traded?", said("NASDAQ and SP500")),
    ("What period does the run cover?", said("2014-01-02", "2014-06-30")),
    ("Which seed was used?", said("Seed 0")),
    ("What caveats are there?", said("hindsight")),
    ("What did the language model cost?", said("No language model")),
    # what would have been
    ("What would have happened without trend-pullback?", said("Hypothetical", "never traded")),
    ("What if memory had been left out on NASDAQ 2014-05-21?", said("Hypothetical", "without memory")),
    ("What would SP500 on {SP500 1 decided} have been with a maximum position of 5%?", said("Hypothetical", "5.0% of equity")),
    ("Compare the NASDAQ decisions of 2014-01-13 and 2014-02-10", lambda f: [f.decided("NASDAQ", d)["id"][:8] for d in ("2014-01-13", "2014-02-10")]),
    ("Talk me through the thinking on the NASDAQ on {NASDAQ 2 entry %d %B %Y}", lambda f: ["NASDAQ", "Why: "]),
    ("Was the nasdaq trade entered {NASDAQ 2 entry %d %B %Y} a winner?", closed("NASDAQ", 2)),
    ("Was the nasdaq trade entered {NASDAQ 3 entry %d %B %Y} a winner?", closed("NASDAQ", 3)),
    ("How did the S&P trade filled on {SP500 3 entry %d %B %Y} end?", closed("SP500", 3)),
    ("What was our single worst trade and why was it opened?", lambda f: [f.best(worst=True)["decision"][:8], "Why: "]),
    ("Show the five largest losers", lambda f: [t["decision"][:8] for t in sorted(f.trades, key=lambda t: t["pnl"])[:5]]),
    ("What's the smallest winning trade?", lambda f: [f.best(worst=True, rows=[t for t in f.trades if t["r"] > 0])["decision"][:8], "smallest winning"]),
    ("How often was the agent right when it was 50% sure?", lambda f: [f"over {f.d['learned']['reliability']['n']} settled", f"{f.d['learned']['reliability']['ece']:.3f}"]),
    ("What percentage of exits were stop losses?", lambda f: [f"stop {len(f.of(reason='stop'))} ("]),
    ("Is it better on the S&P or on the Nasdaq?", lambda f: [f.sum(f.of("SP500")), f.sum(f.of("NASDAQ"))]),
    ("Did we beat simply holding the indices?", figure("Buy & Hold Return [%]")),
    ("How many bars does a losing trade last vs a winner?", lambda f: [f"{f.wins()} winning trades were held", f"{len(f.trades) - f.wins()} losing trades were held"]),
    ("How many trades did we make, and how many won?", lambda f: [f"{len(f.trades)} trades: {f.wins()} won"]),
]  # fmt: skip

UNANSWERABLE = (
    "Will the NASDAQ rise tomorrow?",
    "Should I buy the S&P now?",
    "What is your API key?",
    "Why did you buy Tesla on 2014-02-03?",
    "What's the weather in Paris?",
    "Tell me a joke",
    "What is the meaning of life?",
)

ROUTED: dict[str, str] = {
    "What's the split of winners and losers?": "trades",
    "What portion of trades closed at the stop?": "trades",
    "In which quarter did we win most often?": "trades",
    "How many trades ended with a profit?": "trades",
    "How do trades do when markets are choppy?": "trades",
    "How long were we under water?": "result",
    "Has the account recovered from its drawdown?": "result",
    "What would a passive investor have made?": "result",
    "Did the strategy outperform the market?": "result",
    "Which day had the biggest loss?": "result",
    "Are the results statistically significant?": "result",
    "How volatile were returns?": "result",
    "returns by year": "result",
    "How often were we invested?": "result",
    "Which skills do you trust the most?": "skills",
    "Which skill performs worst?": "skills",
    "What's the track record of washout-rebound?": "skill",
    "In which regime does trend-pullback work best?": "skill",
    "How accurate is momentum?": "voters",
    "How often is memory right?": "voters",
    "Whom does the agent trust most in ranging markets?": "voters",
    "Which regime is the most common?": "regimes",
    "Is the market trending now?": "regimes",
    "What happened after RSI dropped under 25?": "situations",
    "When volatility is above 2 sigma what happens next?": "situations",
    "What was the lowest RSI on NASDAQ?": "feature_history",
    "What did you learn recently?": "recall",
    "Have you adapted any parameters lately?": "parameters",
    "How big can a position be?": "standing",
    "what's the maximum you may lose in a day?": "standing",
    "what would stop the agent from trading?": "standing",
    "How many trades are still open?": "positions",
    "Which positions did we have on 2014-01-15?": "positions",
    "what timeframe do you trade on": "run",
    "How many bars are in the data?": "run",
    "What would have happened if trend-pullback did not exist?": "without_skill",
    "What if entries needed a confidence of 0.6 on 2014-01-13 in NASDAQ?": "what_if",
    "Did a limit ever block an entry?": "decisions",
    "Which months were profitable?": "result",
    "Was the S&P in an uptrend on 2014-06-03?": "market_state",
    "How well calibrated is the agent?": "calibration",
    "Which days looked most like the S&P on 2014-06-03?": "similar",
    "What did momentum say about the nasdaq on 2014-02-03?": "why",
    "How would things have looked without trend-pullback?": "without_skill",
    "What share of decisions were holds?": "decisions",
    "Which exit reason costs the most?": "trades",
    "How much capital did we start with?": "run",
    "How far below the peak did we end?": "result",
    "Under which circumstances is trading halted?": "standing",
    "Did Fridays do better than Mondays?": "trades",
    "What's the most you can lose per trade?": "standing",
}

MARKED = (
    "How reliable is breakout-momentum?",
    "How does it perform in bear markets?",
    "What was the drawdown on the NASDAQ?",
    "Did the trades after a Federal Reserve meeting win?",
    "How many trades did we make on Mondays in a thunderstorm?",
    "What was the win rate without the three best trades?",
)
