"""Forming skills: from verified winners with three recorded stages, likely to recur, twice at least, and new."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from agent.market.features import FEATURES, FeatureFrame
from agent.risk.sizing import Exits
from agent.settings import Growing
from skills.admit import admit
from skills.catalogue import Catalogue
from skills.formation import Formed, Trajectory, formed, trajectories
from tests.cycle.build import READY, SETTINGS, desk_at, run
from tests.skills.build import at, frame_of, opened

EXITS = Exits(stop_distance=2.0, target_distance=3.0, max_bars=5)
RANGING = 1


def bars() -> FeatureFrame:
    """Ranging bars whose features follow from nothing."""
    values = np.random.default_rng(0).normal(size=(800, len(FEATURES)))
    return frame_of(values, np.full(800, RANGING, dtype=np.int8))


def trade(k: int, *, rsi: float, volume: float, won: bool, explained: bool = False, day: float | None = None) -> Trajectory:
    features: dict[str, float | None] = dict.fromkeys(FEATURES, 0.0)
    features |= {"rsi_14": rsi, "volume_ratio": volume}
    begun = at(20 * k if day is None else day)
    return Trajectory(
        f"d{k}", "SP500", "buy", begun, begun + timedelta(days=3), features, "ranging", 1.0 if won else -1.0, won, explained,
        ("buy at 100", "-0.20 R at worst, +1.20 R at best, 3 bars", "target at 103, +1.00 R"),
    )  # fmt: skip


WON = [trade(k, rsi=-1.5, volume=1.5, won=True) for k in range(6)]
LOST = [trade(10 + k, rsi=0.0, volume=0.0, won=False) for k in range(6)]


def form(catalogue: Catalogue, told: list[Trajectory]) -> list[Formed]:
    return formed(catalogue, told, [bars()], EXITS, Growing())


def test_winners_that_began_alike_become_a_candidate_that_says_so(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        made = form(catalogue, [*WON, *LOST])
        assert [one.draft.name for one in made] == ["buy-low-rsi-14-high-volume-ratio-in-ranging"]
        assert (made[0].won, made[0].trades, len(made[0].decisions)) == (6, 6, 6)
        assert [step.stage for step in made[0].draft.steps] == ["entry", "management", "exit"]
        with journal.write() as w:
            assert admit(w, catalogue, made[0].draft, principal="agent", at=at(300)).status == "candidate"
        assert form(catalogue, [*WON, *LOST]) == []  # it is there already


def test_nothing_comes_of_losers_one_episode_or_what_a_skill_explains(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (_, catalogue):
        assert form(catalogue, [*LOST]) == []
        assert form(catalogue, [*WON, *(replace(one, decision=f"{one.decision}x", won=False, r=-1.0) for one in WON)]) == []
        assert form(catalogue, [trade(k, rsi=-1.5, volume=1.5, won=True, day=k / 10) for k in range(6)]) == []
        assert form(catalogue, [replace(one, explained=True) for one in WON]) == []


def test_a_namer_names_and_touches_nothing_else(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (_, catalogue):
        plain = form(catalogue, [*WON, *LOST])[0].draft
        named = formed(catalogue, [*WON, *LOST], [bars()], EXITS, Growing(), lambda said: ("my-name", "My words."))[0].draft
    assert (named.name, named.description) == ("my-name", "My words.")
    kept = set(plain.document()) - {"name", "description"}
    assert {k: named.document()[k] for k in kept} == {k: plain.document()[k] for k in kept}


def test_trajectories_of_a_run_hold_entry_management_and_exit(tmp_path: Path) -> None:
    with desk_at(tmp_path, settings=SETTINGS) as desk:
        run(desk, READY, READY + 120)
        found = trajectories(desk.memory.journal)
    assert len(found) > 3
    assert all(len(one.stages) == 3 and one.ended > one.begun and one.features["rsi_14"] is not None for one in found)
