"""Reading a question: days, bounds and clauses as they were meant, and no word that carries meaning dropped unseen."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.chat.local.answering import answer
from agent.chat.local.clauses import clauses
from agent.chat.local.dates import read_dates
from agent.chat.local.reading import Names, read
from agent.chat.tools.figures import Bound
from agent.chat.tools.selecting import Trades
from agent.chat.tools.trading import trades
from agent.chat.view import View
from tests.cli.kit import Json

TODAY = date(2014, 6, 30)
NAMES = Names(("NASDAQ", "SP500"), {"trend-pullback": "1", "volatility-breakout": "2"}, ("momentum", "rsi_reversal", "memory"))
WAYS = ("%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%d %b %Y", "the %dth of %B %Y", "%Y%m%d", "%B %dth %Y")


@given(st.dates(date(1999, 1, 1), date(2030, 12, 31)), st.sampled_from(WAYS))
def test_a_day_is_read_in_every_spelling(day: date, way: str) -> None:
    found = read_dates(f"why did you buy on {day.strftime(way)}?", TODAY)
    assert [period.day for period in found.periods] == [day]
    assert "20" not in found.rest


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ("in Q3 2013", date(2013, 7, 1), date(2013, 9, 30)),
        ("in early March 2013", date(2013, 3, 1), date(2013, 3, 10)),
        ("in the second half of May 2013", date(2013, 5, 16), date(2013, 5, 31)),
        ("in summer 2013", date(2013, 6, 1), date(2013, 8, 31)),
        ("in the first two months of 2013", date(2013, 1, 1), date(2013, 2, 28)),
        ("before Christmas 2013", None, date(2013, 12, 24)),
        ("from March to May 2013", date(2013, 3, 1), date(2013, 5, 31)),
        ("during February 2014, on 5 February 2014", date(2014, 2, 5), date(2014, 2, 5)),
        ("since the end of March 2014", date(2014, 3, 31), TODAY),
        ("since the start of 2014", date(2014, 1, 1), TODAY),
        ("at the end of Q1 2014", date(2014, 3, 22), date(2014, 3, 31)),
        ("between the start of 2013 and the end of 2013", date(2013, 1, 1), date(2013, 12, 31)),
        ("at year end 2013", date(2013, 12, 22), date(2013, 12, 31)),
        ("in the second week of May 2014", date(2014, 5, 8), date(2014, 5, 14)),
        ("the day before 2014-05-15", date(2014, 5, 14), date(2014, 5, 14)),
        ("in the week of 2014-05-14", date(2014, 5, 12), date(2014, 5, 18)),
    ],
)
def test_a_stretch_is_read_as_it_was_meant(said: str, start: date | None, end: date) -> None:
    (period,) = read_dates(f"how did we do {said}", TODAY).periods
    assert (period.start, period.end) == (start, end)


def test_a_stretch_beside_another_is_read_from_it() -> None:
    both = read_dates("last quarter versus the one before", TODAY).periods
    assert [(p.start, p.end) for p in both] == [(date(2014, 4, 1), date(2014, 6, 30)), (date(2014, 1, 1), date(2014, 3, 31))]
    halves = read_dates("compare the first half of 2013 to the second half", TODAY).periods
    assert [p.end for p in halves] == [date(2013, 6, 30), date(2013, 12, 31)]


@pytest.mark.parametrize(
    ("said", "bound"),
    [
        ("trades that lost more than $500", Bound(feature="pnl", op="<", value=-500.0)),
        ("winners of over 2 R", Bound(feature="r", op=">", value=2.0)),
        ("trades held at least five bars", Bound(feature="bars_held", op=">=", value=5.0)),
        ("entries with confidence below 0.3", Bound(feature="confidence", op="<", value=0.3)),
        ("buys with RSI under 30", Bound(feature="rsi_14", op="<", value=30.0)),
        ("bought below its 50-day average", Bound(feature="close_to_sma_50", op="<", value=0.0)),
        ("quarters with more then 5 trades", Bound(feature="count", op=">", value=5.0)),
    ],
)
def test_a_bound_is_of_what_its_words_say(said: str, bound: Bound) -> None:
    assert read(said, NAMES, TODAY).bounds == (bound,)


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("Which skill fired most often, and is it any good?", 2),
        ("What was the worst trade and why was it opened?", 2),
        ("When RSI was low, what came next?", 1),
        ("What did you buy and why?", 1),
        ("Best month, worst month.", 1),
    ],
)
def test_only_what_asks_something_of_its_own_is_a_part(said: str, parts: int) -> None:
    assert len(clauses(said)) == parts


@pytest.mark.parametrize(
    "said",
    ["What is the win rate?", "Which skills are losing?", "How deep was the worst drawdown?", "What was the best trade?",
     "Why did you buy NASDAQ on 2014-01-13?", "How many trades were stopped out?", "Who is the most believed voter?"],
)  # fmt: skip
@pytest.mark.parametrize("stray", ["in a thunderstorm", "without the three best", "after a full moon", "in our Tokyo office"])
def test_a_word_that_no_reading_accounts_for_makes_the_answer_unsure(shared_view: View, said: str, stray: str) -> None:
    """A trader would take the figure of everything for that of what was asked."""
    assert answer(shared_view, f"{said.rstrip('?')} {stray}?").certainty != "sure"


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("What was the worst trade and why was it opened?", "Why: "),
        ("Which skill has the most executions, and how reliable is it?", "95 % interval"),
        ("What does R mean and what is our mean R?", "The mean of"),
    ],
)
def test_a_later_part_points_back_to_what_the_first_found(shared_view: View, said: str, again: str) -> None:
    found = answer(shared_view, said)
    assert again in found.text
    assert found.certainty != "unknown"


@settings(max_examples=40, deadline=None)
@given(
    symbol=st.sampled_from([None, "NASDAQ", "SP500"]),
    won=st.sampled_from([None, True, False]),
    weekday=st.sampled_from([None, 0, 2, 4]),
    bars=st.integers(1, 6),
    r=st.floats(-1.5, 1.5).map(lambda x: round(x, 2)),
)
def test_bounded_trades_are_those_of_the_document(
    finished: tuple[Path, Json], shared_view: View, symbol: str | None, won: bool | None, weekday: int | None, bars: int, r: float
) -> None:
    bounds = (Bound(feature="bars_held", op=">=", value=bars), Bound(feature="r", op="<", value=r))
    found = trades(shared_view, Trades(symbol=symbol, won=won, weekday=weekday, bounds=bounds, measure="count"))
    expected = [
        t for t in finished[1]["trades"]
        if symbol in (None, t["symbol"]) and won in (None, t["r"] > 0) and t["bars_held"] >= bars and t["r"] < r
        and weekday in (None, date.fromisoformat(t["entry_bar"][:10]).weekday())
    ]  # fmt: skip
    assert found.data["count"] == len(expected)


@given(st.sampled_from(["start", "beginning", "middle", "end"]), st.sampled_from(["Q2 2013", "2013", "March 2013"]))
def test_an_edge_lies_inside_its_stretch(edge: str, whole: str) -> None:
    (outer,) = read_dates(f"in {whole}", TODAY).periods
    (inner,) = read_dates(f"at the {edge} of {whole}", TODAY).periods
    days = (outer.start, inner.start, inner.end, outer.end)
    assert list(days) == sorted(day for day in days if day)
    assert (inner.start, inner.end) != (outer.start, outer.end)


@pytest.mark.parametrize("said", ["How did we do in March?", "what was the return of Q1"])
def test_a_stretch_without_its_year_is_said_to_be_taken(said: str) -> None:
    """A trader who means every March would take the last one's figure for all of them."""
    assert any("no year was said" in doubt for doubt in read(said, NAMES, TODAY).doubts)


