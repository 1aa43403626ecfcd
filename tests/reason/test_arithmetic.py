"""The arithmetic reasoner: parts that add up, memory on a leash, and words made of the record."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Recollection, Side
from agent.reason.arithmetic import ArithmeticReasoner, contributions, memory_score
from agent.reason.context import Context
from agent.risk.sizing import Exits
from agent.settings import Reason
from tests.reason.build import LIMITS, REASON, REASONER, STANDARD, context, forecast, held, remembered, silent, skill, vote

SCORES = st.floats(-1, 1)
MEMORIES = st.builds(remembered, st.floats(-0.999, 0.999), st.floats(1, 400))
CONTEXTS = st.builds(
    lambda votes, weights, f, m, s: context(
        votes=[vote(score, f"v{i}") for i, score in enumerate(votes)],
        weights={f"v{i}": w for i, w in enumerate(weights)},
        forecast=None if f is None else forecast(f),
        recollection=m or Recollection(),
        skills=[skill(f"s{i}", side, r, low) for i, (side, r, low) in enumerate(s)],
        plans={f"s{i}": STANDARD for i in range(len(s))},
    ),
    st.lists(SCORES, max_size=4),
    st.lists(st.floats(0, 3), min_size=4, max_size=4),
    st.none() | SCORES,
    st.none() | MEMORIES,
    st.lists(st.tuples(st.sampled_from(["buy", "sell"]), st.floats(0, 1), st.floats(0, 1)), max_size=3),
)


def _signed(given_: Context, settings: Reason = REASON) -> float:
    return math.fsum(part.value for part in contributions(given_, settings))


@given(given_=CONTEXTS)
def test_contributions_add_up_to_the_signed_confidence_exactly(given_: Context) -> None:
    signal, parts, _ = REASONER(given_)
    signed = math.fsum(part.value for part in parts)
    assert signal.confidence == abs(signed)
    assert signal.side == (None if signed == 0 else "buy" if signed > 0 else "sell")


@given(given_=CONTEXTS)
def test_memory_moves_the_result_by_at_most_its_cap(given_: Context) -> None:
    without = _signed(given_.model_copy(update={"recollection": Recollection()}))
    assert abs(_signed(given_) - without) <= REASON.memory_cap * abs(without) + 1e-12


@pytest.mark.parametrize("sign", [1, -1])
def test_three_parts_on_one_side_weigh_four_three_three(sign: int) -> None:
    agreed = context(votes=[vote(sign * 0.65)], forecast=forecast(sign * 0.78), recollection=remembered(sign * 0.80))
    signal, parts, _ = REASONER(agreed)
    assert signal.confidence == pytest.approx(0.734)
    assert signal.side == ("buy" if sign > 0 else "sell")
    assert [round(part.value * sign, 4) for part in parts] == [0.26, 0.234, 0.24]


def test_memory_beyond_its_bound_shows_the_cut_as_a_part_of_its_own() -> None:
    parts = contributions(context(votes=[vote(0.3)], recollection=remembered(0.95)), REASON)
    assert [part.id for part in parts] == ["momentum", "estimate", "memory_cap"]
    assert math.fsum(part.value for part in parts) == pytest.approx(0.39)


def test_memory_against_the_rest_never_turns_the_side() -> None:
    assert _signed(context(votes=[vote(0.5)], recollection=remembered(-0.99))) == pytest.approx(0.35)


def test_memory_alone_decides_nothing() -> None:
    signal, _, _ = REASONER(context(votes=[silent()], recollection=remembered(0.99)))
    assert (signal.action, signal.confidence) == ("hold", 0.0)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"votes": [vote(0.6)]}, 0.6),
        ({"votes": [vote(0.6), silent()]}, 0.6),
        ({"forecast": forecast(0.5)}, 0.5),
        ({"votes": [vote(0.6)], "forecast": forecast(0.4)}, (0.4 * 0.6 + 0.3 * 0.4) / 0.7),
        ({"votes": [vote(0.6)], "recollection": remembered(0.7)}, (0.4 * 0.6 + 0.3 * 0.7) / 0.7),
        ({"votes": [vote(0.6), vote(-0.5, "rsi_reversal")], "weights": {"momentum": 1.5, "rsi_reversal": 0.5}}, 0.325),
        ({}, 0.0),
        ({"votes": [silent()]}, 0.0),
    ],
)
def test_absent_part_gives_its_weight_to_the_others_pro_rata(parts: dict[str, object], expected: float) -> None:
    assert _signed(context(**parts)) == pytest.approx(expected)


def test_weights_of_zero_say_nothing_and_break_nothing() -> None:
    nothing = Reason(weight_base=0, weight_forecast=0, weight_memory=0)
    assert _signed(context(votes=[vote(0.9)], forecast=forecast(0.9), recollection=remembered(0.9)), nothing) == 0


def test_memory_score_is_the_chance_that_the_better_side_is_better() -> None:
    assert memory_score(remembered(0.8)) == pytest.approx(0.8)
    assert memory_score(remembered(-0.8)) == pytest.approx(-0.8)
    assert memory_score(remembered(0.8).model_copy(update={"other_side": None})) is None
    assert memory_score(Recollection()) is None


def test_skill_weighs_by_its_lower_bound_and_only_while_active() -> None:
    spoken = contributions(context(votes=[vote(0.6)], skills=[skill(low=0.5, reliability=0.9, side="sell")]), REASON)
    assert [part.value for part in spoken] == pytest.approx([0.6 / 1.5, -0.9 * 0.5 / 1.5])
    assert len(contributions(context(votes=[vote(0.6)], skills=[skill(status="probation")]), REASON)) == 1


def test_plan_comes_from_the_highest_ranked_skill_that_agrees() -> None:
    plans = {name: Exits(stop_distance=3.0 + i, target_distance=9.0, max_bars=7, plan=name) for i, name in enumerate("abcd")}
    skills = [skill("a", status="probation"), skill("b", "sell"), skill("c"), skill("d")]
    signal, _, exits = REASONER(context(votes=[vote(0.9)] * 3, skills=skills, plans=plans))
    assert exits.plan == "c"
    assert (signal.stop, signal.target, signal.horizon) == (100 - 5.0, 109.0, 7)
    assert "plan of c" in signal.thesis


def test_plan_without_an_agreeing_skill_is_the_standard_one() -> None:
    assert (
        REASONER(context(votes=[vote(0.9)] * 5, skills=[skill(side="sell", low=0.1)], plans={"pullback": STANDARD}))[2]
        == STANDARD
    )


@pytest.mark.parametrize(
    ("score", "position", "action"),
    [
        (0.9, None, "buy"),
        (-0.9, None, "sell"),
        (0.34, None, "hold"),
        (0.35, None, "buy"),
        (0.9, "buy", "hold"),
        (-0.9, "buy", "close"),
        (-0.3, "buy", "hold"),
        (0.9, "sell", "close"),
    ],
)
def test_action_follows_lean_threshold_and_position(score: float, position: Side | None, action: str) -> None:
    signal, _, _ = REASONER(context(votes=[vote(score)], position=held(position) if position else None))
    assert signal.action == action
    assert (signal.size != 0) == (action in ("buy", "sell"))
    assert (signal.stop is None) == (action not in ("buy", "sell"))


def test_raised_entry_threshold_does_not_make_it_harder_to_get_out() -> None:
    strict = {"size_multiplier": 0.7, "min_confidence": 0.70}
    assert REASONER(context(votes=[vote(-0.5)], parameters=strict))[0].action == "hold"
    assert REASONER(context(votes=[vote(-0.5)], parameters=strict, position=held("buy")))[0].action == "close"


def test_size_takes_the_multipliers_and_wild_markets_widen_the_stop() -> None:
    calm, _, _ = REASONER(context(votes=[vote(0.9)]))
    halved, _, _ = REASONER(context(votes=[vote(0.9)], parameters={"size_multiplier": 0.5, "min_confidence": 0.35}))
    wild, _, exits = REASONER(context(votes=[vote(0.9)], features={"volatility_z": 3.0}))
    assert calm.size == pytest.approx(LIMITS.risk_per_trade * 100 / 4.0)
    assert halved.size == pytest.approx(calm.size / 2)
    assert wild.size == pytest.approx(calm.size * 0.8 / 1.5)
    assert exits.stop_distance == pytest.approx(6.0)
    assert exits.target_distance == pytest.approx(7.8)


def test_thesis_and_citations_are_the_records_own() -> None:
    seen = context(votes=[vote(0.62), silent()], recollection=remembered(0.7), skills=[skill()], plans={"pullback": STANDARD})
    signal, _, _ = REASONER(seen)
    for figure in (
        "Buy",
        f"{signal.confidence:.2f}",
        "momentum +0.62",
        "pullback (0.60 reliable over 12",
        "16 similar",
        "60% won",
    ):
        assert figure in signal.thesis
    assert signal.citations == ["vote:momentum", "skill:pullback"]


def test_context_hash_tells_apart_what_differs_and_nothing_else() -> None:
    assert context(votes=[vote(0.6)]).hash() == context(votes=[vote(0.6)]).hash()
    assert context(votes=[vote(0.6)]).hash() != context(votes=[vote(0.61)]).hash()


def test_after_success_a_trade_is_larger_on_a_nearer_stop_and_risks_no_more() -> None:
    own, _, _ = REASONER(context(votes=[vote(0.9)]))
    proven = {"size_multiplier": 1.1, "min_confidence": 0.35, "stop_multiplier": 0.9}
    larger, _, exits = REASONER(context(votes=[vote(0.9)], parameters=proven))
    assert larger.size == pytest.approx(own.size * 1.1)
    assert exits.stop_distance == pytest.approx(4.0 * 0.9)
    assert larger.size * exits.stop_distance < own.size * 4.0
    assert own.target == larger.target


def test_after_success_a_stop_at_its_nearest_stays_and_so_does_the_size() -> None:
    nearest = LIMITS.model_copy(update={"min_stop_atr": 2.0})
    proven = {"size_multiplier": 1.1, "min_confidence": 0.35, "stop_multiplier": 0.9}
    signals = [ArithmeticReasoner(REASON, nearest)(context(votes=[vote(0.9)], **p))[0] for p in ({}, {"parameters": proven})]
    assert signals[0].size == signals[1].size
    assert signals[0].stop == signals[1].stop
