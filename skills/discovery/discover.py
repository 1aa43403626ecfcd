"""From closed trades to hypotheses with their evidence, and which of them may become candidates.

A hypothesis is accepted when it has enough support and wins, beats the base rate of its side
and exits after false-discovery control over everything tried, is more than the best of a whole search on
shuffled outcomes, holds on the last third of the trades, which no search looked at, and says something that no
stronger one says already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from agent.domain import Side
from agent.errors import ConfigError
from skills.discovery.carried import Carried, Chance, Outcomes, Progress, carried, chance_of
from skills.discovery.chance import block_of, deflated_sharpe, false_discovery, shuffles
from skills.discovery.leaves import Leaves, leaves_of
from skills.discovery.search import Members, look, space_of
from skills.discovery.trades import Trade

MOST = 20_000
EXPLAINED = "explained by a stronger hypothesis"
FEWEST_TRADES = 60
_PAIRS = 12_900  # of the hypotheses allowed; the rest is for singles, third conditions and moved thresholds
_SHOWN = 25
_CONFIRMATIONS = 2_000
_OWN_WORTH = 3.0  # standard errors above base that must be left outside a stronger hypothesis


@dataclass(frozen=True, slots=True)
class Rules:
    """What a hypothesis must show; rates and levels are fractions.

    ``level`` is the false-discovery rate over everything tried, ``best_level`` the chance that the best of a
    whole search on shuffled outcomes is as good, ``holdout_level`` the chance of as many wins in the later trades alone.
    """

    support: int = 5
    win_rate: float = 0.70
    level: float = 0.05
    best_level: float = 0.01
    holdout_level: float = 0.05


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A conjunction with its evidence.

    Support, rates and mean R are of the first two thirds, ``holdout`` is of the last; ``p``, ``q`` and
    ``best`` join both: the chance that anything tried gets so far, its false-discovery rate
    over everything tried, and the chance that the best of a whole search does.
    """

    when: dict[str, Any]
    side: Side | None
    support: int
    win_rate: float
    base_rate: float
    mean_r: float
    p: float
    q: float
    best: float
    deflated_sharpe: float | None
    holdout: dict[str, Any]
    accepted: bool
    reason: str

    def document(self) -> dict[str, Any]:
        """Return the hypothesis as JSON data."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Discovery:
    """How many trades were examined, how many hypotheses were tested, and those worth showing, best first."""

    examined: int
    tested: int
    hypotheses: tuple[Hypothesis, ...]

    @property
    def accepted(self) -> list[Hypothesis]:
        """Those that may become candidates."""
        return [found for found in self.hypotheses if found.accepted]

    def document(self) -> dict[str, Any]:
        """Return the discovery as JSON data."""
        return {"examined": self.examined, "tested": self.tested, "hypotheses": [h.document() for h in self.hypotheses]}


def discover(
    trades: Sequence[Trade], *, seed: int = 0, rules: Rules | None = None, progress: Progress | None = None
) -> Discovery:
    """Search closed, non-overlapping trades in time order; ConfigError when there are too few to learn from."""
    wanted = rules or Rules()
    if len(trades) < FEWEST_TRADES:
        raise ConfigError(f"{len(trades)} closed trades that do not overlap are too few; give at least {FEWEST_TRADES}")
    cut = len(trades) * 2 // 3
    leaves = leaves_of(trades, cut, _PAIRS)
    outcomes = _outcomes(trades, cut)
    if not len(leaves.coarse) or not 0 < outcomes.won[:cut].mean() < 1:
        return Discovery(len(trades), 0, ())
    space = space_of(leaves, cut, outcomes.base[:cut], wanted.support, MOST)
    # the products are small: threads would only wait for each other
    with threadpool_limits(1):
        tried = look(space, outcomes.excess[:cut])
        found = carried(space, outcomes, outcomes.excess, tried, wanted.win_rate)
        chance = chance_of(space, outcomes, wanted.win_rate, seed, progress)
        told = _hypotheses(leaves, outcomes, wanted, _weighed(found, chance, tried.tested, leaves), tried.tested, seed)
    return Discovery(len(trades), tried.tested, tuple(told))


def _outcomes(trades: Sequence[Trade], cut: int) -> Outcomes:
    """Return outcomes beside the base rate of their side, each part of the trades with its own."""
    won = np.array([trade.r > 0 for trade in trades], dtype=np.float32)
    sides = np.array([trade.side for trade in trades])
    base = np.zeros(len(trades), dtype=np.float32)
    for part in (slice(None, cut), slice(cut, None)):
        for side in ("buy", "sell"):
            mine = sides[part] == side
            if mine.any():
                base[part][mine] = won[part][mine].mean()
    return Outcomes(won, base, np.array([trade.r for trade in trades]), cut)


@dataclass(frozen=True, eq=False, slots=True)
class _Weighed:
    """A hypothesis with where it holds, its three chances, and what it is worth: what to tell first."""

    members: Members
    where: NDArray[np.bool_]
    p: float
    q: float
    best: float
    worth: float


def _weighed(found: Carried, chance: Chance, tested: int, leaves: Leaves) -> list[_Weighed]:
    """Return what was found, the most worthy first.

    Worth is the evidence of both parts less what choosing each of its conditions among all could gain by chance.
    """
    figure = chance.figure(found)
    p = np.minimum(chance.anything.chance(figure), 1.0)
    # everything tried counts; what was not carried to the later trades counts as no evidence at all
    q = false_discovery(np.concatenate([p, np.ones(max(0, tested - len(p)))]))
    best = np.minimum(chance.best.chance(figure), 1.0)
    worth = found.earlier + found.later - found.sizes * np.log(4.0 * len(leaves.families))
    rows = [
        _Weighed(m, found.masks[k] > 0, float(p[k]), float(q[k]), float(best[k]), float(worth[k]))
        for k, m in enumerate(found.members)
    ]
    return sorted(rows, key=lambda row: (-row.worth, row.members))


def _hypotheses(
    leaves: Leaves, outcomes: Outcomes, rules: Rules, rows: list[_Weighed], tested: int, seed: int
) -> list[Hypothesis]:
    """Judge from the most worthy on; what a stronger one explains is not accepted again."""
    later = _Later.of(outcomes, seed)
    accepted: list[NDArray[np.bool_]] = []
    told = []
    for row in rows:
        holdout = _holdout(outcomes, row.where, later)
        doubt = _doubt(rules, row, holdout) or _repeated(outcomes, row.where, accepted)
        if doubt is None:
            accepted.append(row.where)
        told.append(_hypothesis(leaves, outcomes, row, holdout, tested, doubt))
    told.sort(key=lambda h: (not h.accepted, h.q, h.p))
    return told[:_SHOWN]


def _doubt(rules: Rules, row: _Weighed, holdout: dict[str, Any]) -> str | None:
    """Return why the evidence is not enough, or None."""
    if row.q > rules.level:
        return f"q {row.q:.3f} above {rules.level:g}"
    if row.best > rules.best_level:
        return f"a search finds as much by chance (in {row.best:.1%} of shuffles, above {rules.best_level:.0%})"
    if holdout["support"] < rules.support:
        return f"only {holdout['support']} later trades"
    if holdout["p"] > rules.holdout_level:
        return f"does not hold on later trades (p {holdout['p']:.3f})"
    return None


def _repeated(outcomes: Outcomes, where: NDArray[np.bool_], accepted: list[NDArray[np.bool_]]) -> str | None:
    explained = any(not _adds(outcomes, where, stronger) for stronger in accepted)
    return EXPLAINED if explained else None


def _adds(outcomes: Outcomes, inside: NDArray[np.bool_], stronger: NDArray[np.bool_]) -> bool:
    """Say whether the trades outside the stronger hypothesis still win clearly more than base."""
    rest = inside & ~stronger
    if rest.sum() < 5:
        return False
    spread = float(np.sqrt((outcomes.base * (1 - outcomes.base))[rest].sum()))
    return float(outcomes.excess[rest].sum()) > _OWN_WORTH * spread


@dataclass(frozen=True, eq=False, slots=True)
class _Later:
    """The last third: outcomes less base rate as they were, and with their blocks shuffled (a row each)."""

    excess: NDArray[np.float32]
    shuffled: NDArray[np.float32]

    @classmethod
    def of(cls, outcomes: Outcomes, seed: int) -> _Later:
        excess = outcomes.excess[outcomes.cut :]
        orders = shuffles(len(excess), _CONFIRMATIONS, block_of(len(excess)), seed + 2)
        return cls(excess, np.array([excess[order] for order in orders], dtype=np.float32))


def _holdout(outcomes: Outcomes, where: NDArray[np.bool_], later: _Later) -> dict[str, Any]:
    """Return the evidence on the last third, with the chance of as many wins when blocks of outcomes are shuffled."""
    cut = outcomes.cut
    inside = where[cut:]
    n = int(inside.sum())
    told: dict[str, Any] = {"support": n, "win_rate": None, "base_rate": None, "mean_r": None, "p": None}
    if not n:
        return told
    as_good = int((later.shuffled @ inside.astype(np.float32) >= later.excess[inside].sum() - 1e-4).sum())
    return told | {
        "win_rate": float(outcomes.won[cut:][inside].mean()),
        "base_rate": float(outcomes.base[cut:][inside].mean()),
        "mean_r": float(outcomes.r[cut:][inside].mean()),
        "p": (1 + as_good) / (1 + _CONFIRMATIONS),
    }


def _hypothesis(
    leaves: Leaves, outcomes: Outcomes, row: _Weighed, holdout: dict[str, Any], tested: int, doubt: str | None
) -> Hypothesis:
    cut = outcomes.cut
    inside = row.where[:cut]
    parts = [leaves.leaves[m] for m in row.members]
    documents = [leaf.document for leaf in parts if leaf.side is None]
    return Hypothesis(
        when=documents[0] if len(documents) == 1 else {"all": documents},
        side=next((leaf.side for leaf in parts if leaf.side), None),
        support=int(inside.sum()),
        win_rate=float(outcomes.won[:cut][inside].mean()),
        base_rate=float(outcomes.base[:cut][inside].mean()),
        mean_r=float(outcomes.r[:cut][inside].mean()),
        p=row.p,
        q=row.q,
        best=row.best,
        deflated_sharpe=deflated_sharpe(outcomes.r[:cut][inside], tested),
        holdout=holdout,
        accepted=doubt is None,
        reason=doubt or "beats chance and holds on later trades",
    )
