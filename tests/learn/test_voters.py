"""Whom to believe: weights that follow the record, and promises that hold whatever the market does."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Vote
from agent.learn.voters import OVERALL, VoterTable
from agent.settings import Learning

NAMES = ("a", "b", "c")
FREE = Learning(floor=0.0, share=0.0)
ROUNDS = st.lists(
    st.tuples(st.lists(st.none() | st.floats(-1, 1), min_size=3, max_size=3), st.sampled_from([None, "trending"]), st.booleans()),
    max_size=60,
)
SPOKEN = st.lists(st.tuples(st.lists(st.floats(-1, 1), min_size=3, max_size=3), st.booleans()), min_size=1, max_size=120)


def _votes(scores: list[float | None]) -> list[Vote]:
    return [
        Vote(voter=name, direction=0, confidence=0, abstained=True, reason="-")
        if score is None
        else Vote(voter=name, direction=math.copysign(1, score), confidence=abs(score), reason="-")
        for name, score in zip(NAMES, scores, strict=True)
    ]


def _brute(rounds: list[tuple[list[float | None], str | None, bool]], settings: Learning) -> list[float]:
    """Weights by multiplying every round, as the theorem is written: no logarithms, no sums kept."""
    raw, count = [1.0] * 3, 3
    for scores, _, rose in rounds:
        shares = [settings.floor + (1 - settings.floor * count) * w / sum(raw) for w in raw]
        losses = [None if s is None else ((1 + s) / 2 - rose) ** 2 for s in scores]
        awake = [(p, loss) for p, loss in zip(shares, losses, strict=True) if loss is not None]
        if awake:
            mixture = sum(p * loss for p, loss in awake) / sum(p for p, _ in awake)
            raw = [
                w * math.exp(-settings.rate * (mixture if loss is None else loss)) for w, loss in zip(raw, losses, strict=True)
            ]
    return [(settings.floor + (1 - settings.floor * count) * w / sum(raw)) * count for w in raw]


def _table(rounds: list[tuple[list[float | None], str | None, bool]], settings: Learning) -> VoterTable:
    table = VoterTable(NAMES, settings)
    for scores, regime, rose in rounds:
        table.score(_votes(scores), regime, rose)
    return table


@given(rounds=ROUNDS, rate=st.floats(0.01, 2), floor=st.sampled_from([0.0, 0.02, 0.1]))
def test_weights_equal_the_multiplicative_rule(rounds: Any, rate: float, floor: float) -> None:
    settings = Learning(rate=rate, floor=floor, share=0.0)
    found = _table(rounds, settings).weights(None)
    assert [found[name] for name in NAMES] == pytest.approx(_brute(rounds, settings))


@given(rounds=ROUNDS, floor=st.sampled_from([0.0, 0.02, 0.19]), regime=st.sampled_from([None, "trending", "ranging"]))
def test_weights_have_mean_one_and_keep_the_floor(rounds: Any, floor: float, regime: str | None) -> None:
    found = _table(rounds, Learning(floor=floor)).weights(regime)
    assert math.fsum(found.values()) == pytest.approx(3.0)
    assert min(found.values()) >= 3 * floor - 1e-12


def test_weights_without_a_record_are_equal() -> None:
    assert VoterTable(NAMES, Learning()).weights("trending") == pytest.approx(dict.fromkeys(NAMES, 1.0))


@given(rounds=SPOKEN, rate=st.floats(0.05, 1))
def test_regret_against_the_best_voter_stays_within_the_hedge_bound(rounds: Any, rate: float) -> None:
    table, mixture, totals = VoterTable(NAMES, Learning(rate=rate, floor=0.0, share=0.0)), 0.0, [0.0] * 3
    for scores, rose in rounds:
        weights = table.weights(None)
        losses, _ = table.score(_votes(scores), None, rose)
        mixture += sum(weights[name] / 3 * losses[name] for name in NAMES)
        totals = [total + losses[name] for total, name in zip(totals, NAMES, strict=True)]
    assert mixture - min(totals) <= math.log(3) / rate + rate * len(rounds) / 8 + 1e-9


@given(rounds=SPOKEN, asleep=st.floats(-1, 1))
def test_abstainer_keeps_its_standing_against_the_mixture(rounds: Any, asleep: float) -> None:
    table = VoterTable(NAMES, FREE)
    table.score(_votes([0.3, -0.4, asleep]), None, True)
    for scores, rose in rounds:
        before = table.weights(None)
        losses, _ = table.score(_votes([scores[0], scores[1], None]), None, rose)
        after = table.weights(None)
        mixture = (before["a"] * losses["a"] + before["b"] * losses["b"]) / (before["a"] + before["b"])
        for name in ("a", "b"):
            moved = (after["c"] / after[name]) / (before["c"] / before[name])
            assert moved == pytest.approx(math.exp(-FREE.rate * (mixture - losses[name])))
        # by Hoeffding's lemma a share that bears the mean loss moves by at most rate^2 / 8 in the logarithm
        assert abs(math.log(after["c"] / before["c"])) <= FREE.rate**2 / 8 + 1e-12


def test_abstaining_is_no_vote_and_changes_nothing_alone() -> None:
    table = VoterTable(NAMES, FREE)
    assert table.score(_votes([None, None, None]), "trending", True) == ({}, [])
    table.score(_votes([0.9, None, None]), None, True)
    assert (table.record(OVERALL, "a").n, table.record(OVERALL, "b").n) == (1, 0)
    assert table.weights(None) == pytest.approx(dict.fromkeys(NAMES, 1.0))


def test_regime_counts_the_more_the_more_it_has_seen() -> None:
    settings = Learning(floor=0.0, backoff=20.0, share=0.0)
    up: list[float | None] = [0.9, -0.9, 0.0]
    down: list[float | None] = [-0.9, 0.9, 0.0]
    table = _table([*[(up, "trending", True)] * 20, *[(down, "ranging", True)] * 20], settings)
    here = _brute([(up, None, True)] * 20, settings)
    overall = table.weights(None)
    assert [table.weights("trending")[n] for n in NAMES] == pytest.approx(
        [0.5 * h + 0.5 * overall[n] for h, n in zip(here, NAMES, strict=True)]
    )
    assert table.weights("volatile") == pytest.approx(overall)


def test_hits_and_brier_count_spoken_votes() -> None:
    table = _table([([0.8, -0.8, None], None, True), ([0.8, 0.8, None], None, False)], Learning())
    a, b = table.record(OVERALL, "a"), table.record(OVERALL, "b")
    assert (a.n, a.hits, b.hits) == (2, 1, 0)
    assert a.brier == pytest.approx(0.1**2 + 0.9**2)


def test_memory_is_scored_without_moving_any_weight() -> None:
    table, plain = VoterTable(NAMES, Learning()), VoterTable(NAMES, Learning())
    memory = Vote(voter="memory", direction=1, confidence=0.9, reason="-")
    for one, votes in ((table, [*_votes([0.5, -0.2, None]), memory]), (plain, _votes([0.5, -0.2, None]))):
        one.score(votes, "trending", True)
    assert table.weights("trending") == plain.weights("trending")
    assert table.record("trending", "memory").hits == 1


@given(rounds=ROUNDS)
def test_restored_table_is_the_same_to_the_bit(rounds: Any) -> None:
    table, state = VoterTable(NAMES, Learning()), {}
    for scores, regime, rose in rounds:
        _, sets = table.score(_votes(scores), regime, rose)
        state.update({key: value for _, key, value in sets})
    again = VoterTable(NAMES, Learning())
    again.restore(json.loads(json.dumps(state)))
    for regime in (None, "trending", "ranging"):
        assert again.weights(regime) == table.weights(regime)
    assert again.regimes == table.regimes
