"""Hedge: how dealers must trade to stay hedged, from an option chain.

Gamma and delta by Black & Scholes (1973) without carry. Net gamma exposure of a strike is gamma x open interest x 100 x
spot^2 x 1 %, calls positive and puts negative (dealers taken to be long calls and short puts). Published: net gamma as a
share of gross in [-1, 1]; the flip level where net gamma changes sign within 20 % of spot; skew, the 25-delta put's
volatility less the call's; flow, traded delta net over gross in [-1, 1].
Long when gamma < -0.5 and flow > 0.3, short when gamma > 0.5 and flow < -0.3. A squeeze is gamma < -0.5 with |flow| > 0.3;
more than two among the last ten snapshots soften the vote by a fifth.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from agent.analysts.memory import Past, remembered
from agent.analysts.speech import abstain, vote
from agent.domain import Vote
from agent.errors import ConfigError
from agent.market.bars import Floats, Stamps, to_stamp
from agent.market.series import Series

GAMMA, FLOW = 0.5, 0.3
_CONTRACT, _MOVE = 100.0, 0.01
_STALE = 5  # bars after which a snapshot is no longer the present
_SQUEEZES, _LOOKED = 2, 10
COLUMNS = ("timestamp", "expiry", "strike", "kind", "open_interest", "implied_volatility")
_YEAR = np.timedelta64(365 * 86_400, "s")


def gamma(spot: Floats | float, strike: Floats, years: Floats, sigma: Floats) -> Floats:
    """Black-Scholes gamma, no rate and no dividend."""
    root = sigma * np.sqrt(years)
    d1 = np.log(spot / strike) / root + root / 2
    out: Floats = np.exp(-(d1**2) / 2) / np.sqrt(2 * np.pi) / (spot * root)
    return out


def delta(spot: float, strike: Floats, years: Floats, sigma: Floats, call: npt.NDArray[np.bool_]) -> Floats:
    """Black-Scholes delta, no rate and no dividend."""
    root = sigma * np.sqrt(years)
    out: Floats = ndtr(np.log(spot / strike) / root + root / 2) - ~call
    return out


@dataclass(frozen=True)
class Positioning:
    """What a snapshot says: shares in [-1, 1], levels in price, skew in volatility."""

    net_gamma: float
    flow: float | None
    flip: float | None
    skew: float | None
    exposure: float

    @property
    def squeeze(self) -> bool:
        """Whether dealers are short gamma and flow runs one way."""
        return self.net_gamma < -GAMMA and self.flow is not None and abs(self.flow) > FLOW


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One chain as known at ``at``; ``volume`` is NaN where none is given."""

    at: np.datetime64
    strike: Floats
    years: Floats
    sigma: Floats
    call: npt.NDArray[np.bool_]
    interest: Floats
    volume: Floats

    def by_strike(self, spot: float) -> dict[float, float]:
        """Net gamma exposure of each strike, in cash for a move of 1 %."""
        value = self._exposure(np.array([spot]))[0]
        return {float(k): float(value[self.strike == k].sum()) for k in np.unique(self.strike)}

    def _exposure(self, spots: Floats) -> Floats:
        s = spots[:, None]
        sign = np.where(self.call, 1.0, -1.0)
        out: Floats = sign * gamma(s, self.strike, self.years, self.sigma) * self.interest * _CONTRACT * s**2 * _MOVE
        return out

    def positioning(self, spot: float) -> Positioning | None:
        """The figures at a price; None where nobody holds anything."""
        value = self._exposure(np.array([spot]))[0]
        gross = float(np.abs(value).sum())
        if not gross > 0:
            return None
        d = delta(spot, self.strike, self.years, self.sigma, self.call)
        return Positioning(float(value.sum()) / gross, self._flow(d), self._flip(spot), self._skew(d), float(value.sum()))

    def _flow(self, d: Floats) -> float | None:
        traded = np.nan_to_num(self.volume) * np.abs(d)
        gross = float(traded.sum())
        return float((np.nan_to_num(self.volume) * d).sum()) / gross if gross > 0 else None

    def _flip(self, spot: float) -> float | None:
        spots = spot * np.linspace(0.8, 1.2, 81)
        net = self._exposure(spots).sum(axis=1)
        turns = np.flatnonzero(net[:-1] * net[1:] < 0)
        if not len(turns):
            return None
        i = int(turns[np.abs(spots[turns] - spot).argmin()])
        return float(spots[i] - net[i] * (spots[i + 1] - spots[i]) / (net[i + 1] - net[i]))

    def _skew(self, d: Floats) -> float | None:
        if not self.call.any() or self.call.all():
            return None
        put = self.sigma[~self.call][np.abs(d[~self.call] + 0.25).argmin()]
        return float(put - self.sigma[self.call][np.abs(d[self.call] - 0.25).argmin()])


