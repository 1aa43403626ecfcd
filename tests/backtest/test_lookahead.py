"""The check for look-ahead: silent on honest features, loud on a planted leak."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agent.market.bars import Bars, Floats
from agent.market.features import compute
from tests.cli.kit import RANGE, Call

Compute = Callable[[Bars, float], dict[str, Floats]]


def test_lookahead_honest_features_show_no_difference(call: Call, bars: Path) -> None:
    said = call("lookahead", "--data", bars, "--timerange", RANGE, "--samples", "40", "--json")
    found = said.document
    assert said.code == 0
    assert found["differences"] == []
    assert found["checked"] == 40
    assert found["entries"] >= found["entries_checked"] > 0
    assert found["decisions"] == 124


def leaking(name: str) -> Compute:
    """Features of which one is taken from the next bar, where there is one."""

    def leak(bars: Bars, bars_per_year: float) -> dict[str, Floats]:
        features = compute(bars, bars_per_year)
        ahead = features[name].copy()
        ahead[:-1] = ahead[1:]
        return {**features, name: ahead}

    return leak


def whole_series(bars: Bars, bars_per_year: float) -> dict[str, Floats]:
    """A feature scaled by what the whole file holds."""
    features = compute(bars, bars_per_year)
    return {**features, "rsi_14": features["rsi_14"] - np.nanmean(features["rsi_14"]) + 50}


@pytest.mark.parametrize(
    "leak",
    [leaking("momentum_10"), leaking("rsi_14"), leaking("volume_ratio"), whole_series],
    ids=["momentum", "rsi", "volume", "mean"],
)
def test_lookahead_planted_leak_is_found(call: Call, bars: Path, monkeypatch: pytest.MonkeyPatch, leak: Compute) -> None:
    monkeypatch.setattr("agent.market.series.compute", leak)
    said = call("lookahead", "--data", bars, "--timerange", RANGE, "--samples", "20", "--json")
    assert said.code == 1
    found = said.document["differences"]
    assert found
    assert all({"id", "as_of", "symbol", "what"} <= row.keys() for row in found)
    assert "context_hash" in found[0]["what"]


def test_lookahead_in_words_counts_what_was_compared(call: Call, bars: Path) -> None:
    said = call("lookahead", "--data", bars, "--timerange", "20140101-20140228", "--samples", "5")
    assert said.code == 0
    assert said.out.startswith("5 of 40 decisions")
    assert said.out.split()[-2:] == ["0", "differences"]


def test_lookahead_leaves_no_home_behind(call: Call, bars: Path, tmp_path: Path) -> None:
    call("lookahead", "--data", bars, "--timerange", "20140101-20140110", "--samples", "2")
    assert not (tmp_path / "home").exists()
