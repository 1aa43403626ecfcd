"""What a person prefers: understood, confirmed, applied as tightening alone, visible, taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.chat.tables import Tables
from agent.chat.wishes import recognised
from agent.cycle.preferences import keep_preference
from agent.domain import Decision, Signal
from agent.errors import ConfigError
from agent.risk.preferences import Entry, Preference, prefer
from tests.chat.conftest import NOW
from tests.chat.kit import conversing
from tests.cli.kit import Json
from tests.cycle.build import READY, desk_at, run

SYMBOLS = ("NASDAQ", "SP500")


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("never short on Fridays", "no short entries decided or filled on a Friday"),
        ("Don't buy the NASDAQ in volatile markets", "no long entries in NASDAQ in volatile markets"),
        ("please never trade on Mondays", "no entries decided or filled on a Monday"),
        ("risk at most 1 %", "entries risk at most 1.00% of equity between price and stop"),
        ("never risk more than 0.5% of equity", "entries risk at most 0.50% of equity between price and stop"),
        ("keep exposure below 60%", "entries bring the book to at most 60.0% of equity"),
        ("no position above 10% please, size at most 10 percent", "entries are at most 10.0% of equity"),
        ("only trade with confidence of at least 0.6", "entries need a confidence of 0.60"),
    ],
)
def test_a_preference_is_understood_as_a_limit(said: str, means: str) -> None:
    found = recognised(said, SYMBOLS, Tables())
    assert found is not None
    assert found.words() == means


@pytest.mark.parametrize(
    "said",
    [
        "why did you buy on Friday?",
        "always buy on Mondays",
        "risk at least 5 %",
        "double the position size",
        "hello",
        "what is the risk",
    ],
)
def test_what_asks_or_loosens_is_no_preference(said: str) -> None:
    assert recognised(said, SYMBOLS, Tables()) is None


SIGNAL = Signal(side="buy", action="buy", confidence=0.5, size=0.4, stop=90.0, target=120.0, horizon=5, thesis="x")
ENTRY = Entry(
    symbol="SP500", regime="trending", bar=datetime(2014, 1, 2, tzinfo=UTC), as_of=datetime(2014, 1, 3, tzinfo=UTC), price=100.0,
    exposure=0.2,
)  # fmt: skip

shares = st.one_of(st.none(), st.floats(0.001, 1))
wishes = st.builds(
    Preference, id=st.just("m1"), forbids=st.booleans(), side=st.sampled_from([None, "buy", "sell"]),
    weekday=st.one_of(st.none(), st.integers(0, 6)), symbol=st.sampled_from([None, "SP500", "NASDAQ"]),
    max_risk=st.floats(0.001, 1), max_position=shares, max_exposure=shares, min_confidence=shares,
)  # fmt: skip


@given(st.lists(wishes, max_size=4), st.floats(0, 1), st.sampled_from(["buy", "sell", "hold", "close"]))
def test_no_set_of_preferences_enlarges_an_order_or_holds_an_exit_back(held: list[Preference], size: float, action: str) -> None:
    signed = size if action == "buy" else -size if action == "sell" else 0.0
    before = Decision(action=action, size=signed)
    after, clamps = prefer(before, SIGNAL, held, ENTRY)
    assert abs(after.size) <= abs(before.size)
    assert after.size * before.size >= 0
    if action in ("hold", "close"):
        assert (after, clamps) == (before, [])
    assert all(clamp.to <= clamp.from_ and clamp.limit == "preference:m1" for clamp in clamps)


def test_a_friday_counts_where_the_entry_is_decided_and_where_it_fills() -> None:
    wish = Preference(id="m1", forbids=True, weekday=4)
    thursday = prefer(Decision(action="buy", size=0.4), SIGNAL, [wish], ENTRY)  # decided on a Thursday, filled on a Friday
    assert thursday[0] == Decision(action="hold", size=0.0)
    wednesday = ENTRY.model_copy(update={"bar": datetime(2014, 1, 1, tzinfo=UTC), "as_of": datetime(2014, 1, 2, tzinfo=UTC)})
    assert prefer(Decision(action="buy", size=0.4), SIGNAL, [wish], wednesday)[0].size == 0.4


def test_later_decisions_keep_to_a_preference_and_name_it(home: Path) -> None:
    with desk_at(home) as desk:
        free = run(desk, READY, READY + 160)
    entered = [record for record in free if record.order is not None and record.decision.size]
    assert entered
    with desk_at(home.with_name("other")) as desk:
        wish = Preference(id="new", max_position=0.05)
        kept = keep_preference(desk.memory.journal, wish, said="at most 5 %", at=NOW, session="s", principal="operator")
        bound = run(desk, READY, READY + 160)
        assert desk.memory.journal.verify() == []
    assert all(abs(record.decision.size) <= 0.05 for record in bound)
    assert f"preference:{kept.id}" in {clamp.limit for record in bound for clamp in record.clamps}


def test_said_confirmed_kept_shown_and_taken_back(copied: Path, finished: tuple[Path, Json]) -> None:
    with conversing(copied, finished[1]["run"]) as talk:
        answer = talk.say("never short on Fridays")
        assert "no short entries decided or filled on a Friday" in answer.text
        assert talk.preferences() == []
        done = talk.confirm("yes")
        (kept,) = talk.preferences()
        assert f"[memory:{kept.id}]" in done
        assert kept.id in talk.say("/memory").text
        with pytest.raises(ConfigError, match="in force already"):
            keep_again(copied, kept)
        talk.say(f"/memory revoke {kept.id}")
        talk.confirm("yes")
        assert talk.preferences() == []


def keep_again(home: Path, kept: Preference) -> None:
    """The same wish once more."""
    from agent.wiring.homes import open_journal

    with open_journal(home, "paper") as journal:
        keep_preference(journal, kept, said="again", at=NOW, session="s", principal="operator")


@pytest.mark.parametrize("typed", ["no", "", "y", "yes please", "of course"])
def test_anything_but_yes_drops_a_request(copied: Path, finished: tuple[Path, Json], typed: str) -> None:
    with conversing(copied, finished[1]["run"]) as talk:
        talk.say("/halt I am worried")
        assert talk.confirm(typed) == "not done"
        assert talk.pending is None
    assert not (copied / "runs" / "paper").exists()
