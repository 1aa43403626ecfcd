"""Commands on memory, skills, results, risk and set-up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.domain import CycleRecord
from skills.schema import SkillDraft
from tests.cli.kit import Call

SKILL_KEYS = {
    "id", "name", "version", "status", "origin", "executions", "success", "partial", "failure", "reliability", "interval",
    "mean_r", "last_used", "sub_skills", "shadow",
}  # fmt: skip


def test_memory_search_returns_scored_memories_of_the_latest_run(call: Call, walked: Path) -> None:
    said = call("memory", "search", "--query", "volatility rose", "--k", "5", "--json", at=walked)
    found = said.document["results"]
    assert 0 < len(found) <= 5
    assert all({"id", "key", "kind", "content", "score", "parts"} <= item.keys() for item in found)
    assert all(item["parts"].keys() == {"similarity", "importance", "recency"} for item in found)
    assert found[0]["score"] == max(item["score"] for item in found)


def test_memory_search_as_of_sees_nothing_known_later(call: Call, walked: Path) -> None:
    words = ("memory", "search", "--query", "2014Q1 trades won", "--kind", "lesson", "--json")
    assert call(*words, "--as-of", "2014-03-31", at=walked).document["results"] == []
    later = call(*words, "--as-of", "2014-04-02", at=walked).document["results"]
    assert [item["kind"] for item in later] == ["lesson"]


@pytest.mark.parametrize("mode", ["hybrid", "text", "vector"])
@pytest.mark.parametrize("formula", ["default", "finmem", "additive"])
def test_memory_search_every_mode_and_formula_answers(call: Call, walked: Path, mode: str, formula: str) -> None:
    said = call("memory", "search", "--query", "a buy in a trend?", "--mode", mode, "--formula", formula, "--json", at=walked)
    assert said.code == 0
    assert said.document["results"]


def test_memory_search_in_an_empty_home_finds_nothing(call: Call) -> None:
    assert call("memory", "search", "--query", "anything", "--json").document == {"results": []}
    assert "nothing found" in call("memory", "search", "--query", "anything").out


def test_memory_similar_shows_analogues_known_by_then(call: Call, walked: Path, bars: Path) -> None:
    found = call("memory", "similar", "--data", bars, "--at", "2014-06-03", "--k", "5", "--json", at=walked).document
    assert {"analogues", "estimate", "counter_evidence"} <= found.keys()
    assert 0 < len(found["analogues"]) <= 5
    assert all(item["bar_time"] < "2014-06-02" for item in found["analogues"])
    assert found["estimate"]["n_eff"] > 0


def test_memory_similar_without_memories_is_empty_and_no_error(call: Call, bars: Path) -> None:
    found = call("memory", "similar", "--data", bars, "--json").document
    assert found["analogues"] == found["counter_evidence"] == []
    assert found["estimate"]["p_win"] is None


def test_memory_recent_is_newest_first(call: Call, walked: Path) -> None:
    found = call("memory", "recent", "--n", "5", "--json", at=walked).document["results"]
    known = [item["known_at"] for item in found]
    assert len(known) == 5
    assert known == sorted(known, reverse=True)


def test_memory_stats_counts_what_is_held(call: Call, walked: Path) -> None:
    found = call("memory", "stats", "--json", at=walked).document
    assert found["facts"] == sum(found["by_kind"].values())
    assert found["by_kind"]["cycle"] == 124
    assert call("memory", "stats", at=walked).code == 0


def test_memory_verify_sound_run_is_ok(call: Call, walked: Path) -> None:
    said = call("memory", "verify", "--json", at=walked)
    assert said.code == 0
    assert said.document["ok"] is True
    assert said.document["problems"] == []
    assert said.document["facts"] > 124


def test_memory_verify_changed_payload_is_a_problem_and_exit_1(call: Call, bars: Path, tmp_path: Path) -> None:
    import sqlite3

    assert call("decide", "--data", bars).code == 0
    with sqlite3.connect(tmp_path / "home" / "runs" / "paper" / "journal.sqlite") as raw:
        raw.execute("UPDATE facts SET payload = replace(payload, 'SP500', 'SP501') WHERE kind = 'cycle'")
    raw.close()
    said = call("memory", "verify", "--json")
    assert said.code == 1
    assert said.document["ok"] is False
    assert said.document["problems"]


def test_skills_list_shows_executions_that_add_up(call: Call, walked: Path) -> None:
    rows = call("skills", "list", "--json", at=walked).document
    assert len(rows) >= 6
    assert all(row.keys() >= SKILL_KEYS for row in rows)
    assert all(row["executions"] == row["success"] + row["partial"] + row["failure"] for row in rows)
    assert sum(row["executions"] for row in rows) > 0
    assert "trend-pullback" in call("skills", "list", at=walked).out


def test_skills_show_prints_a_draft_that_the_schema_accepts(call: Call) -> None:
    for row in call("skills", "list", "--json").document:
        draft = call("skills", "show", row["id"], "--json").out
        assert SkillDraft.model_validate_json(draft).name == row["name"]
        assert call("skills", "show", row["name"]).code == 0


def test_skills_search_finds_by_words(call: Call) -> None:
    found = call("skills", "search", "--query", "pullback in an uptrend", "--k", "3", "--json").document["results"]
    assert 0 < len(found) <= 3
    assert "trend-pullback" in [row["name"] for row in found]


@pytest.mark.parametrize("what", ["voters", "regimes", "skills", "parameters"])
def test_performance_tables_are_documents_and_words(call: Call, walked: Path, what: str) -> None:
    assert isinstance(call("performance", what, "--json", at=walked).document["rows"], list)
    assert call("performance", what, at=walked).code == 0
    assert call("performance", what).code == 0  # an empty home has nothing to show, which is no error


def test_performance_voters_have_been_scored_by_the_walk(call: Call, walked: Path) -> None:
    rows = call("performance", "voters", "--json", at=walked).document["rows"]
    assert any(row["n"] for row in rows)


def test_risk_halt_is_seen_by_status_even_after_a_backtest(call: Call, bars: Path) -> None:
    assert call("backtest", "--data", bars, "--timerange", "20140102-20140103", "--arm", "base").code == 0
    assert call("risk", "status").code == 0
    halted = call("risk", "halt", "--reason", "storm", "--json")
    assert halted.code == 0
    assert {"halted", "reason", "limits", "usage"} <= halted.document.keys()
    status = call("risk", "status", "--json")
    assert status.code == 3
    assert (status.document["halted"], status.document["reason"]) == (True, "storm")


def test_risk_stopentry_is_no_halt_and_resume_lifts_both(call: Call) -> None:
    assert call("risk", "stopentry", "--reason", "news").code == 0
    status = call("risk", "status", "--json")
    assert status.code == 0
    assert (status.document["halted"], status.document["entries_stopped"]) == (False, True)
    assert "entries stopped: news" in call("risk", "status").out
    assert call("risk", "resume", "--reason", "over", "--yes", "--json").document["entries_stopped"] is False


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("yes\n", 0), ("n\n", 2), ("\n", 2), ("", 2)])
def test_risk_resume_needs_a_typed_yes(call: Call, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    import io

    assert call("risk", "halt").code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    said = call("risk", "resume", "--reason", "calm", "--json")
    assert said.code == code
    assert call("risk", "status").code == (3 if code else 0)
    assert said.document["halted"] is False if code == 0 else "error" in said.document


def test_risk_reason_in_brackets_is_printed_as_it_is(call: Call) -> None:
    assert call("risk", "halt", "--reason", "[/bold] :warning:").code == 0
    assert "halted: [/bold] :warning:" in call("risk", "status").out


def test_schema_of_the_record_validates_nothing_less_than_the_record(call: Call) -> None:
    schema = json.loads(call("schema", "record", "--json").out)
    assert set(CycleRecord.model_fields) == set(schema["properties"])
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("what", ["record", "skill", "settings"])
def test_schema_is_one_json_document(call: Call, what: str) -> None:
    assert call("schema", what, "--json").document["properties"]
    assert json.loads(call("schema", what).out)["properties"]


def test_show_config_never_shows_a_secret(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-very-secret")
    asked, words = call("show-config", "--json"), call("show-config")
    assert asked.document["secrets"] == {"ANTHROPIC_API_KEY": "set"}
    assert "very-secret" not in asked.out + asked.err + words.out + words.err
    assert "very-secret" not in call("doctor", "--json").out


def test_doctor_sound_home_is_ok(call: Call, walked: Path) -> None:
    said = call("doctor", "--json", at=walked)
    found = said.document
    assert (said.code, found["ok"]) == (0, True)
    assert all(check.keys() == {"name", "ok", "detail"} for check in found["checks"])
    names = [check["name"] for check in found["checks"]]
    assert {"python", "home", "disk", "full-text search", "embedding model", "ANTHROPIC_API_KEY"} <= set(names)
    assert any(name.startswith("run full-") for name in names)


def test_doctor_journal_that_others_can_read_is_found_and_exits_1(call: Call, bars: Path, tmp_path: Path) -> None:
    assert call("decide", "--data", bars).code == 0
    (tmp_path / "home" / "runs" / "paper" / "journal.sqlite").chmod(0o644)
    said = call("doctor", "--json")
    assert said.code == 1
    bad = [check for check in said.document["checks"] if not check["ok"]]
    assert [check["name"] for check in bad] == ["home"]
    assert "chmod 600" in bad[0]["detail"]


def test_doctor_torn_journal_is_a_finding_and_no_crash(call: Call, bars: Path, tmp_path: Path) -> None:
    assert call("decide", "--data", bars).code == 0
    folder = tmp_path / "home" / "runs" / "paper"
    for path in folder.glob("journal.sqlite-*"):
        path.unlink()
    (folder / "journal.sqlite").write_bytes(b"this is no database" * 100)
    said = call("doctor", "--json")
    assert said.code == 1
    assert [check["name"] for check in said.document["checks"] if not check["ok"]] == ["run paper"]


def test_init_prepares_a_private_home_and_may_be_repeated(call: Call, tmp_path: Path) -> None:
    first = call("init", "--json")
    assert first.code == 0
    assert first.document["skills"] >= 6
    assert call("init", "--json").document == first.document
    home = tmp_path / "home"
    assert home.stat().st_mode & 0o077 == 0
    private = [path for path in (home / "keys").iterdir() if path.suffix == ".pem"]
    assert private
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)
