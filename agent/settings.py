"""Settings with their origin: option > environment > ``tradecraft.toml`` > default.

Every number the program decides by is here, with its unit; nothing else reads the
environment. Secrets are not settings: they come from the environment or the keyring
where they are used and are never shown.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from agent.errors import ConfigError

CONFIG_FILE = "tradecraft.toml"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY, _HOUR = f"(?:{'|'.join(WEEKDAYS)})", r"(?:[01]\d|2[0-4]):[0-5]\d"
SESSION = re.compile(rf"({_DAY})(?:-({_DAY}))? ({_HOUR})-({_HOUR})")


class Section(BaseModel):
    """A group of settings; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Costs(Section):
    """Cost per side in basis points of the traded value; None takes the instrument's default."""

    fee_bps: float | None = Field(None, ge=0, le=1000)
    slippage_bps: float | None = Field(None, ge=0, le=1000)
    borrow_annual: float = Field(0.02, ge=0, le=1, description="yearly cost of a short as a fraction of its value")
    max_volume_share: float = Field(0.01, gt=0, le=1, description="largest share of a bar's volume one fill may take")


class Limits(Section):
    """What no decision may exceed. Fractions are of equity; only a person changes them."""

    risk_per_trade: float = Field(0.01, gt=0, le=0.1, description="equity at risk between entry and stop")
    max_risk: float = Field(
        0.2, gt=0, le=0.2, description="equity between price and stop that no entry exceeds, whatever enlarged it"
    )
    max_position: float = Field(0.5, gt=0, le=1)
    max_exposure: float = Field(1.0, gt=0, le=1, description="gross exposure of the whole book")
    target_volatility: float = Field(0.20, gt=0, le=2, description="yearly; size shrinks above it")
    max_daily_loss: float = Field(0.03, gt=0, le=1, description="no entries for the rest of the UTC day")
    max_drawdown: float = Field(0.25, gt=0, le=1, description="halts the run until a person resumes it")
    drawdown_throttle: float = Field(0.10, gt=0, le=1, description="from here on size is halved")
    max_consecutive_losses: int = Field(6, ge=1, description="pauses a symbol's entries for cooldown_bars")
    cooldown_bars: int = Field(10, ge=1)
    max_bars: int = Field(20, ge=1, description="longest holding any plan may ask for")
    min_stop_atr: float = Field(0.5, gt=0, description="closest stop any plan may ask for, in ATR")
    max_stop_atr: float = Field(6.0, gt=0, description="widest stop any plan may ask for, in ATR")
    allow_short: bool = False
    max_symbol: float = Field(1.0, gt=0, le=1, description="exposure in one symbol, entries that wait included")
    max_correlated: float = Field(1.0, gt=0, le=1, description="exposure in what moves with a symbol, the symbol included")
    correlated_from: float = Field(0.7, ge=0, le=1, description="correlation of 60 bars from which two symbols move together")
    max_leverage: float = Field(1.0, gt=0, le=1, description="gross exposure over equity; above 1 there is no margin here")
    max_weekly_loss: float = Field(1.0, gt=0, le=1, description="no entries for the rest of the UTC week")
    max_liquidity_share: float = Field(1.0, gt=0, le=1, description="of the mean traded value of 20 bars, for one entry")
    max_jump: float = Field(0.5, gt=0, description="a bar that moved further is not believed: no entry on it")
    max_orders_minute: int = Field(60, ge=1, description="orders in any 60 seconds; exits are not counted out")
    symbols: tuple[str, ...] = Field((), description="the only symbols that may be entered; empty: any")
    sessions: tuple[str, ...] = Field((), description="when entries may be made, UTC: 'mon-fri 14:00-20:30'; empty: always")

    @field_validator("sessions")
    @classmethod
    def _readable(cls, sessions: tuple[str, ...]) -> tuple[str, ...]:
        for text in sessions:
            if not SESSION.fullmatch(text):
                raise ValueError(f"{text!r} is not a session; write it like 'mon-fri 14:00-20:30'")
        return sessions


