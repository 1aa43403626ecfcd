"""After a run the terminal shows the answer without scrolling sideways."""

import io

import pytest
from rich.console import Console

from agent.errors import ConfigError
from agent.report import summary
from tests.report.build import document, run


def printed(documents: list[dict[str, object]]) -> str:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(summary(documents))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_summary_fits_80_columns_and_cuts_nothing() -> None:
    text = printed([*run(), document("no-forecast", -99.94), document("vol-matched", 1234.5)])
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text


def test_summary_shows_every_arm_with_its_figures() -> None:
    text = printed(run())
    for words in (
        "With memory",
        "+12.3",
        "0.41 [−0.3, 1.1]",
        "−8.5",
        "40",
        "55",
        "48",
        "Without memory",
        "Buy and hold",
        "+48.2",
    ):
        assert words in text


def test_summary_gives_the_verdict_first_and_the_differences_last() -> None:
    lines = printed(run()).splitlines()
    assert lines[0].startswith("It returned +12.3% against +48.2% for buying and holding")
    assert lines[-1].endswith("worse.")


def test_summary_markup_in_an_arm_name_stays_text() -> None:
    assert "[bold]x[/bold]" in printed([document("[bold]x[/bold]")])


def test_summary_without_documents_is_refused() -> None:
    with pytest.raises(ConfigError, match="no run"):
        summary([])
