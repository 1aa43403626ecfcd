"""Whoever reads the report must see who got better, and never a trend that is not there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plotly.graph_objects import Figure

from agent.errors import ConfigError
from agent.report import render
from agent.report.document import Document
from agent.report.trend import courses, in_words, picture, table
from agent.statistics import share_slope, wilson
from tests.report.build import document, learned
from tests.report.test_page import HOSTILE, figures, own, page

QUARTERS = [f"20{14 + i // 4}Q{1 + i % 4}" for i in range(12)]


def heard(voter: str, rates: list[float], n: int = 100) -> list[dict[str, Any]]:
    return [
        {"chunk": chunk, "voter": voter, "n": n, "hit_rate": rate, "interval": wilson(rate * n, n), "brier": 0.25}
        for chunk, rate in zip(QUARTERS, rates, strict=False)
    ]


RISING = [0.30 + 0.04 * i for i in range(12)]
FLAT = [0.5, 0.52, 0.49, 0.51, 0.5, 0.48, 0.52, 0.5, 0.49, 0.51, 0.5, 0.5]
SYMBOLS = [
    {"symbol": "NASDAQ", "trades": 79, "win_rate": 0.544, "mean_r": 0.105, "pnl": 2763.5, "sharpe": 0.195},
    {"symbol": "SP500", "trades": 1, "win_rate": 0.0, "mean_r": -1.0, "pnl": -897.3, "sharpe": None},
]


def told(*rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return document(summary={"trend": [row for voter in rows for row in voter], "symbols": SYMBOLS}, **more)


def read(*rows: list[dict[str, Any]], **more: Any) -> Document:
    return Document.model_validate(told(*rows, **more))


def test_trend_is_called_one_only_when_its_interval_leaves_zero() -> None:
    up, down, flat = courses(read(heard("up", RISING), heard("down", RISING[::-1]), heard("flat", FLAT)))[::-1]
    said = {course.name: in_words(course) for course in (up, down, flat)}
    assert said["up"].startswith("rising: +4.00 points a chunk [+")
    assert said["down"].startswith("falling: −4.00 points a chunk [−")
    assert said["flat"].startswith("no trend to be seen: ")


def test_models_come_first_and_the_least_heard_are_counted_not_drawn() -> None:
    many = [heard(f"v{i}", FLAT, n=50 + i) for i in range(8)]
    given = read(*many, heard("model:careful", RISING, n=3))
    assert [course.name for course in courses(given)] == ["model:careful", "v7", "v6", "v5", "v4", "v3"]
    assert table(given).more == 3
    assert "3 less heard voters are not shown." in own(page([told(*many, heard("model:careful", RISING, n=3))]))


def test_a_skill_is_called_by_its_name_and_the_joint_record_what_it_is() -> None:
    rows = learned("gap-fade")
    given = read(heard("skill:s1", FLAT), heard("skill:0123456789", FLAT, 9), heard("joint", FLAT, 5), learned=rows)
    assert [course.name for course in courses(given)][1:] == ["skill 01234567", "joint decision"]
    assert courses(given)[0].name.startswith("skill ")
    assert "s1" not in courses(given)[0].name


def test_table_weighs_chunks_by_their_votes() -> None:
    """A last chunk of two lucky votes must not read as a voter that got everything right."""
    rows = heard("momentum", [0.4, 0.4, 0.4, 1.0])
    rows[-1]["n"] = 2
    (cells,) = table(read(rows)).rows
    assert [cell.text for cell in cells[1:5]] == ["302", "40\u00a0%", "40\u00a0%", "41\u00a0%"]


def test_picture_is_valid_and_has_a_line_only_where_one_can_be_fitted() -> None:
    drawn = picture(read(heard("long", RISING), heard("short", [0.5, 0.6, 0.7], n=9)))
    assert drawn is not None
    assert Figure(drawn).data
    lines = [trace["yaxis"] for trace in drawn["data"] if trace["mode"] == "lines" and trace["line"]["width"]]
    assert lines == ["y"]
    assert "too few chunks for a trend" in drawn["layout"]["annotations"][1]["text"]


@pytest.mark.parametrize("count", range(1, 7))
def test_picture_panels_lie_within_the_drawing_and_do_not_overlap(count: int) -> None:
    drawn = picture(read(*(heard(f"v{i}", FLAT) for i in range(count))))
    assert drawn is not None
    spans = sorted({tuple(value["domain"]) for name, value in drawn["layout"].items() if name.startswith("yaxis")})
    assert len(spans) == (count + 1) // 2
    assert all(0 <= low < high <= 1 for low, high in spans)
    assert all(below[1] < above[0] for below, above in zip(spans[:-1], spans[1:], strict=True))


def test_page_shows_the_course_and_each_symbol() -> None:
    html = own(page([told(heard("momentum", RISING))]))
    assert "trend" in figures(html)
    assert html.index('id="learned"') < html.index('data-figure="trend"') < html.index("By symbol")
    for words in ("rising", "NASDAQ", "+2,764", "+0.20", "54\u00a0%", "−897", "share of the starting cash"):
        assert words in html


def test_page_of_an_older_document_leaves_both_out() -> None:
    html = own(render([document()], {}, [], "Demo"))
    assert "By symbol" not in html
    assert "Who got better" not in html


def test_page_one_chunk_is_a_table_without_a_picture() -> None:
    html = own(page([told(heard("momentum", [0.6]))]))
    assert "trend" not in figures(html)
    assert "too few chunks" in html


def test_page_hostile_voters_stay_text() -> None:
    html = own(page([told(heard(HOSTILE, RISING))]))
    assert "<script>alert" not in html
    assert "<script>" not in figures(html)["trend"]["layout"]["annotations"][0]["text"]


def test_returns_negative_bar_leaves_its_label_room() -> None:
    """ "−7.0 %" left of its bar must not run into the arm's name."""
    low, high = figures(page([document(total=-7.0), document("buy-and-hold", 48.4)]))["returns"]["layout"]["xaxis"]["range"]
    assert (-7.0 - low) / (high - low) > 0.18


@given(st.floats(0.2, 0.5), st.floats(-0.02, 0.02), st.lists(st.integers(1, 200), min_size=4, max_size=12))
def test_slope_of_a_straight_line_is_found_whatever_its_weights(start: float, change: float, counts: list[int]) -> None:
    shares = [min(1.0, max(0.0, start + 0.2 + change * i)) for i in range(len(counts))]
    found = share_slope(range(len(counts)), shares, counts)
    assert found is not None
    assert found.change == pytest.approx(change, abs=1e-9)
    assert found.interval[0] < found.change < found.interval[1]


def test_slope_scatter_beyond_coins_widens_the_interval() -> None:
    """Votes that go wrong together are worth fewer than their number."""
    calm = share_slope(range(12), FLAT, [500] * 12)
    wild = share_slope(range(12), [0.2, 0.8] * 6, [500] * 12)
    assert calm is not None
    assert wild is not None
    assert wild.interval[1] - wild.interval[0] > 5 * (calm.interval[1] - calm.interval[0])


def test_slope_needs_four_periods_and_possible_input() -> None:
    assert share_slope([0, 1, 2], [0.1, 0.2, 0.3], [9, 9, 9]) is None
    assert share_slope([0, 1, 2, 3], [0.1, 0.2, 0.3, 0.4], [9, 9, 9, 0]) is None
    with pytest.raises(ConfigError, match="as many of each"):
        share_slope([0, 1], [0.5], [1, 1])
    with pytest.raises(ConfigError, match="as many of each"):
        share_slope([0], [1.5], [1])
