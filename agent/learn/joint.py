"""What the joint decision was worth: how much each kind of evidence counts, how sure it may be, how sure it must be.

Three things are learnt from every scored decision, traded or not, and only from those whose horizon has closed:

- ``share``, how much the record counts against stated confidences: n / (n + prior) after n of them;
- ``slopes`` of the log-odds that votes, skills, forecast and memory bring, p = 1 / (1 + exp(-sum of slope x log-odds)): Platt's
  calibration with one slope for each kind and no intercept, so that no side is preferred. They start at 1 and follow the
  Gaussian posterior of a logistic regression, one Newton step an outcome (Spiegelhalter and Lauritzen 1990). Evidence that
  only repeats another's goes to 0, and so does all of it where nobody knows anything;
- ``break_even``, from what the right and the wrong side of a standard trade paid net of costs: with W won and L lost on
  average, a trade pays from p = L / (W + L) on, that is from a confidence 2p - 1 of (L - W) / (L + W).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agent.domain import Frozen, Learned, LocalRecord
from agent.learn.voters import VoterTable
from agent.reason.context import KINDS
from agent.settings import Learning

SPACE = "joint"
Change = tuple[str, str, Any]


class JointState(Frozen):
    """Scored decisions, the slopes by kind with their covariance, and the sums in R of what the right and the wrong side paid."""

    n: int = 0
    slopes: tuple[float, ...] = (1.0,) * len(KINDS)
    covariance: tuple[tuple[float, ...], ...] = ()
    won: float = 0.0
    lost: float = 0.0


class Joint:
    """The record of the joint decision; changes are returned for the journal."""

    def __init__(self, settings: Learning) -> None:
        """Start from stated confidences."""
        self._settings = settings
        unsure = np.eye(len(KINDS)) / settings.identity
        self.state = JointState(covariance=tuple(map(tuple, unsure.tolist())))

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the journal's ``joint`` state."""
        if "state" in state:
            self.state = JointState.model_validate(state["state"])

    def learned(self, voters: VoterTable, regime: str | None, local: Sequence[LocalRecord] = ()) -> Learned:
        """What a decision in this regime may use; ``local`` is who was right in situations like this one."""
        state, paid = self.state, self.state.won + self.state.lost
        return Learned(
            share=state.n / (state.n + self._settings.prior),
            odds=voters.odds(regime, local),
            slopes=dict(zip(KINDS, (max(0.0, slope) for slope in state.slopes), strict=True)),
            break_even=min(max((state.lost - state.won) / paid, 0.0), 1.0) if paid > 0 else 0.0,
        )

    def score(self, evidence: Mapping[str, float], rose: bool, buy: float, sell: float) -> list[Change]:
        """Count one decision: the log-odds it had of each kind, what came, and what a standard trade paid on either side."""
        state = self.state
        x = np.array([evidence.get(kind, 0.0) for kind in KINDS])
        slopes, covariance = np.array(state.slopes), np.array(state.covariance)
        p = 1 / (1 + math.exp(-float(slopes @ x)))
        turned = covariance @ x
        covariance -= np.outer(turned, turned) * (p * (1 - p) / (1 + p * (1 - p) * float(x @ turned)))
        slopes += covariance @ x * (rose - p)
        right, wrong = (buy, sell) if rose else (sell, buy)
        self.state = JointState(
            n=state.n + 1,
            slopes=tuple(slopes.tolist()),
            covariance=tuple(map(tuple, covariance.tolist())),
            won=state.won + right,
            lost=state.lost - wrong,
        )
        return [(SPACE, "state", self.state.model_dump(mode="json"))]
