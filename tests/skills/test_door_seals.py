"""Without these a byte changed on disk, or a copied row, would be traded on."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import TradecraftError
from agent.guard.keys import PASSPHRASE, HomeKeys
from agent.guard.signing import Signer
from agent.settings import SkillRules
from memory_db.journal import Journal
from skills.admit import admit, check
from skills.catalogue import Catalogue
from skills.schema import canonical
from tests.skills.build import START, draft, opened


def prepared(folder: Path) -> None:
    with opened(folder, shipped=False) as (journal, catalogue), journal.write() as w:
        admit(w, catalogue, draft(), principal="operator", at=START)


def changed(folder: Path, sql: str, values: tuple[object, ...]) -> None:
    with sqlite3.connect(folder / "journal.sqlite") as database:
        database.execute("drop trigger if exists facts_no_update")
        for (name,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            database.execute(f'drop trigger "{name}"')
        database.execute(sql, values)
    database.close()


def stored_payload(folder: Path) -> str:
    with sqlite3.connect(folder / "journal.sqlite") as database:
        text = database.execute("select payload from facts where kind = 'skill_version'").fetchone()[0]
    database.close()
    return str(text)


def refusals(folder: Path) -> dict[str, str]:
    with opened(folder, shipped=False) as (_, catalogue):
        assert catalogue.skills == {}
        return catalogue.refused


def flips(folder: Path, count: int) -> None:
    prepared(folder)
    text = stored_payload(folder).encode()
    rng = random.Random(7)
    journal = Journal.open(folder / "journal.sqlite", Signer.load_or_create(folder, "agent"), durable=False)
    catalogue = Catalogue.open(journal, SkillRules(), started=START, shipped=False)
    assert len(catalogue.skills) == 1
    for _ in range(count):
        place, bit = rng.randrange(len(text)), rng.randrange(8)
        broken = bytearray(text)
        broken[place] ^= 1 << bit
        shown = broken.decode("utf-8", "replace")
        changed(folder, "update facts set payload = ? where kind = 'skill_version'", (shown,))
        catalogue.load()
        assert catalogue.skills == {}, (place, bit)
    journal.close()


def test_byte_flips_in_a_stored_skill_are_all_refused(tmp_path: Path) -> None:
    flips(tmp_path, 100)


@pytest.mark.slow
def test_byte_flips_in_a_stored_skill_are_all_refused_a_thousand_times(tmp_path: Path) -> None:
    flips(tmp_path, 1000)


def test_refused_version_is_on_record_and_its_number_is_not_used_again(tmp_path: Path) -> None:
    prepared(tmp_path)
    text = stored_payload(tmp_path).replace('"max_bars":5', '"max_bars":9')
    changed(tmp_path, "update facts set payload = ? where kind = 'skill_version'", (text,))
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        assert list(catalogue.refused.values()) == ["the signature of its writer (operator) does not hold"]
        assert [fact.data["reason"] for fact in journal.facts(kinds=("skill_not_loaded",))] == list(catalogue.refused.values())
        with journal.write() as w:
            assert admit(w, catalogue, draft(), principal="operator", at=START).version == 2


def test_version_replayed_under_another_number_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        for bars in (5, 6):
            document = draft(plan={"side": "buy", "stop_atr": 2, "target_atr": 3, "max_bars": bars})
            with journal.write() as w:
                admit(w, catalogue, document, principal="operator", at=START)
    first = stored_payload(tmp_path)
    changed(tmp_path, "update facts set payload = ? where kind = 'skill_version'", (first,))
    with opened(tmp_path, shipped=False) as (_, catalogue):
        assert [skill.version for skill in catalogue.versions()] == [1]
        assert "another version" in next(iter(catalogue.refused.values()))


def test_standing_changed_in_the_state_or_in_the_fact_is_refused(tmp_path: Path) -> None:
    for number, sql in enumerate(
        (
            "update state set value = replace(value, 'candidate', 'active') where space = 'skill_status'",
            "update facts set sets = replace(sets, 'candidate', 'active')",
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        prepared(folder)
        changed(folder, sql, ())
        assert "standing" in next(iter(refusals(folder).values()))


def test_standing_changed_in_both_places_still_lacks_its_signature(tmp_path: Path) -> None:
    prepared(tmp_path)
    changed(tmp_path, "update state set value = replace(value, 'candidate', 'active') where space = 'skill_status'", ())
    changed(tmp_path, "update facts set sets = replace(sets, 'candidate', 'active')", ())
    assert "signature on its standing" in next(iter(refusals(tmp_path).values()))


def test_agent_key_cannot_write_at_operator_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE, "correct horse battery")
    keys = HomeKeys(tmp_path)
    signer = keys.signer("agent")
    with Journal.open(tmp_path / "journal.sqlite", signer, durable=False) as journal:
        catalogue = Catalogue.open(journal, SkillRules(), started=START, shipped=False, keys=keys)
        with journal.write() as w:
            admit(w, catalogue, draft(), principal="agent", at=START)
    data = json.loads(stored_payload(tmp_path))
    data.pop("signature")
    data["trust"] = "operator"
    data["signature"] = keys.sign("agent", "version", {k: v for k, v in data.items() if k != "signature"})
    changed(tmp_path, "update facts set payload = ? where kind = 'skill_version'", (canonical(data),))
    with Journal.open(tmp_path / "journal.sqlite", signer, durable=False) as journal:
        catalogue = Catalogue.open(journal, SkillRules(), started=START, shipped=False, keys=HomeKeys(tmp_path))
        assert list(catalogue.refused.values()) == ["agent cannot write at operator trust"]


_TEXT = st.text(max_size=60) | st.sampled_from(["rsi_14", "buy", "weak-rsi", "\u202e", "{size}", "\x00", "a" * 300])
_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)
_KEYS = st.sampled_from([*draft(), "tags", "parameters", "preconditions", "prior", "parents", "kind", "trust", "signature"])


def fuzzed(folder: Path, examples: int) -> None:
    with opened(folder, shipped=False) as (_, catalogue):

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(changes=st.dictionaries(_KEYS, _VALUE, max_size=3), dropped=st.sets(_KEYS, max_size=1))
        def every_draft_round_trips_or_is_refused(changes: dict[str, object], dropped: set[str]) -> None:
            document = {key: value for key, value in {**draft(), **changes}.items() if key not in dropped}
            try:
                admission = check(catalogue, document, principal="agent", detection=False)
            except TradecraftError as err:
                pytest.fail(f"{err}")
            if admission.verdict != "reject":
                from skills.schema import parse_draft

                typed = parse_draft(document)
                assert parse_draft(typed.document()) == typed

        every_draft_round_trips_or_is_refused()


def test_fuzzed_drafts_round_trip_or_are_refused(tmp_path: Path) -> None:
    fuzzed(tmp_path, 300)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_fuzzed_drafts_round_trip_or_are_refused_a_hundred_thousand_times(tmp_path: Path) -> None:
    fuzzed(tmp_path, 100_000)
