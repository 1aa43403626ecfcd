"""Forecast and memory as voters: scored like any other, so that their worth can be told."""

from __future__ import annotations

from agent.domain import Vote
from agent.forecast.forecaster import Opinion
from agent.reason.arithmetic import memory_score
from agent.reason.context import Context


def all_votes(context: Context, opinion: Opinion | None) -> list[Vote]:
    """The votes with the forecast's and memory's own, so that both are scored like any voter (they carry no weight there)."""
    return [*context.votes, *([_forecast_vote(opinion)] if opinion else []), _memory_vote(context)]


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