class Plan(Section):
    """The standard exit, used without a skill's plan and for every shadow outcome."""

    stop_atr: float = Field(2.0, gt=0, le=20)
    target_atr: float = Field(3.0, gt=0, le=50)
    horizon: int = Field(5, ge=1, le=250, description="bars: a vote's horizon and the longest standard holding")
    trail_atr: float | None = Field(
        None, gt=0, le=20, description="a stop that follows the best price at this distance; None: it stays where it was"
    )


class Reason(Section):
    """How the parts are joined. A part that is absent gives its weight to the others."""

    weight_base: float = Field(0.40, ge=0, le=1)
    weight_forecast: float = Field(0.30, ge=0, le=1)
    weight_memory: float = Field(0.30, ge=0, le=1)
    memory_cap: float = Field(0.30, ge=0, le=1, description="largest share by which memory may move the result")
    min_confidence: float = Field(0.25, ge=0, le=1, description="below it there is no entry")
    full_confidence: float = Field(
        0.6, gt=0, le=1, description="from here on a trade has its full size; below it less, in proportion"
    )
    skip: bool = Field(False, description="do not ask the model where proven skills and every voter agree and nothing is unusual")
    skip_bound: float = Field(0.50, ge=0, le=1, description="lower bound of a skill's reliability from which it is proven")


class Recall(Section):
    """How situations and texts are recalled."""

    k: int = Field(25, ge=1, le=500)
    min_settled: int = Field(30, ge=1, description="fewer settled situations than this: memory abstains")
    shrinkage: float = Field(20.0, ge=0, description="pseudo-observations at the base rate")
    exact: bool = Field(False, description="always scan exactly instead of asking the index first")
    exact_below: int = Field(200_000, ge=0, description="up to so many, an exact scan is faster than the index")
    cap_texts: int = Field(1000, ge=1, description="text memories kept per kind and symbol by cleanup")
    cap_outcomes: int = Field(100_000, ge=1, description="outcomes and trades kept by cleanup")
    cap_situations: int = Field(100_000, ge=1, description="situations kept by cleanup, the newest")
    archive_below: float = Field(0.001, ge=0, le=2, description="importance x decay under which cleanup archives a text")
    weights: Literal["shown", "always", "never"] = Field(
        "shown",
        description="where weights learnt from what followed past situations may compare them, once those proved better on later"
        " data: in what a person is shown, in decisions too, or nowhere",
    )
    oversample: int = Field(8, ge=1, le=100)
    voted: int = Field(2000, ge=0, description="last scored decisions in which memory looks for who was right when; 0: none")
    window_days: int = Field(20, ge=1, le=3650, description="days of text memories of the symbol that a decision looks through")
    window_texts: int = Field(4, ge=0, le=50, description="how many of them it is given, the most important first")
    weight_similarity: float = Field(0.6, ge=0, le=1)
    weight_importance: float = Field(0.25, ge=0, le=1)
    weight_recency: float = Field(0.15, ge=0, le=1)


class Memory(Section):
    """Where journals of runs are kept."""

    url: SecretStr | None = Field(
        None, description="PostgreSQL address, like postgresql://user@host/database; without it each run has a file"
    )


class Learning(Section):
    """How outcomes change what is believed."""

    rate: float = Field(0.1, gt=0, le=5, description="exponential weights' learning rate")
    floor: float = Field(0.02, ge=0, lt=0.2, description="least weight of a voter")
    share: float = Field(
        0.001, ge=0, lt=0.2, description="share of all weight dealt out anew at every scoring, to follow changes"
    )
    backoff: float = Field(20.0, ge=0, description="regime observations that weigh as much as the overall record")
    prior: float = Field(
        20.0, gt=0, description="votes at one half that a voter's record starts from, and that the joint record does"
    )
    spread: float = Field(
        0.05, gt=0, lt=0.5, description="how far from one half the hit rates of voters that can tell lie (standard deviation)"
    )
    half_life: float = Field(250.0, gt=0, description="votes after which an old one counts half in what a vote is worth")
    identity: float = Field(
        16.0, gt=0, description="precision of the belief that the joint confidence needs no calibration; 16 is +-0.25"
    )
    window: int = Field(20, ge=5, description="settled trades the performance monitor looks at")
    low_win_rate: float = Field(0.45, ge=0, le=1)
    reset_win_rate: float = Field(0.50, ge=0, le=1)
    reset_bars: int = Field(60, ge=1, description="a tightened threshold ends after so many bars at the latest")
    alert_size: float = Field(0.7, gt=0, le=1)
    alert_confidence: float = Field(0.70, ge=0, le=1)
    success_size: float = Field(1.1, ge=1, le=1.5, description="size after proven success, where the stop is as much nearer")
    success_stop: float = Field(0.9, gt=0, le=1, description="stop distance after proven success")
    success_level: float = Field(0.05, gt=0, lt=0.5, description="chance that a trader without an edge is ever taken for proven")
    success_bars: int = Field(250, ge=1, description="success must be earned anew after so many bars at the latest")


