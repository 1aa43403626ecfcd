"""Skills as Agent Skills folders: ``name/SKILL.md`` for readers, ``references/skill.json`` for what runs.

The front matter has only the six keys of the Agent Skills format. Name and description stand
in both files and must agree; everything typed is read from the JSON alone and Markdown is
never parsed for meaning. What ``read_folder`` gives, ``write_folder`` writes back without
loss. Files that are too large, links, and anything unexpected are refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, Field, ValidationError, model_validator

from agent.domain import Frozen
from agent.errors import SkillRejected
from skills.render import body
from skills.schema import SkillDraft, parse_draft

MAX_SKILL_MD = 64_000
MAX_FRONT_MATTER = 8_000
SKILL_MD = "SKILL.md"
TYPED_PART = "references/skill.json"
_FENCE = "---\n"


class _NoAliases(yaml.SafeLoader):
    """Safe loading without references, by which a few lines can stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("references (*name) are not allowed")
        return super().compose_node(parent, index)


class FrontMatter(Frozen):
    """The six keys of the Agent Skills format."""

    model_config = ConfigDict(strict=True)

    name: str = Field(min_length=1, max_length=64)
    description: str = Field(min_length=1, max_length=1024)
    license: str | None = None
    compatibility: str | None = Field(None, max_length=500)
    metadata: dict[str, str] | None = None
    allowed_tools: str | None = Field(None, alias="allowed-tools")


class SkillFolder(Frozen):
    """A skill folder's whole content."""

    front: FrontMatter
    body: str
    draft: SkillDraft

    @model_validator(mode="after")
    def _agree(self) -> SkillFolder:
        for key in ("name", "description"):
            if getattr(self.front, key) != getattr(self.draft, key):
                raise ValueError(f"{SKILL_MD} and {TYPED_PART} disagree on {key}; make them equal")
        return self


def folder_of(draft: SkillDraft, license_name: str | None = None) -> SkillFolder:
    """Return the folder that a draft is exported as."""
    metadata = {"category": draft.category, "kind": draft.kind}
    if draft.tags:
        metadata["tags"] = " ".join(draft.tags)
    front = FrontMatter(name=draft.name, description=draft.description, license=license_name, metadata=metadata)
    return SkillFolder(front=front, body=body(draft), draft=draft)


def read_folder(folder: Path) -> SkillFolder:
    """Read a skill folder; SkillRejected says in one line each what is wrong with it."""
    if folder.is_symlink() or not folder.is_dir():
        raise SkillRejected([f"{folder}: is not a folder (links are not followed)"])
    front, text = split(_read(folder, SKILL_MD))
    draft = parse_draft(_read(folder, TYPED_PART))
    if draft.name != folder.name:
        raise SkillRejected([f"{folder}: holds the skill {draft.name!r}; the folder must have its name"])
    try:
        return SkillFolder(front=front, body=text, draft=draft)
    except ValidationError as err:
        raise SkillRejected([f"{folder}: {str(err.errors()[0]['msg']).removeprefix('Value error, ')}"]) from None


def split(text: str) -> tuple[FrontMatter, str]:
    """Split the text of a SKILL.md into front matter and body; SkillRejected when it has no valid front matter."""
    head, fence, rest = text.removeprefix(_FENCE).partition("\n" + _FENCE)
    if not text.startswith(_FENCE) or not fence or len(head) > MAX_FRONT_MATTER:
        raise SkillRejected(
            [f"{SKILL_MD}: begins with front matter between two lines of --- ({MAX_FRONT_MATTER} characters at most)"]
        )
    try:
        return FrontMatter.model_validate(yaml.load(head, Loader=_NoAliases)), rest.removeprefix("\n")  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as err:
        raise SkillRejected([f"{SKILL_MD}: front matter is not valid ({_one_line(err)})"]) from None


def joined(front: FrontMatter, text: str) -> str:
    """Return the text of a SKILL.md."""
    keys = front.model_dump(exclude_none=True)
    head = yaml.safe_dump(keys, sort_keys=False, allow_unicode=True, width=1_000_000)
    return f"{_FENCE}{head}{_FENCE}\n{text}"


def typed_part(draft: SkillDraft) -> str:
    """Return the text of references/skill.json."""
    return json.dumps(draft.document(), indent=2, ensure_ascii=False) + "\n"


def write_folder(skill: SkillFolder, directory: Path) -> Path:
    """Write the folder below ``directory`` and return it; SkillRejected when a link stands in the way."""
    folder = directory / skill.draft.name
    for path, text in ((SKILL_MD, joined(skill.front, skill.body)), (TYPED_PART, typed_part(skill.draft))):
        target = folder / path
        if any(part.is_symlink() for part in (folder, target.parent, target)):
            raise SkillRejected([f"{target}: a link stands in the way; remove it"])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder


def _read(folder: Path, name: str) -> str:
    path = folder / name
    if path.is_symlink() or path.parent.is_symlink() or not path.is_file():
        raise SkillRejected([f"{path}: is missing or not a plain file (links are not followed)"])
    if path.stat().st_size > MAX_SKILL_MD:
        raise SkillRejected([f"{path}: is larger than {MAX_SKILL_MD} bytes"])
    try:
        return path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as err:
        raise SkillRejected([f"{path}: cannot be read ({_one_line(err)})"]) from None


def _one_line(err: Any) -> str:
    if isinstance(err, ValidationError):
        first = err.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return " ".join(str(err).split())[:200]
