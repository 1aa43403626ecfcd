"""One HTML file that shows a whole run: no network, no fonts from elsewhere, nothing beside it.

``render`` turns the documents of a run into the page; every text in them is escaped, the
page's own policy forbids it any request, and the same documents give the same bytes.
``write`` puts a page on disk in one step, readable by its owner only.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.errors import ConfigError
from agent.report import curves, evidence, prices, tables, trend
from agent.report.document import Document, Explanation, Prices, read
from agent.report.document import documents as read_documents
from agent.report.palette import Figure
from agent.report.wording import label, number, percent, sentences, share, verdict

TEMPLATES = Path(__file__).parent / "templates"
MOST_SYMBOLS = 6


def render(
    documents: Sequence[Mapping[str, Any]],
    prices: Mapping[str, Mapping[str, Any]],
    explanations: Sequence[Mapping[str, Any]],
    title: str,
) -> str:
    """Draw the page. The first document is the full arm, the others are what it is measured against.

    ``prices`` maps a symbol to {"timestamps", "close"}; ``explanations`` are some decisions
    in words and parts. Sections without material are left out. Raises ConfigError when there
    is no document or one cannot be read.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from plotly.offline import get_plotlyjs

    arms = read_documents(documents)
    told = [read(Explanation, value, f"explanation {index + 1}") for index, value in enumerate(explanations)]
    figures = _figures(arms, {name: read(Prices, value, f"prices of {name}") for name, value in prices.items()})
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        title=title,
        arms=arms,
        full=arms[0],
        verdict=verdict(arms),
        sentences=sentences(arms),
        tables=tables,
        trend=trend.table(arms[0]),
        explanations=told,
        figures=figures,
        figures_json=_script_safe(figures),
        traded=[name for name in figures if name.startswith("price:")],
        label=label,
        number=number,
        share=share,
        percent=percent,
        style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
        script=(TEMPLATES / "page.js").read_text(encoding="utf-8"),
        plotly=get_plotlyjs(),
    )


def _figures(arms: Sequence[Document], quotes: Mapping[str, Prices]) -> dict[str, Figure]:
    """Draw every chart there is material for, by name."""
    full = arms[0]
    drawn = {
        "differences": curves.differences(full),
        "returns": curves.returns(arms),
        "equity": curves.equity(arms),
        "quarters": curves.quarters(arms),
        "skills": evidence.skills(full.learned.skills),
        "weights": evidence.weights(full.chunks),
        "trend": trend.picture(full),
        "reliability": evidence.reliability(full.learned.reliability),
        "costs": curves.cost_curve(full),
    }
    for symbol in _most_traded(full, quotes):
        drawn[f"price:{symbol}"] = prices.trades(symbol, quotes[symbol], full)
    return {name: figure for name, figure in drawn.items() if figure is not None}


def _most_traded(full: Document, quotes: Mapping[str, Prices]) -> list[str]:
    count = {symbol: sum(trade.symbol == symbol for trade in full.trades) for symbol in quotes}
    return sorted(quotes, key=lambda symbol: (-count[symbol], symbol))[:MOST_SYMBOLS]


def _script_safe(figures: Mapping[str, Figure]) -> str:
    """Write JSON that cannot end the script element it stands in."""
    text = json.dumps(figures, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def write(path: Path, html: str) -> None:
    """Put the page at ``path`` whole or not at all, mode 0600, making its folder when needed.

    Raises ConfigError when that cannot be done.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(html)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as err:
        raise ConfigError(f"report cannot be written to {path}: {err.strerror or err}; choose another file") from None
