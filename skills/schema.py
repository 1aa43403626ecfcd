"""What a skill is: a draft as a person or a file gives it, and the stored version with its origin.

A draft says what fires the skill (``when``), what it does (``plan``) and how to tell people
about it. It cannot say where it came from, how far it is trusted or what state it is in:
those are set by the path it came in by, and a draft that tries is refused for an unknown
field. A stored version never changes; a change is a new version.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal
from uuid import UUID, uuid5

from pydantic import ConfigDict, Field, ValidationError, model_validator

from agent.domain import Frozen, Grade, Side, Unit, Utc
from agent.errors import SkillRejected
from skills.text import Description, Identifier, Line, Name, SkillId, Word
from skills.tree import MAX_DEPTH, MAX_LEAVES, Condition, bind, depth, leaves, parameters_of

MAX_DRAFT_CHARS = 64_000

Kind = Literal["strategy", "procedure"]
Origin = Literal["manual", "learned", "composed", "imported"]
Trust = Literal["outside", "imported", "model", "market", "operator"]
TRUSTS: tuple[Trust, ...] = ("outside", "imported", "model", "market", "operator")
Stage = Literal["entry", "management", "exit", "step"]
STAGES: tuple[Stage, ...] = ("entry", "management", "exit")
PLAN_NUMBERS = ("size", "stop_atr", "target_atr", "max_bars")

_NAMESPACE = UUID("0d3c1f0a-52f4-5d3e-8a41-6e8f4c9b7d20")
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def skill_id(name: str) -> str:
    """Return the id that a skill of this name has everywhere, in every version."""
    return str(uuid5(_NAMESPACE, name))


class Strict(Frozen):
    """A part of a draft: exact types, no unknown keys."""

    model_config = ConfigDict(strict=True)


class Plan(Strict):
    """What the skill asks for when it fires; the limit stage may only reduce it.

    ``size`` is the fraction of the arithmetic size to take; stop and target are distances
    from the entry in ATR(14); the position closes after ``max_bars`` bars at the latest.
    """

    side: Side
    size: float = Field(1.0, gt=0, le=1)
    stop_atr: float = Field(gt=0, le=20)
    target_atr: float = Field(gt=0, le=50)
    max_bars: int = Field(ge=1, le=250)


class Parameter(Strict):
    """A number that may be tuned, and how far."""

    value: float
    low: float
    high: float
    unit: Line | None = None

    @model_validator(mode="after")
    def _inside(self) -> Parameter:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"value {self.value:g} lies outside its bounds [{self.low:g}, {self.high:g}]")
        return self


class Step(Strict):
    """One numbered instruction; a strategy's steps each belong to a stage of the trade."""

    stage: Stage = "step"
    text: Line


class SuccessCriteria(Strict):
    """From which net R an execution is a success; between 0 and that it is partial, else a failure."""

    success_r: float = Field(0.5, gt=0, le=20)

    def grade(self, r: float | None) -> Grade:
        """Grade a net R; without one the outcome is unknown."""
        if r is None:
            return "unknown"
        return "success" if r >= self.success_r else "partial" if r > 0 else "failure"


