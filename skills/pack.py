"""Signed packs: a directory of skill folders with a manifest of their hashes, signed by who exported it.

A pack carries what the skills are and nothing of what they earned: statistics start at zero
where it arrives, and each skill still goes through the write door there. A folder that is
not as the manifest says, a manifest that is not as it was signed, and anything missing or
extra refuse the whole pack.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.errors import ConfigError, SkillRejected
from agent.guard.signing import Signer, verify
from skills.schema import Skill, SkillDraft, canonical
from skills.shipped import folder_hash
from skills.skillmd import SKILL_MD, TYPED_PART, folder_of, read_folder, write_folder

MANIFEST = "manifest.json"
_FORMAT = 1


def write_pack(skills: Sequence[Skill], directory: Path, signer: Signer, license_name: str | None = None) -> Path:
    """Write each skill's folder and the signed manifest into an empty or new directory, and return the manifest."""
    if directory.exists() and any(directory.iterdir()):
        raise ConfigError(f"{directory} is not empty; give a new directory")
    names = [skill.name for skill in skills]
    if len(set(names)) < len(names):
        raise ConfigError("a pack holds one version of each skill; give each once")
    # the draft alone travels: origin, trust and statistics are the receiver's to say
    drafts = [SkillDraft.model_validate_json(canonical(skill.document())) for skill in skills]
    hashes = {draft.name: folder_hash(write_folder(folder_of(draft, license_name), directory)) for draft in drafts}
    body: dict[str, Any] = {"format": _FORMAT, "signer": signer.principal, "key": signer.public_key.hex(), "skills": hashes}
    signature = signer.sign(canonical(body).encode()).hex()
    path = directory / MANIFEST
    path.write_text(json.dumps(body | {"signature": signature}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return path


def read_pack(directory: Path) -> tuple[list[SkillDraft], str]:
    """Return a pack's drafts and the hex public key that signed it; SkillRejected when anything does not fit."""
    body, signature = _manifest(directory)
    key = str(body.get("key", ""))
    try:
        signed = verify(bytes.fromhex(key), canonical(body).encode(), bytes.fromhex(signature))
    except ValueError:
        signed = False
    if not signed:
        raise SkillRejected([f"{directory / MANIFEST}: its signature does not fit; ask for the pack again"])
    hashes: dict[str, str] = body["skills"]
    here = {path.name for path in directory.iterdir() if path.name != MANIFEST}
    if here != set(hashes):
        raise SkillRejected(
            [f"{directory}: holds {sorted(here ^ set(hashes))[0]!r}, which manifest and folders do not both have"]
        )
    drafts = [read_folder(directory / name).draft for name in sorted(hashes)]
    foreign = [
        path for name in sorted(hashes) for path in sorted((directory / name).rglob("*")) if _foreign(path, directory / name)
    ]
    if foreign:
        raise SkillRejected([f"{foreign[0]}: was added after the pack was signed"])
    changed = [name for name in sorted(hashes) if folder_hash(directory / name) != hashes[name]]
    if changed:
        raise SkillRejected([f"{directory / changed[0]}: was changed after the pack was signed"])
    return drafts, key


def _foreign(path: Path, folder: Path) -> bool:
    """Say whether a path in a skill's folder is none that an export writes."""
    within = path.relative_to(folder).as_posix()
    return within not in (SKILL_MD, TYPED_PART, TYPED_PART.partition("/")[0])


def _manifest(directory: Path) -> tuple[dict[str, Any], str]:
    try:
        body = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise SkillRejected([f"{directory / MANIFEST}: cannot be read ({err})"]) from None
    if not isinstance(body, dict) or body.get("format") != _FORMAT or not isinstance(body.get("skills"), dict):
        raise SkillRejected([f"{directory / MANIFEST}: is not a manifest of format {_FORMAT}"])
    return body, str(body.pop("signature", ""))
