"""The memory commands as a caller sees them: keys acknowledged, queries answered by line, copies that hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.kit import Call

LINES = (
    {"kind": "dialog", "content": "we bought an old piano", "key": "D1:1", "happened_at": "2023-05-08T13:56:00Z"},
    {
        "kind": "lesson",
        "content": "gap down was bought too early",
        "key": "L1",
        "symbol": "X",
        "happened_at": "2023-05-09T00:00:00Z",
    },
    {"kind": "rumour", "content": "no such kind"},
    {"kind": "dialog", "content": "again", "key": "D1:1"},
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return path


def test_import_acknowledges_each_key_and_ends_with_the_counts(call: Call, file: Path) -> None:
    said = call("memory", "import", "--jsonl", str(file), "--ack", "--json")
    *keys, counts = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 0
    assert keys == [{"key": "D1:1"}, {"key": "L1"}, {"key": "D1:1"}]
    assert (counts["imported"], counts["duplicates"], [item["line"] for item in counts["rejected"]]) == (2, 1, [3])
    assert counts["rejected"][0]["reason"].startswith("kind 'rumour' is not known")


def test_import_where_every_line_is_refused_fails(call: Call, tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("{\n")
    assert call("memory", "import", "--jsonl", str(tmp_path / "bad"), "--json").code == 1
    assert call("memory", "import", "--jsonl", str(tmp_path / "none"), "--json").code == 2


def test_search_answers_a_file_line_by_line(call: Call, file: Path, tmp_path: Path) -> None:
    call("memory", "import", "--jsonl", str(file), "--json")
    asked = tmp_path / "q.jsonl"
    asked.write_text(
        '{"id": 1, "query": "old piano", "k": 1}\n{"id": "b", "query": "gap", "symbol": "X", "as_of": "2023-05-08T00:00:00Z"}\n'
    )
    answers = [json.loads(line) for line in call("memory", "search", "--jsonl", str(asked), "--mode", "text").out.splitlines()]
    assert [(item["id"], [found["key"] for found in item["results"]]) for item in answers] == [(1, ["D1:1"]), ("b", [])]
    assert set(answers[0]["results"][0]["parts"]) == {"similarity", "importance", "recency"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": 1}', "line 1: it has no query"),
        ('{"query": "x", "k": 0}', "k = 0 is not"),
        ('{"query": "x", "as_of": "soon"}', "as_of"),
    ],
)
def test_search_a_query_that_cannot_be_asked_names_its_line(
    call: Call, file: Path, tmp_path: Path, line: str, message: str
) -> None:
    call("memory", "import", "--jsonl", str(file), "--json")
    (tmp_path / "q").write_text(line)
    said = call("memory", "search", "--jsonl", str(tmp_path / "q"))
    assert said.code == 2
    assert message in said.err
    assert call("memory", "search").code == 2


def test_forget_backup_restore_export_and_rebuild_keep_the_rest(call: Call, file: Path, tmp_path: Path) -> None:
    call("memory", "import", "--jsonl", str(file), "--json")
    copy = tmp_path / "copy.sqlite"
    assert call("memory", "backup", str(copy), "--json").document["verified"]
    assert call("memory", "forget", "L1", "--json").document["backups"] == [str(copy)]
    assert call("memory", "verify", "--json").document["ok"]
    assert call("memory", "export", "--out", str(tmp_path / "out"), "--json").document["exported"] == 4
    again = call("memory", "import", "--whole", "--jsonl", str(tmp_path / "out"), "--run", "live", "--json").document
    assert again["imported"] == 4
    assert call("memory", "import", "--whole", "--jsonl", str(tmp_path / "out"), "--as", "importer").code == 2
    assert call("memory", "restore", str(copy), "--run", "paper", "--json").document["facts"] == 2
    assert call("memory", "rebuild", "--run", "paper", "--json").document["words"] == 2
    assert call("memory", "verify", "--run", "paper", "--json").document["ok"]
    assert call("memory", "compare", "20230101-20231231", "20240101-20241231", "--json").document["a"]["facts"] == 2
    assert call("memory", "cleanup", "--run", "paper", "--json").document["archived"] == 1
