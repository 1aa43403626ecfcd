"""Forecast, memory, skills and the decision itself as voters: scored like any other, so that their worth can be told."""

from __future__ import annotations

import math

from agent.domain import Signal, SkillMatch, Vote
from agent.forecast.forecaster import Opinion
from agent.learn.attribution import JOINT
from agent.reason.arithmetic import evidence, memory_score, skill_voter
from agent.reason.context import KINDS, Context


def all_votes(context: Context, opinion: Opinion | None, signal: Signal | None) -> list[Vote]:
    """The votes with those of forecast, memory and the decision, so that all are scored alike (these carry no weight there)."""
    return [
        *context.votes,
        *([_forecast_vote(opinion)] if opinion else []),
        _memory_vote(context),
        _joint_vote(context, signal),
    ]


def skill_votes(skills: list[SkillMatch]) -> list[Vote]:
    """What the skills that fired said of the standard horizon: their side, as sure as they are reliable."""
    return [
        Vote(
            voter=skill_voter(skill.id),
            direction=1 if skill.side == "buy" else -1,
            confidence=skill.reliability,
            reason=f"{skill.name} fired",
        )
        for skill in skills
    ]


def evidence_of(votes: list[Vote]) -> dict[str, float]:
    """The log-odds by kind that a decision was made of."""
    return next((vote.evidence for vote in votes if vote.voter == JOINT), {})


def _joint_vote(context: Context, signal: Signal | None) -> Vote:
    brought = evidence(context)
    by_kind = {kind: math.fsum(value for source, _, value in brought if source == kind) for kind in KINDS}
    spoke = signal is not None and signal.side is not None
    return Vote(
        voter=JOINT,
        direction=0.0 if signal is None or signal.side is None else 1.0 if signal.side == "buy" else -1.0,
        confidence=signal.confidence if signal is not None and spoke else 0.0,
        abstained=not spoke,
        reason="the decision itself" if spoke else "no side",
        evidence=by_kind,
    )


def _forecast_vote(opinion: Opinion) -> Vote:
    made = opinion.forecast
    if made is None:
        return Vote(voter="forecast", direction=0, confidence=0, abstained=True, reason=opinion.reason)
    return Vote(
        voter="forecast",
        direction=made.direction,
        confidence=made.confidence,
        abstained=made.direction == 0,
        reason=opinion.reason,
        evidence={"p": made.p},
    )


def _memory_vote(context: Context) -> Vote:
    score = memory_score(context.recollection)
    best = context.recollection.estimate
    if score is None or best is None:
        return Vote(voter="memory", direction=0, confidence=0, abstained=True, reason="too few settled situations")
    return Vote(
        voter="memory",
        direction=1 if score > 0 else -1,
        confidence=abs(score),
        reason=f"similar situations: mean net {best.mean_r:+.2f} R on the {best.side} side",
        evidence={"mean_r": best.mean_r, "p_win": best.p_win, "n_eff": best.n_eff},
    )
