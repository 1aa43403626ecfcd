"""Reading JSON lines that a person gave, typed; the first bad line is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from agent.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import BaseModel

    Model = TypeVar("Model", bound=BaseModel)


def typed_lines(path: Path, model: type[Model]) -> list[Model]:
    """Return every line of the file as ``model``; empty lines are skipped. ConfigError names line and reason."""
    from pydantic import ValidationError

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path} cannot be read: {err}; give a file of JSON lines") from None
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(model.model_validate_json(line))
        except ValidationError as err:
            first = err.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ConfigError(f"{path} line {number}: {where or 'line'}: {first['msg']}; mend the line") from None
    return found
