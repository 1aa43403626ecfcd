from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from agent.domain import REGIMES, Vote
from agent.errors import ConfigError
from agent.market.features import FEATURES
from skills.conditions import firing_rate, holds, series
from skills.sentence import sentence
from skills.tree import Condition, bind, depth, leaves, parameters_of
from tests.skills.build import frame_of, frame_with

_ADAPTER: TypeAdapter[Condition] = TypeAdapter(Condition)

# few distinct values, so that equality, crossings and changes of zero really occur
_VALUES = st.sampled_from([-1.0, 0.0, 0.5, 1.0])
_FEATURES = st.sampled_from(FEATURES[:4])
_OPS = st.sampled_from(["<", "<=", ">", ">="])
_AGAINST = st.one_of(st.fixed_dictionaries({"value": _VALUES}), st.fixed_dictionaries({"other": _FEATURES}))
_SIDES = st.sampled_from(["buy", "sell"])
_WAYS = st.sampled_from(["above", "below"])
_BARS = st.integers(1, 5)
_SHARES = st.sampled_from([0.0, 0.5, 1.0])
_LEAVES = st.one_of(
    st.builds(lambda f, op, a: {"feature": f, "op": op, **a}, _FEATURES, _OPS, _AGAINST),
    st.builds(lambda f, d, w, a: {"feature": f, "crosses": d, "within": w, **a}, _FEATURES, _WAYS, _BARS, _AGAINST),
    st.builds(lambda f, n, op, v: {"feature": f, "change_over": n, "op": op, "value": v}, _FEATURES, _BARS, _OPS, _VALUES),
    st.builds(lambda f, a, b: {"feature": f, "between": sorted([a, b])}, _FEATURES, _VALUES, _VALUES),
    st.builds(lambda r: {"regime": r}, st.sampled_from(REGIMES)),
    st.builds(lambda s, c: {"voter": "momentum", "says": s, "min_confidence": c}, _SIDES, _SHARES),
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=8,
)


def condition(document: Any) -> Condition:
    return _ADAPTER.validate_json(TypeAdapter(Any).dump_json(document))


def vote(direction: float, confidence: float, *, abstained: bool = False) -> Vote:
    return Vote(voter="momentum", direction=direction, confidence=confidence, abstained=abstained, reason="test")


