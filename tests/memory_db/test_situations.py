import math
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.errors import ConfigError
from agent.guard.signing import Signer
from memory_db.journal import Journal
from memory_db.situations import SituationRecall, Situations
from memory_db.store import PLAIN, MemoryStore
from tests.memory_db.fakes import DAY, DAY_NS, START, fill


def vector(*numbers: float) -> NDArray[np.float32]:
    return np.array(numbers, dtype=np.float32)


def put(
    memory: Situations,
    journal: Journal,
    name: str,
    x: float,
    *,
    day: int,
    symbol: str = "A",
    r: float | None = None,
    after: int = 3,
) -> None:
    """One situation of a single number, and (if ``r`` is given) its outcome: r long, -r short."""
    with journal.write() as w:
        memory.add(
            w,
            id=name,
            symbol=symbol,
            bar_time=START + day * DAY,
            known_at=START + (day + 1) * DAY,
            vector=vector(x),
            line="quiet",
        )
        if r is not None:
            memory.add_shadow(w, id=name, symbol=symbol, buy=r, sell=-r, known_at=START + (day + after) * DAY)


@pytest.fixture
def memory(journal: Journal) -> Situations:
    return Situations(journal, PLAIN)


def ask(
    memory: Situations, x: float, day: int, *, k: int = 2, min_settled: int = 1, shrinkage: float = 2.0, symbol: str = "Q"
) -> SituationRecall:
    return memory.recall(
        vector(x),
        symbol=symbol,
        as_of=START + day * DAY,
        k=k,
        horizon_ns=3 * DAY_NS,
        min_settled=min_settled,
        shrinkage=shrinkage,
    )


def test_estimate_worked_by_hand(memory: Situations, journal: Journal) -> None:
    for name, x, day, r in (("a", 0.0, 0, 2.0), ("b", 0.1, 10, -1.0), ("c", 3.0, 20, -1.0), ("d", 4.0, 30, -0.5)):
        put(memory, journal, name, x, day=day, r=r)
    found = ask(memory, 0.0, 100)
    # picked: a (+2) and b (-1), mean 0.5; base mean -0.125, base rate 1/4; two pseudo-observations
    assert found.estimate is not None
    assert found.other_side is not None
    assert found.estimate.side == "buy"
    assert found.estimate.mean_r == pytest.approx((2.0 - 1.0 + 2 * -0.125) / 4)
    assert found.estimate.p_win == pytest.approx((1 + 2 * 0.25) / 4)
    assert (found.estimate.n_eff, found.estimate.base_mean_r, found.estimate.base_rate) == (2.0, -0.125, 0.25)
    assert found.other_side.side == "sell"
    assert found.other_side.mean_r == pytest.approx((-2.0 + 1.0 + 2 * 0.125) / 4)
    assert found.other_side.p_win == pytest.approx((1 + 2 * 0.75) / 4)
    assert [(a.id, a.r, a.side, a.shadow) for a in found.analogues] == [("a", 2.0, "buy", True), ("b", -1.0, "buy", True)]
    assert found.analogues[0].similarity == 1.0
    assert found.analogues[1].similarity == pytest.approx(1 / 1.1)
    assert [a.id for a in found.counter_evidence] == ["a", "b", "c"]
    assert found.settled == 4


def test_recall_without_enough_settled_gives_no_estimate(memory: Situations, journal: Journal) -> None:
    for i in range(5):
        put(memory, journal, f"s{i}", float(i), day=10 * i, r=1.0)
    put(memory, journal, "open", 0.0, day=60)
    found = ask(memory, 0.0, 100, min_settled=6)
    assert (found.estimate, found.other_side, found.analogues, found.settled) == (None, None, [], 5)
    assert ask(memory, 0.0, 100, min_settled=5).estimate is not None


def test_recall_outcome_known_a_day_later_is_not_seen(memory: Situations, journal: Journal) -> None:
    put(memory, journal, "a", 0.0, day=0, r=1.0, after=5)
    assert ask(memory, 0.0, 4).settled == 0
    assert ask(memory, 0.0, 5).settled == 1


def test_recall_of_one_symbol_no_two_lie_within_the_horizon(memory: Situations, journal: Journal) -> None:
    for day in range(12):
        put(memory, journal, f"a{day:02d}", day / 100, day=day, r=1.0)
        put(memory, journal, f"b{day:02d}", day / 100 + 0.001, day=day, symbol="B", r=-1.0)
    found = ask(memory, 0.0, 100, k=20)
    assert [a.id for a in found.analogues] == ["a00", "b00", "a03", "b03", "a06", "b06", "a09", "b09"]
    for symbol in ("A", "B"):
        days = sorted(a.bar_time for a in found.analogues if a.symbol == symbol)
        assert all(later - earlier >= 3 * DAY for earlier, later in pairwise(days))


def test_recall_nothing_of_the_same_symbol_reaches_into_the_present(memory: Situations, journal: Journal) -> None:
    put(memory, journal, "own", 0.0, day=10, r=1.0, after=1)
    put(memory, journal, "older", 0.0, day=5, r=1.0, after=1)
    assert [a.id for a in ask(memory, 0.0, 12, symbol="A").analogues] == ["older"]
    assert [a.id for a in ask(memory, 0.0, 12, symbol="B").analogues] == ["older", "own"]


def test_recall_equal_distances_are_ordered_by_id(memory: Situations, journal: Journal) -> None:
    for day, name in ((0, "c"), (10, "a"), (20, "b")):
        put(memory, journal, name, 1.0, day=day, r=1.0)
    assert [a.id for a in ask(memory, 0.0, 100, k=3).analogues] == ["a", "b", "c"]


