"""Several models side by side: bounded together, scored apart, and one that fails leaves the others their say."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cycle.accounts import accounts, notes
from agent.cycle.activity import extended, hold_share, passive
from agent.cycle.history import record_documents
from agent.domain import Contribution
from agent.doubles import double, serve
from agent.errors import ConfigError
from agent.llm import Budget, ModelFault, Prices, Spent
from agent.minds import mind_identity, model_mode, probed
from agent.reason.blend import Pull, bounded, joined
from agent.reason.model import ModelReasoner
from agent.reason.veil import Veil
from agent.settings import Llm, ModelVoter, Settings
from tests.cycle.build import READY, SETTINGS, desk_at, run, tell
from tests.llm.kit import NOW, Api, message, said
from tests.llm.test_cycle import desk_with, thinking

UNBOUND = {"max_cost": None, "max_cost_day": None}


def mocked(*voters: ModelVoter, first: str = "analyst", **more: Any) -> Settings:
    llm = Llm(double=first, voters=voters, **UNBOUND, **more)
    return SETTINGS.model_copy(update={"llm": "mock", "model": llm})


def voter(name: str, who: str, **more: Any) -> ModelVoter:
    return ModelVoter(name=name, model="claude-haiku-5-5", double=who, **more)


def test_every_voice_is_on_the_record_and_all_parts_add_up(home: Path) -> None:
    settings = mocked(voter("contrary", "contrarian"), voter("sure", "overconfident"))
    with desk_at(home, settings=settings) as desk:
        records = run(desk, READY, READY + 25)
        found = {name: desk.voters.record("all", f"model:{name}").n for name in ("claude-opus-5-5", "contrary", "sure")}
    with desk_at(home, settings=settings) as desk:
        assert {name: desk.voters.record("all", f"model:{name}").n for name in found} == found
    assert found["sure"] > 5
    assert all(n > 0 for n in found.values())
    for record in records:
        assert [voice.voter for voice in record.voices] == ["model:claude-opus-5-5", "model:contrary", "model:sure"]
        assert {vote.voter for vote in record.votes} >= {voice.voter for voice in record.voices}
        assert record.signal is None or math.isclose(
            math.fsum(part.value for part in record.contributions), record.signal.confidence * _sign(record), abs_tol=1e-9
        )
        assert len(record.calls) == 3


def _sign(record: Any) -> float:
    return {"buy": 1.0, "sell": -1.0}.get(record.signal.side or "", 0.0)


def test_first_voice_that_has_an_opinion_leads_and_the_fault_of_another_is_kept(home: Path) -> None:
    settings = mocked(voter("second", "analyst"), first="refusing")
    with desk_at(home, settings=settings) as desk:
        (record,) = run(desk, READY, READY + 1)
    assert record.reasoner == "model:second"
    assert record.fallback_reason is None
    assert (record.voices[0].fault or "").startswith("refusal: ")
    with desk_at(home.with_name("none"), settings=mocked(voter("second", "refusing"), first="refusing")) as desk:
        (record,) = run(desk, READY, READY + 1)
    assert record.reasoner == "arithmetic"
    assert (record.fallback_reason or "").startswith("refusal: ")


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 0.95)), min_size=1, max_size=8),
    st.floats(-1, 1),
    st.floats(0.05, 0.95),
)
def test_all_models_together_move_the_result_by_no_more_than_their_bound(
    given_: list[tuple[float, float]], arithmetic: float, most: float
) -> None:
    pulls = bounded([Pull(f"m{i}", score, part) for i, (score, part) in enumerate(given_)], most)
    parts = joined([Contribution(source="vote", id="v", value=arithmetic)], pulls)
    moved = abs(math.fsum(part.value for part in parts) - arithmetic)
    assert moved <= most * (1 + abs(arithmetic)) + 1e-9
    assert math.fsum(pull.part for pull in pulls) <= most + 1e-9


def test_voters_at_other_endpoints_are_asked_there_with_their_own_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(double("analyst")) as near, serve(double("contrarian")) as far:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", near.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-first")
        monkeypatch.setenv("OTHER_KEY", "sk-other")
        settings = mocked(voter("far", "analyst", base_url=far.url, key_env="OTHER_KEY")).model_copy(update={"llm": "live"})
        with desk_at(home, settings=settings) as desk:
            (record,) = run(desk, READY, READY + 1)
            assert isinstance(desk.mind, ModelReasoner)
            keys = [voice.model._client._open().api_key for voice in desk.mind.voices]
    assert [voice.fault for voice in record.voices] == [None, None]
    assert keys == ["sk-first", "sk-other"]


def test_voter_that_cannot_work_is_refused_before_anything_is_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTHER_KEY", raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-first")
    settings = mocked(voter("far", "analyst", key_env="OTHER_KEY")).model_copy(update={"llm": "live"})
    with pytest.raises(ConfigError, match="OTHER_KEY"), desk_at(home, settings=settings):
        pass
    assert not (home / "runs").exists()
    twice = mocked(voter("same", "analyst"), voter("same", "analyst"))
    with pytest.raises(ConfigError, match="twice"), desk_at(home, settings=twice):
        pass


def test_doctor_asks_every_endpoint_what_it_can_do() -> None:
    names = [check["name"] for check in probed(mocked(voter("second", "analyst")), lambda: NOW)]
    assert "model reply" in names
    assert "second: model reply" in names


def test_what_shapes_decisions_is_in_a_runs_name_and_keys_are_not() -> None:
    plain = mind_identity(mocked())
    assert mind_identity(mocked(voter("second", "analyst"))) != plain
    assert mind_identity(mocked(mask=True)) != plain
    assert "OTHER_KEY" not in str(mind_identity(mocked(voter("second", "analyst", key_env="OTHER_KEY"))))
    assert model_mode(mocked()) == "mock"


def test_calls_side_by_side_cannot_pass_the_bound_together() -> None:
    llm, spent = Llm(max_cost=1.0, max_cost_day=None, price_input=1.0, price_output=0.0), Spent()
    budget = Budget(llm, Prices(llm, lambda: NOW), lambda: NOW, spent)
    barrier, refused = threading.Barrier(2, timeout=10), []

    def call() -> None:
        try:
            with budget.reserved("any", b"x" * 500_000, 0):  # 0.625 of the bound
                barrier.wait()
        except ModelFault as err:
            refused.append(err.fault)
            barrier.wait()

    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["budget"]
    assert spent.pending == 0.0


def test_masked_run_decides_as_an_open_one_and_no_model_means_the_same_bytes(home: Path) -> None:
    veil = Veil.over(("SP500",), {"SP500": 100.0}, 3)
    seen: dict[bool, tuple[Api, list[Any]]] = {}
    for masked in (False, True):
        api = Api(thinking)
        with desk_with(home.with_name(f"m{masked}"), api) as desk:
            mind = desk.mind
            assert isinstance(mind, ModelReasoner)
            seen[masked] = api, run(replace(desk, mind=replace(mind, veil=veil if masked else None)), READY, READY + 25)
    assert [(r.decision, r.order and r.order.quantity) for r in seen[False][1]] == [
        (r.decision, r.order and r.order.quantity) for r in seen[True][1]
    ]
    assert "SP500" in str(seen[False][0].seen)
    assert "SP500" not in str(seen[True][0].seen)
    assert "ASSET1" not in str([r.model_dump(exclude={"opinion"}) for r in seen[True][1]])
    bare = SETTINGS.model_copy(update={"llm": "none"})
    hidden = bare.model_copy(update={"model": Llm(mask=True)})
    told = []
    for name, settings in (("bare", bare), ("hidden", hidden)):
        with desk_at(home.with_name(name), settings=settings) as desk:
            told.append(tell(run(desk, READY, READY + 25)))
    assert told[0] == told[1]


def test_cutoff_is_on_the_record_and_in_the_notes(home: Path) -> None:
    with desk_with(home, Api(thinking)) as desk:
        (record,) = run(desk, READY, READY + 1)
        told = notes(record_documents(desk.memory.journal))
    assert record.opinion is not None
    assert str(record.opinion.cutoff) == "2026-06-30"
    assert record.opinion.may_remember is True
    assert told == [
        "claude-opus-5-5 was trained on data to 2026-06-30: it may remember 1 of its 1 bars; --mask hides what they are known by."
    ]


def test_model_that_only_holds_while_arithmetic_would_act_is_an_alarm_on_the_record(home: Path) -> None:
    with desk_with(home, Api(lambda request: httpx2.Response(200, json=_hold()))) as desk:
        records = run(desk, READY, READY + 60)
        document = accounts(desk.memory.journal, Llm())
        told = notes(record_documents(desk.memory.journal))
    assert records[0].alarms == []
    assert records[-1].alarms
    assert "arithmetic would have entered" in records[-1].alarms[0]
    assert document["hold_share"] == 1.0
    assert document["alarm"]
    assert told[-1].startswith("Alarm: the model held")


def _hold() -> Any:
    return message(said(action="hold", confidence=0.1, citations=[]))


def test_activity_forgets_what_is_long_ago_and_few_decisions_are_no_alarm() -> None:
    activity = ""
    for _ in range(19):
        activity = extended(activity, True, True)
    assert passive(activity) is None
    assert passive(extended(activity, True, True)) is not None
    assert passive("h" * 50) is None  # arithmetic would not have acted either
    for _ in range(100):
        activity = extended(activity, False, True)
    assert passive(activity) is None
    assert hold_share(activity) == 0.0
    assert hold_share("") is None
