"""The documents a report is drawn from: the JSON of ``backtest``, prices and explanations.

Only what is drawn is read; unknown keys are ignored, optional parts default to empty, and a
number that is not finite counts as missing. ``read`` refuses what cannot be drawn in one line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agent.errors import ConfigError


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]
Bounds = tuple[Number, Number]


class Part(BaseModel):
    """A piece of a document: frozen, tolerant of keys that are not drawn."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True)


class Range(Part):
    """The first and last bar start of a run."""

    start: str | None = None
    end: str | None = None


class Chunk(Part):
    """One quarter (or month) of a walk forward; ``win_rate`` is in [0, 1], other shares in per cent."""

    name: str
    return_pct: Number = None
    benchmark_return_pct: Number = None
    max_drawdown_pct: Number = None
    trades: int = 0
    win_rate: Number = None
    mean_r: Number = None
    exposure_pct: Number = None
    decisions: int = 0
    entries: int = 0
    errors: int = 0
    memories: int | None = None
    skills_active: int | None = None
    weights: dict[str, Number] = {}


class Trade(Part):
    """A closed position, as ``domain.Outcome`` writes it."""

    symbol: str
    side: str
    entry_bar: AwareDatetime
    entry_price: float
    exit_bar: AwareDatetime
    exit_price: float
    pnl: float
    r: Number = None
    reason: str = ""


class Shadow(Part):
    """What a skill did beside the book."""

    executions: int = 0
    mean_r: Number = None


class SkillRow(Part):
    """One row of ``skills list``."""

    id: str = ""
    name: str
    version: int = 1
    status: str = ""
    executions: int = 0
    success: int = 0
    partial: int = 0
    failure: int = 0
    reliability: Number = None
    interval: Bounds | None = None
    mean_r: Number = None
    shadow: Shadow = Shadow()


class VoterRow(Part):
    """A voter's weight and record in one regime, or in ``all``."""

    voter: str
    regime: str = "all"
    weight: Number = None
    n: int = 0
    hit_rate: Number = None
    interval: Bounds | None = None
    brier: Number = None


class AbstentionRow(Part):
    """How often a voter was asked and had nothing to say."""

    voter: str
    asked: int
    abstained: int


class RegimeRow(Part):
    """How trades went in one regime."""

    regime: str
    trades: int = 0
    win_rate: Number = None
    mean_r: Number = None
    interval: Bounds | None = None


class ParameterRow(Part):
    """A change of an adaptive parameter."""

    at: str
    name: str
    from_: Number = Field(None, alias="from")
    to: Number = None
    reason: str = ""
    trigger: str = ""


class ReliabilityBin(Part):
    """Decisions about as sure as each other: mean stated probability, share that was right with its interval."""

    p: float
    hit_rate: float
    interval: Bounds | None = None
    n: int = 0


class Reliability(Part):
    """How often decisions were right against how sure they were."""

    n: int = 0
    brier: Number = None
    base_brier: Number = None
    ece: Number = None
    bins: list[ReliabilityBin] = []


class Learned(Part):
    """What stood at the end of the run that did not stand at its start."""

    skills: list[SkillRow] = []
    voters: list[VoterRow] = []
    abstentions: list[AbstentionRow] = []
    regimes: list[RegimeRow] = []
    parameters: list[ParameterRow] = []
    reliability: Reliability = Reliability()


class TrendRow(Part):
    """One voter in one chunk: scored votes, share that was right with its interval, mean Brier loss."""

    chunk: str
    voter: str
    n: int = 0
    hit_rate: Number = None
    interval: Bounds | None = None
    brier: Number = None


class SymbolRow(Part):
    """What one symbol's trades earned; ``sharpe`` is that of its realised P&L by day, annualised."""

    symbol: str
    trades: int = 0
    win_rate: Number = None
    mean_r: Number = None
    pnl: Number = None
    sharpe: Number = None


class Summary(Part):
    """The run across its chunks, and by symbol."""

    trend: list[TrendRow] = []
    symbols: list[SymbolRow] = []


class Comparison(Part):
    """The first arm minus another, paired by day, in per cent a year."""

    against: str
    difference_pct: Number = None
    interval: Bounds | None = None
    mde_pct: Number = None
    n_days: int = 0


class CostRow(Part):
    """The result had every cost been so many times as high."""

    multiple: float
    return_pct: Number = None
    sharpe: Number = None
    break_even_multiple: Number = None


class Costs(Part):
    """What one side of a trade paid, in basis points."""

    fee_bps: Number = None
    slippage_bps: Number = None


class Document(Part):
    """One arm of a run. ``metrics`` may hold the 95 % interval of the Sharpe ratio as "Sharpe Interval"."""

    run: str
    arm: str
    symbols: list[str] = []
    timerange: Range = Range()
    metrics: dict[str, Annotated[float | str | Bounds | None, BeforeValidator(_finite)]] = {}
    chunks: list[Chunk] = []
    trades: list[Trade] = []
    equity: list[tuple[AwareDatetime, float]] = []
    config_hash: str = ""
    data_hash: str = ""
    learned: Learned = Learned()
    summary: Summary = Summary()
    notes: list[str] = []
    costs: Costs = Costs()
    comparisons: list[Comparison] = []
    cost_sensitivity: list[CostRow] = []

    def figure(self, name: str) -> float | None:
        """Return a metric that is a number; None where it is missing or undefined."""
        value = self.metrics.get(name)
        return float(value) if isinstance(value, int | float) else None

    @property
    def sharpe_interval(self) -> Bounds | None:
        """The 95 % interval of the Sharpe ratio; None where it was not computed."""
        value = self.metrics.get("Sharpe Interval")
        return value if isinstance(value, tuple) else None

    def against(self, arm: str) -> Comparison | None:
        """Return the comparison with that arm, when it was made and has a value."""
        return next((row for row in self.comparisons if row.against == arm and row.difference_pct is not None), None)


class Prices(Part):
    """Closes of one symbol by bar start."""

    timestamps: list[AwareDatetime] = []
    close: list[Number] = []


class Contribution(Part):
    """One signed part of a decision's confidence."""

    source: str
    id: str = ""
    value: float


class Explanation(Part):
    """One decision in words and parts."""

    id: str
    symbol: str
    as_of: str
    action: str
    headline: str
    text: str = ""
    contributions: list[Contribution] = []
    memories: list[str] = []
    skills: list[str] = []
    clamps: list[str] = []
    outcome: str | None = None


P = TypeVar("P", bound=Part)


def read(kind: type[P], value: Mapping[str, Any], name: str) -> P:
    """Read one mapping; raises ConfigError naming the first field that cannot be drawn."""
    try:
        return kind.model_validate(value)
    except ValidationError as err:
        first = err.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{name}: {where} = {first.get('input')!r:.80}: {first['msg']}; write the run again") from None


def documents(values: Sequence[Mapping[str, Any]]) -> list[Document]:
    """Read the arms of a run, the full arm first; raises ConfigError when there is none."""
    if not values:
        raise ConfigError("there is no run to report; run `tradecraft backtest` or `tradecraft demo` first")
    return [read(Document, value, f"document {index + 1}") for index, value in enumerate(values)]
