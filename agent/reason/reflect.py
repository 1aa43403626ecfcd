"""Looking back: a model reads how a stretch of trading went and writes down at most a few lessons, or names what was found.

Promises: a lesson rests on at least two decisions that were shown, uses no figure that was not, and passes the guard for
stored text; a claim and a skill are typed over the published features, so that the market can contradict them; what does not
hold is dropped with its reason and the rest stays. Prices, and under a mask names and dates, are not shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.domain import RegimeLabel, Side
from agent.guard.stored import cleaned
from agent.llm import Call, ModelFault, Request, Turn
from agent.llm.model import Model, text_of
from agent.market.features import FEATURES, PRICE_LEVELS
from agent.reason.reply import unseen
from agent.reason.veil import Veil
from agent.settings import Settings
from prompts import Section, fenced, fit, render, version

log = structlog.get_logger()
TASK, NAMING = "reflect", "name-skill"
MOST_LESSONS, LEAST_EVIDENCE = 3, 2
SCALE_FREE = tuple(name for name in FEATURES if name not in PRICE_LEVELS)
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_BUDGET = 3000  # estimated tokens of data
T = TypeVar("T", bound=BaseModel)
Shape = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Leaf(BaseModel):
    """One condition on a feature that has no price in it."""

    model_config = Shape
    feature: Literal[SCALE_FREE]  # type: ignore[valid-type]  # the published names, known at run time alone
    op: Literal["<", ">"]
    value: float


class Claim(BaseModel):
    """What a lesson says, so that later markets can contradict it: entries on a side pay there, or do not."""

    model_config = Shape
    conditions: list[Leaf] = Field(min_length=1, max_length=3)
    regime: RegimeLabel | None
    side: Side
    pays: bool

    def when(self) -> dict[str, Any]:
        """As a condition tree."""
        return _tree(self.conditions, self.regime)


class Lesson(BaseModel):
    """One lesson as the model writes it."""

    model_config = Shape
    text: str = Field(min_length=1, max_length=500)
    evidence: list[str] = Field(max_length=20)
    claim: Claim | None


class Idea(BaseModel):
    """A strategy the model proposes, as data."""

    model_config = Shape
    name: str = Field(min_length=1, max_length=64)
    conditions: list[Leaf] = Field(min_length=1, max_length=3)
    regime: RegimeLabel | None
    side: Side
    stop_atr: float = Field(ge=0.5, le=6)
    target_atr: float = Field(ge=0.5, le=20)
    max_bars: int = Field(ge=1, le=60)

    def when(self) -> dict[str, Any]:
        """As a condition tree."""
        return _tree(self.conditions, self.regime)


class Reply(BaseModel):
    """What is asked for."""

    model_config = Shape
    lessons: list[Lesson] = Field(max_length=10)
    contradicts: list[str] = Field(max_length=20)
    skill: Idea | None


class Named(BaseModel):
    """A name for a skill that was found."""

    model_config = Shape
    name: str = Field(min_length=1, max_length=64)
    description: str = Field(min_length=1, max_length=280)
    preconditions: list[str] = Field(max_length=6)
    postconditions: list[str] = Field(max_length=6)


def _tree(conditions: list[Leaf], regime: RegimeLabel | None) -> dict[str, Any]:
    leaves: list[dict[str, Any]] = [leaf.model_dump() for leaf in conditions]
    return {"all": [*leaves, *([{"regime": regime}] if regime else [])]}


@dataclass(frozen=True)
class Stretch:
    """What there is to look back on: titled lines, worst first; ``decisions`` and ``lessons`` lead from the ids shown to keys."""

    name: str
    as_of: datetime
    sections: dict[str, list[str]]
    decisions: dict[str, str]
    lessons: dict[str, str]


@dataclass(frozen=True)
class Reflected:
    """What came of it: lessons that hold, with their evidence's keys; keys of contradicted ones; a skill; what was dropped."""

    lessons: list[Lesson] = field(default_factory=list)
    contradicts: list[str] = field(default_factory=list)
    skill: Idea | None = None
    dropped: list[str] = field(default_factory=list)
    fault: str | None = None
    calls: list[Call] = field(default_factory=list)