@pytest.mark.parametrize(
    ("said", "bound", "crossed"),
    [
        ("When did MACD cross above its signal?", Bound(feature="macd_hist", op=">"), True),
        ("how often did the macd cross below its signal line", Bound(feature="macd_hist", op="<"), True),
        ("when did RSI cross above 70", Bound(feature="rsi_14", op=">", value=70.0), True),
        ("how often was the close below its 50-day average", Bound(feature="close_to_sma_50", op="<"), False),
        ("what followed a death cross", Bound(feature="sma_cross", op="<"), False),
        ("was it oversold", Bound(feature="rsi_14", op="<", value=30.0), False),
        ("when volume was twice its average", Bound(feature="volume_ratio", op=">", value=2.0), False),
        ("what do we know about low atr", Bound(feature="atr_14", op="<", than="lower quarter"), False),
        ("how did trades in a downtrend do", Bound(feature="trend_strength", op="<"), False),
        ("which trades lasted longer than average", Bound(feature="bars_held", op=">", than="mean"), False),
        ("trades bigger than usual", Bound(feature="size", op=">", than="mean"), False),
        ("trades with lower than median confidence", Bound(feature="confidence", op="<", than="median"), False),
    ],
)
def test_a_condition_without_a_number_is_read(said: str, bound: Bound, crossed: bool) -> None:
    found = read(said, NAMES, TODAY)
    assert found.bounds == (bound,)
    assert bool(found.values("cross")) == crossed


@pytest.mark.parametrize("said", ["what do we know about low atr", "was it oversold", "how did trades in a downtrend do"])
def test_a_convention_is_said_to_be_taken(said: str) -> None:
    assert any("I take" in doubt for doubt in read(said, NAMES, TODAY).doubts)


def test_bigger_than_usual_asks_for_no_biggest() -> None:
    assert "most" not in read("Which trades were bigger than usual?", NAMES, TODAY).concepts


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("wr on spx in the last qtr", "win rate on spx in the last quarter"),
        ("conf nasdaq 2014-05-14", "confidence nasdaq 2014-05-14"),
        ("mdd n when", "maximum drawdown and when"),
        ("sl of the sp500 trade of 14 may 14", "stop loss of the sp500 trade of 14 may 2014"),
    ],
)
def test_what_traders_write_short_is_read_as_written_out(short: str, long: str) -> None:
    brief, full = read(short, NAMES, TODAY), read(long, NAMES, TODAY)
    assert (brief.text, brief.concepts, brief.periods, brief.symbols) == (full.text, full.concepts, full.periods, full.symbols)
