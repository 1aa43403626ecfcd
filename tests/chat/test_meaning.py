"""Questions that may mean two things: both are told, or the one that traders mean, and nothing else in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.chat.local.answering import answer, names_of
from agent.chat.local.reading import read
from agent.chat.local.route import Step
from agent.chat.local.routes import route
from agent.chat.view import View
from tests.cli.kit import Json


def _steps(view: View, said: str) -> tuple[Step, ...]:
    found = route(read(said, names_of(view), view.today), view)
    assert found is not None
    return found.route.steps


def _days(document: Json) -> dict[tuple[str, str], Json]:
    return {(t["symbol"], t["entry_bar"][:10]): t for t in document["trades"]}


@pytest.mark.parametrize(
    "asked", ["Which limits cut the position of", "Which skills applied on", "How confident was the entry of"]
)
def test_of_a_day_on_which_an_order_filled_the_decision_behind_it_is_told(
    finished: tuple[Path, Json], shared_view: View, asked: str
) -> None:
    """A trader knows the day of the fill; the decision at the close of that day is another one."""
    (symbol, day), trade = next(iter(_days(finished[1]).items()))
    text = answer(shared_view, f"{asked} {day} in {symbol}?").text
    assert f"[decision:{trade['decision'][:8]}]" in text


def test_a_part_is_set_beside_the_rest(finished: tuple[Path, Json], shared_view: View) -> None:
    every = finished[1]["trades"]
    part = [t for t in every if t["symbol"] == "NASDAQ"]
    text = answer(shared_view, "Win rate on NASDAQ versus the rest?").text
    assert f"{len(part)} trades on NASDAQ" in text
    assert f"the {len(every) - len(part)} others" in text


def test_skills_with_a_negative_mean_are_skills_and_not_their_losing_trades(shared_view: View) -> None:
    losing = [row["name"] for row in shared_view.catalogue.rows() if row["executions"] and (row["mean_r"] or 0) < 0]
    text = answer(shared_view, "Which skills have a negative mean R?").text
    assert all(f"[skill:{name}]" in text for name in losing)
    assert "Losing trades" not in text


@pytest.mark.parametrize("said", ["Which regimes lost money?", "Is any weekday unprofitable?", "Which symbol is in the red?"])
def test_a_group_that_lost_is_judged_by_all_its_trades(shared_view: View, said: str) -> None:
    assert "won" not in _steps(shared_view, said)[0].input


def test_how_much_a_symbol_lost_is_what_all_its_trades_came_to(finished: tuple[Path, Json], shared_view: View) -> None:
    of = [t for t in finished[1]["trades"] if t["symbol"] == "SP500"]
    assert f"{sum(t['pnl'] for t in of):+,.2f}" in answer(shared_view, "How much did SP500 lose us?").text


def test_a_calendar_month_is_one_of_the_run_or_the_same_of_every_year(shared_view: View) -> None:
    assert [s.input["by"] for s in _steps(shared_view, "What was the worst calendar month?")] == ["month", "calendar_month"]
    assert [s.input["by"] for s in _steps(shared_view, "Which month of the year is best?")] == ["calendar_month"]


def test_a_list_of_a_stretch_names_those_entered_in_it_and_closed_later(finished: tuple[Path, Json], shared_view: View) -> None:
    def month(t: Json, name: str) -> str:
        return str(t[name])[:7]

    across = next(t for t in finished[1]["trades"] if month(t, "entry_bar") != month(t, "exit_bar"))
    text = answer(shared_view, f"List the trades of {month(across, 'entry_bar')}").text
    assert across["decision"][:8] in text


def test_a_parameter_on_a_day_is_how_it_stood_then(shared_view: View) -> None:
    assert _steps(shared_view, "What was the confidence threshold on 2014-03-03?")[0].tool == "parameters"


def test_used_most_recently_is_not_used_most(shared_view: View) -> None:
    assert _steps(shared_view, "Which skill was used most recently?")[0].input["rank"] == "last_used"


def test_how_close_a_decision_was_asks_for_no_exit(shared_view: View) -> None:
    (step,) = _steps(shared_view, "How close was the SP500 decision on 2014-03-03 to a buy?")
    assert step.input.get("wanted") != "close"


def test_cash_left_is_not_equity(shared_view: View) -> None:
    assert answer(shared_view, "How much cash is left?").certainty != "sure"
