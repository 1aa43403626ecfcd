"""What a vote and the joint decision are worth: from the record alone, and from nothing that has not settled."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import LocalRecord, Vote
from agent.learn.joint import SPACE, Joint
from agent.learn.voters import VoterTable
from agent.settings import Learning

ROUNDS = st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.booleans(), st.floats(-3, 3), st.floats(-3, 3)), max_size=80)


def _said(name: str, up: bool, confidence: float = 0.4) -> Vote:
    return Vote(voter=name, direction=1 if up else -1, confidence=confidence, reason="-")


def _taught(*, n: int = 400, seed: int = 1, echo: bool = False, edge: float = 0.65) -> Joint:
    draw, joint = np.random.default_rng(seed), Joint(Learning())
    odds = math.log(0.65 / 0.35)
    for _ in range(n):
        up = bool(draw.random() < 0.5)
        x = odds if (draw.random() < edge) == up else -odds
        joint.score({"vote": x, "memory": x if echo else 0.0}, up, 0.9 if up else -1.1, -1.1 if up else 0.9)
    return joint


def test_odds_are_the_records_whatever_confidence_is_stated() -> None:
    """A quiet voter that is right would otherwise never be heard, and a loud one that is not would be."""
    table = VoterTable(("quiet", "loud"), Learning())
    for i in range(400):
        up = i % 2 == 0
        right = i % 20 < 13
        table.score([_said("quiet", right == up, 0.05), _said("loud", i % 4 < 2, 0.95)], "trending", up)
    odds = table.odds("trending")
    assert odds["quiet"] == pytest.approx(math.log(0.65 / 0.35), abs=0.15)
    assert odds["loud"] < 0.05
    assert table.odds("volatile")["quiet"] == pytest.approx(table.odds(None)["quiet"])


def test_coins_together_do_not_outvote_one_that_can_tell() -> None:
    """Seven voters that toss coins each look a little better than a coin now and then; their sum must stay small."""
    draw, names = np.random.default_rng(5), ("good", *(f"coin{n}" for n in range(7)))
    table, loud, good = VoterTable(names, Learning()), [], []
    for i in range(900):
        up = bool(draw.random() < 0.5)
        table.score([_said(name, bool(draw.random() < (0.65 if name == "good" else 0.5)) == up) for name in names], None, up)
        if i >= 500:
            odds = table.odds(None)
            good.append(odds["good"])
            loud.append(math.fsum(odds[name] for name in names[1:]))
    assert np.mean(good) > 0.4
    assert np.mean(loud) < 0.25 * np.mean(good)


def test_who_was_right_in_situations_like_this_one_counts_as_far_as_it_is_sure() -> None:
    table = VoterTable(("a", "b"), Learning())
    for i in range(200):
        up = i % 2 == 0
        table.score([_said("a", (i % 10 < 6) == up), _said("b", (i % 10 < 6) == up)], None, up)
    plain = table.odds(None)
    local = [LocalRecord(voter="a", by="volume_ratio", share=0.5, rate=0.7, n_eff=80.0)]
    known = table.odds(None, [*local, LocalRecord(voter="nobody", by="range", share=1.0, rate=0.9, n_eff=80.0)])
    rate = 1 / (1 + math.exp(-plain["a"]))
    assert known["a"] == pytest.approx(math.log((0.35 + rate / 2) / (0.65 - rate / 2)))
    assert known["b"] == plain["b"]
    assert set(known) == set(plain)
    assert table.odds(None) == plain


def test_a_voter_that_is_wrong_is_silent_and_never_turned_round() -> None:
    table = VoterTable(("a", "b"), Learning())
    for _ in range(100):
        table.score([_said("a", False), _said("b", True)], None, True)
    assert table.odds(None)["a"] == 0.0
    assert table.odds(None)["b"] <= math.log(0.95 / 0.05)


def test_old_votes_fade() -> None:
    """A voter that lost its touch would be believed for ever."""
    table = VoterTable(("a", "b"), Learning(half_life=50))
    for i in range(300):
        table.score([_said("a", i < 150)], None, True)
    assert table.odds(None)["a"] == 0.0


def test_the_share_of_the_record_grows_and_starts_at_nothing() -> None:
    fresh = Joint(Learning()).learned(VoterTable((), Learning()), None)
    assert (fresh.share, fresh.slopes["vote"], fresh.break_even) == (0.0, 1.0, 0.0)
    known = _taught().learned(VoterTable((), Learning()), None)
    assert known.share == pytest.approx(400 / 420)
    assert known.break_even == pytest.approx(0.1)


def test_calibration_keeps_what_is_calibrated_and_forgets_what_is_not() -> None:
    table = VoterTable((), Learning())
    assert _taught(n=1000).learned(table, None).slopes["vote"] == pytest.approx(1.0, abs=0.25)
    assert _taught(n=1000, edge=0.5).learned(table, None).slopes["vote"] < 0.35


def test_evidence_that_only_repeats_is_not_counted_twice() -> None:
    slopes = _taught(n=1000, echo=True).learned(VoterTable((), Learning()), None).slopes
    assert slopes["vote"] + slopes["memory"] == pytest.approx(1.0, abs=0.35)


@given(rounds=ROUNDS)
def test_restored_record_is_the_same_to_the_bit_and_stays_finite(rounds: list[tuple[float, float, bool, float, float]]) -> None:
    joint, state = Joint(Learning()), {}
    for vote, memory, rose, buy, sell in rounds:
        for space, key, value in joint.score({"vote": vote, "memory": memory}, rose, buy, sell):
            assert space == SPACE
            state[key] = value
    again = Joint(Learning())
    again.restore(json.loads(json.dumps(state)))
    table = VoterTable((), Learning())
    assert again.learned(table, None) == joint.learned(table, None)
    assert 0 <= joint.learned(table, None).break_even <= 1
    assert all(slope >= 0 for slope in joint.learned(table, None).slopes.values())
