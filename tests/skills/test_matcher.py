from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from agent.domain import Vote
from agent.market.features import FEATURES
from skills.conditions import holds
from skills.matcher import Matcher
from skills.tree import Condition
from tests.skills.build import frame_of

READ: TypeAdapter[Condition] = TypeAdapter(Condition)


def leaf(rng: random.Random) -> dict[str, Any]:
    feature, value = rng.choice(FEATURES), round(rng.uniform(-1, 1), 2)
    kind = rng.randrange(7)
    if kind == 0:
        return {"feature": feature, "op": rng.choice(["<", "<=", ">", ">="]), "value": value}
    if kind == 1:
        return {"feature": feature, "op": rng.choice(["<", ">"]), "other": rng.choice(FEATURES)}
    if kind == 2:
        return {"feature": feature, "between": [value - 0.5, value]}
    if kind == 3:
        return {"feature": feature, "crosses": rng.choice(["above", "below"]), "value": value, "within": rng.randrange(1, 6)}
    if kind == 4:
        return {"feature": feature, "change_over": rng.randrange(1, 6), "op": rng.choice(["<", ">"]), "value": value}
    if kind == 5:
        return {"regime": rng.choice(["trending", "ranging", "volatile"])}
    return {"voter": rng.choice(["momentum", "trend"]), "says": rng.choice(["buy", "sell"]), "min_confidence": 0.3}


def tree(rng: random.Random, depth: int) -> dict[str, Any]:
    if depth == 0 or rng.random() < 0.3:
        return leaf(rng)
    if rng.random() < 0.2:
        return {"not": tree(rng, depth - 1)}
    return {rng.choice(["all", "any"]): [tree(rng, depth - 1) for _ in range(rng.randrange(1, 4))]}


def test_matcher_many_conditions_at_once_answer_as_one_by_one_does() -> None:
    rng, generator = random.Random(3), np.random.default_rng(3)
    values = generator.normal(size=(40, len(FEATURES)))
    values[generator.random(values.shape) < 0.1] = np.nan
    frame = frame_of(values, generator.integers(-1, 3, 40).astype(np.int8))
    conditions = [READ.validate_json(json.dumps(tree(rng, 3))) for _ in range(400)]
    votes = [Vote(voter="momentum", direction=1, confidence=0.5, reason="up")]
    matcher = Matcher(conditions)
    for i in (0, 1, 3, 7, 39):
        assert matcher.holding(frame, i, votes).tolist() == [holds(condition, frame, i, votes) for condition in conditions]
