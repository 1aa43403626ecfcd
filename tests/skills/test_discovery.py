from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from agent.errors import ConfigError
from agent.risk.sizing import Exits
from skills.conditions import holds
from skills.discovery import discover, without_overlap
from skills.discovery.chance import deflated_sharpe, false_discovery, shuffles
from skills.discovery.naming import draft_of
from tests.skills.build import frame_with
from tests.skills.planted import trades

EXITS = Exits(stop_distance=2, target_distance=3, max_bars=5)


def test_discovery_finds_a_planted_edge_names_its_conditions_and_makes_a_draft_of_it() -> None:
    found = discover(trades(5, rate=0.8), seed=1)
    assert found.examined == 1500
    assert 0 < found.tested <= 20_000
    best = found.accepted[0]
    assert {(part["feature"], part["op"]) for part in best.when["all"]} == {("rsi_14", "<"), ("volume_ratio", ">")}
    assert best.win_rate > 0.7 > best.base_rate
    assert best.q <= 0.05
    assert best.holdout["p"] <= 0.05
    draft = draft_of(best, "buy", EXITS)
    assert draft.name == "buy-low-rsi-14-high-volume-ratio"
    assert draft.condition is not None
    assert holds(draft.condition, frame_with(rsi_14=[-2.0], volume_ratio=[2.0]))


def test_discovery_accepts_nothing_where_nothing_is() -> None:
    assert [len(discover(trades(seed), seed=seed).accepted) for seed in range(3)] == [0, 0, 0]


def test_discovery_same_trades_and_seed_give_the_same_document() -> None:
    given = trades(2, n=300, rate=0.9)
    assert discover(given, seed=4).document() == discover(given, seed=4).document()


def test_discovery_never_looks_at_the_last_third_while_searching() -> None:
    given = trades(5, n=600, rate=0.9)
    turned = given[:400] + [t.model_copy(update={"r": -t.r}) for t in given[400:]]
    searched, inverted = discover(given, seed=1), discover(turned, seed=1)
    assert searched.tested == inverted.tested
    assert searched.accepted
    assert not inverted.accepted


def test_discovery_namer_may_name_but_not_touch_the_typed_part() -> None:
    best = discover(trades(5, rate=0.8), seed=1).accepted[0]
    plain, named = draft_of(best, "buy", EXITS), draft_of(best, "buy", EXITS, lambda said: ("quiet-dip", said[:100]))
    assert named.name == "quiet-dip"
    assert (named.when, named.plan) == (plain.when, plain.plan)


def test_discovery_too_few_trades_are_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match="too few"):
        discover(trades(1, n=59))


def test_discovery_overlapping_trades_count_once() -> None:
    given = [t.model_copy(update={"closed_at": t.opened_at + timedelta(days=3)}) for t in trades(1, n=90)]
    assert len(without_overlap(given)) == 30
    assert len(without_overlap(reversed(given), last=10)) == 10


def test_discovery_q_values_are_those_of_benjamini_and_hochberg() -> None:
    q = false_discovery(np.array([0.01, 0.04, 0.03, 0.5]))
    assert q.tolist() == pytest.approx([0.04, 0.04 * 4 / 3, 0.04 * 4 / 3, 0.5])


def test_discovery_shuffles_keep_blocks_together_and_every_row_once() -> None:
    for order in shuffles(100, 5, 10, seed=1):
        assert sorted(order.tolist()) == list(range(100))
        assert (np.diff(order) % 100 == 1).mean() >= 0.85


def test_discovery_deflated_sharpe_falls_with_what_was_tried() -> None:
    r = np.array([1.0, -1.0, 1.0, 1.0] * 30)
    few, many = deflated_sharpe(r, 2), deflated_sharpe(r, 20_000)
    assert few is not None
    assert many is not None
    assert many < few
    assert deflated_sharpe(np.ones(4), 10) is None
