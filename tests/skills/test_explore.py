"""Searching for conditions by itself: found where they are, nothing where nothing is, and every search of a run counted."""

from __future__ import annotations

from pathlib import Path

from agent.risk.sizing import Exits
from agent.settings import Costs, Growing
from skills.grow import SPACE, Ground, explore, grow
from tests.skills.build import at, opened
from tests.skills.test_together import COSTS, market

ONE_BAR = Exits(stop_distance=1.0, target_distance=1.5, max_bars=1)
RULES = Growing(discover=True, compose=False)


def ground(*, noise: bool = False, rules: Growing = RULES, day: float = 3000, costs: Costs = COSTS) -> Ground:
    return Ground([market(1, noise=noise)], costs, rules, 0, at(day), ONE_BAR)


def test_a_planted_condition_becomes_a_candidate_with_a_name_and_counts_as_one_search(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        first = ground()
        with journal.write() as w:
            told = grow(w, catalogue, first, explore(catalogue, first))
        made = [(row["status"], catalogue.get(row["id"])) for row in told["discovered"]]
        assert [(status, skill.origin, skill.trust) for status, skill in made] == [("candidate", "learned", "model")]
        assert made[0][1].name == "buy-high-close-position-high-volume-ratio"
        assert catalogue.state(SPACE)["searches"] == 1
        # not again before its time, and then as one more search, which has to show more
        assert explore(catalogue, ground(day=3001)) == []
        with journal.write() as w:
            later = ground(day=3400)
            again = grow(w, catalogue, later, explore(catalogue, later))
        assert catalogue.state(SPACE)["searches"] == 2
        assert [row.get("status") for row in again["discovered"]] == [None]  # found again, and known


def test_nothing_is_proposed_where_no_bar_tells_of_the_next_however_often_one_looks(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        for look in range(3):
            now = ground(noise=True, day=3000 + 200 * look)
            with journal.write() as w:
                assert grow(w, catalogue, now, explore(catalogue, now))["discovered"] == []
        assert catalogue.state(SPACE)["searches"] == 3


def test_no_search_is_made_unless_it_is_asked_for(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (_, catalogue):
        assert explore(catalogue, ground(rules=Growing())) == []
