"""Whom to believe, replayed over given votes: the joint probability at each step, before its outcome counts.

A line is ``{"at", "regime", "votes": {name: p up}, "outcome": 0 or 1}``; a vote that is absent or null abstains.
By default the joint probability is the one decisions are made of: stated probabilities joined by weight and, as the record
grows, the calibrated log-odds of being right instead. ``linear`` and ``log-odds`` join stated probabilities by weight alone.
Beside it the regret: how much more the mixture lost than the best voter would have, with the bound of
exponential weights, ln(voters) / rate + rate x steps / 8 (Cesa-Bianchi and Lugosi 2006, Theorem 2.2), which holds
for ``linear`` without sharing and floor and while nobody abstains.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from agent.domain import Vote
from agent.errors import ConfigError
from agent.learn.joint import Joint
from agent.learn.voters import VoterTable
from agent.reason.pool import pooled
from agent.settings import Learning

Json = dict[str, Any]
LEARNED = "learned"


@dataclass(frozen=True)
class Line:
    """One step: who said what, in which regime, and what came."""

    at: str
    regime: str | None
    votes: dict[str, float | None]
    outcome: bool


def read_lines(lines: Iterable[str]) -> list[Line]:
    """Parse JSON lines; ConfigError naming the first line and value that cannot be used."""
    return [_line(number, text) for number, text in enumerate(lines, 1) if text.strip()]


def _line(number: int, text: str) -> Line:
    where = f"--jsonl line {number}"
    try:
        found = json.loads(text)
        votes, outcome, at = found["votes"], found["outcome"], found["at"]
    except json.JSONDecodeError as err:
        raise ConfigError(f"{where} is not JSON: {err.msg}; write one object a line") from None
    except (KeyError, TypeError) as err:
        raise ConfigError(f"{where} lacks {err}; it needs at, votes and outcome") from None
    if not isinstance(votes, dict):
        raise ConfigError(f"{where}: votes is {votes!r}; write an object of names and probabilities")
    for name, p in votes.items():
        if p is not None and (isinstance(p, bool) or not isinstance(p, int | float) or not 0 <= p <= 1):
            raise ConfigError(f"{where}: vote {name} = {p!r} is not a probability; give 0 to 1, or null to abstain")
    if outcome not in (0, 1):
        raise ConfigError(f"{where}: outcome {outcome!r} is neither 0 nor 1")
    return Line(str(at), found.get("regime"), votes, bool(outcome))


def replay(lines: list[Line], settings: Learning, pooling: str = LEARNED) -> Iterator[Json]:
    """The joint probability and the weights of each step, as they stood before its outcome."""
    names = tuple(sorted({name for line in lines for name in line.votes}))
    table, joint = VoterTable(names, settings), Joint(settings)
    for line in lines:
        weights = table.weights(line.regime)
        said = sorted((name, p) for name, p in line.votes.items() if p is not None)
        stated = pooled([(weights[name], p) for name, p in said], "linear" if pooling == LEARNED else pooling)
        learned = joint.learned(table, line.regime)
        brought = math.fsum(_sign(p) * learned.odds.get(name, 0.0) for name, p in said)
        p = stated
        if stated is not None and pooling == LEARNED:
            p = (1 - learned.share) * stated + learned.share / (1 + math.exp(-learned.slopes["vote"] * brought))
        yield {"at": line.at, "p": p, "weights": weights}
        table.score([_vote(name, line.votes.get(name)) for name in names], line.regime, line.outcome)
        if said:
            joint.score({"vote": brought}, line.outcome, *((1.0, -1.0) if line.outcome else (-1.0, 1.0)))


def _sign(p: float) -> int:
    return (p > 0.5) - (p < 0.5)


def _vote(name: str, p: float | None) -> Vote:
    if p is None:
        return Vote(voter=name, direction=0, confidence=0, abstained=True, reason="no vote on this line")
    return Vote(voter=name, direction=1 if p >= 0.5 else -1, confidence=abs(2 * p - 1), reason="given")


def regret(lines: list[Line], settings: Learning, pooling: str = LEARNED) -> Json:
    """The loss of the joint probability, of the best voter, the difference, and the theorem's bound on it."""
    names = sorted({name for line in lines for name in line.votes})
    joint = [row["p"] for row in replay(lines, settings, pooling)]
    lost = math.fsum((p - line.outcome) ** 2 for p, line in zip(joint, lines, strict=True) if p is not None)
    full = {name: [line.votes.get(name) for line in lines] for name in names}
    losses = {
        name: math.fsum((p - line.outcome) ** 2 for p, line in zip(ps, lines, strict=True) if p is not None)
        for name, ps in full.items()
        if None not in ps
    }
    best = min(losses, key=lambda name: (losses[name], name)) if losses else None
    bound = math.log(len(names)) / settings.rate + settings.rate * len(lines) / 8 if names else None
    least = losses[best] if best else None
    gap = lost - least if least is not None else None
    return {"steps": len(lines), "loss": lost, "best": best, "best_loss": least, "regret": gap, "bound": bound}