class SkillRules(Section):
    """The numbers of a skill's life."""

    success_r: float = Field(0.5, description="net R from which an execution is a success")
    retire_executions: int = Field(10, ge=1)
    retire_reliability: float = Field(0.30, ge=0, le=1)
    retire_trades: int = Field(100, ge=1)
    retire_win_rate: float = Field(0.50, ge=0, le=1)
    fire_min: float = Field(0.005, ge=0, le=1)
    fire_max: float = Field(0.40, ge=0, le=1)
    fire_bars: int = Field(400, ge=1)
    probation_trades: int = Field(30, ge=1)
    stale_days: int = Field(90, ge=1)
    fresh_successes: int = Field(2, ge=1, description="successes in shadow, at a trusted rate, that end staleness")
    retire_probability: float = Field(0.05, ge=0, le=1, description="a losing skill below this chance of restore_rate is retired")
    restore_runs: int = Field(20, ge=1, description="shadow runs a retired skill needs before it may come back")
    restore_rate: float = Field(0.45, ge=0, le=1)
    restore_probability: float = Field(0.8, ge=0, le=1)
    promote_confidence: float = Field(0.90, gt=0, lt=1, description="one-sided, of shadow net R above 0")
    watch_margin: float = Field(0.10, ge=0, le=1, description="above retire_reliability: watched below this")
    trust_margin: float = Field(0.15, ge=0, le=1, description="above retire_reliability: trusted again from this")
    regime_backoff: float = Field(20.0, ge=0, description="trades that the record of other regimes weighs at most")
    forget_days: float | None = Field(
        None, gt=0, description="half-life of an execution in the recent reliability that is shown; None: nothing is forgotten"
    )
    proposals_per_day: int = Field(50, ge=1, description="skill drafts the agent may hand in on one UTC day")
    exact_below: int = Field(2000, ge=0, description="below so many skills, likeness in meaning is computed for each of them")


class Guard(Section):
    """What looks at texts beside the built-in detection."""

    classifier_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="a classifier asked by POST; it can only add doubts, and a text it cannot judge waits for a person",
    )
    classifier_seconds: float = Field(5.0, gt=0, le=60, description="longest wait for its answer")


class Growing(Section):
    """What the agent does by itself with its skills, at a chunk's end and at most so often in between."""

    days: int = Field(28, ge=1, description="days between two looks while a run goes on")
    compose: bool = Field(True, description="propose composites of skills that do better together than apart")
    pairs: int = Field(1000, ge=1, description="pairs looked at in one look, at most")
    support: int = Field(20, ge=5, description="trades together, in the earlier part, from which a pair is looked at")
    later_support: int = Field(10, ge=3, description="trades together in the later part")
    level: float = Field(0.05, gt=0, lt=1, description="false-discovery rate over every pair ever looked at")
    proposals: int = Field(3, ge=1, description="proposals of one look, at most")
    form: bool = Field(
        False, description="form candidates from winning trades that no skill explains; off until it has shown worth"
    )
    discover: bool = Field(
        False, description="look for conditions under which the standard exits win; off until it has shown worth"
    )
    discover_days: int = Field(182, ge=1, description="days between two of these searches")
    discover_trades: int = Field(1500, ge=100, description="of the latest trades that do not overlap, searched at most")
    discover_level: float = Field(
        0.05, gt=0, lt=1, description="chance of accepting anything where nothing is, over all searches of a run together"
    )
    merge: bool = Field(True, description="consolidate near-duplicates among the skills that the agent learned itself")
    merge_similarity: float = Field(0.80, ge=0, le=1, description="likeness of texts from which two skills may be one")
    merge_overlap: float = Field(0.80, ge=0, le=1, description="share of the bars of either on which both hold")
    refine: bool = Field(True, description="tune and shorten the skills that the agent learned itself")
    tune_sum: float = Field(
        0.25, ge=0, le=1, description="how far tuned numbers may lie from the approved ones, in shares of their bounds, in sum"
    )


