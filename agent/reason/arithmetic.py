"""The arithmetic reasoner: a weighted mean of signed scores, bounded, with every part shown.

Each part is direction times confidence. Base (base strategies, analysts, applicable skills) weighs
0.40, the forecast 0.30, memory 0.30; an absent part gives its weight to the others pro rata. Memory
moves the result by at most ``memory_cap`` of what it would be without it, and the cut shows as a
contribution of its own. ``math.fsum`` of all contributions is the signed confidence, exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from agent.domain import Action, Contribution, Recollection, Side, Signal, SkillMatch
from agent.reason.context import Context
from agent.risk.sizing import Condition, Exits, bounded_exits, condition, target_fraction
from agent.settings import Limits, Reason

_NORMAL = NormalDist()


def memory_score(recollection: Recollection) -> float | None:
    """Memory as a signed score: twice the probability that the better side really is better, less one.

    The two sides' mean net R differ by d; with trades of about one R standard deviation that move
    oppositely, the standard error of d is 2 / sqrt(n), so the score is 2 * Phi(d * sqrt(n) / 2) - 1.
    None when memory has too little to say.
    """
    best, other = recollection.estimate, recollection.other_side
    if best is None or other is None:
        return None
    z = (best.mean_r - other.mean_r) * math.sqrt(best.n_eff) / 2
    score = 2 * _NORMAL.cdf(z) - 1
    return score if best.side == "buy" else -score


def _base_parts(context: Context) -> list[tuple[str, str, float, float]]:
    """(source, id, weight, signed score) of every base voter and skill that speaks."""
    parts = [
        ("vote", vote.voter, context.weights.get(vote.voter, 1.0), vote.score) for vote in context.votes if not vote.abstained
    ]
    for skill in context.skills:
        if skill.status == "active":
            direction = 1.0 if skill.side == "buy" else -1.0
            parts.append(("skill", skill.id, skill.interval[0], direction * skill.reliability))
    return [part for part in parts if part[2] > 0]


def contributions(context: Context, settings: Reason) -> list[Contribution]:
    """Every signed part of the confidence, the bounds included."""
    base = _base_parts(context)
    total = math.fsum(weight for _, _, weight, _ in base)
    shares = {"base": settings.weight_base} if base else {}
    if context.forecast is not None:
        shares["forecast"] = settings.weight_forecast
    remembered = memory_score(context.recollection)
    without_memory = math.fsum(shares.values())
    if remembered is not None:
        shares["memory"] = settings.weight_memory
    whole = math.fsum(shares.values())
    if whole == 0:
        return []
    out = [Contribution(source=s, id=i, value=shares["base"] / whole * w / total * score) for s, i, w, score in base]
    if context.forecast is not None:
        score = context.forecast.direction * context.forecast.confidence
        out.append(Contribution(source="forecast", id=context.forecast.model, value=shares["forecast"] / whole * score))
    if remembered is not None:
        alone = math.fsum(c.value for c in out) * whole / without_memory if without_memory else 0.0
        out.append(Contribution(source="memory", id="estimate", value=shares["memory"] / whole * remembered))
        out.extend(_memory_bound(out, alone, settings.memory_cap))
    return out


def _memory_bound(parts: list[Contribution], alone: float, cap: float) -> list[Contribution]:
    """The correction that keeps the sum within ``cap`` of what it is without memory."""
    value = math.fsum(c.value for c in parts)
    low, high = sorted((alone * (1 - cap), alone * (1 + cap)))
    bounded = min(max(value, low), high)
    return [] if bounded == value else [Contribution(source="bound", id="memory_cap", value=bounded - value)]


def _plan(context: Context, side: Side) -> tuple[Exits, SkillMatch | None]:
    """The exits of the highest-ranked applicable skill on this side, else the standard ones."""
    agreeing = [s for s in context.skills if s.status == "active" and s.side == side]
    if not agreeing:
        return context.standard, None
    best = agreeing[0]
    return context.plans[best.id], best


def _wanted(context: Context, side: Side | None, confidence: float, close_from: float) -> Action:
    if side is None or context.position is not None and context.position.side == side:
        return "hold"
    if context.position is not None:
        return "close" if confidence >= close_from else "hold"
    return side if confidence >= context.parameters["min_confidence"] else "hold"


def _shaped(exits: Exits, shape: Condition, atr: float, limits: Limits) -> Exits:
    return bounded_exits(
        exits.model_copy(
            update={"stop_distance": exits.stop_distance * shape.stop, "target_distance": exits.target_distance * shape.target}
        ),
        atr,
        limits,
    )


Reasoning = tuple[Signal, list[Contribution], Exits]


@dataclass(frozen=True)
class ArithmeticReasoner:
    """Reasons by arithmetic alone."""

    settings: Reason
    limits: Limits
    name: str = "arithmetic"

    def __call__(self, context: Context) -> Reasoning:
        """The signal, the parts it is made of, and the exits a trade would use."""
        parts = contributions(context, self.settings)
        return conclude(context, parts, self.limits, self.settings.min_confidence, self.settings.full_confidence)


def conclude(
    context: Context,
    parts: list[Contribution],
    limits: Limits,
    close_from: float | None = None,
    full_confidence: float = 1.0,
) -> Reasoning:
    """From signed parts to a signal: side, action, size, exits and words.

    A position is closed by an opposite lean of at least ``close_from``, by default the threshold of entries: results that
    raise that threshold must not make it harder to get out. Size grows with confidence up to ``full_confidence``.
    """
    threshold = context.parameters["min_confidence"]
    close_from = threshold if close_from is None else min(close_from, threshold)
    parts = list(parts)
    signed = math.fsum(part.value for part in parts)
    if abs(signed) > 1:
        parts.append(Contribution(source="bound", id="unit", value=math.copysign(1.0, signed) - signed))
        signed = math.fsum(part.value for part in parts)
    side: Side | None = None if signed == 0 else ("buy" if signed > 0 else "sell")
    confidence = min(abs(signed), 1.0)
    action = _wanted(context, side, confidence, close_from)
    state = context.state
    atr = state.features["atr_14"] or state.close * 0.01
    plan, skill = _plan(context, side) if side else (context.standard, None)
    shape = condition(state.features, state.regime.label)
    exits = _shaped(plan, shape, atr, limits)
    size, stop, target = 0.0, None, None
    if side and action in ("buy", "sell"):
        multiplier = shape.size * context.parameters["size_multiplier"] * min(1.0, confidence / full_confidence)
        size = target_fraction(side, state.close, exits, state.features["volatility_20"], multiplier, limits)
        direction = 1 if side == "buy" else -1
        stop = state.close - direction * exits.stop_distance
        target = state.close + direction * exits.target_distance
    signal = Signal(
        side=side,
        action=action,
        confidence=confidence,
        size=size,
        stop=stop,
        target=target,
        horizon=exits.max_bars,
        thesis=thesis(context, parts, side, action, confidence, skill, shape),
        citations=_citations(context, side),
    )
    return signal, parts, exits


def _citations(context: Context, side: Side | None) -> list[str]:
    cited = [f"vote:{v.voter}" for v in context.votes if not v.abstained]
    cited += [f"skill:{s.id}" for s in context.skills if s.status == "active" and s.side == side]
    cited += [f"memory:{a.id}" for a in context.recollection.analogues]
    return cited


def thesis(
    context: Context,
    parts: list[Contribution],
    side: Side | None,
    action: Action,
    confidence: float,
    skill: SkillMatch | None,
    shape: Condition,
) -> str:
    """The decision in words, made only of the record's own figures."""
    regime = context.state.regime.label or "unknown"
    lead = {"buy": "Buy", "sell": "Sell", "close": "Close", "hold": "Hold"}[action]
    lean = f"leaning {side}" if side else "without a lean"
    words = [f"{lead}: {lean} at {confidence:.2f} in a {regime} market, entries from {context.parameters['min_confidence']:.2f}"]
    speaking = [f"{v.voter} {v.score:+.2f}" for v in context.votes if not v.abstained]
    words.append("votes: " + ", ".join(speaking) if speaking else "no voter speaks")
    names = [s.name for s in context.skills if s.status == "active" and s.side == side]
    if names:
        words.append("skills that apply: " + ", ".join(names))
    if skill is not None and action in ("buy", "sell"):
        words.append(f"plan of {skill.name} ({skill.reliability:.2f} reliable over {skill.executions} executions)")
    best = context.recollection.estimate
    if best is not None:
        words.append(
            f"{best.n_eff:.0f} similar situations favour {best.side}: mean net {best.mean_r:+.2f} R, "
            f"{best.p_win:.0%} won against {best.base_rate:.0%} of all"
        )
    if any(part.id == "memory_cap" for part in parts):
        words.append("memory held to its bound")
    if shape.reason and action in ("buy", "sell"):
        words.append(shape.reason)
    return "; ".join(words) + "."
