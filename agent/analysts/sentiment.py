"""Sentiment: from prices, and from news where a feed is given.

Prices: the mean of tanh(10-bar momentum / its volatility) and tanh(trend_strength / 2), softer by a fifth where
volatility lies above one standard deviation. News: the items of the last three days, each (positive - negative) /
(positive + negative) words of a fixed lexicon, a negation before a word turning it, weighted by halves a day. A
headline and body are only ever counted; no word of them goes further. Items in doubt (the guard took them for something else than
news) have no tone and are told. No news is no data, never neutral.
Its memory: of the moods as strong and as sided as this one that began among the last 252 bars, how many the price had turned
against within 10 bars; where most did, it is softer by a fifth.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from agent.analysts.memory import Past, remembered
from agent.analysts.speech import abstain, vote
from agent.domain import MarketState, Vote
from agent.market.bars import Floats, Stamps, to_stamp
from agent.market.series import Series

LOOKBACK, HALF_LIFE = timedelta(days=3), timedelta(days=1)
_SPEAKS, _LONGEST = 0.25, 20_000
_YEAR, _AFTER, _FEWEST = 252, 10, 4  # bars its memory looks back and waits, and moods from which it concludes


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


@dataclass(frozen=True)
class Scored:
    """One item as counted: when it was known, its tone in [-1, 1] (None: no word of tone, or in doubt), what it is about."""

    at: datetime
    tone: float | None
    doubtful: bool = False
    symbol: str | None = None


@dataclass(frozen=True)
class Heard:
    """What the last three days' news say: the weighted tone (None without any), the items it rests on and those in doubt."""

    tone: float | None
    items: int
    doubtful: int


@dataclass(frozen=True, eq=False)
class News:
    """Scored items, oldest first, by the time they were known; ``tone`` is NaN for those in doubt."""

    at: Stamps
    tone: Floats
    about: npt.NDArray[np.str_]

    @classmethod
    def of(cls, items: Iterable[Scored]) -> News:
        """Keep what has a tone or is in doubt."""
        kept = sorted((i for i in items if i.doubtful or i.tone is not None), key=lambda item: item.at)
        tones = [np.nan if item.doubtful or item.tone is None else min(max(item.tone, -1.0), 1.0) for item in kept]
        at = np.array([to_stamp(item.at) for item in kept], dtype="datetime64[us]")
        return cls(at, np.array(tones, dtype=float), np.array([item.symbol or "" for item in kept], dtype=str))

    def heard(self, symbol: str, as_of: datetime) -> Heard:
        """What was known of a symbol by a time, at most three days old."""
        now = to_stamp(as_of)
        first = int(self.at.searchsorted(now - np.timedelta64(LOOKBACK), side="right"))
        last = int(self.at.searchsorted(now, side="right"))
        about, tone = self.about[first:last], self.tone[first:last]
        ours = (about == "") | (about == symbol)
        told = ours & ~np.isnan(tone)
        age = (now - self.at[first:last][told]) / np.timedelta64(HALF_LIFE)
        mean = float(np.average(tone[told], weights=0.5**age)) if told.any() else None
        return Heard(mean, int(told.sum()), int((ours & np.isnan(tone)).sum()))


def sentiment(series: Series, state: MarketState, past: Past, news: News | None) -> Vote:
    """What prices, and news if there are any, say of the mood."""
    features = state.features
    momentum, trend, volatility = (features.get(n) for n in ("momentum_10", "trend_strength", "volatility_20"))
    if momentum is None or trend is None or not volatility:
        return abstain("sentiment", "No momentum, trend or volatility yet.")
    usual = volatility * float(np.sqrt(10 / series.instrument.bars_per_year))
    mood = float(0.5 * np.tanh(momentum / usual) + 0.5 * np.tanh(trend / 2))
    evidence = {"momentum_10": momentum, "trend_strength": trend, "volatility_20": volatility, "price_mood": mood}
    words = f"prices {mood:+.2f}"
    heard = news.heard(state.symbol, state.as_of) if news is not None else None
    if heard is not None and heard.tone is not None:
        evidence |= {"news_tone": heard.tone, "news_items": float(heard.items)}
        mood = 0.5 * mood + 0.5 * heard.tone
        words += f", {heard.items} news items {heard.tone:+.2f}"
    else:
        words += ", no news in three days" if news is not None else ", no news feed"
    if heard is not None and heard.doubtful:
        evidence["news_doubtful"] = float(heard.doubtful)
        words += f", {heard.doubtful} in doubt left out"
    if abs(mood) < _SPEAKS:
        return abstain("sentiment", f"Mood {mood:+.2f} is too faint ({words}).", evidence)
    wild = (features.get("volatility_z") or 0.0) > 1
    words += "; volatility is high" if wild else ""
    turned, before = reversals(series, mood)
    fickle = before >= _FEWEST and turned > before / 2
    if before:
        evidence |= {"past_moods": float(before), "past_reversed": float(turned)}
        words += f"; {turned} of {before} such moods turned within {_AFTER} bars" if before >= _FEWEST else ""
    said = vote("sentiment", mood, 0.5 + 0.4 * abs(mood), f"Mood {mood:+.2f} ({words}).", evidence)
    return remembered(said, past, (0.8 if wild else 1.0) * (0.8 if fickle else 1.0))


def reversals(series: Series, mood: float) -> tuple[int, int]:
    """How many of the last year's moods of this side, at least as strong as speaks, the price turned against within _AFTER
    bars, and how many began; only those whose _AFTER bars are over.
    """
    momentum, trend, volatility = (series.frame.column(n)[-_YEAR:] for n in ("momentum_10", "trend_strength", "volatility_20"))
    usual = volatility * np.sqrt(10 / series.instrument.bars_per_year)
    moods = 0.5 * np.tanh(np.divide(momentum, usual, out=np.zeros(len(usual)), where=usual > 0)) + 0.5 * np.tanh(trend / 2)
    strong = moods * np.sign(mood) >= _SPEAKS
    began = np.flatnonzero(strong[1:] & ~strong[:-1]) + 1
    began = began[began + _AFTER < len(moods)]
    close = series.bars.close[-_YEAR:] * series.bars.growth[-_YEAR:]
    turned = (close[began + _AFTER] - close[began]) * np.sign(mood) < 0
    return int(turned.sum()), len(began)
