"""Conditions without a number: above its mean, oversold, high or low, longer than usual, crossing. Pure.

What is a convention (RSI below 30 is oversold) or a guess (the upper quarter is high) is said with a ``taken`` slot, which makes
the answer unsure. What is measured against the others ("longer than average") is settled by the tool, which sees them.
"""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re

from agent.chat.local.slot import Slot
from agent.chat.tools.figures import Bound, Op, Than

_UP, _DOWN = r"above|over|upwards?|up|bullish(?:ly)?|past|higher", r"below|under|beneath|downwards?|down|bearish(?:ly)?|lower"
_AVERAGE = r"(?:(?P<n>5|20|50)[ -](?:day|bar) (?:simple )?(?:moving )?(?:average|mean|ma|sma)|sma[_ ]?(?P<m>5|20|50))"
_MEAN = re.compile(rf"\b(?:(?P<up>{_UP})|(?:{_DOWN}))\s+(?:of )?(?:its |the |their )?{_AVERAGE}")
_SOME_MEAN = re.compile(
    r"\b(?:price|close|closes|closed|trading|it|index) (?:is |was |were )?(?:(?P<up>above|over)|(?:below|under|beneath)) (?:its |the |their )(?:moving )?(?:average|mean)\b"
)
_MACD = re.compile(rf"\bmacd\b[^.?]{{0,22}}\b(?:(?P<up>{_UP})|(?:{_DOWN})) (?:its |the )?(?:macd )?(?:signal|zero)(?: line)?")
_GOLDEN = re.compile(r"\b(?:(?P<up>golden)|death)[ -]cross(?:es)?\b")
_EXTREMES = re.compile(r"\b(?:(?P<up>overbought)|oversold)\b")
_TREND = re.compile(
    r"\b(?:in|during|within|of|a|an|strong|clear|the) (?:an? |the )?(?:strong |clear |steady )?(?:(?P<up>uptrends?|rising markets?|bull(?:ish)? markets?)|downtrends?|falling markets?|bear(?:ish)? markets?)\b"
)
_CROSS = re.compile(r"\bcross(?:es|ed|ing|ings|overs?)?\b")
_TURNS = rf"(?:(?P<up>{_UP})|(?P<down>{_DOWN}))"


def unnumbered(text: str, found: list[Slot]) -> list[Slot]:
    """Every such condition; the names of features that go with one are taken out of ``found``."""
    features = [s for s in found if s.kind == "feature"]
    out = _means(text) + _extremes(text, features) + _trends(text) + _multiples(text, features)
    out += _crossing(text, features, out)
    out += _loosely(text, features, out)
    out += _relative(text, features)
    conditions = [s for s in out if s.kind == "bound"]
    for one in [s for s in found if any(s.begin < o.end and o.begin < s.end for o in conditions)]:
        if one.kind in ("feature", "regime"):
            found.remove(one)
    return out


def _above(match: re.Match[str]) -> Op:
    return ">" if match.group("up") else "<"


def _bound(feature: str, op: Op, begin: int, end: int, value: float = 0.0, than: Than | None = None) -> Slot:
    return Slot("bound", Bound(feature=feature, op=op, value=value, than=than), begin, end)


def _means(text: str) -> list[Slot]:
    """The close against one of its means, MACD against its signal, one mean above another."""
    out = [_bound(f"close_to_sma_{m.group('n') or m.group('m')}", _above(m), m.start(), m.end()) for m in _MEAN.finditer(text)]
    for match in _SOME_MEAN.finditer(text):
        said = f"I take {match.group(0)!r} for the 20-day mean"
        out += [_bound("close_to_sma_20", _above(match), *match.span()), Slot("taken", said, *match.span())]
    out += [_bound("macd" if "zero" in m.group(0) else "macd_hist", _above(m), m.start(), m.end()) for m in _MACD.finditer(text)]
    return out + [_bound("sma_cross", _above(m), m.start(), m.end()) for m in _GOLDEN.finditer(text)]


def _extremes(text: str, features: list[Slot]) -> list[Slot]:
    """Overbought and oversold, by RSI; said to be taken so where RSI is not named."""
    out = []
    for match in _EXTREMES.finditer(text):
        near = next((s for s in features if s.value == "rsi_14"), None)
        op, value = _above(match), 70.0 if match.group("up") else 30.0
        begin, end = (min(near.begin, match.start()), max(near.end, match.end())) if near else match.span()
        out.append(_bound("rsi_14", op, begin, end, value))
        if near is None:
            out.append(Slot("taken", f"I take {match.group(0)!r} for rsi_14 {op} {value:g}", begin, end))
    return out


def _trends(text: str) -> list[Slot]:
    """An uptrend or a downtrend, by the strength of the trend."""
    out = []
    for match in _TREND.finditer(text):
        op = _above(match)
        out += [
            _bound("trend_strength", op, *match.span()),
            Slot("taken", f"I take {match.group(0)!r} for trend_strength {op} 0", *match.span()),
        ]
    return out


_TIMES = {"twice": 2.0, "double": 2.0, "two times": 2.0, "three times": 3.0, "triple": 3.0, "half": 0.5}
_MULTIPLE = re.compile(rf"\b({'|'.join(_TIMES)}) (?:of )?(?:the |its |their )?(?:usual|average|normal|mean)\b")


def _multiples(text: str, features: list[Slot]) -> list[Slot]:
    """Volume so many times its mean, which is what its ratio says."""
    near = next((s for s in features if s.value == "volume_ratio"), None)
    match = _MULTIPLE.search(text) if near else None
    if near is None or match is None:
        return []
    value = _TIMES[match.group(1)]
    return [_bound("volume_ratio", ">" if value > 1 else "<", min(near.begin, match.start()), max(near.end, match.end()), value)]


