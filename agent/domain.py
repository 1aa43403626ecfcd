"""The words every room shares: frozen, strict, finite, in UTC.

Nothing here computes or reads anything. A value that is missing is ``None`` (or NaN in an
array outside this file), never zero. ``CycleRecord`` is the one record that the journal
keeps, ``why`` explains, reports draw and learning reads.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID, uuid5

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Side = Literal["buy", "sell"]
Action = Literal["buy", "sell", "close", "hold", "none"]
Status = Literal["ok", "abstained", "error"]
RegimeLabel = Literal["trending", "ranging", "volatile"]
REGIMES: tuple[RegimeLabel, ...] = ("trending", "ranging", "volatile")
Direction = Literal["up", "flat", "down"]
DIRECTIONS: tuple[Direction, ...] = ("up", "flat", "down")
Grade = Literal["success", "partial", "failure", "unknown"]
OrderStatus = Literal["pending", "sent", "unknown", "partial", "filled", "cancelled", "rejected"]
ExitReason = Literal["stop", "target", "time", "signal", "halt"]

_NAMESPACE = UUID("5b0f6a0e-6f0c-5c1b-9a86-2f1d6a3c7e11")


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs a zone, for example 2016-02-12T00:00:00Z")
    return value.astimezone(UTC)


Utc = Annotated[datetime, AfterValidator(_utc)]
Unit = Annotated[float, Field(ge=0, le=1)]
Signed = Annotated[float, Field(ge=-1, le=1)]


class Frozen(BaseModel):
    """A value: immutable, no unknown keys, no infinities."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )


def decision_id(run: str, symbol: str, bar_time: datetime) -> str:
    """Identify the decision of a run on a symbol at a bar: deciding twice gives the same id."""
    return str(uuid5(_NAMESPACE, f"{run}|{symbol}|{_utc(bar_time).isoformat()}"))


class Regime(Frozen):
    """What kind of market it is and where it is heading; ``label`` and ``direction`` are None until enough history is known.

    ``probabilities`` are of the labels, ``directions`` of the directions; each adds up to 1 and is largest for what is said.
    """

    label: RegimeLabel | None
    probabilities: dict[RegimeLabel, float]
    direction: Direction | None = None
    directions: dict[Direction, float] = {}


class Peers(Frozen):
    """How a symbol stands among the others given (``symbols``, without itself); None for what could not be computed.

    ``correlation`` and ``beta`` are of 60 returns with the others' mean return, ``relative_strength`` is the log return of 20
    bars beyond theirs and ``lead`` that in its own standard deviations, ``breadth`` the share of all above their 50-bar mean.
    """

    symbols: list[str]
    correlation: Signed | None
    beta: float | None
    relative_strength: float
    lead: float | None
    breadth: Unit | None


class MarketState(Frozen):
    """What was known of one symbol at ``as_of``.

    ``bar_time`` is the start of the last bar known; ``close`` its raw close; ``features``
    holds the published vocabulary with None for what could not be computed; ``text`` is
    one line from the closed vocabulary; ``peers`` is None where no other symbol is given.
    """

    symbol: str
    interval: str
    as_of: Utc
    bar_time: Utc
    close: float
    features: dict[str, float | None]
    regime: Regime
    peers: Peers | None = None
    text: str


class Vote(Frozen):
    """One voter's opinion. Without data a voter abstains; it is never neutral for lack of data."""

    voter: str
    direction: Signed
    confidence: Unit
    abstained: bool = False
    reason: str
    evidence: dict[str, float] = {}

    @property
    def score(self) -> float:
        """The signed score: direction times confidence; 0 when abstained."""
        return 0.0 if self.abstained else self.direction * self.confidence


class Forecast(Frozen):
    """A model's probability that the stated label comes true, as a vote with its origin."""

    model: str
    label: str
    p: Unit
    direction: Signed
    confidence: Unit


class Analogue(Frozen):
    """A remembered situation with what followed on one side, in R net of costs."""

    id: str
    symbol: str
    bar_time: Utc
    similarity: Unit
    side: Side
    r: float
    shadow: bool


class Estimate(Frozen):
    """What the nearest situations say of one side: outcome-blind choice, shrunk to the base rate."""

    side: Side
    mean_r: float
    p_win: Unit
    n_eff: float
    base_mean_r: float
    base_rate: Unit


class ScoreParts(Frozen):
    """The parts of a recall score, each in [0, 1]."""

    similarity: Unit
    importance: Unit
    recency: Unit


