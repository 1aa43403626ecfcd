"""The kinds of text a skill may carry, as types that refuse everything else.

A line is printable, on one line, in Unicode's composed form and of bounded length; a slug
is lowercase words joined by hyphens. What is not shown as itself (control, zero-width,
direction, tag, variation, private use, unassigned) and words of mixed script are refused, raw
and in compatibility form, because what a person reads when approving a text must be what a
model or a program reads later.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from agent.guard.characters import refusal

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_SKILL_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\Z")


def plain(text: str) -> str:
    """Return the text composed (NFC) and stripped; ValueError names the first character refused."""
    composed = unicodedata.normalize("NFC", text).strip()
    refused = refusal(composed)
    if refused is not None:
        raise ValueError(refused)
    if not composed:
        raise ValueError("the text is empty; write one line")
    return composed


def _slug(text: str) -> str:
    if not _SLUG.match(text):
        raise ValueError("use lowercase letters, digits and single hyphens, for example trend-pullback")
    return text


def _identifier(text: str) -> str:
    if not _IDENTIFIER.match(text):
        raise ValueError("use a lowercase word with underscores, for example pullback_rsi")
    return text


def _skill_id(text: str) -> str:
    if not _SKILL_ID.match(text):
        raise ValueError("use the id of a skill as `skills list` prints it")
    return text


Line = Annotated[str, Field(max_length=200), AfterValidator(plain)]
Description = Annotated[str, Field(max_length=280), AfterValidator(plain)]
Word = Annotated[str, Field(max_length=40), AfterValidator(_slug)]
Name = Annotated[str, Field(max_length=64), AfterValidator(_slug)]
Identifier = Annotated[str, AfterValidator(_identifier)]
SkillId = Annotated[str, AfterValidator(_skill_id)]


def slot_refusals(name: str, description: str) -> list[tuple[str, str]]:
    """Return (field, why) for a name or description that a skill may not carry."""
    found = []
    for where, kind, text in (("name", Name, name), ("description", Description, description)):
        try:
            TypeAdapter(kind).validate_python(text)
        except ValidationError as err:
            found.append((where, str(err.errors()[0]["msg"]).removeprefix("Value error, ")))
    return found
