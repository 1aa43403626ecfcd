"""Who was right when: found where it depends on the situation, not found where it does not, and never from the future."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.guard.signing import Signer
from agent.settings import Recall, Settings
from memory_db.reliability import SCORED, Local
from memory_db.store import MemoryStore
from tests.memory_db.fakes import DAY, DAY_NS, START, HashingEmbedder

SPIKE, QUIET = np.array([0.8, 0.1, -0.2], dtype=np.float32), np.array([-0.8, 0.1, -0.2], dtype=np.float32)


def opened(folder: Path, signer: Signer, voted: int = 2000) -> MemoryStore:
    settings = Settings(recall=Recall(voted=voted))
    return MemoryStore.open(folder, signer=signer, embedder=HashingEmbedder(), settings=settings, durable=False)


def told(store: MemoryStore, count: int, *, when: float, else_: float, seed: int = 1, first: int = 0) -> None:
    """Decisions a day apart: ``sage`` is right with probability ``when`` where the first number is above 0, a coin always."""
    dice = np.random.default_rng(seed)
    for day in range(first, first + count):
        vector = dice.normal(size=3).astype(np.float32)
        right = dice.random() < (when if vector[0] > 0 else else_)
        losses = {"sage": 0.1 if right else 0.6, "coin": 0.1 if dice.random() < 0.5 else 0.6}
        at = START + day * DAY
        with store.write() as w:
            name = f"s{day:05d}"
            store.add_situation(w, id=name, symbol="A", bar_time=at, known_at=at + DAY, vector=vector, line="")
            w.add(SCORED, {"decision": name, "losses": losses}, key=f"v{day}", happened_at=at, known_at=at + 2 * DAY, symbol="A")


def ask(store: MemoryStore, vector: NDArray[np.float32], day: int, **more: int) -> dict[str, Local]:
    horizon = more.pop("horizon_ns", DAY_NS)
    found = store.reliability(vector, as_of=START + day * DAY, horizon_ns=horizon, **more)
    return {one.voter: one for one in found}


def test_a_voter_that_is_right_only_then_is_known_for_it(tmp_path: Path, signer: Signer) -> None:
    with opened(tmp_path, signer) as store:
        told(store, 900, when=0.68, else_=0.5)
        spike, quiet = ask(store, SPIKE, 2000)["sage"], ask(store, QUIET, 2000)["sage"]
    assert (spike.dimension, quiet.dimension) == (0, 0)
    assert spike.share > 0.95
    assert spike.rate == pytest.approx(0.66, abs=0.05)
    assert quiet.rate == pytest.approx(0.52, abs=0.05)


def test_nothing_is_read_into_voters_that_are_equally_good_everywhere(tmp_path: Path, signer: Signer) -> None:
    moved = []
    for seed in range(6):
        with opened(tmp_path / str(seed), signer) as store:
            told(store, 500, when=0.58, else_=0.58, seed=seed)
            moved += [one.share * abs(one.rate - 0.58) for one in ask(store, SPIKE, 2000).values() if one.voter == "sage"]
    assert sum(moved) / 6 < 0.015


def test_dealt_out_anew_the_votes_say_nothing(tmp_path: Path, signer: Signer) -> None:
    with opened(tmp_path, signer) as store:
        told(store, 900, when=0.7, else_=0.45)
        true = ask(store, SPIKE, 2000)["sage"]
        dealt = [ask(store, SPIKE, 2000, shuffle=seed).get("sage") for seed in range(5)]
    assert true.share > 0.99
    assert sum(one.share for one in dealt if one is not None) / 5 < 0.5


def test_votes_of_one_holding_window_are_not_counted_as_many(tmp_path: Path, signer: Signer) -> None:
    """Five bars judged by the same five days would else pass for five proofs."""
    with opened(tmp_path, signer) as store:
        told(store, 400, when=0.62, else_=0.5)
        alone, together = ask(store, SPIKE, 2000)["sage"], ask(store, SPIKE, 2000, horizon_ns=5 * DAY_NS).get("sage")
    assert together is None or together.share < alone.share
    assert together is None or together.n_eff < alone.n_eff / 4


def test_only_what_was_scored_by_then_counts_and_what_is_old_leaves(tmp_path: Path, signer: Signer) -> None:
    with opened(tmp_path / "a", signer, voted=500) as store:
        told(store, 600, when=0.9, else_=0.4, seed=2)
        then = ask(store, SPIKE, 601)
        told(store, 1000, when=0.4, else_=0.9, seed=3, first=600)
        assert ask(store, SPIKE, 601) == then
        now = ask(store, SPIKE, 3000)["sage"]
    with opened(tmp_path / "a", signer, voted=500) as store:
        assert ask(store, SPIKE, 3000)["sage"] == now
        assert ask(store, SPIKE, 601) == then
    assert then["sage"].rate > 0.75
    assert now.rate < 0.55