@dataclass(frozen=True)
class Reflector:
    """Asks the model that the settings name for reflecting; ``secret`` keys the fence."""

    model: Model
    settings: Settings
    secret: bytes
    veil: Veil | None = None

    def __call__(self, stretch: Stretch) -> Reflected:
        """Look back; never raises ModelFault."""
        calls: list[Call] = []
        words = self.veil.words if self.veil is not None else str
        data = words(_told(stretch))
        as_of = stretch.as_of if self.veil is None else stretch.as_of - self.veil.shift
        values = {"chunk": words(stretch.name), "as_of": as_of.isoformat(), "features": ", ".join(SCALE_FREE)}
        try:
            reply = self._ask(TASK, Reply, data, values, stretch.as_of, calls)
        except ModelFault as err:
            log.warning("no lessons", stretch=stretch.name, fault=err.fault)
            return Reflected(fault=str(err), calls=calls)
        return _checked(reply, stretch, data, calls, self.veil)

    def name(self, said: str, as_of: datetime) -> tuple[str, str] | None:
        """A name and a description for what was found; None where the model gives none that will do."""
        values = {"as_of": as_of.isoformat()}
        try:
            named = self._ask(NAMING, Named, said, values, as_of, [])
        except ModelFault as err:
            log.warning("no name", fault=err.fault)
            return None
        figures = unseen(f"{named.name} {named.description}", said, ())
        fits = _NAME.fullmatch(named.name) is not None and not figures
        return (named.name, named.description) if fits and cleaned(named.description).verdict == "accept" else None

    def _ask(self, task: str, shape: type[T], data: str, values: dict[str, str], as_of: datetime, calls: list[Call]) -> T:
        fence = fenced(self.secret, data)
        words = render(task, fence=fence, data=data, **values)
        request = Request(
            task=task,
            model=self.settings.model.tasks.get(task, self.settings.model.name),
            system=words.system,
            turns=(Turn("user", words.user),),
            max_tokens=self.settings.model.max_tokens,
            shape=shape,
            effort=self.settings.model.effort,
            prompt=version(task),
            fence=fence,
        )
        call = self.model.ask(request, calls, as_of=as_of, deadline=self.model.clock() + self.settings.model.deadline)
        text = text_of(call)
        try:
            return shape.model_validate_json(text[text.find("{") : text.rfind("}") + 1])
        except ValidationError as err:
            first = err.errors()[0]
            raise ModelFault("unusable", f"{'.'.join(map(str, first['loc'])) or 'reply'}: {first['msg']}") from None


Namer = Callable[[str], tuple[str, str] | None]


def _told(stretch: Stretch) -> str:
    sections = [
        Section(name, tuple(lines), _BUDGET // 2, drop=number) for number, (name, lines) in enumerate(stretch.sections.items(), 1)
    ]
    kept, _ = fit(sections, _BUDGET)
    return "\n".join(line for name, lines in kept.items() if lines for line in (f"## {name}", *lines))


def _checked(reply: Reply, stretch: Stretch, data: str, calls: list[Call], veil: Veil | None) -> Reflected:
    kept: list[Lesson] = []
    dropped: list[str] = []
    for lesson in reply.lessons:
        evidence = list(dict.fromkeys(key for one in lesson.evidence if (key := stretch.decisions.get(one.strip()))))
        doubt = _doubt(lesson, evidence, data, len(kept))
        if doubt is not None:
            dropped.append(f"{doubt}: {lesson.text[:120]}")
            continue
        text = cleaned(lesson.text).text if veil is None else veil.true_words(cleaned(lesson.text).text)
        kept.append(lesson.model_copy(update={"text": text, "evidence": evidence}))
    against = [key for one in reply.contradicts if (key := stretch.lessons.get(one.strip()))]
    skill = reply.skill
    if skill is not None and _NAME.fullmatch(skill.name) is None:
        skill = skill.model_copy(update={"name": re.sub(r"[^a-z0-9]+", "-", skill.name.lower()).strip("-") or "proposed"})
    return Reflected(kept, list(dict.fromkeys(against)), skill, dropped, None, calls)


def _doubt(lesson: Lesson, evidence: list[str], data: str, kept: int) -> str | None:
    """Why a lesson does not hold; None when it does."""
    if kept >= MOST_LESSONS:
        return f"more than {MOST_LESSONS} lessons"
    if len(evidence) < LEAST_EVIDENCE:
        return "rests on fewer than two decisions that were shown"
    claimed = [leaf.value for leaf in lesson.claim.conditions] if lesson.claim else []
    strange = unseen(lesson.text, data, claimed)
    if strange:
        return f"figure {strange[0]} was never shown"
    judged = cleaned(lesson.text)
    return f"the guard: {', '.join(judged.flags)}" if judged.verdict != "accept" else None
