"""A state in one line, made only of phrases from a closed list.

Promises: every phrase ``describe`` may use is in PHRASES, so each needs to be embedded only
once and no outside text can enter the line. What is unknown is left out or said to be so.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.domain import Peers, RegimeLabel

_SEPARATOR = "; "
_REGIMES: dict[RegimeLabel | None, str] = {
    "trending": "trending market",
    "ranging": "ranging market",
    "volatile": "volatile market",
    None: "kind of market unknown",
}
_HEADINGS = ("heading up", "heading nowhere", "heading down")
# among the others: its lead over them, and how many of all stand above their 50-bar mean
_LEADS: tuple[tuple[float, ...], tuple[str, ...]] = (
    (-1.0, 1.0),
    ("weaker than the others", "in line with the others", "stronger than the others"),
)
_BREADTHS: tuple[tuple[float, ...], tuple[str, ...]] = (
    (0.3, 0.7),
    ("few symbols above their mean", "symbols divided", "most symbols above their mean"),
)

# a feature, its rising upper bounds, and the phrase below each bound and above the last
_SCALES: tuple[tuple[str, tuple[float, ...], tuple[str, ...]], ...] = (
    ("trend_strength", (-3.0, -1.0, 1.0, 3.0), ("strong downtrend", "downtrend", "no clear trend", "uptrend", "strong uptrend")),
    ("adx_14", (20.0, 30.0), ("ADX weak", "ADX moderate", "ADX strong")),
    (
        "bb_position",
        (0.0, 0.5, 1.0),
        (
            "price below its lower band",
            "price below its 20-bar mean",
            "price above its 20-bar mean",
            "price above its upper band",
        ),
    ),
    ("rsi_14", (30.0, 45.0, 55.0, 70.0), ("RSI oversold", "RSI weak", "RSI neutral", "RSI firm", "RSI overbought")),
    ("macd_hist", (0.0,), ("MACD below its signal", "MACD above its signal")),
    ("momentum_10", (0.0,), ("price lower than 10 bars ago", "price higher than 10 bars ago")),
    ("volatility_z", (-1.0, 1.0, 2.0), ("volatility low", "volatility normal", "volatility high", "volatility extreme")),
    ("volume_ratio", (0.6, 1.5), ("volume thin", "volume normal", "volume heavy")),
    ("drawdown_60", (-0.2, -0.08, -0.02), ("deep drawdown", "drawdown", "shallow pullback", "near its 60-bar high")),
    ("close_position", (0.2, 0.8), ("closed near its low", "closed mid-range", "closed near its high")),
)
# features that are -1, 0 or +1; nothing is said of 0
_EVENTS: tuple[tuple[str, str, str], ...] = (
    ("sma_cross", "20-bar mean fell below its 50-bar mean", "20-bar mean rose above its 50-bar mean"),
    ("macd_divergence", "bearish MACD divergence", "bullish MACD divergence"),
    ("rsi_divergence", "bearish RSI divergence", "bullish RSI divergence"),
)

PHRASES: tuple[str, ...] = (
    *_REGIMES.values(),
    *_HEADINGS,
    *_LEADS[1],
    *_BREADTHS[1],
    *(phrase for _, _, phrases in _SCALES for phrase in phrases),
    *(phrase for _, *phrases in _EVENTS for phrase in phrases),
)
_KNOWN = frozenset(PHRASES)


def describe(features: Mapping[str, float | None], regime: RegimeLabel | None, peers: Peers | None = None) -> str:
    """One line of words for a state, in a fixed order."""
    said = [_REGIMES[regime]]
    up, down = features.get("p_up"), features.get("p_down")
    if up is not None and down is not None:
        shares = (up, 1.0 - up - down, down)
        said.append(_HEADINGS[shares.index(max(shares))])
    for name, bounds, phrases in _SCALES:
        value = features.get(name)
        if value is not None:
            said.append(phrases[sum(value >= bound for bound in bounds)])
    for name, falling, rising in _EVENTS:
        value = features.get(name)
        if value:
            said.append(rising if value > 0 else falling)
    if peers is not None:
        for value, (bounds, phrases) in ((peers.lead, _LEADS), (peers.breadth, _BREADTHS)):
            if value is not None:
                said.append(phrases[sum(value >= bound for bound in bounds)])
    return _SEPARATOR.join(said)


def phrases_of(text: str) -> list[str]:
    """The known phrases of a line, in its order; anything else in it is ignored."""
    return [phrase for phrase in text.split(_SEPARATOR) if phrase in _KNOWN]
