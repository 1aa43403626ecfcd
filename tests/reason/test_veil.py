"""A model that may know a chart by heart is shown another name, other days and another level, and nothing else changes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Analogue, Memory, Recollection, ScoreParts, Vote
from agent.reason.blend import Track
from agent.reason.brief import numbers
from agent.reason.context import Context
from agent.reason.model import Asked
from agent.reason.reply import parse
from agent.reason.veil import Veil
from tests.llm.kit import Answer, Api, ok, said
from tests.reason.build import STANDARD, WHEN, context, held, remembered, skill, vote
from tests.reason.test_model import ARITHMETIC, mind

VEIL = Veil.over(("SP500", "NASDAQ"), {"SP500": 1234.5, "NASDAQ": 4000.0}, seed=7)
SECRETS = re.compile(r"sp500|nasdaq|2019|2020", re.IGNORECASE)


def rich() -> Context:
    """A context with the symbol, dates and prices wherever they can be."""
    plain = context(
        votes=[vote(0.7)], weights={"momentum": 1.0}, skills=[skill()], plans={"pullback": STANDARD}, position=held("buy")
    )
    state = plain.state.model_copy(
        update={"symbol": "SP500", "close": 1234.5, "features": {**plain.state.features, "sma_20": 1222.25, "macd": 3.75}}
    )
    told = Vote(
        voter="liquidity", direction=1, confidence=0.6, evidence={"low": 1201.37, "high": 1229.81, "volume_to_usual": 1.52},
        reason="Price 1,234.50 rose above its value area (1,201.37 to 1,229.81) on 1.52 times the usual volume since 2019-12-30.",
    )  # fmt: skip
    lesson = Memory(
        id="m7", key="lesson:full:2019Q4", kind="lesson", symbol="SP500", happened_at=WHEN, known_at=WHEN, score=1.0,
        parts=ScoreParts(similarity=1, importance=1, recency=1),
        content="2019Q4: 5 trades in SP500 and Nasdaq, 40% won; 2019-11 was the worst of 2019, RSI above 70 failed.",
    )  # fmt: skip
    near = Analogue(id="abc", symbol="NASDAQ", bar_time=WHEN, similarity=0.9, side="buy", r=0.4, shadow=True)
    found = remembered(0.4).model_copy(update={"memories": [lesson], "analogues": [near], "counter_evidence": [near]})
    return plain.model_copy(update={"state": state, "votes": [*plain.votes, told], "recollection": found})


def asked_behind(veil: Veil | None, where: Context, *answers: Answer) -> tuple[Api, Asked]:
    api = Api(*answers)
    reasoner = replace(mind(api=api), veil=veil)
    return api, reasoner(where, ARITHMETIC(where), lambda name: Track(n=200, hits=150, brier=38.0), "d1")


def test_nothing_that_is_sent_tells_the_symbol_the_dates_or_the_level() -> None:
    where = rich()
    api, asked = asked_behind(VEIL, where, ok(said()))
    sent = json.dumps(api.seen)
    assert asked.fault is None
    assert not SECRETS.search(sent)
    true = {1234.5, 1222.25, 1201.37, 1229.81, where.standard.stop_distance, 3.75}
    user = api.seen[0]["messages"][0]["content"]
    assert not any(abs(abs(x) - t) / t < 1e-3 for x in numbers(user) for t in true - {where.standard.stop_distance})
    assert "ASSET" in user
    assert "1.52 times" in user


def test_context_itself_and_arithmetic_beside_it_are_left_as_they_are() -> None:
    where = rich()
    before = where.model_dump_json()
    _, hidden = asked_behind(VEIL, where, ok(said()))
    _, open_ = asked_behind(None, where, ok(said()))
    assert where.model_dump_json() == before
    assert hidden.reasoning is not None
    assert open_.reasoning is not None
    assert hidden.reasoning[0].model_copy(update={"thesis": ""}) == open_.reasoning[0].model_copy(update={"thesis": ""})
    assert hidden.opinion is not None
    assert hidden.opinion.masked


def test_prices_names_and_dates_of_the_reply_are_turned_back() -> None:
    where = rich()
    mask = VEIL.mask("SP500")
    day = (datetime(2020, 1, 3, tzinfo=UTC) - mask.shift).date()
    reply = said(stop=1200.0 * mask.factor, target=1300.0 * mask.factor, thesis=f"{mask.masked} has risen since {day}.")
    _, asked = asked_behind(VEIL, where, ok(reply))
    assert asked.opinion is not None
    assert asked.opinion.stop is not None
    assert asked.opinion.target is not None
    assert abs(asked.opinion.stop - 1200.0) < 1e-6
    assert abs(asked.opinion.target - 1300.0) < 1e-6
    assert asked.opinion.thesis == "SP500 has risen since 2020-01-03."


def test_ratios_weekdays_and_seed_stay() -> None:
    shown = VEIL.context(rich())
    mask = VEIL.mask("SP500")
    assert shown.state.as_of.weekday() == rich().state.as_of.weekday()
    assert shown.state.as_of.time() == rich().state.as_of.time()
    assert abs(shown.state.close / (shown.state.features["sma_20"] or 1) - 1234.5 / 1222.25) < 1e-12
    assert shown.state.features["adx_14"] == rich().state.features["adx_14"]
    assert 40 <= 1234.5 * mask.factor <= 160
    assert mask.shift % timedelta(weeks=1) == timedelta(0)
    assert Veil.over(("NASDAQ", "SP500"), {"SP500": 1234.5, "NASDAQ": 4000.0}, seed=7) == VEIL
    assert Veil.over(("SP500", "NASDAQ"), {}, seed=8).mask("SP500") != mask


@given(st.text(max_size=60), st.sampled_from(["SP500", "sp500", "2016-02-12", "2016Q1", "2016-02", "2016"]), st.text(max_size=60))
def test_words_lose_every_name_and_date_wherever_they_stand(before: str, secret: str, after: str) -> None:
    hidden = VEIL.words(f"{before} {secret} {after}")
    assert f" {secret} " not in f" {hidden} " or secret in before or secret in after


def test_calendar_words_move_together() -> None:
    moved = VEIL.words("From 2016-02-12 to 2016-03-31, in 2016Q1 and 2016-02: 12 trades at 1.52.")
    days = re.findall(r"\d{4}-\d{2}-\d{2}", moved)
    first, last = (datetime.fromisoformat(day) for day in days)
    assert last - first == datetime(2016, 3, 31) - datetime(2016, 2, 12)  # noqa: DTZ001 - a difference of days
    assert "12 trades at 1.52." in moved
    assert "2016" not in moved


def test_empty_recollection_and_unknown_symbols_are_masked_too() -> None:
    stranger = Analogue(id="x", symbol="AAPL", bar_time=WHEN, similarity=0.9, side="sell", r=-0.4, shadow=True)
    where = rich().model_copy(update={"recollection": Recollection(analogues=[stranger])})
    shown: Any = VEIL.context(where).recollection.analogues[0]
    assert shown.symbol.startswith("ASSETX")
    assert VEIL.context(where).recollection.analogues[0] == shown


def test_reply_is_read_the_same_with_and_without_a_mask() -> None:
    signal = parse(said(stop=None, target=None))
    assert VEIL.lifted("SP500", signal) == signal
