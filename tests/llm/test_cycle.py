"""A model inside the cycle: locks are free while it thinks, replies outlive a kill, faults never hide."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agent.cycle import Desk, halt, run_cycle
from agent.cycle.accounts import accounts
from agent.cycle.calls import JournalCalls, calls_of, restored
from agent.domain import CycleRecord
from agent.llm import Budget, Prices
from agent.llm.client import Client
from agent.llm.model import Model
from agent.market.features import DOCS
from agent.reason.model import ModelReasoner
from agent.settings import Llm, Settings
from memory_db.journal import Journal
from skills.render import render
from tests.cycle.build import READY, SETTINGS, desk_at, known, run, tell
from tests.llm.kit import NOW, Answer, Api, Clock, error, ok, said

_VOTE = re.compile(r"^(vote:\w+) ([+-]\d\.\d+)", re.MULTILINE)


def thinking(request: httpx2.Request) -> httpx2.Response:
    """Follow the first vote shown; hold where there is none."""
    user = json.loads(request.content)["messages"][0]["content"]
    found = _VOTE.search(user)
    action = "hold" if found is None else ("buy" if float(found[2]) > 0 else "sell")
    text = said(action=action, citations=[found[1]] if found else [], horizon=20)
    return ok(text, input_tokens=900, cache_read_input_tokens=1200)(request)


def minded(desk: Desk, api: Api, llm: Llm | None = None, clock: Clock | None = None) -> Desk:
    """The desk with a model over a fake API."""
    chosen, ticks, journal = llm or Llm(max_cost=None, max_cost_day=None), clock or Clock(), desk.memory.journal
    settings = desk.settings.model_copy(update={"model": chosen})
    spent = restored(journal, lambda: NOW)
    budget = Budget(chosen, Prices(chosen, lambda: NOW), lambda: NOW, spent)
    client = Client(chosen, api.sdk, budget, clock=ticks, sleep=ticks.sleep)
    model = Model("live", client, JournalCalls(journal, spent), None, clock=ticks, today=lambda: NOW)

    def describe(match: Any) -> str:
        found = desk.skills.get(match.id, match.version)
        return render(found, desk.skills.counts(found))

    return replace(desk, settings=settings, mind=ModelReasoner.of(model, settings, b"home", describe, tuple(DOCS.items())))


@contextmanager
def desk_with(
    home: Path, api: Api, llm: Llm | None = None, clock: Clock | None = None, settings: Settings = SETTINGS
) -> Iterator[Desk]:
    with desk_at(home, settings=settings) as desk:
        yield minded(desk, api, llm, clock)


def test_decision_by_the_model_keeps_everything_beside_arithmetic(home: Path) -> None:
    with desk_with(home, Api(thinking)) as desk:
        records = run(desk, READY, READY + 30)
        assert [call.decision for call in calls_of(desk.memory.journal)] == [record.id for record in records]
        assert desk.memory.verify()["ok"]
    for record in records:
        assert record.reasoner == "model:claude-opus-5-5"
        assert record.opinion is not None
        assert record.fallback_reason is None
        assert record.prompt_hash
        assert record.usage.cached_tokens == 1200
        assert record.cost_usd > 0
        assert {part.name for part in record.shown} >= {"state", "votes", "skills"}
        assert {vote.voter for vote in record.votes} >= {"model:claude-opus-5-5", "arithmetic"}
    assert any(record.arithmetic for record in records)


def test_model_is_scored_like_any_voter_and_its_record_comes_back_after_a_restart(home: Path) -> None:
    with desk_with(home, Api(thinking)) as desk:
        run(desk, READY, READY + 60)
        before = desk.voters.record("all", "model:claude-opus-5-5")
        assert before.n > 5
    with desk_with(home, Api(thinking)) as desk:
        assert desk.voters.record("all", "model:claude-opus-5-5") == before


def test_no_lock_is_held_while_the_model_thinks_and_a_halt_said_meanwhile_counts(home: Path) -> None:
    asked: list[int] = []
    with desk_with(home, Api(thinking)) as desk:
        entry = next(i for i in range(READY, 700) if run_cycle(desk, "SP500", known(i)).order is not None)

    def halting(request: httpx2.Request) -> httpx2.Response:
        with Journal.open(journal, desk.memory.journal._signer) as other:
            asked.append(halt(other, reason="wait", at=known(entry), principal="operator").halted)
        return thinking(request)

    with desk_with(home.with_name("other"), Api(thinking)) as desk:
        run(desk, READY, entry)
        journal = Path(desk.memory.folder) / "journal.sqlite"
        record = run_cycle(minded(desk, Api(halting)), "SP500", known(entry))
        assert desk.memory.verify()["ok"]
    assert asked == [True]
    assert record.order is None
    assert "halt" in [clamp.limit for clamp in record.clamps]


@dataclass
class Killed(BaseException):
    """The process ends here."""


def test_run_killed_after_a_reply_pays_it_once_and_ends_the_same(home: Path) -> None:
    api = Api(thinking)
    with desk_with(home.with_name("whole"), api) as desk:
        whole = tell(run(desk, READY, READY + 12))
    paid = len(api.seen)

    def die(*args: object) -> None:
        raise Killed

    first = Api(thinking)
    with desk_with(home, first) as desk:
        run(desk, READY, READY + 6)
        broken = replace(desk, broker=_Dying(desk.broker, die))
        with pytest.raises(Killed):
            run_cycle(broken, "SP500", known(READY + 6))
    second = Api(thinking)
    with desk_with(home, second) as desk:
        rest = tell(run(desk, READY, READY + 12))
        assert desk.memory.verify()["ok"]
        assert accounts(desk.memory.journal, Llm())["calls"] == paid
    assert rest == whole
    assert len(first.seen) + len(second.seen) == paid


@dataclass
class _Dying:
    """A broker that ends the process when the book is read for the limits."""

    real: Any
    die: Callable[..., None]
    _met: int = field(default=0)

    def __getattr__(self, name: str) -> Any:
        return self.die if name == "waiting_exposure" else getattr(self.real, name)


FAULTS: tuple[Answer, ...] = (
    lambda r: error(400, "invalid_request_error"),
    lambda r: error(429, "rate_limit_error"),
    lambda r: error(429, "rate_limit_error", **{"retry-after": "2"}),
    lambda r: error(429, "rate_limit_error", **{"retry-after": "900"}),
    lambda r: error(500),
    lambda r: error(529, "overloaded_error"),
    lambda r: httpx2.Response(200, content=b'{"id": "msg_1", "cont'),
    ok("I cannot.", "refusal"),
    ok('{"action": "bu', "max_tokens"),
    ok("wait", "pause_turn"),
    ok([{"type": "tool_use", "id": "t", "name": "go", "input": {}}], "tool_use"),
    ok([{"type": "brand_new", "payload": 1}]),
    ok(said(confidence=7.0)),
    ok(said(citations=["memory:feedface"])),
)


def _raising(kind: type[Exception]) -> Answer:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise kind("told so", request=request)  # type: ignore[call-arg]

    return answer


EVERY = (*FAULTS, *(_raising(kind) for kind in (httpx2.ConnectError, httpx2.ReadTimeout, httpx2.RemoteProtocolError)))


def injecting(seed: int, share: float) -> Answer:
    """Any fault with this probability, else an opinion."""
    chance = random.Random(seed)

    def answer(request: httpx2.Request) -> httpx2.Response:
        return (chance.choice(EVERY) if chance.random() < share else thinking)(request)

    return answer


def _endure(home: Path, decisions: int, cap: float) -> tuple[list[CycleRecord], float, list[float]]:
    """Decisions against a failing server: the records, what was spent at most, and seconds each waited."""
    clock, waited, records = Clock(), [], []
    llm = Llm(max_cost=cap, max_cost_day=None, deadline=60.0, breaker_seconds=20.0)
    with desk_with(home, Api(injecting(7, 0.2)), llm, clock) as desk:
        for i in range(decisions):
            begun = clock.now
            records.append(run_cycle(desk, "SP500", known(READY + i)))
            waited.append(clock.now - begun)
            clock.now += 30.0  # bars come in their own time
        assert desk.memory.verify()["ok"]
        assert isinstance(desk.mind, ModelReasoner)
        spent = desk.mind.voices[0].model.spent
    return records, spent.total + spent.at_risk, waited


def _judge(records: list[CycleRecord], spent: float, cap: float, waited: list[float]) -> None:
    by_model = [record for record in records if record.reasoner.startswith("model:")]
    others = [record for record in records if not record.reasoner.startswith("model:")]
    assert all(record.status in ("ok", "abstained") for record in records)
    assert all(record.fallback_reason for record in others)
    assert not any(record.fallback_reason for record in by_model)
    assert len(by_model) >= 0.75 * len(records)
    assert spent <= cap
    assert max(waited) <= 60.0


def test_hundred_decisions_against_a_failing_server(home: Path) -> None:
    records, spent, waited = _endure(home, 100, 50.0)
    _judge(records, spent, 50.0, waited)
    assert any(record.fallback_reason for record in records)


@pytest.mark.slow
def test_thousand_decisions_against_a_failing_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.cycle.build.BARS", 1400)
    from tests.cycle.build import market

    market.cache_clear()
    from agent.wiring.recorded import RecordedFeed

    feed = RecordedFeed({"SP500": market("SP500", 1, READY + 1001)})
    clock, waited, records = Clock(), [], []
    llm = Llm(max_cost=200.0, max_cost_day=None, deadline=60.0, breaker_seconds=20.0)
    with desk_at(home, feed) as plain:
        desk = minded(plain, Api(injecting(11, 0.2)), llm, clock)
        for i in range(1000):
            begun = clock.now
            records.append(run_cycle(desk, "SP500", known(READY + i)))
            waited.append(clock.now - begun)
            clock.now += 30.0
        assert isinstance(desk.mind, ModelReasoner)
        spent = desk.mind.voices[0].model.spent
    _judge(records, spent.total + spent.at_risk, 200.0, waited)
    assert len(records) == 1000


def test_spent_money_stops_the_model_and_not_the_decisions(home: Path) -> None:
    llm = Llm(max_cost=0.2, max_cost_day=None)
    with desk_with(home, Api(thinking), llm) as desk:
        records = run(desk, READY, READY + 40)
    with desk_with(home, Api(thinking), llm) as desk:
        more = run(desk, READY + 40, READY + 45)
        document = accounts(desk.memory.journal, llm)
    assert 0 < document["cost_usd"] <= 0.2
    assert records[0].reasoner.startswith("model:")
    assert all((record.fallback_reason or "").startswith("budget: --max-cost 0.2") for record in more)
    assert document["decisions"]["by_model"] + document["decisions"]["fallback"] == 45


def test_expert_effect_leaves_the_model_unasked_on_the_record(home: Path) -> None:
    rules = SETTINGS.reason.model_copy(update={"skip": True, "skip_bound": 0.0})
    api = Api(thinking)
    with desk_with(home, api, settings=SETTINGS.model_copy(update={"reason": rules})) as desk:
        records = run(desk, READY, READY + 160)
    skipped = [record for record in records if record.skipped]
    assert skipped
    assert len(api.seen) == len(records) - len(skipped)
    for record in skipped:
        assert (record.reasoner, record.fallback_reason, record.usage.input_tokens) == ("arithmetic", None, 0)
        sides = {vote.score > 0 for vote in record.votes if not vote.abstained and vote.voter not in ("memory", "arithmetic")}
        assert len(sides) <= 1


def test_context_outside_the_cacheable_prefix_stays_small(home: Path) -> None:
    api = Api(thinking)
    with desk_with(home, api) as desk:
        run(desk, READY, READY + 60)
    largest = max(len(body["messages"][0]["content"].encode()) for body in api.seen)
    assert largest / 3 <= 2500
    assert len({body["system"][0]["text"] for body in api.seen}) == 1
