from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.guard.signing import Signer
from agent.market.situation import LAYOUT, Layout
from agent.settings import Recall, Settings
from memory_db.nearest import Columns
from memory_db.situations import SituationRecall
from memory_db.store import MemoryStore
from memory_db.weighing import KIND
from memory_db.weights import Tally, Weights, due, look
from tests.memory_db.fakes import DAY, DAY_NS, START

# eight numbers to compare by; behind them volatility and two kinds of market
WIDTH, COMPARED = 11, 8
PLANTED = Layout("t", COMPARED, (8, 9, 10))
Paid = Callable[[NDArray[np.float64], np.random.Generator], NDArray[np.float64]]


def market(count: int, seed: int, *, told: float, paid: Paid | None = None) -> Columns:
    """A series whose number 0 says, by a share of ``told``, what volatility and kind come; without that nothing does."""
    chance, lasting = np.random.default_rng(seed), 25 if told else 1
    numbers = chance.normal(size=(count, COMPARED))
    ahead = np.repeat(chance.normal(size=count // lasting + 25), lasting)[: count + 20]
    numbers[:, 0] = told * ahead[20:] + (1 - told) * numbers[:, 0]
    p = 1 / (1 + np.exp(-3 * ahead[:count]))
    columns = Columns(count, WIDTH)
    columns.vectors[:] = np.column_stack([numbers, 0.5 * ahead[:count], p, 1 - p])
    columns.squares[:] = (columns.vectors[:, :COMPARED] ** 2).sum(axis=1)
    columns.bar[:] = np.arange(count) * DAY_NS
    columns.made[:] = columns.bar + DAY_NS
    columns.known[:] = columns.made + 5 * DAY_NS
    columns.buy[:] = chance.normal(size=count) if paid is None else paid(numbers, chance)
    columns.sell[:] = -columns.buy
    return columns


def looks(columns: Columns, layout: Layout = PLANTED) -> list[Weights]:
    """Every look over a series that is lived through."""
    ids, found = [str(i) for i in range(len(columns.made))], list[tuple[Weights, int]]()
    for count in range(1, len(ids)):
        last = found[-1] if found else None
        if count >= due(last[0] if last else None, 1):
            now = int(columns.made[count])
            seen = look(columns, ids, layout, now, last)
            assert seen is not None
            found.append((seen, now))
    return [one for one, _ in found]


def test_a_number_that_tells_what_follows_comes_to_count_for_more() -> None:
    found = looks(market(2000, 1, told=0.8))
    assert found[-1].learnt
    assert not found[0].learnt  # nothing is believed before it was tried
    table = np.abs(np.array(found[-1].table))
    assert table[0].sum() > 3 * table[1:COMPARED].sum(axis=1).max()


def test_where_nothing_tells_what_follows_the_documented_distance_stays() -> None:
    stood = [any(one.learnt for one in looks(market(1500, seed, told=0.0))) for seed in range(12)]
    assert sum(stood) <= 2


def test_weights_that_foretell_results_worse_do_not_stand_however_well_they_foretell_the_market() -> None:
    def by_another_number(numbers: NDArray[np.float64], chance: np.random.Generator) -> NDArray[np.float64]:
        wins: NDArray[np.float64] = 2.0 * numbers[:, 5] + 0.3 * chance.normal(size=len(numbers))
        return wins

    found = looks(market(2000, 1, told=0.8, paid=by_another_number))
    assert found[-1].closer.z > 2
    assert found[-1].paid.z < -1.0
    assert not any(one.learnt for one in found)


def test_a_look_reads_nothing_that_became_known_later() -> None:
    columns = market(900, 3, told=0.6)
    ids, now = [str(i) for i in range(900)], int(columns.made[500])
    first = look(columns, ids, PLANTED, int(columns.made[200]), None)
    assert first is not None
    before = look(columns, ids, PLANTED, now, (first, int(columns.made[200])))
    later = columns.made >= now
    columns.vectors[later] = 99.0
    columns.buy[columns.known > now] = 99.0
    assert look(columns, ids, PLANTED, now, (first, int(columns.made[200]))) == before


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_a_situation_is_seen_the_same_alone_and_among_others(seed: int, count: int) -> None:
    chance = np.random.default_rng(seed)
    table = tuple(tuple(row) for row in chance.normal(size=(2 * WIDTH, 3)).round(6).tolist())
    weights = Weights(count=1, learnt=True, table=table)
    rows = chance.normal(size=(count, WIDTH)).astype(np.float32)
    assert np.array_equal(weights.see(rows), np.concatenate([weights.see(row[None, :]) for row in rows]))


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30))
def test_a_tally_is_the_t_statistic_of_its_blocks(gains: list[float]) -> None:
    tally = Tally()
    for gain in gains:
        tally = tally.and_(gain)
    spread = np.std(gains, ddof=1)
    if spread > 1e-4:
        assert tally.z == pytest.approx(np.mean(gains) / (spread / np.sqrt(len(gains))), rel=1e-4, abs=1e-6)


