"""Recognising a person's preference in what they say: "never short on Fridays", "risk at most 1 %". Pure.

Only what tightens is understood: words that ask for more than the limits allow ("always buy", "risk at least 5 %") are no
preference, and what is not understood as a rule is none either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from agent.chat.local.reading import Names, read
from agent.chat.tables import Tables
from agent.risk.preferences import Preference

_EPOCH = date(2000, 1, 1)  # what a run without a record counts its days from
_NEVER = re.compile(
    r"^(?:please |from now on,? |i (?:want|would like|'d like|prefer) (?:you )?(?:to )?|you (?:should|must|may) |"
    r"remember(?: that)?:? |)"
    r"(?:never|do(?:n't| not)(?: ever)?|no(?:t| more)?|avoid|stop|stay out of|keep out of|refrain from)\b"
    r"(?! (?:on|in) the record)"
)
_ACTS = re.compile(
    r"\b(?:short|shorts|shorting|sell|buy|buys|buying|long|longs|enter|entries|entering|trade|trades|trading|"
    r"open|opening|go|going|hold)\b"
)
_MOST = r"(?:at most|no more than|not more than|max(?:imum)?(?: of)?|up to|less than|under|below|only|never more than|within)"
_FIGURE = r"(\d+(?:\.\d+)?)\s*(%|percent|per cent)?"
_NO = r"\b(?:never|don't|do not)"
_BOUNDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        (
            "max_risk",
            rf"\brisk(?:ing)?\b[^\d]{{0,30}}?{_MOST}\s*{_FIGURE}|{_NO} risk (?:more than|over|above)\s*{_FIGURE}",
        ),
        (
            "max_exposure",
            rf"\b(?:exposure|whole book|total)\b[^\d]{{0,30}}?{_MOST}\s*{_FIGURE}|keep at least\s*{_FIGURE}\s*(?:in )?cash",
        ),
        (
            "max_position",
            rf"\b(?:position|positions|size|stake|invest|put)\b[^\d]{{0,30}}?{_MOST}\s*{_FIGURE}|"
            rf"{_NO} (?:put|invest|bet|stake|hold)[^\d]{{0,16}}?(?:more than|over|above)\s*{_FIGURE}",
        ),
        (
            "min_confidence",
            r"\bconfiden(?:ce|t)\b[^\d]{0,30}?(?:at least|above|over|of|from|minimum|more than|below|under|less than)\s*"
            rf"{_FIGURE}",
        ),
    )
)
_LOOSER = re.compile(
    r"\b(?:always|at least|no less than|more risk|double|raise|increase|remove the limit|ignore the limit|without limit|allow)\b"
)


def recognised(said: str, symbols: Sequence[str], tables: Tables) -> Preference | None:
    """The preference a sentence states; None where it states none. Its id is given when it is stored."""
    low = said.lower().replace("\u2019", "'").strip()
    if low.endswith("?") or low.startswith(("why", "what", "how", "which", "did", "when", "who", "would", "is ", "are ", "/")):
        return None
    where = read(said, Names(tuple(symbols), {}, ()), tables.today or _EPOCH)
    side = "sell" if re.search(r"\bshort", low) else "buy" if re.search(r"\b(?:buy|long)", low) else None
    place = {
        "side": side,
        "weekday": where.weekday,
        "symbol": where.symbol,
        "regime": where.regime,
    }
    for name, pattern in _BOUNDS:
        match = pattern.search(low)
        if match and not (_LOOSER.search(low) and name not in ("min_confidence", "max_exposure")):
            value = _share(name, match)
            return Preference.model_validate({"id": "new", name: value, **place}) if value else None
    if _NEVER.search(low) and _ACTS.search(low) and any(v is not None for v in place.values()):
        return Preference.model_validate({"id": "new", "forbids": True, **place})
    return None


def _share(name: str, match: re.Match[str]) -> float | None:
    groups = match.groups()
    found = next(((groups[i], groups[i + 1]) for i in range(0, len(groups), 2) if groups[i]), None)
    if found is None:
        return None
    value = float(found[0])
    if found[1] or value > 1:
        value /= 100
    if "cash" in match.group(0) and name == "max_exposure":
        value = 1 - value
    return value if 0 < value <= 1 else None
