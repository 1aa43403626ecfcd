"""The instrument that judges entries: it sees a choice that helps, none where there is none, and counts what the walk did."""

import numpy as np

from agent.settings import Settings
from evals.entries import ENTRIES, POOLED, chosen, measure, row
from evals.markets import Edge, planted
from evals.runs import plan_of, walked


def _paid(count: int = 4000) -> np.ndarray:
    return np.random.default_rng(2).normal(0.1, 1.0, count)


def test_choosing_what_pays_is_told_from_choosing_by_chance() -> None:
    paid, dice = _paid(), np.random.default_rng(3)
    good = row("x", ENTRIES, "buy", np.column_stack([paid, (paid + dice.normal(0, 3, len(paid)) > 3).astype(float)]), 5)
    blind = row("x", ENTRIES, "buy", np.column_stack([paid, (dice.random(len(paid)) < 0.2).astype(float)]), 5)
    assert good["interval"][0] > 0
    assert blind["interval"][0] < 0 < blind["interval"][1]
    assert abs(good["all bars"] - 0.1) < 0.05


def test_a_series_that_fell_does_not_speak_against_who_traded_there_most() -> None:
    """Pooled, only the difference to each series' own bars counts."""
    series = [planted(seed, 900, Edge()).bars for seed in (1, 2)]
    found = list(measure(series, Settings()))
    pooled = next(one for one in found if one["series"] == POOLED and one["who"] == "momentum" and one["side"] == "buy")
    alone = [one for one in found if one["series"] != POOLED and one["who"] == "momentum" and one["side"] == "buy"]
    weighed = sum(one["n"] * one["difference"] for one in alone) / sum(one["n"] for one in alone)
    assert abs(pooled["difference"] - weighed) < 1e-9


def test_entries_are_those_the_walk_made() -> None:
    run = walked(plan_of([planted(4, 900, Edge()).bars], Settings()))
    counted = sum(int(table[:, 1].sum()) for (who, _), table in chosen(run).items() if who == ENTRIES)
    made = [record for record in run.of("cycle") if (record.get("decision") or {}).get("action") in ("buy", "sell")]
    assert 0 <= len(made) - counted <= 1  # the last one's horizon may still be open
    assert counted > 0