def test_recall_choice_does_not_look_at_outcomes(tmp_path: Path, signer: Signer) -> None:
    chosen = []
    for sign in (1.0, -1.0):
        with closing(Journal.open(tmp_path / f"{sign}.sqlite", signer, durable=False)) as journal:
            memory = Situations(journal, PLAIN)
            for i, x in enumerate(np.random.default_rng(3).normal(size=60)):
                put(memory, journal, f"s{i:02d}", float(x), day=i, r=sign * (1.0 if i % 3 else -1.0))
            chosen.append([a.id for a in ask(memory, 0.2, 100, k=8).analogues])
    assert chosen[0] == chosen[1]


def test_recall_a_vector_that_is_not_ready_is_refused(memory: Situations, journal: Journal) -> None:
    put(memory, journal, "a", 0.0, day=0, r=1.0)
    with pytest.raises(ConfigError, match="finite"):
        ask(memory, math.nan, 10)
    with pytest.raises(ConfigError, match="2 numbers"):
        memory.recall(vector(0, 1), symbol="A", as_of=START + 9 * DAY, k=1, horizon_ns=1, min_settled=1, shrinkage=0.0)


def test_situation_of_another_width_is_refused(memory: Situations, journal: Journal) -> None:
    put(memory, journal, "a", 0.0, day=0)
    with pytest.raises(ConfigError, match="has 2 numbers"), journal.write() as w:
        memory.add(w, id="b", symbol="A", bar_time=START, known_at=START, vector=vector(0, 1), line="x")


def test_shadow_outcome_that_is_not_finite_is_refused(memory: Situations, journal: Journal) -> None:
    with pytest.raises(ConfigError, match="finite"), journal.write() as w:
        memory.add_shadow(w, id="a", symbol="A", buy=math.nan, sell=1.0, known_at=START)


def test_situations_rolled_back_are_not_recalled(memory: Situations, journal: Journal) -> None:
    def fail() -> None:
        with journal.write() as w:
            memory.add(w, id="a", symbol="A", bar_time=START, known_at=START, vector=vector(1), line="x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(memory) == 0


def test_situations_grown_loaded_and_of_another_process_are_the_same(store: MemoryStore) -> None:
    fill(store, 120)
    loaded = Situations(store.journal, PLAIN)
    with closing(Journal.open(Path(store.journal.where), store.journal._signer, durable=False)) as second:
        other = Situations(second, PLAIN)
        fill(store, 40, start=120)
        other.refresh()
        query = np.random.default_rng(1).normal(size=6).astype(np.float32)
        answers = [
            memory.recall(query, symbol="S0", as_of=START + 130 * DAY, k=9, horizon_ns=4 * DAY_NS, min_settled=5, shrinkage=20.0)
            for memory in (store.situations, loaded, other, Situations(store.journal, PLAIN))
        ]
    assert answers[0].estimate is not None
    assert all(answer == answers[0] for answer in answers)


def recall_at(store: MemoryStore, as_of: datetime, seed: int) -> SituationRecall:
    query = np.random.default_rng([99, seed]).normal(size=6).astype(np.float32)
    return store.situations.recall(query, symbol="S1", as_of=as_of, k=7, horizon_ns=3 * DAY_NS, min_settled=5, shrinkage=20.0)


@pytest.fixture
def truncated(tmp_path: Path, signer: Signer, store: MemoryStore) -> Iterator[MemoryStore]:
    with MemoryStore.open(tmp_path / "short", signer=signer, embedder=None, settings=store.settings, durable=False) as other:
        yield other


def test_recall_as_of_the_past_equals_a_store_of_only_what_was_known_then(store: MemoryStore, truncated: MemoryStore) -> None:
    fill(store, 400, symbols=3)
    generator = np.random.default_rng(5)
    days = sorted(int(day) for day in generator.integers(20, 399, size=40))
    written = 0
    for seed, day in enumerate(days):
        # a day's facts are known when it ends, which is the next one's start
        fill(truncated, day - written, start=written, symbols=3)
        written = day
        as_of = START + day * DAY
        assert recall_at(store, as_of, seed) == recall_at(truncated, as_of, seed)


def test_recall_pool_and_full_scan_choose_the_same(store: MemoryStore) -> None:
    fill(store, 700, symbols=2)
    memory = store.situations
    everything = np.arange(len(memory), dtype=np.int64)
    for seed in range(12):
        query = np.random.default_rng([4, seed]).normal(size=6).astype(np.float32)
        arguments = {
            "symbol": "S0",
            "as_of": START + 2000 * DAY,
            "k": 10,
            "horizon_ns": 5 * DAY_NS,
            "min_settled": 5,
            "shrinkage": 20.0,
        }
        pooled = memory.recall(query, **arguments)  # type: ignore[arg-type]
        distances = np.linalg.norm(memory._columns.vectors[: len(memory)].astype(float) - query, axis=1)
        order = everything[np.argsort(distances, kind="stable")]
        picked: list[int] = []
        for row in order:
            settled = memory._columns.known[row] < np.iinfo(np.int64).max
            near = [p for p in picked if memory._columns.symbol[p] == memory._columns.symbol[row]]
            if settled and all(abs(memory._columns.bar[p] - memory._columns.bar[row]) >= 5 * DAY_NS for p in near):
                picked.append(int(row))
            if len(picked) == 10:
                break
        assert [a.id for a in pooled.analogues] == [memory._ids[row] for row in picked]
