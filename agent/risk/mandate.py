"""The mandate: the bounds a person sets over everything the program is set to or learns. Pure; nothing here writes one.

Promises: joined with the settings it only ever tightens: the smaller of two maxima, the larger of two minima, the
symbols both allow, the mandate's sessions; a key or value it cannot have is refused in one line.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from typing import Any

from pydantic import ValidationError

from agent.domain import Frozen
from agent.errors import ConfigError
from agent.settings import Limits

LARGER = frozenset({"min_stop_atr"})  # the stricter value is the larger one
NOWHERE = ""  # a symbol that none is called: an empty list would allow all


class Mandate(Frozen):
    """The limits of a mandate file and the SHA-256 of its bytes, which every record carries."""

    limits: dict[str, Any]
    hash: str


def read_mandate(raw: bytes, name: str) -> Mandate:
    """Read a mandate file's bytes: TOML with limits at the top or under [limits]; ConfigError names what is wrong."""
    try:
        found = tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise ConfigError(f"mandate {name} cannot be read: {err}; fix it") from None
    limits = found.get("limits", found)
    try:
        checked = Limits.model_validate(limits)
    except ValidationError as err:
        first = err.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"mandate {name}: {where} = {first.get('input')!r}: {first['msg']}") from None
    return Mandate(limits=checked.model_dump(mode="json", include=set(limits)), hash=hashlib.sha256(raw).hexdigest())


def tightened(limits: Limits, mandate: Mandate) -> Limits:
    """The settings' limits within the mandate's."""
    theirs = dict(mandate.limits)
    if "risk_per_trade" in theirs:  # a bound for a person, a starting point for sizing: nothing may enlarge it afterwards
        theirs["max_risk"] = min(theirs["risk_per_trade"], theirs.get("max_risk", math.inf))
    update = {name: _stricter(name, getattr(limits, name), value) for name, value in theirs.items()}
    return Limits.model_validate({**limits.model_dump(), **update})


def _stricter(name: str, ours: Any, theirs: Any) -> Any:
    if isinstance(theirs, bool):
        return ours and theirs
    if name == "symbols":
        both = [symbol for symbol in ours if symbol in theirs] if ours and theirs else [*(theirs or ours)]
        return both or ([NOWHERE] if ours and theirs else [])
    if name == "sessions":
        return theirs or ours
    return max(ours, theirs) if name in LARGER else min(ours, theirs)