class Memory(Frozen):
    """A recalled episode: a lesson, an event, an explanation, a preference.

    ``count`` says how many near-identical ones this one stands for, itself among them;
    ``flags`` name the rules its text set off when it came in from outside.
    """

    id: str
    key: str
    kind: str
    symbol: str | None
    content: str
    happened_at: Utc
    known_at: Utc
    score: float
    parts: ScoreParts
    count: int = 1
    flags: list[str] = []


class LocalRecord(Frozen):
    """How often a voter was right in situations like this one.

    ``by`` is what its record depends on most, ``share`` the probability that it depends on the situation at all, ``rate`` how
    often it was right where the situation was like this one, ``n_eff`` how many independent votes that rests on.
    """

    voter: str
    by: str
    share: Unit
    rate: Unit
    n_eff: float


class Recollection(Frozen):
    """What memory brought to this decision."""

    analogues: list[Analogue] = []
    estimate: Estimate | None = None
    other_side: Estimate | None = None
    counter_evidence: list[Analogue] = []
    reliability: list[LocalRecord] = []
    memories: list[Memory] = []


class SkillMatch(Frozen):
    """A skill whose ``when`` held, with its evidence as it stood at the decision.

    ``followed`` says that a shadow trial of it began here: it does not trade, and no trial of it was open.
    """

    id: str
    name: str
    version: int
    status: str
    side: Side
    reliability: Unit
    interval: tuple[float, float]
    executions: int
    regime_executions: int
    mean_r: float | None
    similarity: Unit | None = None
    agreed: bool = False
    supplied_plan: bool = False
    followed: bool = False


class Contribution(Frozen):
    """One signed part of the confidence; all of a signal's parts add up to it exactly (math.fsum)."""

    source: str
    id: str
    value: float


class Clamp(Frozen):
    """A limit that reduced something, from what to what, and why."""

    limit: str
    from_: float = Field(alias="from")
    to: float
    reason: str


class Signal(Frozen):
    """The enhanced signal. ``size`` is the signed target fraction of equity before limits;
    ``stop`` and ``target`` are prices as seen from the last close, ``horizon`` is in bars.
    """

    side: Side | None
    action: Action
    confidence: Unit
    size: float
    stop: float | None
    target: float | None
    horizon: int
    thesis: str
    citations: list[str] = []


class Decision(Frozen):
    """What the limits let through: ``size`` is the signed target fraction of equity.

    ``none`` means that nothing was decided (abstained or error), which is not a hold.
    """

    action: Action
    size: float


class Order(Frozen):
    """An order as committed before it leaves the house.

    ``stop_distance`` and ``target_distance`` are in price units from the fill; ``trail_distance`` lets the stop follow;
    ``max_bars`` closes the position at the close of that bar after entry. ``fraction`` is the
    share of equity an entry is meant to be.

    ``pending`` is decided and not yet sent, ``unknown`` is sent without having heard, ``sent`` is acknowledged,
    ``partial`` and ``filled`` say what was executed; ``cancelled`` and ``rejected`` are ends.
    """

    client_id: str
    decision: str
    symbol: str
    side: Side
    quantity: Decimal
    reduce_only: bool = False
    stop_distance: float | None = None
    target_distance: float | None = None
    max_bars: int | None = None
    trail_distance: float | None = None
    fraction: float = 0.0
    placed_at: Utc
    status: OrderStatus = "pending"


class Quote(Frozen):
    """What a market offers at a time: the best price to sell at (``bid``) and to buy at (``ask``)."""

    symbol: str
    at: Utc
    bid: float = Field(gt=0)
    ask: float = Field(gt=0)

    @model_validator(mode="after")
    def _not_crossed(self) -> Quote:
        if self.bid > self.ask:
            raise ValueError(f"bid {self.bid} lies above ask {self.ask}")
        return self


class Fill(Frozen):
    """One execution: price as paid (slippage included), fee in cash."""

    client_id: str
    decision: str
    symbol: str
    side: Side
    quantity: Decimal
    price: float
    fee: float
    at: Utc


class Position(Frozen):
    """An open position of one symbol; ``quantity`` is positive, ``side`` gives the sign.

    ``risk`` is the initial stop distance in price units; R is measured in it.
    ``worst`` and ``best`` are the excursion's extreme prices so far; with ``trail`` the stop follows ``best`` at that
    distance, from the next bar on, and never retreats.
    """

    id: str
    decision: str
    symbol: str
    side: Side
    quantity: Decimal
    entry_price: float
    entry_bar: Utc
    stop: float | None
    target: float | None
    max_bars: int | None
    bars_held: int
    risk: float
    fees: float
    income: float = 0.0
    worst: float
    best: float
    last: float
    trail: float | None = None


