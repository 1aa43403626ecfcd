"""The skills that come with the package, verified against the package's own content hashes.

``library/hashes.json`` holds the SHA-256 of every skill folder. A folder that was changed
does not load at operator trust: it is refused, because a change comes in by the write door.
``python -m skills.shipped`` writes the hashes anew after the library was edited.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from agent.errors import ConfigError, SkillRejected
from skills.schema import SkillDraft
from skills.skillmd import SKILL_MD, TYPED_PART, read_folder

LIBRARY = Path(__file__).parent / "library"
_HASHES = "hashes.json"


def folder_hash(folder: Path) -> str:
    """Return the SHA-256 over the skill's two files."""
    digest = hashlib.sha256()
    for name in (SKILL_MD, TYPED_PART):
        content = (folder / name).read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@lru_cache(maxsize=4)
def shipped(library: Path = LIBRARY) -> tuple[SkillDraft, ...]:
    """Return the shipped skills by name; ConfigError names the folder that is not as it was packaged."""
    try:
        hashes: dict[str, str] = json.loads((library / _HASHES).read_text(encoding="utf-8"))
        drafts = tuple(read_folder(library / name).draft for name in sorted(hashes))
        changed = [name for name, expected in sorted(hashes.items()) if folder_hash(library / name) != expected]
    except (OSError, ValueError, SkillRejected) as err:
        raise ConfigError(f"the shipped skills in {library} cannot be read: {err}; install the package again") from None
    if changed:
        raise ConfigError(
            f"shipped skill {library / changed[0]} was changed; install the package again and use `skills import` instead"
        )
    return drafts


def write_hashes(library: Path = LIBRARY) -> None:
    """Write the content hash of every skill folder in the library."""
    hashes = {folder.name: folder_hash(folder) for folder in sorted(library.iterdir()) if (folder / SKILL_MD).is_file()}
    (library / _HASHES).write_text(json.dumps(hashes, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_hashes()
