"""The prompts as files: ``render`` gives the words of one, ``version`` the hash of its content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import SandboxedEnvironment

FOLDER = Path(__file__).parent
NAMES = ("chat", "chat-repair", "decide", "name-skill", "reflect", "repair", "summarise-chunk")


@dataclass(frozen=True)
class Words:
    """A rendered prompt: the system text that never changes (empty for a follow-up turn) and the user turn."""

    system: str
    user: str


@cache
def _environment() -> SandboxedEnvironment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=False,  # plain text for a model, never a page
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


@cache
def _template(name: str) -> Template:
    return _environment().get_template(f"{name}.j2")


@cache
def version(name: str) -> str:
    """SHA-256 of a prompt's file: any change of a word is another version."""
    return hashlib.sha256((FOLDER / f"{name}.j2").read_bytes()).hexdigest()


def render(name: str, **values: Any) -> Words:
    """The words of a prompt; jinja2.UndefinedError when a variable that it needs is missing."""
    template = _template(name)

    def block(part: str) -> str:
        if part not in template.blocks:
            return ""
        return "".join(template.blocks[part](template.new_context(values))).strip() + "\n"

    return Words(system=block("system"), user=block("user"))