@dataclass(frozen=True, eq=False)
class Chain:
    """Snapshots, oldest first."""

    snapshots: tuple[Snapshot, ...]

    @cached_property
    def stamps(self) -> Stamps:
        """When each snapshot was known."""
        return np.array([s.at for s in self.snapshots], dtype="datetime64[us]")

    @classmethod
    def of(cls, columns: dict[str, npt.NDArray[np.object_]]) -> Chain:
        """From columns by COLUMNS (and volume): one snapshot for each timestamp. Raises ConfigError for what cannot be."""
        missing = [name for name in COLUMNS if name not in columns]
        if missing:
            raise ConfigError(f"--options has no column {missing[0]}; it needs {', '.join(COLUMNS)} and may have volume")
        kinds = np.char.lower(columns["kind"].astype(str))
        odd = sorted(set(kinds.tolist()) - {"c", "call", "p", "put"})
        if odd:
            raise ConfigError(f"--options kind {odd[0]!r} is neither call nor put; write c, call, p or put")
        at, expiry = (columns[name].astype("datetime64[us]") for name in ("timestamp", "expiry"))
        numbers = {name: columns[name].astype(float) for name in ("strike", "open_interest", "implied_volatility")}
        volume = columns["volume"].astype(float) if "volume" in columns else np.full(len(at), np.nan)
        # a listed option trades until the end of its last day
        years = (expiry + np.timedelta64(1, "D") - at) / _YEAR
        sigma, interest = numbers["implied_volatility"], numbers["open_interest"]
        good = (years > 0) & (sigma > 0) & (numbers["strike"] > 0) & (interest >= 0)
        call = np.isin(kinds, ("c", "call"))
        found = []
        for moment in np.unique(at):
            w = good & (at == moment)
            if w.any():
                found.append(Snapshot(moment, numbers["strike"][w], years[w], sigma[w], call[w], interest[w], volume[w]))
        return cls(tuple(found))


def hedge(series: Series, as_of: datetime, past: Past, chain: Chain | None) -> Vote:
    """What dealers' positioning says; abstains without a chain known in the last five bars."""
    if chain is None:
        return abstain("hedge", "No option chain is given.")
    last = int(chain.stamps.searchsorted(to_stamp(as_of), side="right"))
    if not last or as_of - _moment(chain.stamps[last - 1], as_of) > _STALE * max(series.instrument.step, timedelta(hours=1)):
        return abstain("hedge", f"No option chain was known in the {_STALE} bars before {as_of:%Y-%m-%d %H:%M}.")
    spot = float(series.bars.close[-1])
    now = chain.snapshots[last - 1].positioning(spot)
    if now is None:
        return abstain("hedge", "The option chain holds no open interest.")
    seen = [_spot_then(series, s) for s in chain.snapshots[max(0, last - 1 - _LOOKED) : last - 1]]
    squeezes = sum(bool(s and s.squeeze) for s in seen)
    return _judge(now, squeezes, past)


def _moment(stamp: np.datetime64, like: datetime) -> datetime:
    moment: datetime = stamp.astype("datetime64[us]").item()
    return moment.replace(tzinfo=like.tzinfo)


def _spot_then(series: Series, snapshot: Snapshot) -> Positioning | None:
    known = int(series.bars.known_at.searchsorted(snapshot.at, side="right"))
    return snapshot.positioning(float(series.bars.close[known - 1])) if known else None


def _judge(now: Positioning, squeezes: int, past: Past) -> Vote:
    evidence = {"net_gamma": now.net_gamma, "exposure": now.exposure, "past_squeezes": float(squeezes)}
    evidence["squeeze"] = float(now.squeeze)
    known = (("flow", now.flow), ("flip", now.flip), ("skew", now.skew))
    evidence |= {name: value for name, value in known if value is not None}
    if now.flow is None:
        return abstain("hedge", f"Net gamma {now.net_gamma:+.2f}; the chain has no traded volume, so no flow.", evidence)
    said = f"net gamma {now.net_gamma:+.2f} and flow {now.flow:+.2f}"
    if now.net_gamma < -GAMMA and now.flow > FLOW:
        side, why = 1.0, f"Dealers are short gamma and flow is bought ({said}): hedging pushes the price up"
    elif now.net_gamma > GAMMA and now.flow < -FLOW:
        side, why = -1.0, f"Dealers are long gamma and flow is sold ({said})"
    else:
        return abstain("hedge", f"Dealers' positioning takes no side ({said}).", evidence)
    confidence = 0.5 + 0.2 * min(abs(now.net_gamma), 1) + 0.2 * min(abs(now.flow), 1)
    tail = f"; {squeezes} squeezes among the last {_LOOKED} snapshots" if squeezes else ""
    return remembered(vote("hedge", side, confidence, why + tail + ".", evidence), past, 0.8 if squeezes > _SQUEEZES else 1.0)
