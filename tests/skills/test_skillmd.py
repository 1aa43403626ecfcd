from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import SkillRejected
from agent.guard.signing import Signer
from skills.catalogue import stored
from skills.compose import compose
from skills.pack import write_pack
from skills.schema import parse_draft
from skills.shipped import LIBRARY
from skills.skillmd import folder_of, read_folder, split, write_folder
from tests.skills.build import START, draft, opened, procedure

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


def published_rules_broken(folder: Path) -> list[str]:
    """What the Agent Skills specification forbids, read with another parser than ours; names it by rule."""
    head = (folder / "SKILL.md").read_text(encoding="utf-8").split("---\n")[1]
    front = yaml.safe_load(head)
    name, description = front.get("name", ""), front.get("description", "")
    rules = {
        "six keys": set(front) <= _KEYS,
        "name fits": 1 <= len(name) <= 64 and name == folder.name,
        "name is lowercase, digits and single hyphens": bool(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)),
        "description fits": len(description.strip()) >= 1 and len(description) <= 1024,
        "compatibility fits": len(front.get("compatibility", "")) <= 500,
        "metadata maps text to text": all(isinstance(part, str) for pair in front.get("metadata", {}).items() for part in pair),
    }
    return [rule for rule, kept in rules.items() if not kept]


def test_skillmd_every_shipped_and_every_exported_folder_keeps_the_published_rules(tmp_path: Path) -> None:
    """The specification's own validator (skills-ref 0.1.1) accepted the same folders when this was written."""
    assert LIBRARY.is_dir()
    folders = [path for path in LIBRARY.iterdir() if path.is_dir()]
    with opened(tmp_path / "home") as (_, catalogue):
        skills = [catalogue.get(name) for name in sorted({skill.name for skill in catalogue.versions()})]
        pair = stored(compose(catalogue, skills[4:6]), version=1, origin="composed", trust="model", writer="agent", at=START)
        write_pack([*skills, pair], tmp_path / "pack", Signer.load_or_create(tmp_path, "agent"))
    folders += [path for path in (tmp_path / "pack").iterdir() if path.is_dir()]
    assert len(folders) >= 25
    assert {folder.name: broken for folder in folders if (broken := published_rules_broken(folder))} == {}


def test_skillmd_the_published_rules_would_notice(tmp_path: Path) -> None:
    folder = written(tmp_path)
    path = folder / "SKILL.md"
    path.write_text(path.read_text(encoding="utf-8").replace("name: weak-rsi", "name: Weak--RSI\nextra: x"), encoding="utf-8")
    assert published_rules_broken(folder) == ["six keys", "name fits", "name is lowercase, digits and single hyphens"]
