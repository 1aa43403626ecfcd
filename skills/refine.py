"""Refining a skill: a shorter condition, or numbers moved inside their bounds, when later data agree.

What to try is chosen on the first two thirds of the data: each part of the condition left out in turn, each
typed parameter moved along its bounds, never further (all parameters together, as shares of their bounds)
from the last version that a person approved than ``grow.tune_sum``. One choice goes to the last third,
which chose nothing. A shorter condition must be no worse there, a moved number better. Every further
look at the same skill needs a smaller chance. The new version begins without statistics.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from agent.errors import SkillRejected
from agent.market.series import Series
from agent.settings import Costs, Growing
from skills.schema import PLAN_NUMBERS, Skill, SkillDraft, parse_draft
from skills.trial import cost_bps, exits_of, fires, trials

_STEPS = 9  # values tried of a parameter, over its bounds
_LATER = 1 / 3
_NO_WORSE = 0.20  # a shorter condition must not be worse with less chance than this

Kind = Literal["shorter", "tuned"]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Change:
    """One way to change a skill: how, in words, and the draft it leads to."""

    kind: Kind
    what: str
    draft: SkillDraft


@dataclass(frozen=True, slots=True)
class Compared:
    """Mean net R a trade of the new and of the old version in one part, trades of both, and the chance of no gain."""

    new: float
    old: float
    trades: tuple[int, int]
    p: float

    def document(self) -> dict[str, Any]:
        """Return the comparison as JSON data."""
        return {"new": self.new, "old": self.old, "trades": list(self.trades), "p": self.p}


@dataclass(frozen=True, slots=True)
class Refined:
    """What a look at a skill came to: how many changes were tried, the one chosen with its evidence, and the verdict."""

    tried: int
    change: Change | None
    earlier: Compared | None
    later: Compared | None
    accepted: bool
    reason: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON data, the draft left out."""
        return {
            "tried": self.tried,
            "kind": self.change.kind if self.change else None,
            "what": self.change.what if self.change else None,
            "earlier": self.earlier.document() if self.earlier else None,
            "later": self.later.document() if self.later else None,
            "accepted": self.accepted,
            "reason": self.reason,
        }


def refine(
    skill: Skill, approved: SkillDraft, series: Sequence[Series], costs: Costs, rules: Growing, *, earlier_looks: int = 0
) -> Refined:
    """Look for a better version of a strategy on these series, cut to what is known.

    ``approved`` is the last version a person approved (or the first); ``earlier_looks`` were taken at this skill before.
    """
    usable = [one for one in series if len(one) > one.ready + 1]
    changes = list(changes_of(skill, approved, rules))
    if not usable or not changes:
        return Refined(len(changes), None, None, None, False, "nothing to try" if usable else "no bars that are ready")
    stamps = np.sort(np.concatenate([one.bars.start[one.ready :] for one in usable]))
    cut = stamps[int(len(stamps) * (1 - _LATER))]
    was = [_earned(skill, usable, costs, cut, later=later) for later in (False, True)]
    found: list[tuple[float, Change, Compared]] = []
    for change in changes:
        compared = _compare(_earned(change.draft, usable, costs, cut, later=False), was[0], rules.support)
        if compared is not None and compared.new >= compared.old:
            found.append((compared.p, change, compared))
    if not found:
        return Refined(len(changes), None, None, None, False, "nothing does as well on earlier data")
    _, chosen, earlier = min(found, key=lambda row: (row[0], row[1].kind, row[1].what))
    later = _compare(_earned(chosen.draft, usable, costs, cut, later=True), was[1], rules.later_support)
    doubt = _doubt(chosen, later, rules.level / (1 + earlier_looks))
    return Refined(len(changes), chosen, earlier, later, doubt is None, doubt or "later data agree")


def changes_of(skill: SkillDraft, approved: SkillDraft, rules: Growing) -> Iterator[Change]:
    """Yield every change that may be tried: valid drafts inside the bounds."""
    document = skill.document() | {"parents": [getattr(skill, "id", "")] if hasattr(skill, "id") else []}
    yield from _shorter(document)
    for name, parameter in sorted(skill.parameters.items()):
        for value in np.linspace(parameter.low, parameter.high, _STEPS).round(6).tolist():
            moved = {**skill.numbers, name: value}
            if value != parameter.value and _distance(approved, skill, moved) <= rules.tune_sum + 1e-9:
                draft = _tuned(document, name, int(value) if name == "max_bars" else value)
                if draft is not None:
                    yield Change("tuned", f"{name} from {parameter.value:g} to {value:g}", draft)