class Embedding(Section):
    """The text embedder; ``path`` names any other sentence-transformers model folder."""

    model: str = "all-MiniLM-L6-v2"
    path: str | None = None
    dimension: int = Field(384, ge=8)
    batch: int = Field(64, ge=1)
    backend: Literal["auto", "onnx", "torch"] = Field("auto", description="auto: onnxruntime where it gives the same vectors")
    cache: str | None = Field(None, description="folder of exported models; None is the user's cache folder")


class Market(Section):
    """What history a decision needs."""

    warmup: int = Field(400, ge=300, description="bars before the first decision")
    regime_window: int = Field(504, ge=100, description="bars the regime thresholds are fitted on")


class ModelVoter(Section):
    """One more model or endpoint that gives its opinion beside the first; scored, weighed and remembered like any voter."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$", description="what records call it")
    model: str = Field(min_length=1)
    base_url: str | None = Field(
        None, pattern=r"^https?://", description="a server that speaks the Messages API; None: as the first"
    )
    key_env: str | None = Field(None, pattern=r"^[A-Z][A-Z0-9_]*$", description="environment variable that holds its key")
    share: float | None = Field(None, gt=0, lt=1, description="its part before it has a record; None: model.share")
    price_input: float | None = Field(None, ge=0, description="per million tokens")
    price_output: float | None = Field(None, ge=0, description="per million tokens")
    double: str = Field("analyst", description="who answers for it with --llm mock")


class Llm(Section):
    """The language model: which, how long, how much, and how far it may move a decision. Money is in USD."""

    name: str = Field("claude-opus-5-5", min_length=1, description="the model of every task that names no other")
    tasks: dict[str, str] = Field({}, description="a model by task: decide, reflect, name-skill, summarise-chunk, chat")
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = Field(None, description="None: the model's own default")
    max_tokens: int = Field(4000, ge=256, le=64_000, description="longest reply, thinking included")
    stream: bool = Field(False, description="receive replies as events")
    deadline: float = Field(60.0, gt=0, le=3600, description="seconds one decision may wait for the model, retries included")
    attempts: int = Field(4, ge=1, le=10, description="tries of one call")
    breaker_failures: int = Field(5, ge=1, description="failures in a row after which calls stop for a while")
    breaker_seconds: float = Field(60.0, ge=0)
    max_cost: float | None = Field(5.0, ge=0, description="most a run may spend; None: no bound")
    max_cost_day: float | None = Field(20.0, ge=0, description="most a run may spend on one UTC day; None: no bound")
    price_input: float | None = Field(
        None, ge=0, description="per million tokens, where the price library has no price or a wrong one"
    )
    price_output: float | None = Field(None, ge=0, description="per million tokens")
    share: float = Field(0.30, gt=0, lt=1, description="the model's part of the confidence before it has a record")
    max_share: float = Field(0.60, gt=0, lt=1, description="the most that a good record earns it")
    context_tokens: int = Field(2200, ge=800, description="budget of the data shown for one decision")
    double: str = Field("analyst", description="who answers with --llm mock")
    mask: bool = Field(False, description="hide symbols, dates and price levels from the model; --mask")
    cutoffs: dict[str, date] = Field({}, description="last day of a model's training data, for models this version does not know")
    reflect: bool = Field(True, description="look back at the end of a chunk or day and write lessons, where a model is set")
    reflect_trades: int = Field(5, ge=1, description="closed trades without which there is nothing to look back on")
    voters: tuple[ModelVoter, ...] = Field((), max_length=8, description="more models or endpoints, asked side by side")


class Consulting(Section):
    """Who is asked."""

    analysts: bool = Field(False, description="ask hedge, liquidity, sentiment, wyckoff and markov beside the base strategies")


class Forecasting(Section):
    """The forecast: what it predicts, what it learns from, and what it must show before it may speak."""

    enabled: bool = Field(False, description="off until it has shown skill on your bars: `tradecraft forecast evaluate`")
    model: Literal["default", "reference"] = Field("default", description="histogram boosting, or the reference model")
    schedule: Literal["daily", "month", "quarter", "once"] = Field(
        "daily", description="daily is at 02:00 UTC; a backtest takes its chunk"
    )
    horizon: int = Field(10, ge=1, le=250, description="bars within which the price reverses or does not")
    reversal_atr: float = Field(1.5, gt=0, le=20, description="how far against the last 10 bars' move, in ATR, is a reversal")
    window_days: int = Field(30, ge=1, description="history to learn from; the longer of days and bars counts")
    window_bars: int = Field(2000, ge=200)
    min_rows: int = Field(400, ge=100, description="fewer labelled bars than this: nothing is trained")
    validation: float = Field(0.20, gt=0, lt=0.9, description="share of the window, its last, that judges a candidate")
    embargo: int = Field(10, ge=0, description="bars left out between learning and judging, besides the label's own")
    promote_points: float = Field(0.02, ge=0, le=1, description="accuracy a candidate must add")
    promote_p: float = Field(0.01, gt=0, le=1, description="block-bootstrap p below which the gain is believed")


class Faults(Section):
    """How badly a simulated venue and the line to it behave; probabilities of one call, drawn from ``seed``."""

    reject: float = Field(0.0, ge=0, le=1, description="an order is refused")
    lost: float = Field(0.0, ge=0, le=1, description="a request never arrives")
    silent: float = Field(0.0, ge=0, le=1, description="a request arrives and its answer does not")
    partial: float = Field(0.0, ge=0, le=1, description="an order is executed in two pieces")
    duplicate: float = Field(0.0, ge=0, le=1, description="executions are told again")
    late: float = Field(0.0, ge=0, le=1, description="the newest execution is told at a later call")
    outage: float = Field(0.0, ge=0, le=1, description="the venue cannot be reached for the next outage_calls calls")
    outage_calls: int = Field(5, ge=1)
    seed: int = Field(0, ge=0)


class Brokering(Section):
    """Where orders go. ``simulated`` is paper trading behind a connection, to rehearse what a real venue does."""

    venue: Literal["paper", "simulated"] = "paper"
    faults: Faults = Faults()


class Looping(Section):
    """When the loop wakes and what it does besides deciding. Cron expressions are in ``timezone``; an empty one never fires."""

    timezone: str = Field("UTC", description="whose clock cron expressions go by, for example 'America/New_York'")
    schedule: str = Field("", description="cron: decide then instead of at every bar's close")
    calendars: dict[str, str] = Field(
        {"equity": "XNYS", "index": "XNYS", "fx": "24/5", "crypto": "24/7"}, description="exchange calendar by asset class"
    )
    workers: int = Field(4, ge=1, le=64, description="symbols that may wait for a model at once")
    delay_seconds: float = Field(2.0, ge=0, le=3600, description="after a bar's close, before it is asked for")
    late_seconds: float = Field(60.0, ge=0, description="a bar that has not come by then is missing: nothing is decided on it")
    misfire_seconds: float = Field(60.0, ge=0, description="a bar that closed so long before a start is still decided")
    poll_seconds: float = Field(
        5.0, gt=0, le=300, description="how often a waiting loop looks for a halt, late bars and unsent orders"
    )
    hung_seconds: float = Field(300.0, gt=0, description="a cycle that takes longer is reported as hung")
    cleanup: str = Field("0 3 * * *", description="archive what has decayed")
    backup: str = Field("30 3 * * *", description="verified copy of the journal under HOME/backups")
    backups_kept: int = Field(7, ge=1)
    snapshot: str = Field("0 0 * * *", description="the book's standing as a fact")
    reflection: str = Field("10 0 * * *", description="a model, where there is one, looks back on the day")
    skills: str = Field("20 0 * * *", description="look whether skills compose or change, when that is due")
    summary: str = Field("5 0 * * *", description="tell people how the day went")


class Database(Section):
    """A table of bars behind the PostgreSQL wire; its address is the credential TRADECRAFT_DATABASE."""

    table: str = Field("bars", min_length=1, description="with its schema where it has one: market.bars")
    symbol: str = Field("symbol", min_length=1)
    interval: str = Field("", description="column of the bar length; empty where the table holds one length")
    timestamp: str = Field("timestamp", min_length=1, description="the bar's start")
    open: str = Field("open", min_length=1)
    high: str = Field("high", min_length=1)
    low: str = Field("low", min_length=1)
    close: str = Field("close", min_length=1)
    volume: str = Field("volume", min_length=1)
    naive: bool = Field(False, description="its times have no zone and are UTC, as QuestDB's")


class Quoting(Section):
    """Quotes between bars, asked for only while something is held; a database has them in a table of their own."""

    seconds: float = Field(5.0, ge=0, le=300, description="how often they are asked for; 0: positions are watched on bars alone")
    stale_seconds: float = Field(60.0, gt=0, description="an older quote tells nothing")
    max_jump: float = Field(0.2, gt=0, lt=1, description="a quote further from the last price is not believed")
    table: str = Field("", description="the database's table of quotes; empty: it has none")
    symbol: str = Field("symbol", min_length=1)
    timestamp: str = Field("timestamp", min_length=1)
    bid: str = Field("bid", min_length=1)
    ask: str = Field("ask", min_length=1)


class Feeding(Section):
    """Live bars: where from and of what."""

    source: Literal["exchange", "database"] = "exchange"
    exchange: str = Field("binance", description="by ccxt's name")
    base_url: str | None = Field(None, description="instead of the exchange's own hosts: a proxy or a test server")
    symbols: dict[str, str] = Field({}, description="interval by symbol, for example BTCUSDT = '5m'")
    window: int = Field(1500, ge=500, le=20_000, description="bars of history kept and decided on")
    database: Database = Database()
    quotes: Quoting = Quoting()


class Settings(BaseSettings):
    """Everything that can be set; ``tradecraft show-config`` prints it with its origin."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="TRADECRAFT_", env_nested_delimiter="__", allow_inf_nan=False
    )

    cash: float = Field(100_000.0, gt=0, description="what a paper book starts with")
    seed: int = Field(0, ge=0)
    llm: Literal["none", "live", "record", "replay", "mock"] | None = None
    costs: Costs = Costs()
    limits: Limits = Limits()
    plan: Plan = Plan()
    reason: Reason = Reason()
    recall: Recall = Recall()
    memory: Memory = Memory()
    learning: Learning = Learning()
    skills: SkillRules = SkillRules()
    guard: Guard = Guard()
    grow: Growing = Growing()
    embedding: Embedding = Embedding()
    market: Market = Market()
    model: Llm = Llm()
    forecast: Forecasting = Forecasting()
    consult: Consulting = Consulting()
    broker: Brokering = Brokering()
    loop: Looping = Looping()
    feed: Feeding = Feeding()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what ``load`` hands in; it has already joined the sources."""
        return (init_settings,)


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        merged[key] = _merge(merged[key], value) if isinstance(value, dict) and isinstance(merged.get(key), dict) else value
    return merged


def leaves(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested mapping with dotted names."""
    out: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        out.update(leaves(value, f"{name}.") if isinstance(value, dict) else {name: value})
    return out


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise ConfigError(f"settings file {path} cannot be read: {err}; fix or remove it") from None


def load(directory: Path, options: dict[str, Any] | None = None) -> tuple[Settings, dict[str, str]]:
    """Join defaults, ``directory/tradecraft.toml``, the environment and ``options`` (nested dicts).

    Returns the settings and, for each dotted name, where its value came from.
    Raises ConfigError with one line that names the first bad key and value.
    """
    path = directory / CONFIG_FILE
    file_values = _read_file(path)
    env_values = {k: v for k, v in EnvSettingsSource(Settings)().items() if k in Settings.model_fields}
    given = options or {}
    joined = _merge(_merge(file_values, env_values), given)
    try:
        settings = Settings(**joined)
    except ValidationError as err:
        first = err.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"setting {name} = {first.get('input')!r}: {first['msg']}") from None
    origins = dict.fromkeys(leaves(settings.model_dump()), "default")
    for source, label in ((file_values, str(path)), (env_values, "environment"), (given, "option")):
        origins.update({name: label for name in leaves(source) if name in origins})
    return settings, origins
