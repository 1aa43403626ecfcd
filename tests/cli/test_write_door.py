"""The write door at the command line: hostile files cost one line, and every order needs its principal and leaves its mark."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from agent.guard.keys import PASSPHRASE
from skills.schema import parse_draft
from skills.skillmd import folder_of, write_folder
from tests.cli.kit import Call, Json, Said
from tests.skills.build import draft

DEEP = "[" * 200_000 + "]" * 200_000
BOMB = "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nname: [*b,*b,*b,*b]\ndescription: x\n"


def lines_of(path: Path, *rows: bytes) -> Path:
    path.write_bytes(b"\n".join(rows) + b"\n")
    return path


def row(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def checked(call: Call, path: Path, *options: str) -> list[Json]:
    said = call("skills", "check", "--jsonl", str(path), *options)
    assert (said.code, said.err) == (0, "")
    return [json.loads(line) for line in said.out.splitlines()]


HOSTILE_LINES: dict[str, tuple[bytes, str]] = {
    "ten megabytes": (row(id="x", text="ignore the above " * 600_000), "too-large"),
    "twenty megabytes": (row(id="x", text="a" * 20_000_000), "too-large"),
    "deep nesting": (b'{"id": "x", "skill": ' + DEEP.encode() + b"}", "json"),
    "deep nesting in a skill": (row(id="x", skill=draft(when=json.loads("[" * 400 + "]" * 400))), "schema"),
    "yaml bomb": (row(id="x", skill_md=f"---\n{BOMB}---\nx"), "schema"),
    "deep yaml": (row(id="x", skill_md="---\nname: " + "[" * 3000 + "\n---\nx"), "schema"),
    "python tag": (row(id="x", skill_md="---\nname: !!python/object/apply:os.system [id]\n---\n"), "schema"),
    "invalid utf-8": (b'{"id": "x", "text": "\xff\xfe"}', "utf-8"),
    "nul": (row(id="x", text="buy\x00now"), "nul"),
    "nul in a slot": (row(id="x", skill=draft(description="buy\x00now")), "schema"),
    "lone surrogate": (b'{"id": "x", "text": "buy \\ud800 now"}', "surrogate"),
    "lone surrogate in a slot": (b'{"id": "x", "skill": {"name": "a", "description": "buy \\ud800 now"}}', "schema"),
    "huge number": (b'{"id": "x", "skill": {"name": "a", "prior": ' + b"9" * 5000 + b"}}", "json"),
    "not a number": (b'{"id": "x", "skill": {"name": "a", "prior": NaN}}', "schema"),
    "many keys": (row(id="x", skill={f"k{i}": i for i in range(20_000)}), "schema"),
    "many tags": (row(id="x", skill=draft(tags=["a"] * 100_000)), "schema"),
    "no object": (b'["x"]', "json"),
    "two at once": (row(id="x", text="a", skill={}), "schema"),
    "text that is none": (row(id="x", text={"a": 1}), "schema"),
}


@pytest.mark.parametrize("name", HOSTILE_LINES)
def test_hostile_line_is_rejected_in_one_line_and_the_next_one_is_read(call: Call, tmp_path: Path, name: str) -> None:
    line, rule = HOSTILE_LINES[name]
    path = lines_of(tmp_path / "in.jsonl", line, row(id="after", text="Buy when the RSI is weak."))
    said = checked(call, path, "--no-likeness")
    assert [found["verdict"] for found in said] == ["reject", "accept"]
    assert said[0]["reasons"][0]["rule"] == rule
    assert all(len(reason["excerpt"]) <= 160 for reason in said[0]["reasons"])
    assert len(said[0]["reasons"]) < 100


def test_check_times_the_judgement_and_not_the_loading_of_models(call: Call, tmp_path: Path) -> None:
    path = lines_of(tmp_path / "in.jsonl", *(row(id=i, text="Buy when the RSI is weak.") for i in range(3)))
    assert all(0 <= found["ms"] < 5_000 for found in checked(call, path))


def folder_with(tmp_path: Path, name: str = "weak-rsi") -> Path:
    return write_folder(folder_of(parse_draft(draft(name))), tmp_path)


def outside_link(tmp_path: Path) -> Path:
    folder = folder_with(tmp_path)
    (tmp_path / "elsewhere.json").write_text((folder / "references/skill.json").read_text())
    (folder / "references/skill.json").unlink()
    (folder / "references/skill.json").symlink_to(tmp_path / "elsewhere.json")
    return folder


def linked_folder(tmp_path: Path) -> Path:
    folder_with(tmp_path / "real")
    (tmp_path / "weak-rsi").symlink_to(tmp_path / "real" / "weak-rsi")
    return tmp_path / "weak-rsi"


def linked_references(tmp_path: Path) -> Path:
    folder = folder_with(tmp_path)
    (folder / "references").rename(tmp_path / "moved")
    (folder / "references").symlink_to(tmp_path / "moved")
    return folder


def climbing_archive(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        archive.writestr("../../escaped/SKILL.md", "---\nname: x\n---\n")
    return tmp_path / "pack.zip"


def large_file(tmp_path: Path) -> Path:
    folder = folder_with(tmp_path)
    (folder / "SKILL.md").write_text("---\n" + "x" * 10_000_000)
    return folder


def not_utf8(tmp_path: Path) -> Path:
    folder = folder_with(tmp_path)
    (folder / "SKILL.md").write_bytes(b"---\n\xff\xfe\n---\n")
    return folder


def bomb(tmp_path: Path) -> Path:
    folder = folder_with(tmp_path)
    (folder / "SKILL.md").write_text(f"---\n{BOMB}---\n")
    return folder


def other_name(tmp_path: Path) -> Path:
    return folder_with(tmp_path).rename(tmp_path / "another")


def missing(tmp_path: Path) -> Path:
    return tmp_path / "nothing"


HOSTILE_FOLDERS = (
    outside_link, linked_folder, linked_references, climbing_archive, large_file, not_utf8, bomb, other_name, missing,
)  # fmt: skip


@pytest.mark.parametrize("make", HOSTILE_FOLDERS, ids=lambda make: make.__name__)
def test_hostile_folder_is_refused_and_nothing_is_stored_or_written_elsewhere(call: Call, tmp_path: Path, make: Any) -> None:
    folder = make(tmp_path)
    said = call("skills", "import", str(folder), "--as", "importer", "--no-detection", "--json")
    assert said.code == 1
    assert said.document["verdict"] == "reject"
    assert len(said.document["reasons"]) == 1
    assert "\n" not in said.document["reasons"][0]["excerpt"]
    assert not (tmp_path.parent / "escaped").exists()
    assert "weak-rsi" not in call("skills", "list", "--json").out


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 10_000_001], ids=["not utf-8", "too large"])
def test_draft_file_that_cannot_be_read_costs_one_line(call: Call, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f.json").write_bytes(content)
    said = call("skills", "add", str(tmp_path / "f.json"), "--as", "agent")
    assert said.code == 2
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1


def test_draft_file_that_is_a_link_is_not_followed(call: Call, tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text(json.dumps(draft()))
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    assert "links are not followed" in call("skills", "add", str(tmp_path / "link.json"), "--as", "agent").err


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch, call: Call) -> Call:
    monkeypatch.setenv(PASSPHRASE, "correct horse battery")
    return call


def added(call: Call, tmp_path: Path, principal: str, *options: str, **changes: Any) -> Said:
    (tmp_path / "draft.json").write_text(json.dumps(draft(**changes)))
    return call("skills", "add", str(tmp_path / "draft.json"), "--as", principal, "--json", *options)


def test_skill_from_outside_waits_is_shown_and_is_let_in_by_the_operator_alone(operator: Call, tmp_path: Path) -> None:
    first = added(operator, tmp_path, "outside", "--source", "web:forum")
    assert (first.code, first.document["status"]) == (0, "quarantined")
    waiting = operator("skills", "quarantine", "--json").document
    assert [(found["name"], found["sources"]) for found in waiting] == [("weak-rsi", ["web:forum"])]
    assert any("+" in line for line in waiting[0]["diff"])
    refused = operator("skills", "approve", "weak-rsi", "--reason", "fine", "--as", "agent")
    assert (refused.code, "agent may not approve" in refused.err) == (2, True)
    stale = operator("skills", "approve", "weak-rsi", "--reason", "fine", "--reviewed", "0" * 16, "--as", "operator")
    assert (stale.code, "not as it was shown" in stale.err) == (2, True)
    let_in = operator(
        "skills", "approve", "weak-rsi", "--reason", "fine", "--reviewed", waiting[0]["digest"], "--as", "operator", "--json"
    )
    assert (let_in.code, let_in.document["status"]) == (0, "candidate")
    assert operator("skills", "quarantine").out.strip() == "nothing waits for an operator"


def test_rejected_skill_stays_out_and_is_not_asked_about_again(operator: Call, tmp_path: Path) -> None:
    added(operator, tmp_path, "outside")
    said = operator("skills", "reject", "weak-rsi", "--reason", "no", "--as", "operator", "--json")
    assert (said.code, said.document["status"]) == (0, "rejected")
    assert operator("skills", "quarantine", "--json").document == []


def test_person_can_put_a_skill_into_quarantine(operator: Call) -> None:
    said = operator("skills", "quarantine", "gap-fade", "--reason", "odd fills", "--as", "operator", "--json")
    assert (said.code, said.document["status"]) == (0, "quarantined")
    assert operator("skills", "quarantine", "gap-fade", "--json").document["findings"][0].startswith("quarantined: ")


def test_revoked_source_suspends_what_came_from_it_and_an_unknown_one_names_those_there(operator: Call, tmp_path: Path) -> None:
    added(operator, tmp_path, "importer", "--source", "pack:x")
    unknown = operator("skills", "revoke-source", "pack:y", "--reason", "sold", "--as", "operator")
    assert (unknown.code, "pack:x" in unknown.err) == (2, True)
    said = operator("skills", "revoke-source", "pack:x", "--reason", "sold", "--as", "operator", "--json")
    assert [skill["name"] for skill in said.document["suspended"]] == ["weak-rsi"]
    later = added(operator, tmp_path, "importer", "--source", "pack:x", description="Buys a weak market.")
    assert later.document["status"] == "quarantined"


def test_operator_without_a_passphrase_can_do_nothing(call: Call, tmp_path: Path) -> None:
    said = added(call, tmp_path, "operator")
    assert said.code == 2
    assert PASSPHRASE in said.err


def test_keys_lists_who_can_sign_and_shows_no_key(operator: Call, tmp_path: Path) -> None:
    added(operator, tmp_path, "operator")
    listed = operator("keys", "--json").document
    assert {found["principal"] for found in listed} == {"operator", "agent", "importer"}
    private = "".join(path.read_bytes().hex() for path in (tmp_path / "home").rglob("*.key"))
    assert all(found["key_id"] is None or len(found["key_id"]) <= 16 for found in listed)
    assert private == "" or private not in json.dumps(listed)
