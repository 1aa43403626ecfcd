"""Benchmarks: every figure beside a baseline of the same run."""

from __future__ import annotations

import pytest

from agent.errors import ConfigError
from evals.bench import BENCHES, run


def test_bench_unknown_name_is_refused_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="bench 'speed' is unknown; choose from cycle"):
        run(["cycle", "speed"], lambda _: None)


def test_bench_results_stand_beside_a_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"name": "made-up", "value": 2.0, "unit": "per s", "baseline": 4.0, "ratio": 0.5, "n": 3}
    monkeypatch.setitem(BENCHES, "made-up", lambda _: [row])
    document = run(["made-up"], lambda _: None)
    assert document["results"] == [row]
    assert "cores" in document["machine"]


@pytest.mark.slow
def test_bench_cycle_measures_every_bar_of_five_years(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    from agent.cli import main

    assert main(["bench", "cycle", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["results"]
    assert row.keys() == {"name", "value", "unit", "baseline", "ratio", "n"}
    assert row["n"] == 1258
    assert row["ratio"] == pytest.approx(row["value"] / row["baseline"])
    assert row["value"] > 0
