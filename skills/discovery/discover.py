"""From closed trades to hypotheses with their evidence, and which of them may become candidates.

A hypothesis is accepted when it has enough support and wins, beats the base rate of its side
and exits after false-discovery control over everything tried, says something that no stronger
one says already, and holds on the last third of the trades, which no search looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.domain import Side
from agent.errors import ConfigError
from skills.discovery.chance import Chance, block_of, chances, deflated_sharpe, false_discovery, shuffles
from skills.discovery.leaves import Leaves, leaves_of
from skills.discovery.search import Members, Space, look, space_of, worth
from skills.discovery.trades import Trade

MOST = 20_000
FEWEST_TRADES = 60
_ADAPTIVE = 8_000  # of the hypotheses allowed, kept for third conditions and moved thresholds
_SHOWN = 25
_SHUFFLES = 200
_CONFIRMATIONS = 2_000
_OWN_WORTH = 2.0  # standard errors above base that must be left outside a stronger hypothesis


@dataclass(frozen=True, slots=True)
class Rules:
    """What a hypothesis must show; rates and levels are fractions."""

    support: int = 5
    win_rate: float = 0.70
    level: float = 0.05
    holdout_level: float = 0.05


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A conjunction with its evidence on the first two thirds and, apart, on the last third."""

    when: dict[str, Any]
    side: Side | None
    support: int
    win_rate: float
    base_rate: float
    mean_r: float
    p: float
    q: float
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


@dataclass(frozen=True, eq=False, slots=True)
class _Data:
    won: NDArray[np.float32]
    base: NDArray[np.float32]
    r: NDArray[np.float64]
    cut: int


def discover(trades: Sequence[Trade], *, seed: int = 0, rules: Rules | None = None) -> Discovery:
    """Search closed, non-overlapping trades in time order; ConfigError when there are too few to learn from."""
    wanted = rules or Rules()
    if len(trades) < FEWEST_TRADES:
        raise ConfigError(f"{len(trades)} closed trades that do not overlap are too few; give at least {FEWEST_TRADES}")
    cut = len(trades) * 2 // 3
    leaves = leaves_of(trades, cut, MOST - _ADAPTIVE)
    data = _data(trades, cut)
    if not len(leaves.coarse) or not 0 < data.won[:cut].mean() < 1:
        return Discovery(len(trades), 0, ())
    space = space_of(leaves, cut, data.base[:cut], wanted.support)
    return _judged(space, data, wanted, seed)


def _data(trades: Sequence[Trade], cut: int) -> _Data:
    """Return outcomes beside the base rate of their side, each part of the trades with its own."""
    won = np.array([trade.r > 0 for trade in trades], dtype=np.float32)
    sides = np.array([trade.side for trade in trades])
    base = np.zeros(len(trades), dtype=np.float32)
    for part in (slice(None, cut), slice(cut, None)):
        for side in ("buy", "sell"):
            mine = sides[part] == side
            if mine.any():
                base[part][mine] = won[part][mine].mean()
    return _Data(won, base, np.array([trade.r for trade in trades]), cut)


def _judged(space: Space, data: _Data, rules: Rules, seed: int) -> Discovery:
    excess = (data.won - data.base)[: data.cut]
    tried = look(space, excess)
    chance = Chance.empty()
    for order in shuffles(data.cut, _SHUFFLES, block_of(data.cut), seed):
        found = look(space, excess[order])
        chance.add(found.z, found.support)
    p = chances(chance.tails(), tried.z, tried.support)
    q = false_discovery(p)
    # p and q of a named hypothesis are those of its statistic among everything tried
    named = sorted(tried.best, key=lambda members: (-worth(space, members, tried.best[members]), members))
    place = {members: _place(tried.z, tried.best[members]) for members in named[: 8 * _SHOWN]}
    shown = [(members, float(p[at]), float(q[at])) for members, at in place.items()]
    return Discovery(len(data.won), len(tried.z), tuple(_hypotheses(space, data, rules, seed, shown, len(tried.z))))


def _place(z: NDArray[np.float32], value: float) -> int:
    return int(np.argmin(np.abs(z - np.float32(value))))


