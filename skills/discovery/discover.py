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
from threadpoolctl import threadpool_limits

from agent.domain import Side
from agent.errors import ConfigError
from skills.discovery.chance import Chance, block_of, chances, deflated_sharpe, false_discovery, joint, shuffles
from skills.discovery.leaves import Leaves, leaves_of
from skills.discovery.search import Members, Space, look, space_of, worth
from skills.discovery.trades import Trade

MOST = 20_000
FEWEST_TRADES = 60
_ADAPTIVE = 8_000  # of the hypotheses allowed, kept for third conditions and moved thresholds
_SHOWN = 25
_CARRIED = 200  # of what was found, most worthy first, taken to the later trades
_SHUFFLES = 200
_CONFIRMATIONS = 2_000
_OWN_WORTH = 2.0  # standard errors above base that must be left outside a stronger hypothesis


@dataclass(frozen=True, slots=True)
class Rules:
    """What a hypothesis must show; rates and levels are fractions.

    ``level`` is the false-discovery rate of all the evidence. ``search_level`` is that of the
    search alone and may be wider, because what passes it by chance must still hold on later
    trades: of the nulls among ``search_level`` of the finds, ``holdout_level`` do.
    """

    support: int = 5
    win_rate: float = 0.70
    level: float = 0.05
    search_level: float = 0.25
    holdout_level: float = 0.05


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A conjunction with its evidence.

    Support, rates, mean R and ``search`` are of the first two thirds, ``holdout`` is of the last;
    ``p`` and ``q`` join both, ``q`` over everything tried.
    """

    when: dict[str, Any]
    side: Side | None
    support: int
    win_rate: float
    base_rate: float
    mean_r: float
    p: float
    q: float
    search: dict[str, float]
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
    # the products are small: threads would only wait for each other
    with threadpool_limits(1):
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
        shuffled = look(space, excess[order])
        chance.add(shuffled.z, shuffled.support)
    p = chances(chance.tails(), tried.z, tried.support)
    q = false_discovery(p)
    # p and q of a named hypothesis are those of its statistic among everything tried
    named = sorted(tried.best, key=lambda members: (-worth(space, members, tried.best[members]), members))[:_CARRIED]
    places = [_place(tried.z, tried.best[members]) for members in named]
    later = _Later.of(data, seed)
    carried = [
        _Found(m, space.leaves.holds[list(m)].prod(axis=0) > 0, float(p[at]), float(q[at]))
        for m, at in zip(named, places, strict=True)
    ]
    holdouts = [_holdout(data, one.where, later) for one in carried]
    both = np.array([joint(one.p, holdout["p"]) for one, holdout in zip(carried, holdouts, strict=True)])
    # everything tried counts; what was not carried to the later trades counts as no evidence at all
    all_q = false_discovery(np.concatenate([both, np.ones(max(0, len(tried.z) - len(both)))]))
    rows = [_Evidence(one, h, float(pj), float(qj)) for one, h, pj, qj in zip(carried, holdouts, both, all_q, strict=False)]
    return Discovery(len(data.won), len(tried.z), tuple(_hypotheses(space, data, rules, rows, len(tried.z))))


@dataclass(frozen=True, eq=False, slots=True)
class _Found:
    """What the search found: its conditions, where they hold, and its chance and q in the search alone."""

    members: Members
    where: NDArray[np.bool_]
    p: float
    q: float


@dataclass(frozen=True, eq=False, slots=True)
class _Evidence:
    """What was found with the later trades, and the chance and q of both together."""

    found: _Found
    holdout: dict[str, Any]
    p: float
    q: float


def _place(z: NDArray[np.float32], value: float) -> int:
    return int(np.argmin(np.abs(z - np.float32(value))))


def _hypotheses(space: Space, data: _Data, rules: Rules, rows: list[_Evidence], tested: int) -> list[Hypothesis]:
    """Judge from the most worthy on; what a stronger one explains is not accepted again."""
    accepted: list[NDArray[np.bool_]] = []
    told = []
    for row in rows:
        doubt = _doubt(data, rules, row) or _repeated(data, row.found.where, accepted)
        if doubt is None:
            accepted.append(row.found.where)
        told.append(_hypothesis(space.leaves, data, row, tested, doubt))
    told.sort(key=lambda h: (not h.accepted, h.q, h.p))
    return told[:_SHOWN]


def _doubt(data: _Data, rules: Rules, row: _Evidence) -> str | None:
    """Return why the evidence is not enough, or None."""
    inside = row.found.where[: data.cut]
    rate = float(data.won[: data.cut][inside].mean())
    if rate < rules.win_rate:
        return f"win rate {rate:.2f} below {rules.win_rate:.2f}"
    if row.found.q > rules.search_level:
        return f"the search alone finds as much by chance (q {row.found.q:.3f} above {rules.search_level:g})"
    if row.holdout["support"] < rules.support:
        return f"only {row.holdout['support']} later trades"
    if row.holdout["p"] > rules.holdout_level:
        return f"does not hold on later trades (p {row.holdout['p']:.3f})"
    return f"q {row.q:.3f} above {rules.level:g}" if row.q > rules.level else None


def _repeated(data: _Data, where: NDArray[np.bool_], accepted: list[NDArray[np.bool_]]) -> str | None:
    inside = where[: data.cut]
    explained = any(not _adds(data, inside, stronger[: data.cut]) for stronger in accepted)
    return "explained by a stronger hypothesis" if explained else None


def _adds(data: _Data, inside: NDArray[np.bool_], stronger: NDArray[np.bool_]) -> bool:
    """Say whether the trades outside the stronger hypothesis still win clearly more than base."""
    rest = inside & ~stronger
    n = int(rest.sum())
    if n < 5:
        return False
    excess = (data.won - data.base)[: data.cut][rest]
    spread = float(np.sqrt((data.base * (1 - data.base))[: data.cut][rest].sum()))
    return float(excess.sum()) / spread > _OWN_WORTH


@dataclass(frozen=True, eq=False, slots=True)
class _Later:
    """The last third: outcomes less base rate as they were, and with their blocks shuffled (a row each)."""

    excess: NDArray[np.float32]
    shuffled: NDArray[np.float32]

    @classmethod
    def of(cls, data: _Data, seed: int) -> _Later:
        excess = (data.won - data.base)[data.cut :]
        orders = shuffles(len(excess), _CONFIRMATIONS, block_of(len(excess)), seed + 1)
        return cls(excess, np.array([excess[order] for order in orders], dtype=np.float32))


def _holdout(data: _Data, where: NDArray[np.bool_], later: _Later) -> dict[str, Any]:
    """Return the evidence on the last third, with the chance of as many wins when blocks of outcomes are shuffled."""
    inside = where[data.cut :]
    n = int(inside.sum())
    told: dict[str, Any] = {"support": n, "win_rate": None, "base_rate": None, "mean_r": None, "p": None}
    if not n:
        return told
    as_good = int((later.shuffled @ inside.astype(np.float32) >= later.excess[inside].sum() - 1e-4).sum())
    return told | {
        "win_rate": float(data.won[data.cut :][inside].mean()),
        "base_rate": float(data.base[data.cut :][inside].mean()),
        "mean_r": float(data.r[data.cut :][inside].mean()),
        "p": (1 + as_good) / (1 + _CONFIRMATIONS),
    }


def _hypothesis(leaves: Leaves, data: _Data, row: _Evidence, tested: int, doubt: str | None) -> Hypothesis:
    inside = row.found.where[: data.cut]
    parts = [leaves.leaves[m] for m in row.found.members]
    documents = [leaf.document for leaf in parts if leaf.side is None]
    return Hypothesis(
        when=documents[0] if len(documents) == 1 else {"all": documents},
        side=next((leaf.side for leaf in parts if leaf.side), None),
        support=int(inside.sum()),
        win_rate=float(data.won[: data.cut][inside].mean()),
        base_rate=float(data.base[: data.cut][inside].mean()),
        mean_r=float(data.r[: data.cut][inside].mean()),
        p=row.p,
        q=row.q,
        search={"p": row.found.p, "q": row.found.q},
        deflated_sharpe=deflated_sharpe(data.r[: data.cut][inside], tested),
        holdout=row.holdout,
        accepted=doubt is None,
        reason=doubt or "beats chance and holds on later trades",
    )
