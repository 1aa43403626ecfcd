"""Queries put together from what a question names: what came before, two divisions, every one listed, what another run tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.chat.local.answering import answer
from agent.chat.local.reading import Names, read
from agent.chat.tools import BY_NAME
from agent.chat.tools.figures import Bound, Figure, meets, settled
from agent.chat.tools.selecting import After, Trades, key_of, selected
from agent.chat.view import View
from tests.cli.kit import Json

TODAY = date(2014, 6, 30)
NAMES = Names(("NASDAQ", "SP500"), {"trend-pullback": "1"}, ("momentum", "rsi_reversal", "memory"))


@pytest.mark.parametrize(
    ("said", "after"),
    [
        ("What is the win rate after a losing trade?", After(what="loss", n=1)),
        ("After three losses in a row, how did trades go?", After(what="loss", n=3)),
        ("how did it do following two straight winners", After(what="win", n=2)),
        ("trades right after a stop-out", After(what="stop", n=1)),
    ],
)
def test_what_came_before_is_read_and_not_taken_for_what_is_asked(said: str, after: After) -> None:
    found = read(said, NAMES, TODAY)
    assert found.value("after") == after
    assert "lose" not in found.concepts


@settings(max_examples=20, deadline=None)
@given(what=st.sampled_from(["win", "loss", "stop", "target"]), n=st.integers(1, 4))
def test_trades_after_others_followed_them_in_the_document(
    finished: tuple[Path, Json], shared_view: View, what: str, n: int
) -> None:
    asked = Trades.model_validate({"after": {"what": what, "n": n}})

    def is_so(trade: Json) -> bool:
        return bool((trade["r"] > 0) == (what == "win")) if what in ("win", "loss") else bool(trade["reason"] == what)

    every = sorted(finished[1]["trades"], key=lambda t: t["closed_at"])
    expected = set()
    for trade in every:
        before = [t for t in every if t["closed_at"] <= trade["entry_bar"]][-n:]
        if len(before) == n and all(is_so(t) for t in before):
            expected.add(trade["decision"])
    assert {t.outcome.decision for t in selected(shared_view, asked)} == expected


@pytest.mark.parametrize("order", ["highest", "lowest"])
def test_a_trade_without_the_figure_asked_for_is_named_neither_highest_nor_lowest(shared_view: View, order: str) -> None:
    trades = selected(shared_view, Trades())
    place = key_of(Trades.model_validate({"order": order, "figure": "confidence"}))
    assert place(replace(trades[0], decision=None)) > max(place(trade) for trade in trades)


def test_two_divisions_at_once_count_every_trade_once(finished: tuple[Path, Json], shared_view: View) -> None:
    found = answer(shared_view, "Trades by exit type and regime, please.")
    assert found.certainty == "sure"
    table = BY_NAME["trades"].run(shared_view, Trades(by="regime", within="exit"))
    assert sum(of["count"] for of in table.data.values()) == len(finished[1]["trades"])
    assert all(" / " in name for name in table.data)


def test_trades_asked_for_one_by_one_are_all_told(finished: tuple[Path, Json], shared_view: View) -> None:
    ended = [t for t in finished[1]["trades"] if t["symbol"] == "NASDAQ" and t["reason"] == "time"][:50]
    found = answer(shared_view, "List the NASDAQ trades that ended by time.")
    assert set(found.citations) >= {t["decision"] for t in ended}


def test_a_feature_called_high_is_bounded_and_said_to_be_a_guess() -> None:
    found = read("trades with high volume", NAMES, TODAY)
    assert found.bounds == (Bound(feature="volume_ratio", op=">", value=1.5),)
    assert any("volume_ratio > 1.5" in doubt for doubt in found.doubts)


@pytest.mark.parametrize(
    "said",
    [
        "What if the drawdown limit had been tighter?",
        "Had we started in January 2014, what return would the book show?",
        "Would dropping SP500 improve the Sharpe?",
    ],
)
def test_what_another_run_would_show_is_not_made_up(shared_view: View, said: str) -> None:
    found = answer(shared_view, said)
    assert "needs another backtest: `tradecraft backtest" in found.text
    assert not found.tools


@pytest.mark.parametrize("said", ["Which month had the most trades?", "Which buy had the highest confidence?"])
def test_what_was_is_not_taken_for_what_would_have_been(shared_view: View, said: str) -> None:
    assert answer(shared_view, said).tools[:1] in (("trades",), ("decisions",))


def test_why_it_held_is_counted_over_every_hold(finished: tuple[Path, Json], shared_view: View) -> None:
    found = answer(shared_view, "What are the most common reasons for holding?")
    assert found.tools == ("decisions",)
    assert found.table is not None
    held = sum(d["action"] == "hold" and d["status"] == "ok" for d in finished[1]["decisions"])
    assert sum(int(row[1]) for row in found.table.rows) == held


def test_the_smallest_win_is_a_win(finished: tuple[Path, Json], shared_view: View) -> None:
    least = min((t for t in finished[1]["trades"] if t["r"] > 0), key=lambda t: t["pnl"])
    assert least["decision"] in answer(shared_view, "What was your smallest win?").citations


def test_skills_are_bounded_by_how_often_they_were_used_in_either_direction(shared_view: View) -> None:
    kinds = {skill.id: skill.kind for skill in shared_view.catalogue.versions()}
    used = [row["executions"] for row in shared_view.catalogue.rows() if kinds[row["id"]] == "strategy"]
    few = answer(shared_view, "How many skills have fewer than 5 executions?").text
    assert few.startswith(f"{sum(n < 5 for n in used)} skill")


def test_trades_of_days_outside_the_record_are_said_to_be_outside(shared_view: View) -> None:
    found = answer(shared_view, "How did the SP500 trades of 2003 do?")
    assert "lie outside the record" in found.text


def test_sells_are_counted_with_the_exits_that_no_decision_ordered(finished: tuple[Path, Json], shared_view: View) -> None:
    sold = sum(t["symbol"] == "SP500" for t in finished[1]["trades"])
    assert f"{sold} trades on SP500 ended by" in answer(shared_view, "How many sells were there on SP500?").text


def _closes(document: Json) -> list[Json]:
    return sorted(document["trades"], key=lambda t: (t["closed_at"], t["symbol"]))


def test_trades_longer_than_average_are_those_of_the_document(finished: tuple[Path, Json], shared_view: View) -> None:
    bars = [t["bars_held"] for t in finished[1]["trades"]]
    longer = sum(n > sum(bars) / len(bars) for n in bars)
    found = answer(shared_view, "How many trades lasted longer than average?")
    assert found.text.startswith(f"{longer} trade")


def test_the_best_of_each_month_is_the_documents(finished: tuple[Path, Json], shared_view: View) -> None:
    """A trader who asks for single trades must not be told of the best month instead."""
    best: dict[str, Json] = {}
    for t in finished[1]["trades"]:
        name = t["exit_bar"][:7]
        best[name] = max(best.get(name, t), t, key=lambda one: one["pnl"])
    found = answer(shared_view, "What was the best trade of each month?")
    assert all(f"{name}: " in found.text and t["decision"][:8] in found.text for name, t in best.items())
    assert sum(t["decision"][:8] in found.text for t in finished[1]["trades"]) == len(best)


def test_what_is_left_without_some_trades_adds_up(finished: tuple[Path, Json], shared_view: View) -> None:
    stopped = [t["pnl"] for t in finished[1]["trades"] if t["reason"] == "stop"]
    others = [t["pnl"] for t in finished[1]["trades"] if t["reason"] != "stop"]
    found = answer(shared_view, "What would we have made without the stopped trades?")
    assert f"made {sum(stopped):+,.2f} net" in found.text
    assert f"the {len(others)} others made {sum(others):+,.2f} net" in found.text
    assert found.certainty == "unsure"


def test_a_crossing_is_counted_where_it_came_true_and_not_while_it_lasted(shared_view: View) -> None:
    expected = 0
    for rows in shared_view.tables.by_symbol.values():
        over = [(row.feature("macd_hist") or 0.0) > 0 for row in rows]
        expected += sum(now and not before for before, now in zip(over, over[1:], strict=False))
    found = answer(shared_view, "How often did MACD cross above its signal?")
    assert f"came true {expected} times" in found.text


def test_where_skills_come_from_is_told_and_none_is_made_up(shared_view: View) -> None:
    found = answer(shared_view, "Have any new skills been discovered?")
    assert found.tools == ("origins",)
    assert "No skill was learned from trades" in found.text


def test_months_are_bounded_by_their_return(finished: tuple[Path, Json], shared_view: View) -> None:
    closes: dict[str, float] = {at[:7]: value for at, value in finished[1]["equity"]}
    names = sorted(closes)
    before = dict(zip(names, [100_000.0, *(closes[n] for n in names)], strict=False))
    lost = [n for n in names if closes[n] / before[n] - 1 < -0.005]
    found = answer(shared_view, "Which months lost more than 0.5%?")
    assert f"{len(lost)} of {len(names)} months" in found.text
    assert all(n in found.text for n in lost)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30))
def test_half_of_the_values_lie_beyond_the_settled_median(values: list[float]) -> None:
    figures = {"x": Figure("x", lambda v: v)}
    (bound,) = settled((Bound(feature="x", op=">", than="median"),), figures, values)
    assert sum(meets(v, bound) for v in values) <= len(values) / 2
