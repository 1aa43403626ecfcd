"""What would have been: exact where nothing is changed, smaller where a limit is, never traded."""

from __future__ import annotations

from datetime import date

from agent.chat.tools.whatif import WhatIf, changed, decided, rebuilt, what_if
from agent.chat.view import View
from agent.domain import CycleRecord


def test_with_nothing_changed_every_decision_of_the_run_comes_out_as_recorded(shared_view: View) -> None:
    tried = 0
    for row in shared_view.tables.rows:
        if row.status != "ok":
            continue
        record = CycleRecord.model_validate(shared_view.record(row))
        at = rebuilt(shared_view, record)
        made = decided(shared_view, at, *changed(shared_view, at, WhatIf()))
        assert at.exact, row
        assert made.signal == record.signal
        assert made.decision == record.decision
        tried += 1
    assert tried > 150


def test_a_smaller_limit_and_a_higher_threshold_change_what_would_have_been(shared_view: View) -> None:
    where = {"symbol": "NASDAQ", "at": date(2014, 1, 13)}
    smaller = what_if(shared_view, WhatIf(**where, limits={"max_position": 0.05}))
    assert smaller.data["decision"]["size"] == 0.05
    held = what_if(shared_view, WhatIf(**where, min_confidence=1.0))
    assert held.data["decision"]["action"] == "hold"
    assert held.data["hypothetical"] is True
    assert "never traded" in held.text


def test_what_cannot_be_tried_is_said_in_one_line(shared_view: View) -> None:
    wrong = what_if(shared_view, WhatIf(symbol="NASDAQ", at=date(2014, 1, 13), limits={"speed": 1.0}))
    assert wrong.empty
    assert "'speed' is no limit" in wrong.text
