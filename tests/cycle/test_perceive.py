"""What is perceived of a symbol holds its company as it was known, and a symbol that fails costs nobody else."""

from datetime import datetime, timedelta

from agent.cycle.perceive import perceive
from agent.errors import MarketDataError
from agent.market.series import Series
from tests.market.build import bars_of, series_of, walk


class _Feed:
    def __init__(self, series: dict[str, Series], broken: str | None = None) -> None:
        self.series, self._broken = series, broken

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(self.series)

    def view(self, symbol: str, as_of: datetime) -> Series | None:
        if symbol == self._broken:
            raise MarketDataError(f"{symbol}: its bars contradict each other")
        return self.series[symbol].until(as_of)


def _three() -> dict[str, Series]:
    return {name: series_of(bars_of(walk(500, seed=seed), symbol=name)) for seed, name in enumerate("ABC")}


def test_a_symbol_is_seen_among_all_others_whether_they_are_decided_now_or_not() -> None:
    feed = _Feed(_three())
    as_of = feed.series["A"].bars.timestamp(449) + timedelta(days=1)
    view = feed.view("A", as_of)
    assert view is not None
    state = perceive(feed, {"A": view}, as_of)["A"]
    assert state.peers is not None
    assert state.peers.symbols == ["B", "C"]
    cut = _Feed({name: series_of(one.bars.head(450)) for name, one in feed.series.items()})
    assert perceive(cut, {"A": cut.series["A"]}, as_of)["A"] == state


def test_a_symbol_alone_or_beside_one_that_cannot_be_read_is_still_perceived() -> None:
    series = _three()
    as_of = series["A"].bars.timestamp(-1) + timedelta(days=1)
    assert perceive(_Feed({"A": series["A"]}), {"A": series["A"]}, as_of)["A"].peers is None
    found = perceive(_Feed(series, broken="B"), {"A": series["A"]}, as_of)["A"].peers
    assert found is not None
    assert found.symbols == ["C"]
