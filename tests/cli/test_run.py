"""`run` in its forms: once, over a recording, by a cron expression, with quotes; what would say nothing is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.cli.kit import Call

SPAN = "20140301-20140430"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("run", "--speed", "3"), "--speed"),
        (("run", "--timerange", SPAN), "--timerange"),
        (("run", "--quotes", "q.csv"), "--quotes"),
        (("run", "--once", "--schedule", "0 0 * * *"), "--schedule"),
        (("run", "--replay", "{bars}", "--schedule", "soon"), "--schedule"),
        (("run", "--replay", "{bars}", "--timerange", SPAN, "--quotes", "nowhere.csv"), "nowhere.csv"),
        (("run", "--replay", "{bars}", "--mandate", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_an_option_that_would_say_nothing_or_is_wrong_is_refused_in_one_line(
    call: Call, bars: Path, words: tuple[str, ...], named: str
) -> None:
    said = call(*(word.format(bars=bars) for word in words))
    assert said.code == 2
    assert named in said.err
    assert said.err.strip().count("\n") == 0


def test_once_decides_on_the_last_bar_of_the_range(call: Call, bars: Path) -> None:
    said = call("run", "--once", "--data", bars, "--timerange", "20140101-20140314", "--json")
    assert said.code == 0, said.err
    assert said.document["bar_time"] == "2014-03-14T00:00:00Z"


def test_a_recording_decided_by_cron_decides_on_the_newest_bar_at_each_time(call: Call, bars: Path) -> None:
    said = call("run", "--replay", bars, "--timerange", SPAN, "--schedule", "30 12 * * wed", "--json")
    assert said.code == 0, said.err
    times = [record["as_of"] for record in said.lines]
    assert times[:2] == ["2014-03-05T12:30:00Z", "2014-03-12T12:30:00Z"]
    assert [record["bar_time"] for record in said.lines][:2] == ["2014-03-04T00:00:00Z", "2014-03-11T00:00:00Z"]
    assert times == sorted(set(times))
    assert times[-1] == "2014-04-30T12:30:00Z"


def test_quotes_of_a_recording_end_a_trade_within_its_bar(call: Call, bars: Path, tmp_path: Path) -> None:
    words = ("run", "--replay", bars, "--timerange", "20140101-20140630", "--json")
    ended = [o for r in call(*words, "--run", "live").lines for o in r["outcomes"]]
    first = next(o for o in ended if o["reason"] == "stop" and o["bars_held"] > 1)  # known of before the bar that ends it
    price = first["exit_price"] * (0.999 if first["side"] == "buy" else 1.001)
    at = pd.Timestamp(first["exit_bar"]) + pd.Timedelta(hours=10)
    pd.DataFrame([{"timestamp": at, "bid": price, "ask": price}]).to_csv(tmp_path / "SP500-quotes.csv", index=False)
    said = call(*words, "--quotes", tmp_path / "SP500-quotes.csv")
    assert said.code == 0, said.err
    found = [o for r in said.lines for o in r["outcomes"] if o["exit_bar"] == first["exit_bar"]]
    assert [o["closed_at"] for o in found] == [at.strftime("%Y-%m-%dT%H:%M:%SZ")]
