"""The page must be complete, honest and harmless wherever it is opened."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from plotly.graph_objects import Figure
from plotly.offline import get_plotlyjs

from agent.errors import ConfigError
from agent.report import render, write
from tests.report.build import document, explanation, learned, quotes, run, trade

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'


def page(documents: list[dict[str, Any]] | None = None, **more: Any) -> str:
    given = {"prices": quotes(), "explanations": [explanation()], "title": "Demo"} | more
    return render(run() if documents is None else documents, **given)


def own(html: str) -> str:
    """The page without the charting library, which is not ours."""
    library = get_plotlyjs()
    assert html.count(library) == 1
    return html.replace(library, "")


def figures(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    drawn: dict[str, Any] = json.loads(found.group(1))
    return drawn


class Tags(HTMLParser):
    """Collects what a browser would see as elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs


def test_render_same_documents_give_the_same_bytes() -> None:
    assert page() == page()


def test_render_opens_with_the_verdict_and_the_arms_table() -> None:
    html = own(page())
    assert "for buying and holding, less than chance explains, and memory made no difference this run could see." in html
    first = html[html.index("<table") : html.index("</table>")]
    for words in ("With memory", "Without memory", "Buy and hold", "[−0.32, 1.14]", "[40, 69]"):
        assert words in first
    assert html.index("<h1>") < html.index('data-figure="differences"') < html.index("<table") < html.index('id="equity"')


def test_render_draws_every_section_of_a_whole_run() -> None:
    html = own(page())
    for anchor in ("result", "equity", "chunks", "learned", "trades", "decisions", "costs", "reading", "next"):
        assert f'id="{anchor}"' in html, anchor
    drawn = {"differences", "returns", "equity", "quarters", "skills", "weights", "costs", "price:SP500"}
    assert set(figures(html)) == drawn
    assert set(re.findall(r'data-figure="([^"]+)"', html)) == drawn
    for words in (
        "trend-pullback",
        "size_factor",
        "53\u00a0% of 1,200",
        "A price index.",
        "even at 3.2 times",
        "tradecraft why b9d6c6f0",
        "cccccccc",
    ):
        assert words in html


def test_render_figures_are_valid_plotly() -> None:
    for name, figure in figures(page()).items():
        assert Figure(figure).data, name


def test_render_missing_sections_are_left_out() -> None:
    html = own(page([document()], prices={}, explanations=[]))
    for anchor in ("chunks", "learned", "trades", "decisions", "costs"):
        assert f'id="{anchor}"' not in html
        assert f'href="#{anchor}"' not in html
    assert "One arm, nothing to compare it with." in html
    assert set(figures(html)) == {"returns", "equity"}


def test_render_bare_document_is_still_a_page() -> None:
    assert "–" in own(render([{"run": "full-0", "arm": "full"}], {}, [], "Demo"))


def test_render_empty_learned_says_nothing() -> None:
    empty: dict[str, Any] = {"skills": [], "voters": [], "regimes": [], "parameters": []}
    assert 'id="learned"' not in own(page([document(learned=empty)]))


def test_render_hostile_text_stays_text() -> None:
    documents = run()
    documents[0] |= {"symbols": [HOSTILE], "notes": [HOSTILE], "learned": learned(HOSTILE), "trades": [trade(HOSTILE)]}
    documents[0]["chunks"][0]["name"] = HOSTILE
    documents[1]["arm"] = HOSTILE
    told = explanation(headline=HOSTILE, text=HOSTILE, memories=[HOSTILE], outcome=HOSTILE, symbol=HOSTILE, id=HOSTILE)
    html = own(page(documents, prices={HOSTILE: quotes()["SP500"]}, explanations=[told], title=HOSTILE))
    seen = Tags(html)
    assert "img" not in seen.names
    assert seen.names.count("script") == 3
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert "<script>alert" not in html
    # the charting library reads a little HTML in names: there it must arrive escaped as well
    assert HOSTILE not in json.dumps(figures(html)["quarters"])
    assert all("<" not in name for name in figures(html)["skills"]["data"][0]["y"])


def test_render_refers_to_nothing_outside_itself() -> None:
    html = own(page())
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", html)
    assert not [value for name, value in Tags(html).attributes if name in {"src", "srcset"}]
    assert all((value or "").startswith("#") for name, value in Tags(html).attributes if name == "href")


def test_render_policy_forbids_every_request() -> None:
    policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
    assert f'content="{policy}"' in page()


def test_render_nan_counts_as_missing() -> None:
    given = document()
    given["metrics"]["Sharpe Ratio"] = float("nan")
    assert "nan" not in re.sub(r"<script.*?</script>", "", own(page([given])), flags=re.DOTALL).lower()


def test_render_without_documents_says_what_to_run() -> None:
    with pytest.raises(ConfigError, match="tradecraft demo"):
        render([], {}, [], "Demo")


def test_render_unreadable_document_names_the_field() -> None:
    with pytest.raises(ConfigError, match=r"document 1: equity\.0\.1 = 'much'") as caught:
        render([document(equity=[["2014-01-02T00:00:00Z", "much"]])], {}, [], "Demo")
    assert "\n" not in str(caught.value)


def test_render_many_symbols_draws_the_most_traded() -> None:
    many = {f"S{i}": quotes()["SP500"] for i in range(9)}
    html = page([document(trades=[trade("S8")])], prices=many)
    assert sum(name.startswith("price:") for name in figures(html)) == 6
    assert "price:S8" in figures(html)


def test_write_is_private_whole_and_replaces(tmp_path: Path) -> None:
    target = tmp_path / "out" / "report.html"
    write(target, "first")
    write(target, "second – with a dash")
    assert target.read_text(encoding="utf-8") == "second – with a dash"
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(target.parent.iterdir()) == [target]


def test_write_unusable_path_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="cannot be written to"):
        write(tmp_path / "file" / "report.html", "page")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match="choose another file"):
        write(tmp_path / "folder", "page")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_abstentions_are_counted_and_not_shown_as_neutral_votes() -> None:
    assert "hedge 100 % of 1258." in " ".join(own(page()).split())
