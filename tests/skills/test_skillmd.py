from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import SkillRejected
from skills.schema import parse_draft
from skills.skillmd import folder_of, read_folder, split, write_folder
from tests.skills.build import draft, procedure

_KEYS = {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}


def written(tmp_path: Path) -> Path:
    return write_folder(folder_of(parse_draft(draft()), "MIT"), tmp_path)


def test_skillmd_front_matter_has_only_the_six_keys_and_text_metadata(tmp_path: Path) -> None:
    folder = written(tmp_path)
    front = yaml.safe_load((folder / "SKILL.md").read_text(encoding="utf-8").split("---\n")[1])
    assert set(front) <= _KEYS
    assert all(isinstance(value, str) for value in front["metadata"].values())


def test_skillmd_procedure_travels_without_loss(tmp_path: Path) -> None:
    folder = folder_of(parse_draft(procedure(tags=["operations"])))
    assert read_folder(write_folder(folder, tmp_path)) == folder


def test_skillmd_body_in_other_words_is_kept_word_for_word(tmp_path: Path) -> None:
    folder = written(tmp_path)
    path = folder / "SKILL.md"
    path.write_text(path.read_text(encoding="utf-8") + "\nA note by a reader: ---\n\n", encoding="utf-8")
    before = path.read_bytes()
    write_folder(read_folder(folder), tmp_path)
    assert path.read_bytes() == before


def test_skillmd_link_in_place_of_a_file_or_folder_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "real")
    (tmp_path / "weak-rsi").symlink_to(folder)
    with pytest.raises(SkillRejected, match="links"):
        read_folder(tmp_path / "weak-rsi")
    secret = tmp_path / "secret.json"
    secret.write_text((folder / "references" / "skill.json").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "references" / "skill.json").unlink()
    (folder / "references" / "skill.json").symlink_to(secret)
    with pytest.raises(SkillRejected, match="links"):
        read_folder(folder)
    with pytest.raises(SkillRejected, match="link"):
        write_folder(folder_of(parse_draft(draft())), tmp_path / "real")


def test_skillmd_that_promises_another_skill_than_its_typed_part_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path)
    path = folder / "SKILL.md"
    path.write_text(path.read_text(encoding="utf-8").replace("description: Buys", "description: Never buys"), encoding="utf-8")
    with pytest.raises(SkillRejected, match="description"):
        read_folder(folder)
    folder.rename(tmp_path / "other-name")
    with pytest.raises(SkillRejected, match="other-name"):
        read_folder(tmp_path / "other-name")


def test_skillmd_too_large_missing_or_not_text_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path)
    (folder / "SKILL.md").write_bytes(b"\xff\xfe")
    with pytest.raises(SkillRejected, match="read"):
        read_folder(folder)
    (folder / "SKILL.md").write_bytes(b"a" * 64_001)
    with pytest.raises(SkillRejected, match="larger"):
        read_folder(folder)
    (folder / "SKILL.md").unlink()
    with pytest.raises(SkillRejected, match="missing"):
        read_folder(folder)


@pytest.mark.parametrize(
    "front",
    [
        "name: a",
        "name: a\ndescription: b\nstatus: active",
        "name: a\ndescription: b\nmetadata:\n  n: 1",
        "- name",
        "name: [",
        "name: !!python/object/apply:os.system ['true']\ndescription: b",
        "",
    ],
)
def test_skillmd_front_matter_with_anything_else_is_refused(front: str) -> None:
    with pytest.raises(SkillRejected):
        split(f"---\n{front}\n---\n\nbody\n")


@given(text=st.text(), head=st.text())
def test_skillmd_any_text_is_split_or_rejected_and_nothing_else(text: str, head: str) -> None:
    for candidate in (text, f"---\n{head}\n---\n{text}"):
        with suppress(SkillRejected):
            split(candidate)


def test_skillmd_typed_part_that_is_no_skill_is_refused_with_its_reasons(tmp_path: Path) -> None:
    folder = written(tmp_path)
    (folder / "references" / "skill.json").write_text(json.dumps(draft(trust="operator")), encoding="utf-8")
    with pytest.raises(SkillRejected, match="trust"):
        read_folder(folder)
