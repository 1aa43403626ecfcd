"""What a stand-in can make out of a request: its words, the market's figures in them, the shape asked for.

Nothing here knows our prompts: figures are found by the published feature names wherever they
stand as ``name: number``, ``name=number`` or JSON, and a reply is shaped by the request's own schema.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agent.doubles.protocol import walk_blocks

Json = dict[str, Any]
_FIGURE = re.compile(r"[\"']?\b([a-z][a-z0-9_]{2,40})\b[\"']?\s*[:=]\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)", re.IGNORECASE)
_ORDER = re.compile(r"\b(ignore|disregard|override|you must|always|system:|new instruction)\b[^.\n]{0,160}", re.IGNORECASE)
_ACTION = re.compile(r"\b(buy|sell|close|hold)\b", re.IGNORECASE)
_IDENT = re.compile(r"\b(?:memory|skill|event|lesson|vote|id)[:=]\s*[\"']?([A-Za-z0-9_.:-]{3,64})", re.IGNORECASE)


@dataclass(frozen=True)
class Opinion:
    """What a stand-in thinks, before it is put into the shape that was asked for."""

    action: str
    confidence: float
    size: float
    words: str
    citations: tuple[str, ...] = ()


def texts(request: Json, *, users_only: bool = True) -> str:
    """All text of a request that a user turn carries (tool results included), or of all of it."""
    out: list[str] = []
    for block in walk_blocks(request):
        if not users_only or block.get("role") == "user":
            _gather(block, out)
    return "\n".join(out)


def _gather(value: Any, out: list[str]) -> None:
    if isinstance(value, str):
        out.append(value)
    elif isinstance(value, dict):
        for key in ("text", "content", "description", "input_schema", "properties", "title"):
            if key in value:
                _gather(value[key], out)
    elif isinstance(value, list):
        for item in value:
            _gather(item, out)


def figures(text: str) -> dict[str, float]:
    """Named numbers in a text, the last of a name counting."""
    return {name.lower(): float(number) for name, number in _FIGURE.findall(text)}


def orders(text: str) -> list[str]:
    """Passages that read like an instruction, wherever they stand."""
    return [found.group(0).strip() for found in _ORDER.finditer(text)]


def ordered_action(text: str) -> str | None:
    """The action that the last instruction in a text demands; None when none does."""
    for passage in reversed(orders(text)):
        found = _ACTION.findall(passage)
        if found:
            return str(found[-1]).lower()
    return None


def shown_ids(text: str) -> tuple[str, ...]:
    """Identifiers a text offers for citing, in order, each once."""
    return tuple(dict.fromkeys(_IDENT.findall(text)))


def wanted_schema(request: Json) -> Json | None:
    """The JSON schema a typed reply must have; None when plain text is asked for."""
    shape = (request.get("output_config") or {}).get("format") or request.get("output_format") or {}
    schema = shape.get("schema") if shape.get("type") == "json_schema" else None
    return schema if isinstance(schema, dict) else None


def fill(schema: Json, opinion: Opinion, name: str = "", root: Json | None = None) -> Any:
    """A value of ``schema`` that says ``opinion``: fields are recognised by name, the rest takes its least value."""
    root = root or schema
    if "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return fill(target, opinion, name, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return opinion.action if opinion.action in schema["enum"] else _enum(schema["enum"], opinion)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return fill(_branch(schema[union], name, opinion), opinion, name, root)
    return _plain(schema, opinion, name, root)


def _enum(values: list[Any], opinion: Opinion) -> Any:
    same = [value for value in values if isinstance(value, str) and value.lower() == opinion.action]
    return (same or values)[0]


def _branch(branches: list[Json], name: str, opinion: Opinion) -> Json:
    """Null where it may be, for a stand-in thinks of little: a stop, a target, a skill; else the first branch."""
    null = [branch for branch in branches if branch.get("type") == "null"]
    if null and (name != "side" or opinion.action not in ("buy", "sell")):
        return null[0]
    return next(branch for branch in branches if branch.get("type") != "null")


def _plain(schema: Json, opinion: Opinion, name: str, root: Json) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {key: fill(inner, opinion, key, root) for key, inner in schema.get("properties", {}).items()}
    if kind == "array":
        if name == "citations":
            return list(opinion.citations)
        return [fill(schema["items"], opinion, name, root) for _ in range(schema.get("minItems", 0))]
    if kind in ("number", "integer"):
        return _number(schema, opinion, name, whole=kind == "integer")
    if kind == "boolean":
        return False
    return None if kind == "null" else (opinion.action if name == "action" else opinion.words)


def _number(schema: Json, opinion: Opinion, name: str, *, whole: bool) -> float | int:
    value = {"confidence": opinion.confidence, "size": opinion.size, "horizon": 5.0}.get(name, 0.0)
    value = max(value, schema.get("minimum", value))
    value = min(value, schema.get("maximum", value))
    return int(value) if whole else value
