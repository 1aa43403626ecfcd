"""Modes and money: nothing is paid for twice, a replay is exact and free, and the bound holds before the call."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.domain import Usage
from agent.llm import Call, MemoryCalls, ModelFault, Prices, Turn
from agent.llm.model import Model
from agent.settings import Llm
from prompts import fenced
from tests.llm.kit import NOW, Api, error, model, ok, request


def _ask(asked: Model, text: str = "What now?", **changes: str) -> Call:
    return asked.ask(request(text, **changes), [], as_of=NOW, deadline=60.0, decision="d1", symbol="SP500")


def test_live_reply_is_kept_and_never_paid_for_twice() -> None:
    api, kept = Api(ok("fine")), MemoryCalls()
    first = _ask(model(api, kept=kept))
    again = _ask(model(api, kept=kept))
    assert first == again
    assert len(api.seen) == 1


def test_replay_is_exact_and_free() -> None:
    recorded = MemoryCalls()
    first = _ask(model(Api(ok("fine")), mode="record", recorded=recorded))
    silent = Api()
    replayed = _ask(model(silent, mode="replay", recorded=recorded))
    assert (replayed.content, replayed.usage) == (first.content, first.usage)
    assert (replayed.cost_usd, replayed.paid) == (0.0, False)
    assert first.cost_usd > 0
    assert silent.seen == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"prompt": "p2"}, "with the prompt p1 and this is p2"),
        ({"model": "claude-haiku-5-5"}, "with the model claude-opus-5-5 and claude-haiku-5-5 is asked for"),
        ({"system": "Be long."}, "the context differs"),
    ],
)
def test_replay_of_what_changed_is_a_miss_that_says_so(changes: dict[str, str], reason: str) -> None:
    recorded = MemoryCalls()
    _ask(model(Api(ok("fine")), mode="record", recorded=recorded))
    different = {"system": "Be brief indeed.", **changes} if "prompt" in changes else changes
    with pytest.raises(ModelFault, match="miss") as caught:
        _ask(model(Api(), mode="replay", recorded=recorded), **different)
    assert reason in str(caught.value)


def test_replay_of_what_was_never_recorded_says_how_to_record_it() -> None:
    with pytest.raises(ModelFault, match="--llm record"):
        _ask(model(Api(), mode="replay", recorded=MemoryCalls()))


def test_hash_of_a_request_is_the_same_in_every_home() -> None:
    one = request("the same data")
    fence = fenced(b"another home", "the same data")
    other = request("the same data", fence=fence, turns=(Turn("user", f"{fence.open}\nthe same data\n{fence.close}"),))
    assert one.body() != other.body()
    assert one.hash() == other.hash()
    assert one.hash() != request("other data").hash()


def test_cost_comes_from_the_price_library_with_the_cached_part_cheaper() -> None:
    prices = Prices(Llm(), lambda: NOW)
    plain = prices.cost("claude-opus-5-5", Usage(input_tokens=1_000_000, output_tokens=1_000_000))
    cached = prices.cost("claude-opus-5-5", Usage(input_tokens=1_000_000, cached_tokens=1_000_000, output_tokens=1_000_000))
    assert plain == pytest.approx(24.0)
    assert cached is not None
    assert plain is not None
    assert cached < plain


def test_unknown_price_with_a_bound_refuses_to_call_and_names_the_settings() -> None:
    api = Api(ok("fine"))
    with pytest.raises(ModelFault, match="model.price_input"):
        _ask(model(api), model="llama-of-mine")
    assert api.seen == []
    priced = Llm(price_input=1.0, price_output=2.0)
    assert _ask(model(api, priced), model="llama-of-mine").cost_usd == pytest.approx((100 * 1.0 + 50 * 2.0) / 1e6)


def test_bound_is_checked_for_the_worst_case_before_the_call() -> None:
    api = Api(ok("fine"))
    asked = model(api, Llm(max_cost=0.001))
    with pytest.raises(ModelFault, match="--max-cost 0.001"):
        _ask(asked)
    assert api.seen == []


def _until_refused(asked: Model) -> None:
    for i in range(100):
        _ask(asked, f"question {i}")


def test_spending_stays_below_the_bound_of_run_and_day() -> None:
    for bounds in ({"max_cost": 0.05}, {"max_cost_day": 0.05}):
        asked = model(Api(ok("fine", output_tokens=500)), Llm.model_validate(bounds))
        with pytest.raises(ModelFault, match="budget"):
            _until_refused(asked)
        assert 0.03 < asked.spent.total <= 0.05


def test_call_without_a_reply_counts_at_its_worst() -> None:
    import httpx2

    def broken(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("late", request=request)

    asked = model(Api(broken), Llm(attempts=1))
    with pytest.raises(ModelFault, match="timeout"):
        _ask(asked)
    assert asked.spent.total == 0
    assert asked.spent.at_risk > 0
    refused = model(Api(lambda r: error(500)), Llm(attempts=1))
    with pytest.raises(ModelFault, match="server"):
        _ask(refused)
    assert refused.spent.at_risk == 0


def test_day_of_the_money_is_the_wall_clocks() -> None:
    asked = model(Api(ok("fine")))
    call = asked.ask(request(), [], as_of=NOW - timedelta(days=900), deadline=60.0)
    assert call.spent_at == NOW
    assert list(asked.spent.by_day) == [NOW.date()]
