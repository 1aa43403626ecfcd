"""Sentiment: from prices, and from news where a feed is given.

Prices: the mean of tanh(10-bar momentum / its volatility) and tanh(trend_strength / 2), softer by a fifth where
volatility lies above one standard deviation. News: the items of the last three days, each (positive - negative) /
(positive + negative) words of a fixed lexicon, a negation before a word turning it, weighted by halves a day. A
headline and body are only ever counted; no word of them goes further. No news is no data, never neutral.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from agent.analysts.memory import Past, remembered
from agent.analysts.speech import abstain, vote
from agent.domain import MarketState, Vote
from agent.market.bars import Floats, Stamps, to_stamp
from agent.market.series import Series

LOOKBACK, HALF_LIFE = timedelta(days=3), timedelta(days=1)
_SPEAKS, _LONGEST = 0.25, 20_000


def _words(text: str) -> list[str]:
    return text.split()


# fmt: off
POSITIVE = frozenset(_words("""
accelerate accelerated advance advances beat beats boost boosted bullish confident ease eased easing exceed exceeded
expand expanded expansion favorable gain gained gains good growth healthy higher improve improved improvement
improving increase increased optimism optimistic outperform positive profit profitable progress rallied rally rebound
record recover recovered recovery resilient rise rising robust solid stable strength strengthen strengthened strong
stronger success surge surged upbeat upgrade upgraded win wins
"""))
NEGATIVE = frozenset(_words("""
abuse adverse bankrupt bankruptcy bearish breach concern concerns contraction crash crisis cut cuts decline declined
declines default deficit delay deteriorate deteriorated difficult disappoint disappointed disruption doubt downgrade
downgraded downturn drop dropped fail failed failure fall falling fear fears fell fraud halt hardship investigation
lawsuit layoffs lose loss losses lower miss missed negative outage pandemic plunge plunged pressure pressures
recession risk risks selloff severe shortfall slow slowed slowdown slump stress tension tighten tightening turmoil
uncertain uncertainty unemployment warn warned warning weak weaken weakened weaker weakness worse worsen
"""))
NEGATIONS = frozenset(_words("""
no not never without cannot isn't wasn't don't doesn't didn't won't
"""))
# fmt: on
_WORD = re.compile(r"[a-z']+")

Scorer = Callable[[str], float | None]


def lexicon(text: str) -> float | None:
    """The tone of a text in [-1, 1]; None where it holds no word of the lexicon. Only its first 20,000 characters count."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text[:_LONGEST]).lower())
    tone = [(w in POSITIVE) - (w in NEGATIVE) for w in words]
    turned = [-t if t and NEGATIONS & set(words[max(0, i - 3) : i]) else t for i, t in enumerate(tone)]
    total = sum(abs(t) for t in turned)
    return sum(turned) / total if total else None


@dataclass(frozen=True, eq=False)
class News:
    """Scored items, oldest first, by the time they were known."""

    at: Stamps
    tone: Floats

    @classmethod
    def scored(cls, items: Sequence[tuple[datetime, str]], scorer: Scorer = lexicon) -> News:
        """Score each text once; texts without any tone are left out."""
        found = sorted((to_stamp(at), tone) for at, text in items if (tone := scorer(text)) is not None)
        return cls(np.array([at for at, _ in found], dtype="datetime64[us]"), np.array([tone for _, tone in found], dtype=float))

    def tone_at(self, as_of: datetime) -> tuple[float, int] | None:
        """The weighted tone of the last three days and how many items it rests on; None without any."""
        now = to_stamp(as_of)
        first = int(self.at.searchsorted(now - np.timedelta64(LOOKBACK), side="right"))
        last = int(self.at.searchsorted(now, side="right"))
        if first == last:
            return None
        age = (now - self.at[first:last]) / np.timedelta64(HALF_LIFE)
        return float(np.average(self.tone[first:last], weights=0.5**age)), last - first


def sentiment(series: Series, state: MarketState, past: Past, news: News | None) -> Vote:
    """What prices, and news if there are any, say of the mood."""
    features = state.features
    momentum, trend, volatility = (features.get(n) for n in ("momentum_10", "trend_strength", "volatility_20"))
    if momentum is None or trend is None or not volatility:
        return abstain("sentiment", "No momentum, trend or volatility yet.")
    usual = volatility * float(np.sqrt(10 / series.instrument.bars_per_year))
    mood = float(0.5 * np.tanh(momentum / usual) + 0.5 * np.tanh(trend / 2))
    evidence = {"price_mood": mood}
    words = f"prices {mood:+.2f}"
    heard = news.tone_at(state.as_of) if news is not None else None
    if heard is not None:
        evidence |= {"news_tone": heard[0], "news_items": float(heard[1])}
        mood = 0.5 * mood + 0.5 * heard[0]
        words += f", {heard[1]} news items {heard[0]:+.2f}"
    else:
        words += ", no news in three days" if news is not None else ", no news feed"
    if abs(mood) < _SPEAKS:
        return abstain("sentiment", f"Mood {mood:+.2f} is too faint ({words}).", evidence)
    wild = (features.get("volatility_z") or 0.0) > 1
    words += "; volatility is high" if wild else ""
    said = vote("sentiment", mood, 0.5 + 0.4 * abs(mood), f"Mood {mood:+.2f} ({words}).", evidence)
    return remembered(said, past, 0.8 if wild else 1.0)
