"""Recall as of any time equals that of a store built only from what was known by then, scores included."""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.guard.signing import Signer
from agent.settings import Recall, Settings
from memory_db import upkeep
from memory_db.episodes import Formula, Mode
from memory_db.reliability import SCORED
from memory_db.store import MemoryStore
from tests.memory_db.fakes import DAY, DAY_NS, START, HashingEmbedder

_SETTINGS = Settings(recall=Recall(k=5, min_settled=4, cap_texts=6, archive_below=0.2))
_WORDS = ["gap", "rally", "stop", "range", "volume", "trend", "loss", "quiet", "spike", "open", "close", "breakout"]
_WAYS: tuple[tuple[Mode, Formula], ...] = (
    ("hybrid", "default"),
    ("hybrid", "finmem"),
    ("hybrid", "additive"),
    ("text", "default"),
    ("vector", "default"),
)
_DAYS = 110

Event = tuple[datetime, str, dict[str, Any]]


def _opened(folder: Path, signer: Signer) -> MemoryStore:
    return MemoryStore.open(folder, signer=signer, embedder=HashingEmbedder(), settings=_SETTINGS, durable=False)


def _events(seed: int) -> list[Event]:
    """What happens, in the order it is written, which is not the order in which it became known."""
    dice = random.Random(seed)
    out: list[Event] = []
    for day in range(_DAYS):
        at = START + day * DAY
        vector = np.array([dice.gauss(0, 1) for _ in range(4)], dtype=np.float32)
        known = at + DAY
        out.append((known, "situation", {"id": f"s{day:03d}", "at": at, "vector": vector}))
        out.append((known + 5 * DAY, "shadow", {"id": f"s{day:03d}", "buy": dice.gauss(0, 1), "sell": dice.gauss(0, 1)}))
        right = vector[0] > 0 if dice.random() < 0.9 else vector[0] < 0
        losses = {"a": 0.1 if right else 0.6, **({"b": 0.2} if day % 3 else {})}
        out.append((known + 5 * DAY, "votes", {"decision": f"s{day:03d}", "rose": True, "losses": losses}))
        for n in range(dice.randrange(3)):
            late = at + timedelta(hours=dice.randrange(1, 60))
            kind = dice.choice(["lesson", "market_event", "dialog", "sentiment_extreme"])
            text = " ".join(dice.sample(_WORDS, 4))
            if kind in ("market_event", "sentiment_extreme"):
                text = f"{dice.choice(['volume', 'illiquidity'])} was {dice.randrange(2, 9)} times its usual"
            about = {"kind": kind, "at": at, "content": text, "key": f"k{day}-{n}", "importance": dice.choice([0.5, 1.0, 2.0])}
            out.append((late, "text", {**about, "symbol": dice.choice(["A", "B"])}))
    dice.shuffle(out)
    # a situation is written before what followed it; nothing else has an order
    return sorted(out, key=lambda item: item[1] in ("shadow", "votes"))


def _write(store: MemoryStore, events: list[Event]) -> None:
    with store.write() as w:
        for known, sort, about in events:
            given = dict(about)
            if sort == "situation":
                at = given.pop("at")
                store.situations.add(w, symbol="A", bar_time=at, known_at=known, line="", **given)
            elif sort == "shadow":
                store.add_shadow(w, symbol="A", known_at=known, **given)
            elif sort == "votes":
                w.add(SCORED, given, key=f"votes:{given['decision']}", happened_at=known, known_at=known, symbol="A")
            else:
                store.remember(w, happened_at=given.pop("at"), known_at=known, fold=True, **given)


def _answers(store: MemoryStore, at: datetime, dice: random.Random) -> list[object]:
    """Everything that recall says at a time, without the numbers of facts, which differ between stores."""
    query = " ".join(dice.sample(_WORDS, 3)) + " volume"
    symbol = dice.choice([None, "A", "B"])
    out: list[object] = []
    for mode, formula in _WAYS:
        found = store.search(query, as_of=at, k=8, symbol=symbol, mode=mode, formula=formula)
        out.append(sorted((m.key, m.score, m.parts, m.count) for m in found))
    out.append(sorted((m.key, m.score, m.count) for m in store.recent(500, symbol, None, at)))
    vector = np.array([dice.gauss(0, 1) for _ in range(4)], dtype=np.float32)
    out.append(store.recall(vector, symbol="A", as_of=at, horizon_ns=5 * DAY_NS))
    out.append(store.reliability(vector, as_of=at, horizon_ns=DAY_NS))
    out.append([(m.key, m.score, m.count) for m in store.window("A", at)])
    return out


@pytest.mark.parametrize("times", [60, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_recall_as_of_then_is_that_of_a_store_that_knew_no_more(tmp_path: Path, signer: Signer, times: int) -> None:
    """A backtest would else know its future. Archiving, forgetting and folding happen on the way."""
    events, dice = _events(1), random.Random(3)
    cleaned = [START + 20 * DAY, START + 40 * DAY]
    # what a person had forgotten for good is in neither store
    forgotten = {str(about["key"]) for _, sort, about in events if sort == "text" and dice.random() < 0.05}
    with _opened(tmp_path / "whole", signer) as whole:
        _write(whole, events)
        for at in cleaned:
            assert whole.cleanup(at)
        for key in sorted(forgotten):
            upkeep.forget(whole.journal, upkeep.find(whole.journal, key), START + _DAYS * DAY, "asked to")
    with _opened(tmp_path / "whole", signer) as whole:
        several = told = 0
        for number in range(times):
            at = START + DAY * dice.uniform(0, _DAYS + 5)
            with _opened(tmp_path / f"part-{number}", signer) as part:
                _write(part, [item for item in events if item[0] <= at and str(item[2].get("key")) not in forgotten])
                for moment in cleaned:
                    if moment <= at:
                        part.cleanup(moment)
                assert _answers(whole, at, random.Random(number)) == _answers(part, at, random.Random(number))
                told += bool(_answers(whole, at, random.Random(number))[-2])
                several += any(item.count > 2 for item in part.recent(500, as_of=at))
        assert several > times / 2  # folding was looked at
        assert told > times / 8  # and so was who was right when
