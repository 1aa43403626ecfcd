"""The model beside arithmetic: bounded, checked, measured, and never silently replaced."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Contribution
from agent.llm import MemoryCalls, ModelFault
from agent.llm.model import Mode
from agent.reason.arithmetic import ArithmeticReasoner
from agent.reason.blend import Pull, Track, credited, joined, share
from agent.reason.brief import brief, numbers
from agent.reason.context import Context
from agent.reason.model import Asked, ModelReasoner
from agent.reason.reply import cited, parse, unseen_figures
from agent.settings import Limits, Reason, Settings
from tests.llm.kit import Answer, Api, error, model, ok, said
from tests.reason.build import STANDARD, context, held, remembered, skill, vote

SETTINGS = Settings(reason=Reason(min_confidence=0.35), limits=Limits(allow_short=True))
ARITHMETIC = ArithmeticReasoner(SETTINGS.reason, SETTINGS.limits)
GOOD = Track(n=200, hits=150, brier=38.0)


def _describe(match: object) -> str:
    return "reliability 0.60 over 12 executions"


def mind(*answers: Answer, api: Api | None = None, mode: Mode = "live", kept: MemoryCalls | None = None) -> ModelReasoner:
    asked = model(api or Api(*answers), mode=mode, kept=kept)
    return ModelReasoner.of(asked, SETTINGS, b"home", _describe, (("rsi_14", "strength"),))


def bullish(**more: object) -> Context:
    return context(votes=[vote(0.7)], weights={"momentum": 1.0}, **more)


def decide(reasoner: ModelReasoner, where: Context, track: Track = GOOD) -> Asked:
    return reasoner(where, ARITHMETIC(where), lambda name: track, "d1")


def test_opinion_is_a_contribution_and_all_of_them_add_up() -> None:
    where = bullish()
    asked = decide(mind(ok(said(confidence=0.9))), where)
    assert asked.reasoning is not None
    signal, parts, _ = asked.reasoning
    assert math.fsum(part.value for part in parts) == (signal.confidence if signal.side == "buy" else -signal.confidence)
    assert [part.source for part in parts][-2:] == ["model", "bound"]
    assert asked.opinion is not None
    assert signal.citations == ["vote:momentum"]
    assert asked.usage.input_tokens == 100
    assert asked.cost > 0


@given(st.floats(0, 1), st.floats(-1, 1), st.floats(-0.95, 0.95), st.integers(0, 400), st.floats(0, 1), st.floats(0, 1))
def test_model_moves_the_result_by_no_more_than_its_share(
    stated: float, arithmetic: float, score: float, n: int, right: float, loss: float
) -> None:
    track = Track(n=n, hits=int(n * right), brier=n * loss)
    part = share(track, 0.3, 0.6, 0.1)
    assert 0 < part <= 0.6
    parts = joined([Contribution(source="vote", id="v", value=arithmetic)], [Pull("m", score, part)])
    total = math.fsum(p.value for p in parts)
    assert abs(total - arithmetic) <= part * abs(score - arithmetic) + 1e-12
    assert 0 <= credited(stated, track) <= min(stated, 0.95)


def test_credit_and_share_follow_the_record() -> None:
    poor = Track(n=200, hits=100, brier=60.0)
    assert credited(0.9, Track()) == 0.45
    assert credited(0.9, poor) < 0.05
    assert 0.45 < credited(0.9, GOOD) <= 0.5
    assert share(Track(), 0.3, 0.6, 0.1) == pytest.approx(0.3)
    assert share(poor, 0.3, 0.6, 0.1) < 0.15
    assert share(GOOD, 0.3, 0.6, 0.1) > 0.55


def test_size_is_only_reduced_and_zero_forbids_the_entry() -> None:
    where = bullish()
    plain = ARITHMETIC(where)[0]
    full, half, none = (decide(mind(ok(said(size=size))), where, Track()) for size in (1.0, 0.5, 0.0))
    for asked, factor in ((full, 1.0), (half, 0.5), (none, 0.0)):
        assert asked.reasoning is not None
        whole = full.reasoning[0].size if full.reasoning else 0.0
        assert asked.reasoning[0].size == pytest.approx(whole * factor)
        assert asked.reasoning[0].size <= plain.size
    assert [clamp.limit for clamp in half.clamps] == ["model_size"]
    assert full.clamps == []


@pytest.mark.parametrize(("stop", "expected"), [(97.0, 3.0), (90.0, 4.0), (104.0, 4.0), (99.99, 1.0), (None, 4.0)])
def test_stop_may_only_tighten(stop: float | None, expected: float) -> None:
    asked = decide(mind(ok(said(stop=stop))), bullish())
    assert asked.reasoning is not None
    assert asked.reasoning[2].stop_distance == pytest.approx(expected)
    assert asked.reasoning[0].stop == pytest.approx(100 - expected)


def test_horizon_may_only_shorten() -> None:
    for horizon, expected in ((2, 2), (50, 5)):
        asked = decide(mind(ok(said(horizon=horizon))), bullish())
        assert asked.reasoning is not None
        assert asked.reasoning[2].max_bars == expected


def test_close_without_a_position_and_hold_say_nothing_about_the_side() -> None:
    where = bullish()
    for action in ("close", "hold"):
        asked = decide(mind(ok(said(action=action))), where)
        assert asked.reasoning is not None
        sources = [part.source for part in asked.reasoning[1]]
        assert "model" not in sources
        drawn = math.fsum(part.value for part in asked.reasoning[1])
        plain = math.fsum(part.value for part in ARITHMETIC(where)[1])
        assert 0.6 * plain < drawn < plain


def test_hold_with_size_zero_cannot_stop_what_its_share_does_not_carry() -> None:
    asked = decide(mind(ok(said(action="hold", size=0.0))), bullish(), Track())
    assert asked.reasoning is not None
    assert asked.reasoning[0].action == "buy"
    assert asked.reasoning[0].size == ARITHMETIC(bullish())[0].size


def test_close_of_an_open_position_leans_against_it() -> None:
    where = context(votes=[vote(0.1)], weights={"momentum": 1.0}, position=held("buy"))
    asked = decide(mind(ok(said(action="close", confidence=0.95))), where)
    assert asked.reasoning is not None
    assert asked.reasoning[0].side == "sell"


def test_invented_citation_goes_back_once_and_is_mended() -> None:
    api = Api(ok(said(citations=["memory:deadbeef"])), ok(said()))
    asked = decide(mind(api=api), bullish())
    assert asked.fault is None
    assert len(asked.calls) == 2
    assert "memory:deadbeef" in api.seen[1]["messages"][2]["content"]
    assert api.seen[1]["messages"][:1] == api.seen[0]["messages"]


FALLS = {
    "invented twice": ([ok(said(citations=["memory:deadbeef"]))], "invented"),
    "nothing cited": ([ok(said(citations=[]))], "invented"),
    "confidence above one": ([ok(said(confidence=1.5))], "unusable"),
    "not a number": ([ok('{"action": "buy", "confidence": NaN}')], "unusable"),
    "no JSON": ([ok("I would buy.")], "unusable"),
    "unknown action": ([ok(said(action="yolo"))], "unusable"),
    "unknown field": ([ok(said(leverage=100))], "unusable"),
    "half a reply": ([ok('{"action": "buy", "confi')], "unusable"),
    "refusal": ([ok("No.", "refusal")], "refusal"),
    "500": ([lambda r: error(500)], "server"),
    "no key": ([lambda r: error(401)], "authentication"),
}


@pytest.mark.parametrize("case", FALLS)
def test_whatever_fails_arithmetic_decides_and_the_reason_is_marked(case: str) -> None:
    answers, kind = FALLS[case]
    asked = decide(mind(*answers), bullish())
    assert asked.reasoning is None
    assert asked.fault is not None
    assert asked.fault.startswith(f"{kind}: ")
    assert all(vote.abstained for vote in asked.votes(ARITHMETIC(bullish())[0], speaks=True) if vote.voter.startswith("model:"))


def test_figure_that_was_never_shown_is_flagged_and_counts_for_less() -> None:
    honest = decide(mind(ok(said(thesis="At 100 with volatility of 15 % it goes on."))), bullish(), Track())
    strange = decide(mind(ok(said(thesis="At 100 it will reach 173.25."))), bullish(), Track())
    assert honest.opinion is not None
    assert strange.opinion is not None
    assert honest.opinion.flags == []
    assert strange.opinion.flags == ["figure 173.25 was never shown"]
    assert strange.opinion.confidence == pytest.approx(honest.opinion.confidence / 2)


def test_same_context_gives_the_same_bytes() -> None:
    where = bullish(recollection=remembered(0.4), skills=[skill()], plans={"pullback": STANDARD})
    first, second = Api(ok(said())), Api(ok(said()))
    decide(mind(api=first), where)
    decide(mind(api=second), where)
    assert json.dumps(first.seen) == json.dumps(second.seen)


def test_reply_kept_by_a_stopped_run_is_not_paid_for_again() -> None:
    api, kept = Api(ok(said(citations=["memory:deadbeef"])), ok(said())), MemoryCalls()
    first = decide(mind(api=api, kept=kept), bullish())
    again = decide(mind(api=Api(), kept=kept), bullish())
    assert again == first
    assert len(api.seen) == 2


def test_brief_is_small_and_cites_by_short_ids() -> None:
    where = bullish(recollection=remembered(0.4), skills=[skill("0123456789abcdef")], plans={"0123456789abcdef": STANDARD})
    signal, parts, _ = ARITHMETIC(where)
    shown = brief(where, signal, parts, _describe, Track().words(0.3), 2200, 0.35)
    assert shown.ids["skill:01234567"] == "skill:0123456789abcdef"
    assert shown.ids["vote:momentum"] == "vote:momentum"
    assert sum(part.tokens for part in shown.shown) <= 2200
    assert "rsi_14" not in shown.data  # what is not known is not shown


def test_citations_are_taken_bare_or_whole_and_each_once() -> None:
    ids = {"memory:01234567": "memory:0123456789", "vote:momentum": "vote:momentum"}
    found = cited(parse(said(citations=["momentum", "memory:01234567", "vote:momentum", "memory:0123456789"])), ids)
    assert found == ["vote:momentum", "memory:0123456789"]
    with pytest.raises(ModelFault, match="memory:99"):
        cited(parse(said(citations=["memory:99"])), ids)


def test_figures_may_be_rounded_or_in_per_cent_and_counts_are_free() -> None:
    shown = "rsi_14: 28.41, volatility_20: 0.1533, close: 2,058.9"
    fine = "RSI 28.4, volatility 15 %, close 2059, with 3 of 5 voters"
    assert unseen_figures(parse(said(thesis=fine)), shown) == []
    assert unseen_figures(parse(said(thesis="RSI 31.7")), shown) == ["31.7"]
    assert numbers("sma_20 of -1.5 and 1e3") == [-1.5, 1000.0]
