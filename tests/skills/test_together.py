"""Pairs that do better together: found where they are, not found where there is nothing, and never by looking ahead."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from agent.market.instrument import instrument
from agent.market.series import Series, prepare
from agent.settings import Costs, Growing, Market
from evals.markets import Edge, garch, planted
from skills.catalogue import stored
from skills.schema import Skill, parse_draft
from skills.together import better_together, joinable
from tests.skills.build import at, draft

EDGE = Edge(strength=0.85, support=0.35, pair=True)
COSTS = Costs(fee_bps=1, slippage_bps=1)


def skill(name: str, when: object, **plan: object) -> Skill:
    whole = draft(name, when=when, plan={"side": "buy", "stop_atr": 1, "target_atr": 1.5, "max_bars": 1} | plan)
    return stored(parse_draft(whole), version=1, origin="learned", trust="model", writer="agent", at=at(0))


VOLUME = skill("high-volume", {"feature": "volume_ratio", "op": ">", "value": EDGE.spike_ratio})
CLOSE = skill("strong-close", {"feature": "close_position", "op": ">", "value": 0.9})
LOW = skill("low-rsi", {"feature": "rsi_14", "op": "<", "value": 50})
SKILLS = (VOLUME, CLOSE, LOW)


@cache
def market(seed: int, *, noise: bool = False) -> Series:
    bars = garch(seed, 2000) if noise else planted(seed, 2000, EDGE).bars
    return prepare(bars, instrument(bars.symbol, "1d"), Market(warmup=300))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_planted_pair_is_found_and_no_other(seed: int) -> None:
    found = better_together(SKILLS, [market(seed)], COSTS, Growing(), seed=seed)
    accepted = [{skill.name for skill in pairing.skills} for pairing in found.pairings if pairing.accepted]
    assert accepted == [{"high-volume", "strong-close"}]
    best = found.pairings[0]
    assert best.later is not None
    assert best.later.mean_r > max(best.later.without)
    assert found.tried == 3


def test_nothing_is_accepted_where_there_is_nothing() -> None:
    looks = [better_together(SKILLS, [market(seed, noise=True)], COSTS, Growing(), seed=seed) for seed in range(5)]
    assert sum(pairing.accepted for look in looks for pairing in look.pairings) == 0
    assert sum(look.tried for look in looks) >= 10


def test_earlier_looks_count_as_tried() -> None:
    """Otherwise an agent that looks often enough finds whatever it likes."""
    fresh = better_together(SKILLS, [market(1)], COSTS, Growing())
    after = better_together(SKILLS, [market(1)], COSTS, Growing(), earlier_looks=1_000)
    assert after.pairings[0].q > 100 * fresh.pairings[0].q


def test_a_skill_is_not_joined_with_what_it_is_part_of_or_with_the_other_side() -> None:
    whole = skill("both", {"feature": "rsi_14", "op": "<", "value": 40}).model_copy(update={"sub_skills": (VOLUME.id,)})
    other = skill("sells", {"feature": "rsi_14", "op": ">", "value": 60}, side="sell")
    names = [{one.name, two.name} for one, two in joinable([VOLUME, CLOSE, whole, other])]
    assert names == [{"both", "strong-close"}, {"high-volume", "strong-close"}]


def test_what_comes_after_the_series_does_not_matter() -> None:
    series = market(1)
    cut = series.head(1500)
    anew = prepare(series.bars.head(1500), series.instrument, Market(warmup=300))
    assert better_together(SKILLS, [cut], COSTS, Growing()) == better_together(SKILLS, [anew], COSTS, Growing())


def test_skills_that_always_hold_together_are_no_pair() -> None:
    twin = skill("strong-close-again", {"feature": "close_position", "op": ">=", "value": np.nextafter(0.9, 1)})
    assert better_together((CLOSE, twin), [market(1)], COSTS, Growing()).tried == 0
