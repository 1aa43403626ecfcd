"""Desks: every part of a run built and restored from its journal; the only place that joins them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from agent.analysts.base import VOTERS as BASE_VOTERS
from agent.analysts.base import consult as base_consult
from agent.analysts.memory import Past
from agent.analysts.panel import VOTERS, Panel
from agent.brokers.faulty import Faulty, in_pieces
from agent.brokers.linked import LinkedBroker
from agent.brokers.paper import PaperBroker
from agent.brokers.simulated import SimulatedVenue
from agent.cycle.awaiting import awaiting
from agent.cycle.desk import Broker, Desk, Feed, Reasoner, Recall
from agent.cycle.history import closed_since_decision, newest_records
from agent.cycle.lessons import with_lessons
from agent.cycle.recall import recollect
from agent.domain import MarketState, Recollection, Vote
from agent.errors import ConfigError
from agent.forecast.forecaster import SPACE as FORECAST
from agent.forecast.forecaster import Forecaster
from agent.forecast.store import ModelStore
from agent.guard.keys import HomeKeys
from agent.learn.joint import SPACE as JOINT
from agent.learn.joint import Joint
from agent.learn.monitor import Monitor
from agent.learn.regimes import RegimeTable
from agent.learn.setups import SPACE as SETUPS
from agent.learn.setups import SetupTable
from agent.learn.voters import VoterTable
from agent.market.series import Series
from agent.minds import check_mind, model_mode, open_mind, reflector_of, veil_for
from agent.reason.arithmetic import ArithmeticReasoner
from agent.reason.chance import RandomReasoner
from agent.risk.mandate import Mandate, read_mandate, tightened
from agent.settings import Settings
from agent.wiring.arms import ARMS, Arm
from agent.wiring.clock import wall_clock
from agent.wiring.homes import open_catalogue, open_memory, run_folder, signer_for
from agent.wiring.recorded import NOTHING, Reading
from memory_db.store import MemoryStore
from skills.adopt import adopt_skills
from skills.catalogue import Catalogue

MANDATE_FILE = "mandate.toml"


SPACES = (
    "account",
    "positions",
    "orders",
    "settled",
    "venue",
    "monitor",
    "streaks",
    "voters",
    "regimes",
    JOINT,
    FORECAST,
    SETUPS,
)


def open_desk(
    home: Path,
    run: str,
    feed: Feed,
    settings: Settings,
    *,
    arm: Arm = ARMS["full"],
    entry_probability: float = 0.0,
    frozen: datetime | None = None,
    started: datetime,
    clock: Callable[[], datetime] = wall_clock,
    durable: bool = True,
    each: bool = False,
    mandate: Mandate | None = None,
    reading: Reading = NOTHING,
    skills_from: str | None = None,
) -> Desk:
    """Build a desk for a run and restore it from the run's journal.

    A new run has the shipped skills, or those of the run ``skills_from`` with no statistics. ``frozen`` is when a
    stale memory stops growing; it is needed by that arm alone. A ``mandate`` tightens the limits.
    """
    if mandate is not None:
        settings = settings.model_copy(update={"limits": tightened(settings.limits, mandate)})
    asks = arm.minded and model_mode(settings) != "none"
    if asks:
        check_mind(settings)  # what cannot work is refused before anything is written
    memory = open_memory(home, run, settings, durable=durable)
    broker = broker_for(run_folder(home, run), settings)
    full_panel = settings.consult.analysts or reading.digest != ""
    voters = VoterTable(VOTERS if full_panel else tuple(BASE_VOTERS), settings.learning)
    joint = Joint(settings.learning)
    regimes = RegimeTable()
    setups = SetupTable()
    monitor = Monitor(settings.learning, settings.limits, settings.reason.min_confidence)
    state = {space: memory.journal.state(space) for space in SPACES}
    broker.restore(state)
    voters.restore(state["voters"])
    joint.restore(state[JOINT])
    regimes.restore(state["regimes"])
    setups.restore(state[SETUPS])
    monitor.restore(state)
    reasoner: Reasoner = ArithmeticReasoner(settings.reason, settings.limits)
    if arm.random:
        reasoner = RandomReasoner(settings.limits, entry_probability, settings.seed)
    skills = Catalogue.open(
        memory.journal, settings.skills, started=started, shipped=arm.skills and skills_from is None, keys=HomeKeys(home)
    )
    if arm.skills and skills_from is not None:
        with open_catalogue(home, skills_from, settings) as (_, source):
            adopt_skills(skills, source, started)
    veil = veil_for(feed, memory.journal, settings, clock)
    mind = open_mind(home, signer_for(home), memory, skills, settings, wall_clock, veil) if asks else None
    desk = Desk(
        run=run,
        settings=settings,
        feed=feed,
        clock=clock,
        broker=broker,
        memory=memory,
        skills=skills,
        voters=voters,
        joint=joint,
        regimes=regimes,
        setups=setups,
        monitor=monitor,
        consult=Panel(reading.chain, reading.news) if full_panel else _base_only,
        recall=_recall(arm, memory, settings, frozen, lessons=asks),
        reason=reasoner,
        mind=mind,
        reflector=reflector_of(mind, signer_for(home)) if mind is not None else None,
        forecaster=forecaster_for(home, settings, arm, state[FORECAST]),
        mandate=mandate.hash if mandate is not None else None,
        each=each,
    )
    _restore_awaiting(desk)
    return desk


def mandate_of(home: Path, given: Path | None = None) -> Mandate | None:
    """The mandate a person wrote: the file given, else ``mandate.toml`` in the home; None without one."""
    path = given or home / MANDATE_FILE
    try:
        return read_mandate(path.read_bytes(), str(path))
    except FileNotFoundError:
        if given is None:
            return None
        raise ConfigError(f"mandate {path} does not exist; name the file with --mandate") from None


def broker_for(folder: Path, settings: Settings) -> Broker:
    """The paper book, or the book of a simulated venue that keeps its own memory in the run's folder."""
    if settings.broker.venue == "paper":
        return PaperBroker(settings.cash, settings.costs, settings.skills.success_r)
    faults = settings.broker.faults
    venue = SimulatedVenue(settings.costs, folder / "venue", in_pieces(faults))
    return LinkedBroker(Faulty(venue, faults), settings.cash, settings.costs, settings.skills.success_r)