class Outcome(Frozen):
    """A closed position, net of every cost. ``r`` is net P&L over the initial risk;
    ``mae`` and ``mfe`` are the adverse and favourable excursion in R.
    """

    position: str
    decision: str
    symbol: str
    side: Side
    quantity: Decimal
    entry_bar: Utc
    entry_price: float
    exit_bar: Utc
    exit_price: float
    closed_at: Utc
    bars_held: int
    pnl: float
    fees: float
    income: float
    r: float
    mae: float
    mfe: float
    grade: Grade
    reason: ExitReason


class Book(Frozen):
    """The account as one pool: cash, equity at the last closes, gross exposure as a fraction of equity."""

    cash: float
    equity: float
    exposure: float
    drawdown: float
    positions: list[Position] = []


class Refusal(Frozen):
    """An order or entry that was refused, by whom and why."""

    by: str
    reason: str


class Usage(Frozen):
    """Tokens of a model call; ``input_tokens`` counts everything read, cached or newly written to the cache included."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
        )


class PromptPart(Frozen):
    """A section of what a model was shown: estimated tokens, lines shown, lines dropped for want of room."""

    name: str
    tokens: int
    shown: int
    dropped: int


class Opinion(Frozen):
    """What a model said, beside what was made of it.

    ``stated`` is its own confidence and ``confidence`` what its record lets count; ``share`` is its part of the result;
    ``size`` multiplies the arithmetic size; ``flags`` name what it got wrong about what it was shown. ``may_remember`` says
    that the bar is not later than the model's training data reach (``cutoff``; None where nobody said it), ``masked`` that
    symbol, dates and price level were hidden from it; prices here are the true ones.
    """

    model: str
    action: Action
    stated: Unit
    confidence: Unit
    share: Unit
    size: Unit
    stop: float | None
    target: float | None
    horizon: int
    thesis: str
    change_mind: str
    dissent: str
    citations: list[str] = []
    flags: list[str] = []
    cutoff: date | None = None
    may_remember: bool | None = None
    masked: bool = False


class Voiced(Frozen):
    """What came of asking one of several models: its opinion, or why there is none."""

    voter: str
    opinion: Opinion | None = None
    fault: str | None = None


class ParameterChange(Frozen):
    """A change of an adaptive parameter, with what set it off.

    ``impact`` is what the value that ends here was worth: net R a signal it gained over a shadow book that kept the value before
    it, over the same ``signals``, with a 90 % ``interval``; None where no value ends or too few signals closed.
    """

    name: str
    from_: float = Field(alias="from")
    to: float
    reason: str
    trigger: str
    impact: float | None = None
    interval: tuple[float, float] | None = None
    signals: int = 0


class Learned(Frozen):
    """What past decisions teach about this one: how much the record counts against stated confidences (``share``, 0 to 1),
    the log-odds that each voter is right here, the slope by which each kind of evidence counts, and the confidence from which
    a standard trade pays its costs.
    """

    share: float = 0.0
    odds: dict[str, float] = {}
    slopes: dict[str, float] = {}
    break_even: float = 0.0


NOTHING_LEARNED = Learned()


class Recent(Frozen):
    """What came lately: how often each setup began in the seven days before, which stood at the bar before, and how many of the
    last trades in this regime won (positive) or lost (negative) in a row.
    """

    setups: dict[str, int] = {}
    standing: str | None = None
    streak: int = 0


NOTHING_RECENT = Recent()


class CycleRecord(Frozen):
    """Everything about one decision, as it was known when it was made."""

    id: str
    run: str
    symbol: str
    interval: str
    as_of: Utc
    bar_time: Utc
    status: Status
    status_reason: str | None = None
    reasoner: str
    fallback_reason: str | None = None
    state: MarketState | None
    votes: list[Vote] = []
    forecast: Forecast | None = None
    recollection: Recollection = Recollection()
    skills: list[SkillMatch] = []
    signal: Signal | None
    contributions: list[Contribution] = []
    clamps: list[Clamp] = []
    decision: Decision
    order: Order | None = None
    refusal: Refusal | None = None
    outcomes: list[Outcome] = []
    changes: list[ParameterChange] = []
    book: Book
    weights: dict[str, float] = {}
    parameters: dict[str, float] = {}
    learned: Learned = NOTHING_LEARNED
    recent: Recent = NOTHING_RECENT
    context_hash: str
    prompt_hash: str | None = None
    usage: Usage = Usage()
    cost_usd: float = 0.0
    at_risk_usd: float = 0.0
    arithmetic: Signal | None = None
    opinion: Opinion | None = None
    voices: list[Voiced] = []
    calls: list[str] = []
    skipped: str | None = None
    shown: list[PromptPart] = []
    alarms: list[str] = []
    mandate: str | None = None
