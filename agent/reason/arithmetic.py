"""The arithmetic reasoner: signed scores joined, bounded, with every part shown.

Each part is direction times confidence. Base (base strategies, analysts, applicable skills) weighs
0.40, the forecast 0.30, memory 0.30; an absent part gives its weight to the others pro rata. That is how it starts. As
decisions are scored, what they teach takes over (``Context.learned``): every part then counts by the log-odds that its own
record has of being right here, whatever confidence it states, times the calibrating slope of its kind; these add up and
become a score of 2p - 1 (a logarithmic opinion pool; Genest and Zidek 1986). The two are mixed by the learnt share, and so is the
confidence that an entry needs: it glides from the settings' own to what a standard trade needs to pay its costs.

Memory moves the result by at most ``memory_cap`` of what it would be without it, and the cut shows as a
contribution of its own. ``math.fsum`` of all contributions is the signed confidence, exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from agent.domain import Action, Contribution, Learned, Recollection, Side, Signal, SkillMatch
from agent.reason.context import Context
from agent.reason.setups import counted, setup_of
from agent.risk.sizing import Condition, Exits, bounded_exits, condition, drawn_in, target_fraction
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


Part = tuple[str, str, float]


def skill_voter(ident: str) -> str:
    """What the records of voters call a skill."""
    return f"skill:{ident}"


def _voter(source: str, ident: str) -> str:
    """Under which name a part is scored."""
    return skill_voter(ident) if source == "skill" else ident if source == "vote" else source


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


def _stated(context: Context, settings: Reason, remembered: float | None) -> list[Part]:
    """Every part by its stated confidence and its share of the whole."""
    base = _base_parts(context)
    total = math.fsum(weight for _, _, weight, _ in base)
    shares = {"base": settings.weight_base} if base else {}
    if context.forecast is not None:
        shares["forecast"] = settings.weight_forecast
    if remembered is not None:
        shares["memory"] = settings.weight_memory
    whole = math.fsum(shares.values()) or 1.0  # weights of zero say nothing
    out = [(source, ident, shares["base"] / whole * w / total * score) for source, ident, w, score in base]
    if context.forecast is not None:
        score = context.forecast.direction * context.forecast.confidence
        out.append(("forecast", context.forecast.model, shares["forecast"] / whole * score))
    if remembered is not None:
        out.append(("memory", "estimate", shares["memory"] / whole * remembered))
    return out


def evidence(context: Context, *, memory: bool = True) -> list[Part]:
    """Every part's signed log-odds by its own record, not yet weighed against the others'."""
    odds = context.learned.odds
    said = [(source, ident, score) for source, ident, _, score in _base_parts(context)]
    if context.forecast is not None:
        said.append(("forecast", context.forecast.model, context.forecast.direction * context.forecast.confidence))
    remembered = memory_score(context.recollection) if memory else None
    if remembered is not None:
        said.append(("memory", "estimate", remembered))
    return [
        (source, ident, math.copysign(odds.get(_voter(source, ident), 0.0), score) if score else 0.0)
        for source, ident, score in said
    ]


def _joined(context: Context, settings: Reason, *, memory: bool) -> list[Contribution]:
    """The stated and the learnt parts, mixed by the learnt share."""
    learned = context.learned
    remembered = memory_score(context.recollection) if memory else None
    stated = _stated(context, settings, remembered)
    learnt = evidence(context, memory=memory)
    weighed = [learned.slopes.get(source, 1.0) * value for source, _, value in learnt]
    total = math.fsum(weighed)
    scale = math.tanh(total / 2) / total if total else 0.5
    return [
        Contribution(source=source, id=ident, value=(1 - learned.share) * said + learned.share * scale * worth)
        for (source, ident, said), worth in zip(stated, weighed, strict=True)
    ]


def contributions(context: Context, settings: Reason) -> list[Contribution]:
    """Every signed part of the confidence, the bounds included."""
    out = _joined(context, settings, memory=True)
    if any(part.source == "memory" for part in out):
        alone = math.fsum(part.value for part in _joined(context, settings, memory=False))
        out.extend(_memory_bound(out, alone, settings.memory_cap))
    return out


def _memory_bound(parts: list[Contribution], alone: float, cap: float) -> list[Contribution]:
    """The correction that keeps the sum within ``cap`` of what it is without memory."""
    value = math.fsum(c.value for c in parts)
    low, high = sorted((alone * (1 - cap), alone * (1 + cap)))
    bounded = min(max(value, low), high)
    return [] if bounded == value else [Contribution(source="bound", id="memory_cap", value=bounded - value)]


def needed(learned: Learned, stated: float, settings: Reason) -> float:
    """A confidence that the settings state, on the scale of what was learnt.

    ``stated`` counts in units of the least that an entry needs by the settings; learnt, that least is the confidence
    from which a standard trade pays its costs.
    """
    units = stated / settings.min_confidence if settings.min_confidence else 1.0
    return (1 - learned.share) * stated + learned.share * min(1.0, units * learned.break_even)


def _plan(context: Context, side: Side) -> tuple[Exits, SkillMatch | None]:
    """The exits of the highest-ranked applicable skill on this side, else the standard ones.

    Votes are scored at the standard horizon. Once the record counts for more than what is stated, a decision that rests on
    a vote more than on the skill is held for that horizon, and not for the skill's.
    """
    agreeing = [s for s in context.skills if s.status == "active" and s.side == side]
    if not agreeing:
        return context.standard, None
    best, odds = agreeing[0], context.learned.odds
    leading = max((odds.get(v.voter, 0.0) for v in context.votes if v.score and (v.score > 0) == (side == "buy")), default=0.0)
    if context.learned.share > 0.5 and leading > odds.get(skill_voter(best.id), 0.0):
        return context.standard, None
    return context.plans[best.id], best


def _wanted(context: Context, side: Side | None, confidence: float, enter_from: float, close_from: float) -> Action:
    if side is None or context.position is not None and context.position.side == side:
        return "hold"
    if context.position is not None:
        return "close" if confidence >= close_from else "hold"
    return side if confidence >= enter_from else "hold"


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
        return conclude(context, contributions(context, self.settings), self.limits, self.settings)


def conclude(context: Context, parts: list[Contribution], limits: Limits, settings: Reason) -> Reasoning:
    """From signed parts to a signal: side, action, size, exits and words.

    A position is closed by an opposite lean of at least what an entry needs by the settings: results that
    raise that threshold must not make it harder to get out. Size grows with confidence up to ``full_confidence``.
    """
    enter_from = needed(context.learned, context.parameters["min_confidence"], settings)
    close_from = min(needed(context.learned, settings.min_confidence, settings), enter_from)
    full = needed(context.learned, settings.full_confidence, settings)
    parts = list(parts)
    signed = math.fsum(part.value for part in parts)
    if abs(signed) > 1:
        parts.append(Contribution(source="bound", id="unit", value=math.copysign(1.0, signed) - signed))
        signed = math.fsum(part.value for part in parts)
    side: Side | None = None if signed == 0 else ("buy" if signed > 0 else "sell")
    confidence = min(abs(signed), 1.0)
    action = _wanted(context, side, confidence, enter_from, close_from)
    state = context.state
    atr = state.features["atr_14"] or state.close * 0.01
    plan, skill = _plan(context, side) if side else (context.standard, None)
    shape = condition(state.features, state.regime.label)
    exits = _shaped(plan, shape, atr, limits)
    size, stop, target = 0.0, None, None
    if side and action in ("buy", "sell"):
        nearer = drawn_in(exits, context.parameters.get("stop_multiplier", 1.0), atr, limits)
        # more than full size only as far as the stop came nearer: no more is at risk than the mandate has a trade risk
        most = exits.stop_distance / nearer.stop_distance
        multiplier = (
            shape.size * min(context.parameters["size_multiplier"], most) * (min(1.0, confidence / full) if full else 1.0)
        )
        size = target_fraction(side, state.close, exits, state.features["volatility_20"], multiplier, limits)
        exits = nearer
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
        thesis=thesis(context, parts, signed, action, enter_from, skill, shape),
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
    signed: float,
    action: Action,
    enter_from: float,
    skill: SkillMatch | None,
    shape: Condition,
) -> str:
    """The decision in words, made only of the record's own figures."""
    side: Side | None = None if signed == 0 else ("buy" if signed > 0 else "sell")
    label = context.state.regime.label
    lead = {"buy": "Buy", "sell": "Sell", "close": "Close", "hold": "Hold"}[action]
    lean = f"leaning {side}" if side else "without a lean"
    words = [f"{lead}: {lean} at {abs(signed):.2f} in a {label or 'unknown'} market, entries from {enter_from:.2f}"]
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
    words += counted(setup_of(parts, side, label), context.recent, context.skills, label)
    if any(part.id == "memory_cap" for part in parts):
        words.append("memory held to its bound")
    if shape.reason and action in ("buy", "sell"):
        words.append(shape.reason)
    return "; ".join(words) + "."