def _base_only(series: Series, state: MarketState, pasts: Mapping[str, Past]) -> list[Vote]:
    """The base strategies alone."""
    return base_consult(state)


def _recall(arm: Arm, memory: MemoryStore, settings: Settings, frozen: datetime | None, *, lessons: bool) -> Recall:
    """How an arm remembers; lessons are for who can read."""
    if not arm.memory:
        return lambda series, as_of: Recollection()
    if arm.stale and frozen is None:
        raise ConfigError(f"arm {arm.name} needs the time its memory stops growing; run it with `tradecraft backtest`")
    remember: Recall = partial(recollect, memory, shuffle=settings.seed) if arm.shuffled else partial(recollect, memory)

    def recall(series: Series, as_of: datetime) -> Recollection:
        known = as_of if frozen is None or not arm.stale else min(as_of, frozen)
        found = remember(series, known)
        return with_lessons(memory, settings, found, series, known) if lessons else found

    return recall


def model_store(home: Path) -> ModelStore:
    """The home's model files, shared by every run: a model is found by what made it."""
    return ModelStore(home / "models")


def forecaster_for(home: Path, settings: Settings, arm: Arm, state: dict[str, Any]) -> Forecaster | None:
    """An arm's forecast, restored; None where the arm or the settings leave it out."""
    if not (arm.forecast and settings.forecast.enabled):
        return None
    chosen = settings.forecast.model_copy(update={"model": "reference"}) if arm.reference else settings.forecast
    made = Forecaster(chosen, model_store(home), chosen.schedule)
    made.restore(state)
    return made


def _restore_awaiting(desk: Desk) -> None:
    """Find the decisions whose horizon had not closed when the run stopped, and the trades no record has told of."""
    holdings = [skill.plan.max_bars for skill in desk.skills.versions() if skill.plan is not None]
    longest = max(desk.settings.plan.horizon, *holdings, 1) + 1
    journal = desk.memory.journal
    for symbol in desk.feed.symbols:
        waiting = []
        for record in newest_records(journal, symbol, longest):
            item = awaiting(record)
            if item is None or journal.get(f"situation:{item.id}") is None:
                continue
            item.scored = journal.get(f"shadow:{item.id}") is not None
            item.followed = [f for f in item.followed if not desk.skills.booked(f, item.id, "shadow")]
            if not item.done:
                waiting.append(item)
        desk.awaiting[symbol] = waiting
        desk.untold[symbol] = closed_since_decision(journal, symbol)
