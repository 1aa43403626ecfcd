"""What is remembered of a bar, how important it is, and that repeated events are told as one."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.analysts.memory import Past
from agent.cycle.noticing import moments
from agent.cycle.remembering import weight
from agent.domain import MarketState, Vote
from agent.market.series import Series
from tests.cycle.build import BARS, READY, desk_at, known, market, run


def test_a_year_of_bars_leaves_what_was_done_and_what_was_unusual(tmp_path: Path) -> None:
    """A person who asks what happened would else find bars and no story."""
    with desk_at(tmp_path) as desk:
        records = run(desk, READY, READY + 150)
        kinds = {fact.kind for fact in desk.memory.journal.facts()}
        assert {"trade", "signal", "agent_vote", "explanation", "outcome", "market_event", "regime"} <= kinds
        told = desk.memory.recent(1000, kind="outcome")
        assert len(told) == sum(len(record.outcomes) for record in records)
        unfolded = sum(fact.kind == "market_event" for fact in desk.memory.journal.facts())
        events = desk.memory.recent(1000, kind="market_event")
        assert sum(event.count for event in events) == unfolded > len(events)


def test_a_decision_looks_through_what_was_remembered_in_the_window(tmp_path: Path) -> None:
    with desk_at(tmp_path) as desk:
        records = run(desk, READY, READY + 60)
        seen = [(record, memory) for record in records for memory in record.recollection.memories]
        assert seen
        for record, memory in seen:
            assert memory.known_at <= record.as_of
            assert (record.as_of - memory.happened_at).days <= desk.settings.recall.window_days
            assert memory.kind != "dialog"
        again = desk.memory.window("SP500", known(READY + 59))
    with desk_at(tmp_path) as desk:  # read from the journal as it was followed
        assert desk.memory.window("SP500", known(READY + 59)) == again


def test_squeezes_again_and_again_become_a_pattern(tmp_path: Path) -> None:
    def consult(series: Series, state: MarketState, pasts: Mapping[str, Past]) -> list[Vote]:
        evidence = {"squeeze": 1.0, "past_squeezes": 2.0 if len(series) % 2 else 3.0}
        return [Vote(voter="hedge", direction=1, confidence=0.1, reason="squeezed", evidence=evidence)]

    with desk_at(tmp_path, consult=consult) as desk:
        run(desk, READY, READY + 2)
        told = [m.content for m in desk.memory.recent(100, kind="pattern") if "squeeze" in m.content]
    assert len(told) == 1
    assert "dealers are squeezed again, after 3 squeezes" in told[0]


def test_a_moment_is_noticed_where_it_begins_and_only_from_its_past() -> None:
    whole = market("SP500")
    found = [(i, moment.name) for i in range(READY, BARS) for moment in moments(whole.head(i))]
    assert {"momentum", "volatility"} <= {name for _, name in found}
    for (i, name), (j, other) in zip(found, found[1:], strict=False):
        assert not (name == other == "volatility" and j == i + 1)
    assert moments(whole.head(1)) == []


@pytest.mark.parametrize(("less", "more"), [((0.5, 0.2), (1.0, 0.2)), ((-1.0, 0.5), (-1.0, 0.9)), ((0.1, 0.1), (-0.1, 0.9))])
def test_an_outcome_counts_by_its_size_and_its_surprise(less: tuple[float, float], more: tuple[float, float]) -> None:
    assert 0 <= weight(*less) < weight(*more) <= 2
    assert weight(-7, 1) == 2
