"""The tree of a condition: what may be said about a bar, as typed data.

A node is one of ``all``, ``any``, ``not`` over other nodes, or a leaf over a published
feature, the regime or a vote. The JSON form is compact and readable::

    {"all": [{"feature": "rsi_14", "op": "<", "value": 30}, {"regime": "ranging"}]}
    {"feature": "rsi_14", "between": [40, 55]}
    {"feature": "macd", "crosses": "above", "other": "macd_signal", "within": 3}
    {"feature": "bb_position", "change_over": 1, "op": "<", "value": -0.25}
    {"voter": "momentum", "says": "buy", "min_confidence": 0.6}

Where a number stands, the name of one of the skill's parameters may stand instead; ``bind``
puts the numbers in. Evaluation lives in ``skills.conditions``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, model_validator

from agent.domain import Frozen, RegimeLabel, Side, Unit
from agent.errors import ConfigError
from agent.market.features import FEATURES
from skills.text import Identifier

MAX_DEPTH = 6
MAX_LEAVES = 24
MAX_WITHIN = 60

Op = Literal["<", "<=", ">", ">="]
_KNOWN = frozenset(FEATURES)


def _known(name: str) -> str:
    if name not in _KNOWN:
        raise ValueError(f"{name!r} is not a published feature; use one of {', '.join(FEATURES)}")
    return name


Feature = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(FEATURES)})]
Number = float | Identifier


class Node(Frozen):
    """A part of a condition. Types are exact: the text "30" is not the number 30."""

    model_config = ConfigDict(strict=True)


class _Against(Node):
    """A leaf that holds a feature against a number or another feature; exactly one is given."""

    feature: Feature
    value: Number | None = None
    other: Feature | None = None

    @model_validator(mode="after")
    def _one_reference(self) -> _Against:
        if (self.value is None) == (self.other is None):
            raise ValueError("give either value or other, and not both")
        return self


class Compare(_Against):
    """The feature stands so to the value or the other feature, at this bar."""

    op: Op


class Crosses(_Against):
    """The feature went from at or below to above (or the reverse) at one of the last ``within`` bars."""

    crosses: Literal["above", "below"]
    within: int = Field(1, ge=1, le=MAX_WITHIN)


class Between(Node):
    """The feature lies between two numbers, both included."""

    feature: Feature
    between: tuple[Number, Number]

    @model_validator(mode="after")
    def _ordered(self) -> Between:
        low, high = self.between
        if isinstance(low, float) and isinstance(high, float) and low > high:
            raise ValueError(f"between [{low:g}, {high:g}] is empty; put the smaller number first")
        return self


class Changes(Node):
    """The feature's difference to its own value ``change_over`` bars ago stands so to the value."""

    feature: Feature
    change_over: int = Field(ge=1, le=MAX_WITHIN)
    op: Op
    value: Number


class RegimeIs(Node):
    """The market regime at this bar is the one named."""

    regime: RegimeLabel


class VoterSays(Node):
    """The voter speaks for the side with at least this confidence."""

    voter: Identifier
    says: Side
    min_confidence: Unit = 0.0


class All(Node):
    """Every part holds."""

    all: tuple[Condition, ...] = Field(min_length=1, max_length=MAX_LEAVES)


class AnyOf(Node):
    """At least one part holds."""

    any: tuple[Condition, ...] = Field(min_length=1, max_length=MAX_LEAVES)


class Not(Node):
    """The part is known not to hold."""

    not_: Condition = Field(alias="not")


_TAGS: dict[type[Node], str] = {
    All: "all",
    AnyOf: "any",
    Not: "not",
    RegimeIs: "regime",
    VoterSays: "voter",
    Between: "between",
    Crosses: "crosses",
    Changes: "change_over",
    Compare: "op",
}


def _tag(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return next((tag for tag in _TAGS.values() if tag in value), None)
    return _TAGS.get(type(value))


Condition = Annotated[
    Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[RegimeIs, Tag("regime")]
    | Annotated[VoterSays, Tag("voter")]
    | Annotated[Between, Tag("between")]
    | Annotated[Crosses, Tag("crosses")]
    | Annotated[Changes, Tag("change_over")]
    | Annotated[Compare, Tag("op")],
    Discriminator(_tag),
]
for _composite in (All, AnyOf, Not):
    _composite.model_rebuild()


def children(node: Condition) -> tuple[Condition, ...]:
    """Return the parts of a composite, and nothing for a leaf."""
    if isinstance(node, All):
        return node.all
    if isinstance(node, AnyOf):
        return node.any
    return (node.not_,) if isinstance(node, Not) else ()


def walk(node: Condition) -> Iterator[Condition]:
    """Yield the node and everything below it, in the order written."""
    yield node
    for child in children(node):
        yield from walk(child)


def depth(node: Condition) -> int:
    """Return the number of levels; a leaf has one."""
    return 1 + max((depth(child) for child in children(node)), default=0)


def leaves(node: Condition) -> int:
    """Return the number of leaves."""
    return sum(1 for part in walk(node) if not children(part))


def _fields(node: Condition, *names: str) -> Iterator[Any]:
    return (value for name in names if (value := getattr(node, name, None)) is not None)


def parameters_of(node: Condition) -> frozenset[str]:
    """Return the names of the parameters that stand where numbers will."""
    values = [value for part in walk(node) for value in (*_fields(part, "value"), *getattr(part, "between", ()))]
    return frozenset(value for value in values if isinstance(value, str))


def _number(value: Number, parameters: Mapping[str, float]) -> float:
    if isinstance(value, str):
        if value not in parameters:
            raise ConfigError(f"condition names the parameter {value!r}, which the skill does not define; add it to parameters")
        return parameters[value]
    return value


def bind(node: Condition, parameters: Mapping[str, float]) -> Condition:
    """Return the condition with numbers where parameters were named; ConfigError for an unknown name."""
    if isinstance(node, All):
        return All(all=tuple(bind(child, parameters) for child in node.all))
    if isinstance(node, AnyOf):
        return AnyOf(any=tuple(bind(child, parameters) for child in node.any))
    if isinstance(node, Not):
        return Not(not_=bind(node.not_, parameters))
    if isinstance(node, Between):
        low, high = node.between
        return Between(feature=node.feature, between=(_number(low, parameters), _number(high, parameters)))
    if isinstance(node, Compare | Crosses | Changes) and node.value is not None:
        return node.model_copy(update={"value": _number(node.value, parameters)})
    return node
