"""Quotes from a thread or a recording: each once, in order, and only what can be believed of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pandas as pd
import pytest

from agent.domain import Quote
from agent.errors import ConfigError, MarketDataError
from agent.feeds.quotes import QuoteStream, RecordedQuotes, read_quotes

NOON = datetime(2024, 6, 12, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minutes: float, symbol: str = "BTCUSDT", bid: float = 100.0) -> Quote:
    return Quote(symbol=symbol, at=NOON + minutes * MINUTE, bid=bid, ask=bid)


class Scripted:
    """A source that answers from a list, an error where it says so, and tells when it was asked for the last of it."""

    def __init__(self, *answers: list[Quote] | Exception) -> None:
        self.answers, self.done = list(answers), Event()
        self.asked: list[tuple[str, ...]] = []

    def quotes(self, symbols: tuple[str, ...], now: datetime) -> list[Quote]:
        self.asked.append(symbols)
        if not self.answers:
            self.done.set()
            return []
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def streamed(source: Scripted) -> QuoteStream:
    stream = QuoteStream(source, 0.001, MINUTE, lambda: NOON)
    assert stream.take(("BTCUSDT",), NOON) == []
    assert source.done.wait(60)
    return stream


def test_quotes_that_came_are_given_once_and_stale_ones_never() -> None:
    source = Scripted([at(0)], [at(-2), at(0.1)])
    stream = streamed(source)
    assert stream.take(("BTCUSDT",), NOON) == [at(0), at(0.1)]
    assert stream.take((), NOON) == []
    stream.close()
    assert set(source.asked) == {("BTCUSDT",)}


class Down:
    """A source that never answers."""

    def __init__(self, error: Exception) -> None:
        self.error, self.again, self.count = error, Event(), 0

    def quotes(self, symbols: tuple[str, ...], now: datetime) -> list[Quote]:
        self.count += 1
        if self.count > 1:
            self.again.set()
        raise self.error


@pytest.mark.parametrize("error", [MarketDataError("down"), RuntimeError("a bug of a library, with a secret")])
def test_a_source_that_fails_is_asked_again_and_said_without_what_a_library_may_leak(error: Exception) -> None:
    source = Down(error)
    stream = QuoteStream(source, 0.001, MINUTE, lambda: NOON)
    stream.take(("BTCUSDT",), NOON)
    assert source.again.wait(60)
    stream.close()
    with pytest.raises(MarketDataError) as caught:
        stream.take(("BTCUSDT",), NOON)
    assert "secret" not in str(caught.value)
    assert stream.take(("BTCUSDT",), NOON) == []


def test_nothing_is_asked_for_while_nothing_is_held() -> None:
    source = Scripted([at(0)])
    stream = QuoteStream(source, 0.001, MINUTE, lambda: NOON)
    assert stream.next((), NOON) is None
    stream.close()
    assert source.asked == []


def recording(tmp_path: Path, rows: Sequence[tuple[str, float, float, float]], name: str = "quotes.csv") -> Path:
    frame = pd.DataFrame([{"symbol": s, "timestamp": NOON + m * MINUTE, "bid": b, "ask": a} for s, m, b, a in rows])
    frame.to_csv(tmp_path / name, index=False)
    return tmp_path / name


def test_recorded_quotes_come_as_time_comes_to_them_of_what_is_held_and_in_order(tmp_path: Path) -> None:
    rows = [("ETHUSDT", 2, 10, 11), ("BTCUSDT", 3, 100, 101), ("BTCUSDT", 1, 99, 100), ("BTCUSDT", 2, 9, 8), ("BTCUSDT", 5, 1, 2)]
    quotes = RecordedQuotes(read_quotes(recording(tmp_path, rows), ("BTCUSDT", "ETHUSDT")))
    both = ("BTCUSDT", "ETHUSDT")
    assert quotes.next((), NOON) is None
    assert quotes.next(("ETHUSDT",), NOON) == NOON + 2 * MINUTE
    assert [q.bid for q in quotes.take(both, NOON + 3 * MINUTE)] == [99, 10, 100]  # the crossed one is left out
    assert quotes.take(both, NOON + 3 * MINUTE) == []
    assert quotes.next(both, NOON + 4 * MINUTE) == NOON + 5 * MINUTE
    assert quotes.next(both, NOON + 6 * MINUTE) is None  # what was passed over while nothing was held stays so
    assert quotes.take(both, NOON + 7 * MINUTE) == []


def test_a_quote_of_this_very_moment_is_not_passed_over(tmp_path: Path) -> None:
    quotes = RecordedQuotes(read_quotes(recording(tmp_path, [("BTCUSDT", 0, 100, 101)]), ("BTCUSDT",)))
    assert quotes.next(("BTCUSDT",), NOON) == NOON
    assert len(quotes.take(("BTCUSDT",), NOON)) == 1
    assert quotes.next(("BTCUSDT",), NOON) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [("timestamp,bid\n2024-01-01,1\n", "no column 'ask'"), ("timestamp,bid,ask\nsoon,1,2\n", "soon"), ("", "cannot be read"),
     ("timestamp,bid,ask,symbol\n2024-01-01,1,2,DOGEUSDT\n", "no quote of BTCUSDT"),
     ("timestamp,bid,ask\n2024-01-01,?,2\n", r"\?")],
)  # fmt: skip
def test_quotes_that_cannot_be_read_are_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "BTCUSDT-quotes.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_quotes(path, ("BTCUSDT",))


def test_a_missing_file_of_quotes_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        read_quotes(tmp_path / "nowhere.parquet", ("BTCUSDT",))
