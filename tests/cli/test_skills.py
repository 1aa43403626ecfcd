"""Skills from the command line: packs, new versions, runs that begin with another run's skills."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.kit import RANGE, Call

WORDS = "a long and made-up passphrase"


@pytest.fixture(autouse=True)
def _operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADECRAFT_OPERATOR_PASSPHRASE", WORDS)


def rows(call: Call, *words: str, **where: Path) -> dict[str, dict[str, object]]:
    return {f"{row['name']} {row['version']}": row for row in call("skills", "list", "--json", *words, **where).document}


def test_a_pack_is_imported_whole_as_what_it_is_or_not_at_all(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("skills", "compose", "gap-fade", "washout-rebound", "--name", "shock", "--reason", "both at once").code == 0
    pack = tmp_path / "pack"
    assert call("skills", "export", pack, "--skill", "shock").code == 0
    there = tmp_path / "elsewhere"
    said = call("skills", "import", pack, "--no-detection", "--json", at=there)
    assert said.code == 0
    assert [(row["name"], row["status"], row["version"]) for row in said.document] == [("shock", "candidate", 1)]
    assert rows(call, at=there)["shock 1"]["origin"] == "imported"
    (pack / "manifest.json").write_text((pack / "manifest.json").read_text().replace("operator", "importer"))
    said = call("skills", "import", pack, "--no-detection", "--json", at=tmp_path / "third")
    assert (said.code, said.document[0]["verdict"]) == (1, "reject")


def test_refine_asks_for_bars_or_a_draft_and_keeps_the_name(call: Call, tmp_path: Path) -> None:
    assert call("skills", "refine", "gap-fade", "--reason", "try").code == 2
    assert call("skills", "refine", "gap-fade", "--reason", " ", "--draft", tmp_path / "no.json").code == 2
    draft = call("skills", "show", "gap-fade", "--json").document
    path = tmp_path / "draft.json"
    path.write_text(json.dumps(draft | {"description": "Buys a gap that fades."}))
    said = call("skills", "refine", "gap-fade", "--reason", "shorter words", "--draft", path, "--json")
    assert (said.code, said.document["admission"]["version"], said.document["admission"]["status"]) == (0, 2, "candidate")
    assert call("skills", "refine", "trend-pullback", "--reason", "other", "--draft", path).code == 2
    assert call("skills", "rollback", "gap-fade", "--reason", "nothing to go back to").code == 2


def test_refine_on_bars_records_what_was_tried(call: Call, bars: Path) -> None:
    said = call("skills", "refine", "trend-pullback", "--reason", "look", "--data", bars, "--json")
    assert said.code == 0
    assert said.document["evidence"]["tried"] > 5


def test_a_backtest_begins_with_another_runs_skills_and_none_of_its_statistics(call: Call, bars: Path) -> None:
    assert call("skills", "compose", "gap-fade", "washout-rebound", "--name", "shock", "--reason", "both at once").code == 0
    assert call("skills", "retire", "momentum-turn", "--reason", "not this year").code == 0
    command = ("backtest", "--data", bars, "--timerange", RANGE, "--json")
    plain, said = call(*command), call(*command, "--skills-from", "paper")
    assert said.code == 0
    assert said.document["run"] != plain.document["run"]
    have = rows(call, "--run", said.document["run"])
    assert have["momentum-turn 1"]["status"] == "retired"
    assert have["shock 1"]["origin"] == "composed"
    assert call("memory", "verify", "--json", "--run", said.document["run"]).document["ok"]
    again = call("backtest", "--data", bars, "--timerange", RANGE, "--json", "--skills-from", said.document["run"])
    assert (again.code, again.document["run"] != said.document["run"]) == (0, True)
    assert call(*command, "--skills-from", "nowhere").code == 2
    assert call(*command, "--arm", "no-skills", "--skills-from", "paper").code == 2