class SkillDraft(Strict):
    """A skill as given from outside: everything typed, nothing about origin, trust or status."""

    name: Name
    kind: Kind = "strategy"
    description: Description
    category: Word
    tags: tuple[Word, ...] = Field((), max_length=12)
    when: Condition | None = None
    plan: Plan | None = None
    parameters: dict[Identifier, Parameter] = Field({}, max_length=16)
    preconditions: tuple[Line, ...] = Field((), max_length=12)
    steps: tuple[Step, ...] = Field(min_length=3, max_length=24)
    postconditions: tuple[Line, ...] = Field((), max_length=12)
    success: SuccessCriteria = SuccessCriteria()
    prior: Unit = 0.5
    parents: tuple[SkillId, ...] = Field((), max_length=8)
    sub_skills: tuple[SkillId, ...] = Field((), max_length=8)

    @model_validator(mode="after")
    def _whole(self) -> SkillDraft:
        if self.kind == "strategy":
            self._check_strategy()
        elif self.when is not None or self.plan is not None:
            raise ValueError("a procedure has steps only; remove when and plan, or make it a strategy")
        for step in self.steps:
            self._check_placeholders(step.text)
        return self

    def _check_strategy(self) -> None:
        if self.when is None or self.plan is None:
            raise ValueError("a strategy needs both when and plan")
        missing = [stage for stage in STAGES if all(step.stage != stage for step in self.steps)]
        if missing:
            raise ValueError(f"a strategy records the stages entry, management and exit; no step has stage {missing[0]!r}")
        if depth(self.when) > MAX_DEPTH or leaves(self.when) > MAX_LEAVES:
            raise ValueError(f"when may have {MAX_DEPTH} levels and {MAX_LEAVES} leaves; split the skill")
        unknown = sorted(parameters_of(self.when) - set(self.parameters))
        if unknown:
            raise ValueError(f"when names the parameter {unknown[0]!r}, which parameters does not define")
        for name in PLAN_NUMBERS:
            if name in self.parameters and self.parameters[name].value != getattr(self.plan, name):
                raise ValueError(f"parameter {name} must have the plan's value, {getattr(self.plan, name):g}")

    def _check_placeholders(self, text: str) -> None:
        unknown = [name for name in _PLACEHOLDER.findall(text) if name not in self.numbers]
        if unknown:
            raise ValueError(f"step names {{{unknown[0]}}}, which neither parameters nor plan defines")
        if "{" in (rest := _PLACEHOLDER.sub("", text)) or "}" in rest:
            raise ValueError("braces in a step only enclose the name of a parameter")

    @property
    def numbers(self) -> dict[str, float]:
        """The values that parameter names and {placeholders} stand for."""
        plan = {} if self.plan is None else {name: float(getattr(self.plan, name)) for name in PLAN_NUMBERS}
        return plan | {name: parameter.value for name, parameter in self.parameters.items()}

    @cached_property
    def condition(self) -> Condition | None:
        """``when`` with the parameters' numbers put in."""
        return None if self.when is None else bind(self.when, self.numbers)

    def filled_steps(self) -> list[str]:
        """Return the steps with every {placeholder} replaced by its number."""
        numbers = self.numbers
        return [_PLACEHOLDER.sub(lambda found: f"{numbers[found[1]]:g}", step.text) for step in self.steps]

    def document(self) -> dict[str, Any]:
        """Return the draft as JSON data: what ``skills show`` prints and ``skills add`` accepts."""
        return self.model_dump(mode="json", include=set(SkillDraft.model_fields), exclude_defaults=True)

    def content_hash(self) -> str:
        """Return the SHA-256 of the draft's canonical JSON."""
        return hashlib.sha256(canonical(self.document()).encode()).hexdigest()


class Skill(SkillDraft):
    """A stored version of a skill: immutable, with where it came from and how far it is trusted."""

    id: SkillId
    version: int = Field(ge=1)
    origin: Origin
    trust: Trust
    writer: Line
    created_at: Utc
    evidence: tuple[Line, ...] = ()
    sources: tuple[Line, ...] = ()
    signature: str | None = None

    @property
    def tainted(self) -> bool:
        """Whether anything it was made from came from outside; then only an operator's approval lets it trade."""
        return bool(self.sources) or self.trust in ("outside", "imported")

    @property
    def key(self) -> str:
        """``id:version``, the key of this version in every state table."""
        return f"{self.id}:{self.version}"


def canonical(document: Any) -> str:
    """Write JSON data in the one form that is hashed: sorted keys, no spaces, finite numbers."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def parse_draft(document: Mapping[str, Any] | str) -> SkillDraft:
    """Read a draft from JSON data or JSON text; SkillRejected lists every reason as ``where: why``."""
    try:
        text = document if isinstance(document, str) else json.dumps(document, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as err:
        raise SkillRejected([f"draft: is not JSON data ({err})"]) from None
    if len(text) > MAX_DRAFT_CHARS:
        raise SkillRejected([f"draft: has {len(text)} characters; {MAX_DRAFT_CHARS} are allowed"])
    try:
        return SkillDraft.model_validate_json(text)
    except ValidationError as err:
        raise SkillRejected([_reason(error) for error in err.errors(include_url=False)]) from None
    except UnicodeEncodeError:
        raise SkillRejected(["draft: holds a lone surrogate; use valid Unicode text"]) from None


def _reason(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"]) or "draft"
    return f"{where}: {str(error['msg']).removeprefix('Value error, ')}"