def lived(
    folder: Path,
    signer: Signer,
    columns: Columns,
    *,
    weights: Literal["shown", "always", "never"] = "shown",
    then: Callable[[MemoryStore, int], None] = lambda store, day: None,
) -> MemoryStore:
    """A store that took in a series bar by bar, looking when a look was due; after each bar ``then`` is called."""
    settings = Settings(recall=Recall(k=5, min_settled=4, weights=weights))
    store = MemoryStore.open(folder, signer=signer, embedder=None, settings=settings, durable=False, layout=PLANTED)
    for i in range(len(columns.made)):
        at = START + i * DAY
        with store.write() as w:
            if i >= 5:
                buy, sell = float(columns.buy[i - 5]), float(columns.sell[i - 5])
                store.add_shadow(w, id=f"{i - 5:04d}", symbol="A", buy=buy, sell=sell, known_at=at)
            store.weighing.look(w, at)
            vector = columns.vectors[i]
            store.add_situation(w, id=f"{i:04d}", symbol="A", bar_time=at - DAY, known_at=at, vector=vector, line="")
        then(store, i)
    return store


def test_recall_is_what_it_was_then_whatever_was_learnt_later(tmp_path: Path, signer: Signer) -> None:
    columns, answers = market(900, 1, told=0.8), list[SituationRecall]()

    def ask(store: MemoryStore, day: int) -> SituationRecall:
        return store.recall(columns.vectors[day], symbol="A", as_of=START + day * DAY, horizon_ns=5 * DAY_NS, shown=True)

    with lived(tmp_path / "m", signer, columns, then=lambda store, day: answers.append(ask(store, day))) as store:
        assert store.weighing.at(START + 300 * DAY) is None
        assert store.weighing.at(START + 899 * DAY) is not None
        for day in np.random.default_rng(8).permutation(900).tolist():
            assert ask(store, day) == answers[day]
    with MemoryStore.open(
        tmp_path / "m", signer=signer, embedder=None, settings=store.settings, durable=False, layout=PLANTED
    ) as again:
        assert [ask(again, day) for day in range(900)] == answers


def test_a_store_opened_again_goes_on_with_the_trial_where_it_was(tmp_path: Path, signer: Signer) -> None:
    columns = market(700, 2, told=0.8)
    with lived(tmp_path / "m", signer, columns) as store:
        at = START + 699 * DAY
        told = store.weighing.told(at)
        answer = store.recall(columns.vectors[-1], symbol="A", as_of=at, horizon_ns=5 * DAY_NS, shown=True)
        assert len([*store.journal.facts([KIND])]) == 6
        assert told["blocks"] == 5
    again = MemoryStore.open(tmp_path / "m", signer=signer, embedder=None, settings=store.settings, durable=False, layout=PLANTED)
    with again:
        assert again.weighing.told(at) == told
        assert again.recall(columns.vectors[-1], symbol="A", as_of=at, horizon_ns=5 * DAY_NS, shown=True) == answer


def test_learnt_weights_compare_what_a_person_is_shown_and_decisions_only_where_told_to(tmp_path: Path, signer: Signer) -> None:
    columns, at = market(900, 1, told=0.8), START + 899 * DAY

    def ask(folder: str, weights: Literal["shown", "always", "never"], *, shown: bool) -> SituationRecall:
        settings = Settings(recall=Recall(k=5, min_settled=4, weights=weights))
        with MemoryStore.open(
            tmp_path / folder, signer=signer, embedder=None, settings=settings, durable=False, layout=PLANTED
        ) as store:
            return store.recall(columns.vectors[-1], symbol="A", as_of=at, horizon_ns=5 * DAY_NS, shown=shown)

    with lived(tmp_path / "on", signer, columns) as store:
        assert store.weighing.at(at) is not None
    with lived(tmp_path / "off", signer, columns, weights="never") as store:
        assert not [*store.journal.facts([KIND])]
    plain = ask("off", "never", shown=True)
    assert ask("on", "shown", shown=True) == ask("on", "always", shown=False) != plain
    assert ask("on", "shown", shown=False) == ask("on", "never", shown=True) == plain


def test_what_is_expected_of_the_published_numbers_names_numbers_that_are_there() -> None:
    assert LAYOUT.compared is not None
    assert all(place < LAYOUT.compared + len(LAYOUT.followed) for place, _, _ in LAYOUT.expected)
    assert all(len(effects) == len(LAYOUT.followed) for _, _, effects in LAYOUT.expected)
