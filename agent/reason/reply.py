"""The reply a model must give, and what is checked of it against what it was shown.

Bounds are not enforced by the server, so they are here: what breaks one goes back once. A citation that was not shown goes
back once too. A figure that was not shown is flagged: the words stay on the record and count for less.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.llm import ModelFault
from agent.reason.brief import numbers

_FREE = 10.0  # whole numbers up to here are counts, not figures


class ModelSignal(BaseModel):
    """What the model is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    action: Literal["buy", "sell", "close", "hold"]
    confidence: float = Field(ge=0, le=1)
    size: float = Field(ge=0, le=1)
    stop: float | None = Field(gt=0)
    target: float | None = Field(gt=0)
    horizon: int = Field(ge=1, le=1000)
    thesis: str = Field(min_length=1, max_length=2000)
    change_mind: str = Field(max_length=1000)
    citations: list[str] = Field(max_length=40)
    dissent: str = Field(max_length=1000)


def parse(text: str) -> ModelSignal:
    """The reply as a value; a server without typed output may wrap the JSON in words. ModelFault ``unusable``."""
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        raise ModelFault("unusable", "the reply holds no JSON object")
    try:
        return ModelSignal.model_validate_json(text[begin : end + 1])
    except ValidationError as err:
        found = [f"{'.'.join(map(str, e['loc'])) or 'reply'}: {e['msg']}" for e in err.errors()[:5]]
        raise ModelFault("unusable", "; ".join(found)) from None


def cited(signal: ModelSignal, ids: Mapping[str, str]) -> list[str]:
    """The record's ids of what was cited, each once; a bare id will do where it is unique. ModelFault ``invented``."""
    bare: dict[str, list[str]] = {}
    for short, full in ids.items():
        for name in {short.partition(":")[2], full.partition(":")[2], full}:
            bare.setdefault(name, []).append(full)
    out, invented = [], []
    for given in (c.strip() for c in signal.citations):
        found = [ids[given]] if given in ids else bare.get(given, [])
        if len(found) == 1:
            out.append(found[0])
        else:
            invented.append(given[:60])
    if invented:
        raise ModelFault("invented", f"cited but never shown: {', '.join(invented[:5])}")
    if ids and not out and signal.action in ("buy", "sell", "close"):
        raise ModelFault("invented", f"{signal.action} cites nothing; cite what it rests on")
    return list(dict.fromkeys(out))


def unseen_figures(signal: ModelSignal, shown: str) -> list[str]:
    """Figures of the reply's words that stand nowhere in what was shown, rounding and per cent allowed."""
    own = [signal.confidence, signal.size, float(signal.horizon), *(x for x in (signal.stop, signal.target) if x is not None)]
    return unseen(f"{signal.thesis} {signal.change_mind} {signal.dissent}", shown, own)


def unseen(words: str, shown: str, own: Iterable[float]) -> list[str]:
    """Figures in ``words`` that are neither in what was shown nor among a reply's ``own``."""
    known = sorted({abs(x) * scale for x in (*numbers(shown), *own) for scale in (1.0, 100.0)})
    return [text for text, value, step in _figures(words) if not _among(known, value, step)]


def _figures(words: str) -> list[tuple[str, float, float]]:
    """(as written, absolute value, half a step of its last digit) of every figure that needs a source."""
    out = []
    for value in numbers(words):
        size = abs(value)
        if size <= _FREE and size == int(size):
            continue
        written = f"{size:.10f}".rstrip("0").rstrip(".")
        decimals = len(written.partition(".")[2])
        out.append((written, size, 0.5 * 10**-decimals + 1e-9))
    return out


def _among(known: list[float], value: float, slack: float) -> bool:
    at = bisect_left(known, value - slack)
    return at < len(known) and known[at] <= value + slack