def _crossing(text: str, features: list[Slot], known: list[Slot]) -> list[Slot]:
    """That a condition came true at a bar, and the condition where nothing else says it: MACD against its signal, a mean."""
    match = _CROSS.search(text)
    if match is None or any(s.kind == "bound" and s.value.feature == "sma_cross" for s in known):
        return []
    out = [Slot("cross", True, match.start(), match.end())]
    if any(s.kind == "bound" for s in known):
        return out
    of = _crossed(text, features)
    side = re.search(rf"\b{_TURNS}\b", text)
    if of is None or (side is not None and re.match(r" \d", text[side.end() :])):
        return out  # "crosses above 70" is read with its number
    begin, end = min(of[1], match.start()), max(of[2], match.end())
    ops: tuple[Op, ...] = (">", "<") if side is None else (">",) if side.group("up") else ("<",)
    return out + [_bound(of[0], op, begin, end) for op in ops]


def _crossed(text: str, features: list[Slot]) -> tuple[str, int, int] | None:
    """What crosses, with its place in the text."""
    near = next((s for s in features if s.value.startswith(("macd", "sma_"))), None)
    if near is None:
        return None
    name = "macd_hist" if near.value.startswith("macd") else f"close_to_{near.value}"
    return (name if name != "close_to_sma_cross" else "sma_cross"), near.begin, near.end


# what people call high or low of a feature: above the one, below the other
_HIGH_LOW = {
    "volume_ratio": (1.5, 0.7), "rsi_14": (70.0, 30.0), "adx_14": (25.0, 20.0), "volatility_z": (1.0, -1.0), "bb_position": (0.8, 0.2),
}  # fmt: skip
_HIGH, _LOW = (
    "high|heavy|large|big|strong|elevated|upper|unusual|extreme|rising",
    "low|light|thin|small|weak|little|lower|quiet|falling",
)
_NEAR = r"(?:readings? of |values? of |near the |on |an? |the )*"


def _loosely(text: str, features: list[Slot], known: list[Slot]) -> list[Slot]:
    """A feature called high or low without a number, with what it is taken for: a convention, or its outer quarter."""
    out: list[Slot] = []
    for one in features:
        before = re.search(rf"\b(?:(?P<up>{_HIGH})|(?:{_LOW}))[ -]{_NEAR}$", text[: one.begin])
        before = None if before and re.search(r"\bhow $", text[: before.start()]) else before
        after = re.match(
            rf" (?:is |was |were |being )?(?:very |unusually |extremely )?(?:(?P<up>{_HIGH})|(?:{_LOW}))\b(?! than)",
            text[one.end :],
        )
        match = before or after
        if match is None or any(s.kind == "bound" and s.begin < one.end and one.begin < s.end for s in (*known, *out)):
            continue
        begin, end = (match.start(), one.end) if before else (one.begin, one.end + match.end())
        op = _above(match)
        if one.value in _HIGH_LOW:
            value = _HIGH_LOW[one.value][0 if op == ">" else 1]
            out.append(_bound(one.value, op, begin, end, value))
            taken = f"{one.value} {op} {value:g}"
        else:
            out.append(_bound(one.value, op, begin, end, than="upper quarter" if op == ">" else "lower quarter"))
            taken = f"the {'upper' if op == '>' else 'lower'} quarter of {one.value}"
        out.append(Slot("taken", f"I take {text[begin:end]!r} for {taken}", begin, end))
    return out


_USUAL = r"(?P<than>averages?|the averages?|usual|normal|typical|the mean|mean|the median|median|the norm|most)"
_MORE = r"longer|bigger|larger|higher|more|greater|better|stronger|wider|above"
_LESS = r"shorter|smaller|lower|less|fewer|worse|weaker|narrower|below|quicker|faster"
_COMPARED = re.compile(
    rf"\b(?:(?P<up>{_MORE})|(?P<down>{_LESS}))(?: \w+)?(?: than|[ -](?=average|usual|normal|median|mean)) ?(?:is |was )?(?:their |our |its |your )?{_USUAL}\b"
)
_OF: tuple[tuple[str, str], ...] = (
    ("confidence", r"confiden|\bsure|certain|convict"), ("bars_held", r"long|short|held|hold|last|quick|fast|duration"),
    ("size", r"bigger|larger|smaller|siz|position"), ("fees", r"\bfees?\b|commission"), ("stop_distance", r"\bstops?\b"),
    ("pnl", r"profit|loss|lost|lose|won|win|made|earn|gain|money"),
)  # fmt: skip


def _relative(text: str, features: list[Slot]) -> list[Slot]:
    """Against the others: "held longer than average", "bigger than usual", "above-average confidence"."""
    out = []
    for match in _COMPARED.finditer(text):
        word = match.group("than").split()[-1]
        than: Than = "median" if word in ("median", "most") else "mean"
        near = next((s for s in features if abs(s.begin - match.end()) < 24 or abs(match.start() - s.end) < 24), None)
        around = text[max(0, match.start() - 24) : match.end() + 24]
        name = (
            near.value
            if near
            else next((n for n, words in _OF if re.search(words, match.group(0)) or re.search(words, around)), None)
        )
        if name is not None:
            begin = min(near.begin, match.start()) if near else match.start()
            out.append(
                _bound(name, ">" if match.group("up") else "<", begin, max(near.end if near else 0, match.end()), than=than)
            )
    return out
