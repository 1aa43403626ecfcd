"""Closed trades whose truth is known: an edge planted under one to three conditions, or none, in many shapes.

Seeds differ in how many features there are (5 to 40), how they hang together, whether some are in steps, yes or no, skewed
or missing at times, whether they last in time, and which side is traded; a plant always leaves the support asked
for and needs each of its conditions. What discovery says of it is held against the plant: whether it was found, and
whether it was named with exactly the planted features and directions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.domain import Side
from skills.discovery import Trade, discover

Json = dict[str, Any]
COUNT = 1500
SUPPORT = (120, 200)
_FIRST = datetime(1990, 1, 1, tzinfo=UTC)
_KINDS = ("plain", "plain", "plain", "skewed", "steps", "yes-no")
_NEEDED = 0.75  # a condition leaves at most this share of what the others leave


@dataclass(frozen=True, eq=False, slots=True)
class Plant:
    """Feature values (trades x features), their kinds, and the planted conditions with where they hold together."""

    values: NDArray[np.float64]
    kinds: list[str]
    conditions: list[tuple[int, str, float]]
    holds: NDArray[np.bool_]


def planted_edge(seed: int, *, real: bool) -> Json:
    """Whether discovery finds a planted edge (75-80 % against 50 %, support 120-200 of 1,500), and how much it accepts."""
    generator = np.random.default_rng(seed)
    plant = _plant(generator)
    odds = np.where(plant.holds & real, generator.uniform(0.75, 0.80), 0.5)
    won = generator.random(COUNT) < odds
    found = discover(_trades(generator, plant, won), seed=seed)
    wanted = {(_name(k), op) for k, op, _ in plant.conditions}
    told = [{(part.get("feature", ""), part.get("op", "")) for part in h.when.get("all", [h.when])} for h in found.accepted]
    return {
        "accepted": len(told),
        "found": any(said & wanted for said in told),
        "named": any(said == wanted for said in told),
        "tested": found.tested,
        "features": len(plant.kinds),
        "conditions": len(wanted),
    }


def _plant(generator: np.random.Generator) -> Plant:
    values, kinds = _features(generator)
    while True:
        chosen = generator.choice(len(kinds), int(generator.integers(1, 4)), replace=False).tolist()
        share = (generator.integers(*SUPPORT, endpoint=True) / COUNT) ** (1 / len(chosen))
        conditions = [_condition(generator, k, values[:, k], kinds[k], float(share)) for k in chosen]
        each = [values[:, k] > cut if op == ">" else values[:, k] < cut for k, op, cut in conditions]
        holds = np.logical_and.reduce(each)
        others = [np.logical_and.reduce([*each[:i], *each[i + 1 :], np.ones(COUNT, np.bool_)]) for i in range(len(each))]
        if SUPPORT[0] <= holds.sum() <= SUPPORT[1] and all(holds.sum() <= _NEEDED * rest.sum() for rest in others):
            return Plant(values, kinds, conditions, holds)


def _features(generator: np.random.Generator) -> tuple[NDArray[np.float64], list[str]]:
    n, shared = int(generator.integers(5, 41)), float(generator.choice([0.0, 0.3, 0.6]))
    values = np.sqrt(1 - shared) * generator.normal(size=(COUNT, n)) + np.sqrt(shared) * generator.normal(size=(COUNT, 1))
    if generator.random() < 0.5:  # what is so today is still half so tomorrow
        for i in range(1, COUNT):
            values[i] = 0.5 * values[i - 1] + np.sqrt(0.75) * values[i]
    kinds = [_KINDS[int(k)] for k in generator.integers(0, len(_KINDS), n)]
    for k, kind in enumerate(kinds):
        if kind == "skewed":
            values[:, k] = 40 * np.exp(values[:, k])
        elif kind == "steps":
            values[:, k] = np.clip(np.round(1.2 * values[:, k]), -2, 2)
        elif kind == "yes-no":
            values[:, k] = values[:, k] > 0.3
    return values, kinds


def _condition(
    generator: np.random.Generator, k: int, column: NDArray[np.float64], kind: str, share: float
) -> tuple[int, str, float]:
    up = bool(generator.random() < 0.5)
    if kind == "yes-no":
        return k, ">" if up else "<", 0.5
    if kind == "steps":
        return k, ">" if up else "<", float(generator.choice([-1.5, -0.5, 0.5, 1.5]))
    return k, ">" if up else "<", float(np.quantile(column, 1 - share if up else share))


def _trades(generator: np.random.Generator, plant: Plant, won: NDArray[np.bool_]) -> list[Trade]:
    side: Side = "buy" if generator.random() < 0.5 else "sell"
    gaps = generator.random(plant.values.shape) < (0.03 if generator.random() < 0.4 else 0.0)
    gaps &= ~plant.holds[:, None]  # the plant is known where it holds
    rows = []
    for i in range(COUNT):
        begun = _FIRST + timedelta(days=i)
        features = {_name(k): None if gaps[i, k] else float(plant.values[i, k]) for k in range(len(plant.kinds))}
        rows.append(
            Trade(
                id=str(i),
                features=features,
                side=side,
                r=1.0 if won[i] else -1.0,
                opened_at=begun,
                closed_at=begun + timedelta(hours=20),
            )
        )
    return rows


def _name(k: int) -> str:
    return f"feature_{k}"