def _distance(approved: SkillDraft, skill: SkillDraft, numbers: dict[str, float]) -> float:
    """Return how far numbers lie from the approved version's, in shares of their bounds, over all parameters."""
    spans = {name: parameter.high - parameter.low for name, parameter in skill.parameters.items()}
    before = approved.numbers
    return sum(abs(numbers[name] - before.get(name, numbers[name])) / span for name, span in spans.items() if span > 0)


def _shorter(document: dict[str, Any]) -> Iterator[Change]:
    parts = document.get("when", {}).get("all", [])
    for k in range(len(parts) if len(parts) > 1 else 0):
        rest = parts[:k] + parts[k + 1 :]
        named = [value for value in parts[k].values() if isinstance(value, str)]
        gone = {name for name in document.get("parameters", {}) if name in named and not _mentions(rest, name)}
        shorter = document | {
            "when": rest[0] if len(rest) == 1 else {"all": rest},
            "parameters": {name: p for name, p in document.get("parameters", {}).items() if name not in gone},
            "steps": [step for step in document["steps"] if not any(f"{{{name}}}" in step["text"] for name in gone)],
        }
        draft = _parsed(shorter)
        if draft is not None:
            yield Change("shorter", f"part {k + 1} of {len(parts)} of the condition left out", draft)


def _mentions(value: Any, name: str) -> bool:
    if isinstance(value, dict):
        return any(_mentions(part, name) for part in value.values())
    return any(_mentions(part, name) for part in value) if isinstance(value, list) else value == name


def _tuned(document: dict[str, Any], name: str, value: float) -> SkillDraft | None:
    parameters = document["parameters"]
    changed = document | {"parameters": parameters | {name: parameters[name] | {"value": float(value)}}}
    if name in PLAN_NUMBERS:
        changed["plan"] = document["plan"] | {name: value}
    return _parsed(changed)


def _parsed(document: dict[str, Any]) -> SkillDraft | None:
    """Return the draft, None where leaving something out made it invalid."""
    try:
        return parse_draft(document)
    except SkillRejected:
        return None


def _earned(skill: SkillDraft, series: Sequence[Series], costs: Costs, cut: np.datetime64, *, later: bool) -> list[Doubles]:
    """Return, for each series, net R by the bar that decided it in this part; NaN where no trade was decided."""
    if skill.condition is None:
        raise ValueError("only a strategy can be refined")
    side, exits = exits_of(skill)
    out = []
    for one in series:
        begins = one.bars.start >= cut
        made = trials(one, fires(skill.condition, one) & (begins if later else ~begins), side, exits, cost_bps(one, costs))
        over = np.ones(len(made.at), dtype=np.bool_) if later else one.bars.start[made.until] < cut
        r = np.full(len(one), np.nan)
        r[made.at[over]] = made.r[over]
        out.append(r)
    return out


def _compare(new: list[Doubles], old: list[Doubles], least: int) -> Compared | None:
    """Compare means a trade; None below ``least`` trades of either.

    The chance is that of the difference over its standard error, by the normal distribution. The error
    is that of the linearised difference summed in blocks of bars, so trades that both versions made
    cancel and trades close in time count together.
    """
    ours, theirs = np.concatenate(new), np.concatenate(old)
    n, m = int((~np.isnan(ours)).sum()), int((~np.isnan(theirs)).sum())
    if n < least or m < least:
        return None
    gain, base = float(np.nanmean(ours)), float(np.nanmean(theirs))
    influence = np.nan_to_num((ours - gain) / n) - np.nan_to_num((theirs - base) / m)
    block = max(5, round(float(np.cbrt(len(influence)))))
    sums = np.add.reduceat(influence, np.arange(0, len(influence), block))
    error = float(np.sqrt((sums**2).sum()))
    p = float(ndtr(-(gain - base) / error)) if error > 0 else 0.5
    return Compared(gain, base, (n, m), p)


def _doubt(change: Change, later: Compared | None, level: float) -> str | None:
    if later is None:
        return "too few later trades"
    if later.new <= 0:
        return f"earns {later.new:+.2f} R a trade on later data"
    if change.kind == "shorter":
        return None if later.new >= later.old or later.p < 1 - _NO_WORSE else f"worse on later data (p {1 - later.p:.3f})"
    return None if later.p <= level else f"not better on later data (p {later.p:.3f} above {level:g})"
