"""Telling people: what they get, once, without the loop waiting and without anything falling over."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from agent.loop.people import People
from agent.loop.upkeep import jobs
from tests.cycle.build import READY, desk_at, feed_of, known, run


def test_entries_and_exits_are_told_and_the_same_trouble_once_an_hour(home: Path) -> None:
    sent: list[tuple[str, str]] = []
    people = People(lambda record: None, lambda title, body: sent.append((title, body)))
    with desk_at(home, feed_of("SP500")) as desk:
        records = run(desk, READY, READY + 160)
    for record in records:
        people.record(record)
    for minutes in (0, 30, 61):
        people.trouble("halt", "trading is halted", known(READY) + timedelta(minutes=minutes))
    people.close()
    closed = sum(len(r.outcomes) for r in records)
    assert closed > 0
    assert sum(title == "SP500 closed" for title, _ in sent) == closed
    assert sum(title == "SP500 order" for title, _ in sent) == sum(r.order is not None and r.refusal is None for r in records)
    assert sum(title == "tradecraft: halt" for title, _ in sent) == 2


def test_a_service_that_fails_stops_nothing() -> None:
    reached: list[str] = []

    def broken(title: str, body: str) -> None:
        reached.append(title)
        raise RuntimeError("no route")

    people = People(lambda record: None, broken)
    people.say("one", "x")
    people.say("two", "x")
    people.close()
    assert reached == ["one", "two"]


def test_upkeep_backs_up_verified_keeps_so_many_and_puts_the_standing_on_record(home: Path) -> None:
    said: list[str] = []
    with desk_at(home, feed_of("SP500")) as desk:
        run(desk, READY, READY + 3)
        work = jobs(desk, home, lambda title, body: said.append(body))
        for day in range(9):
            work["backup"](known(READY + day))
        work["snapshot"](known(READY + 9))
        work["cleanup"](known(READY + 9))
        work["reflection"](known(READY + 9))
        work["skills"](known(READY + 9))
        work["summary"](known(READY + 9))
        looked = list(desk.memory.journal.facts(kinds=("skill_growth",)))
        snapshots = list(desk.memory.journal.facts(kinds=("snapshot",)))
        assert desk.memory.journal.verify() == []
    assert len(list((home / "backups").glob("*.sqlite"))) == 7
    assert len(snapshots) == len(looked) == 1
    assert said[0].startswith("equity 100,000.00")
