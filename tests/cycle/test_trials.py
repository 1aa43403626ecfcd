"""Shadow trials: one at a time for each skill and symbol, so that thirty of them are thirty."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from skills.admit import admit
from skills.lifecycle import Transition
from skills.schema import skill_id
from tests.cycle.build import READY, desk_at, known, run, tell

HOLDING = 6
ALWAYS = {
    "name": "always-up",
    "description": "Buys.",
    "category": "trend",
    "when": {"feature": "rsi_14", "op": ">", "value": 0},
    "plan": {"side": "buy", "stop_atr": 2, "target_atr": 3, "max_bars": HOLDING},
    "steps": [
        {"stage": "entry", "text": "Buy at the next bar's open"},
        {"stage": "management", "text": "Keep the stop"},
        {"stage": "exit", "text": "Close after {max_bars} bars"},
    ],
}


def trials(home: Path, stops: tuple[int, ...]) -> tuple[list[datetime], list[str]]:
    """When trials of an always-firing skill on probation began, over a run that stops and goes on at these bars."""
    records, begin = [], READY
    for stop in (*stops, READY + 40):
        with desk_at(home) as desk:
            if begin == READY:
                with desk.memory.write() as w:
                    admit(w, desk.skills, ALWAYS, principal="agent", at=known(begin))
                    skill = desk.skills.staged(w).skills[f"{skill_id('always-up')}:1"]
                    desk.skills.change(w, skill, Transition("probation", "test", "for the test"), at=known(begin), by="agent")
            records += run(desk, begin, stop)
            begin = stop
            counts = desk.skills.counts(desk.skills.get("always-up"), "shadow")
    begun = [record.bar_time for record in records if any(s.name == "always-up" and s.followed for s in record.skills)]
    assert counts.total in (len(begun) - 1, len(begun))
    return begun, tell(records)


def test_a_trial_begins_when_the_one_before_it_is_over_across_restarts_too(tmp_path: Path) -> None:
    """Overlapping trials would make one lucky week look like thirty trades, and promote on it."""
    begun, records = trials(tmp_path / "one", ())
    assert len(begun) >= 6
    assert all(later - earlier == timedelta(days=HOLDING) for earlier, later in zip(begun, begun[1:], strict=False))
    again, same = trials(tmp_path / "two", (READY + 9, READY + 10, READY + 25))
    assert (again, same) == (begun, records)