def _hypotheses(
    space: Space, data: _Data, rules: Rules, seed: int, shown: list[tuple[Members, float, float]], tested: int
) -> list[Hypothesis]:
    """Judge from the most worthy on; what a stronger one explains is not accepted again."""
    confirmed: list[NDArray[np.bool_]] = []
    told = []
    for members, p, q in shown:
        where = space.leaves.holds[list(members)].prod(axis=0) > 0
        doubt = _doubt(space, data, rules, where, q, confirmed)
        holdout = _holdout(data, where, seed)
        if doubt is None:
            confirmed.append(where)
            doubt = _unconfirmed(holdout, rules)
        told.append(_hypothesis(space.leaves, members, data, where, (p, q), holdout, tested, doubt))
    told.sort(key=lambda h: (not h.accepted, h.q, h.p))
    return told[:_SHOWN]


def _doubt(
    space: Space, data: _Data, rules: Rules, where: NDArray[np.bool_], q: float, confirmed: list[NDArray[np.bool_]]
) -> str | None:
    """Return why the first two thirds do not speak for a hypothesis, or None."""
    inside = where[: data.cut]
    rate = float(data.won[: data.cut][inside].mean())
    if int(inside.sum()) < rules.support:
        return f"support below {rules.support}"
    if rate < rules.win_rate:
        return f"win rate {rate:.2f} below {rules.win_rate:.2f}"
    if q > rules.level:
        return f"q {q:.3f} above {rules.level:g}: chance finds as much"
    for stronger in confirmed:
        if not _adds(data, inside, stronger[: data.cut]):
            return "explained by a stronger hypothesis"
    return None


def _adds(data: _Data, inside: NDArray[np.bool_], stronger: NDArray[np.bool_]) -> bool:
    """Say whether the trades outside the stronger hypothesis still win clearly more than base."""
    rest = inside & ~stronger
    n = int(rest.sum())
    if n < 5:
        return False
    excess = (data.won - data.base)[: data.cut][rest]
    spread = float(np.sqrt((data.base * (1 - data.base))[: data.cut][rest].sum()))
    return float(excess.sum()) / spread > _OWN_WORTH


def _holdout(data: _Data, where: NDArray[np.bool_], seed: int) -> dict[str, Any]:
    """Return the evidence on the last third, with the chance of as many wins when blocks of outcomes are shuffled."""
    later = where[data.cut :]
    won, excess = data.won[data.cut :], (data.won - data.base)[data.cut :]
    n = int(later.sum())
    told: dict[str, Any] = {"support": n, "win_rate": None, "base_rate": None, "mean_r": None, "p": None}
    if not n:
        return told
    reached = float(excess[later].sum())
    orders = shuffles(len(later), _CONFIRMATIONS, block_of(len(later)), seed + 1)
    as_good = sum(float(excess[order][later].sum()) >= reached - 1e-6 for order in orders)
    return told | {
        "win_rate": float(won[later].mean()),
        "base_rate": float(data.base[data.cut :][later].mean()),
        "mean_r": float(data.r[data.cut :][later].mean()),
        "p": (1 + as_good) / (1 + _CONFIRMATIONS),
    }


def _unconfirmed(holdout: dict[str, Any], rules: Rules) -> str | None:
    if holdout["support"] < rules.support:
        return f"only {holdout['support']} later trades"
    if holdout["p"] > rules.holdout_level:
        return f"does not hold on later trades (p {holdout['p']:.3f})"
    return None


def _hypothesis(
    leaves: Leaves,
    members: Members,
    data: _Data,
    where: NDArray[np.bool_],
    chance: tuple[float, float],
    holdout: dict[str, Any],
    tested: int,
    doubt: str | None,
) -> Hypothesis:
    inside = where[: data.cut]
    parts = [leaves.leaves[m] for m in members]
    side = next((leaf.side for leaf in parts if leaf.side), None)
    documents = [leaf.document for leaf in parts if leaf.side is None]
    return Hypothesis(
        when=documents[0] if len(documents) == 1 else {"all": documents},
        side=side,
        support=int(inside.sum()),
        win_rate=float(data.won[: data.cut][inside].mean()),
        base_rate=float(data.base[: data.cut][inside].mean()),
        mean_r=float(data.r[: data.cut][inside].mean()),
        p=chance[0],
        q=chance[1],
        deflated_sharpe=deflated_sharpe(data.r[: data.cut][inside], tested),
        holdout=holdout,
        accepted=doubt is None,
        reason=doubt or "beats chance and holds on later trades",
    )