@settings(max_examples=200, deadline=None)
@given(tree=_TREES, seed=st.integers(0, 2**32 - 1), bars=st.integers(1, 12))
def test_condition_random_tree_answers_alike_on_one_bar_and_over_the_series(tree: Any, seed: int, bars: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.choice([np.nan, -1.0, 0.0, 0.5, 1.0], size=(bars, len(FEATURES)))
    frame = frame_of(values, rng.integers(-1, 3, bars).astype(np.int8))
    votes = [[vote(rng.choice([-1, 0, 1]), rng.choice([0.0, 0.5, 1.0]), abstained=bool(rng.random() < 0.3))] for _ in range(bars)]
    asked = condition(tree)
    assert series(asked, frame, votes).tolist() == [holds(asked, frame, i, votes[i]) for i in range(bars)]
    assert [holds(asked, frame.until_index(i + 1), -1, votes[i]) for i in range(bars)] == series(asked, frame, votes).tolist()


@settings(max_examples=100, deadline=None)
@given(tree=_TREES)
def test_condition_round_trips_through_its_own_json(tree: Any) -> None:
    asked = condition(tree)
    assert _ADAPTER.validate_json(_ADAPTER.dump_json(asked)) == asked
    assert sentence(asked)
    assert leaves(asked) >= 1 <= depth(asked)


@pytest.mark.parametrize("wrap", [lambda c: c, lambda c: {"not": c}, lambda c: {"not": {"not": c}}])
def test_condition_on_missing_data_does_not_hold_even_negated(wrap: Any) -> None:
    frame = frame_with(rsi_14=[np.nan, np.nan])
    assert not holds(condition(wrap({"feature": "rsi_14", "op": "<", "value": 30})), frame)


def test_condition_any_with_one_known_part_holds_despite_an_unknown_one() -> None:
    frame = frame_with(rsi_14=[20.0], adx_14=[np.nan])
    parts = [{"feature": "adx_14", "op": ">", "value": 1}, {"feature": "rsi_14", "op": "<", "value": 30}]
    assert holds(condition({"any": parts}), frame)
    assert not holds(condition({"all": parts}), frame)


def test_condition_crossing_counts_only_from_the_other_side_within_its_bars() -> None:
    frame = frame_with(macd=[-1.0, 0.0, 1.0, 2.0, 3.0])
    asked = condition({"feature": "macd", "crosses": "above", "value": 0, "within": 2})
    assert series(asked, frame).tolist() == [False, False, True, True, False]


def test_condition_change_compares_with_its_own_past() -> None:
    frame = frame_with(bb_position=[0.9, 0.5, 0.4])
    asked = condition({"feature": "bb_position", "change_over": 1, "op": "<", "value": -0.3})
    assert series(asked, frame).tolist() == [False, True, False]


def test_condition_voter_that_abstains_is_not_counted_as_disagreeing() -> None:
    says = {"voter": "momentum", "says": "buy", "min_confidence": 0.6}
    frame = frame_with(rsi_14=[50.0])
    assert holds(condition(says), frame, votes=[vote(1, 0.6)])
    assert not holds(condition(says), frame, votes=[vote(1, 0.5)])
    assert not holds(condition({"not": says}), frame, votes=[vote(1, 0.9, abstained=True)])
    assert holds(condition({"not": says}), frame, votes=[vote(-1, 0.9)])


def test_condition_with_parameters_needs_them_bound_before_it_is_asked() -> None:
    asked = condition({"feature": "rsi_14", "op": "<", "value": "weak"})
    frame = frame_with(rsi_14=[25.0])
    assert parameters_of(asked) == {"weak"}
    with pytest.raises(ConfigError, match="weak"):
        holds(asked, frame)
    assert holds(bind(asked, {"weak": 30.0}), frame)


def test_condition_firing_rate_leaves_out_bars_without_an_answer() -> None:
    asked = condition({"feature": "rsi_14", "op": "<", "value": 30})
    assert firing_rate(asked, [frame_with(rsi_14=[np.nan, np.nan, 20.0, 40.0])], 400) == 0.5
    assert firing_rate(asked, [frame_with(rsi_14=[20.0, 20.0, 40.0, 40.0])], 2) == 0.0
    assert firing_rate(asked, [frame_with(adx_14=[1.0])], 400) is None


def test_condition_sentence_reads_as_words() -> None:
    crossed = {"feature": "macd", "crosses": "above", "other": "macd_signal", "within": 3}
    tree = {"all": [{"feature": "rsi_14", "op": "<", "value": 30}, {"any": [{"regime": "ranging"}, crossed]}]}
    assert sentence(condition(tree)) == (
        "rsi_14 is below 30 and (the regime is ranging or macd crossed above macd_signal within the last 3 bars)"
    )


@pytest.mark.parametrize(
    "document",
    [
        {"feature": "rsi_15", "op": "<", "value": 30},
        {"feature": "rsi_14", "op": "==", "value": 30},
        {"feature": "rsi_14", "op": "<", "value": "30"},
        {"feature": "rsi_14", "op": "<"},
        {"feature": "rsi_14", "op": "<", "value": 30, "other": "sma_5"},
        {"feature": "rsi_14", "between": [50, 30]},
        {"feature": "rsi_14", "crosses": "above", "value": 30, "within": 0},
        {"regime": "bullish"},
        {"all": []},
        {"price": 100},
        "rsi_14 < 30",
    ],
)
def test_condition_outside_the_vocabulary_is_refused(document: Any) -> None:
    with pytest.raises(ValidationError):
        condition(document)
