"""The panel: every voter asked about one bar, each with its own past, in a published order.

Promises: a voter is a function of the bars known, its own scored votes, and the files handed in; nothing
later than the state's time is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.analysts.base import VOTERS as STRATEGIES
from agent.analysts.hedge import Chain, hedge
from agent.analysts.liquidity import liquidity
from agent.analysts.markov import Markov
from agent.analysts.memory import Past, remembered
from agent.analysts.sentiment import News, sentiment
from agent.analysts.wyckoff import wyckoff
from agent.domain import MarketState, Vote
from agent.market.series import Series

ANALYSTS = ("hedge", "liquidity", "sentiment", "wyckoff", "markov")
VOTERS: tuple[str, ...] = (*STRATEGIES, *ANALYSTS)
"""Whoever carries a learned weight."""

_NEW = Past()


class Panel:
    """All voters, with what they were given to read."""

    def __init__(self, chain: Chain | None = None, news: News | None = None) -> None:
        """Take an option chain and news, where there are any."""
        self._chain, self._news, self._markov = chain, news, Markov()

    def __call__(self, series: Series, state: MarketState, pasts: Mapping[str, Past]) -> list[Vote]:
        """Every voter's vote on the last bar of ``series``."""
        label = state.regime.label
        votes = [remembered(rule(state.features, label), pasts.get(name, _NEW)) for name, rule in STRATEGIES.items()]
        return [
            *votes,
            hedge(series, state.as_of, pasts.get("hedge", _NEW), self._chain),
            liquidity(series, pasts.get("liquidity", _NEW)),
            sentiment(series, state, pasts.get("sentiment", _NEW), self._news),
            wyckoff(series, pasts.get("wyckoff", _NEW)),
            self._markov(series, pasts.get("markov", _NEW)),
        ]
