"""Wiring: the only place that builds a Desk, opens a home, and reads the wall clock.

A home is one folder: ``keys/`` (0600), ``runs/<id>/`` with a journal and derived indexes each.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from agent.analysts.base import VOTERS as BASE_VOTERS
from agent.analysts.base import consult as base_consult
from agent.analysts.hedge import Chain
from agent.analysts.memory import Past
from agent.analysts.panel import VOTERS, Panel
from agent.analysts.sentiment import News
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
from agent.embedding import Embedder, fastest
from agent.embedding.sentence import SentenceEmbedder
from agent.errors import ConfigError
from agent.forecast.forecaster import SPACE as FORECAST
from agent.forecast.forecaster import Forecaster
from agent.forecast.store import ModelStore
from agent.guard.classifier import TOKEN, ClassifierLikeness, HttpClassifier
from agent.guard.detect import Likeness, together
from agent.guard.keys import HomeKeys
from agent.guard.likeness import ExemplarLikeness
from agent.guard.signing import Signer
from agent.guard.vault import Vault
from agent.learn.joint import SPACE as JOINT
from agent.learn.joint import Joint
from agent.learn.monitor import Monitor
from agent.learn.regimes import RegimeTable
from agent.learn.setups import SPACE as SETUPS
from agent.learn.setups import SetupTable
from agent.learn.voters import VoterTable
from agent.market.bars import Bars
from agent.market.instrument import instrument
from agent.market.series import Series, prepare
from agent.market.situation import VERSION
from agent.minds import check_mind, model_mode, open_mind, reflector_of, veil_for
from agent.reason.arithmetic import ArithmeticReasoner
from agent.reason.chance import RandomReasoner
from agent.risk.mandate import Mandate, read_mandate, tightened
from agent.settings import Settings, load
from memory_db import sealing
from memory_db.copies import restore
from memory_db.journal import Journal
from memory_db.place import Place
from memory_db.store import MemoryStore
from skills.adopt import adopt_skills
from skills.catalogue import Catalogue
from skills.meaning import Meaning
from skills.replay import copy_skills

STANDING_RUNS = ("paper", "live")
SCRATCH_RUN = "scratch"
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


def wall_clock() -> datetime:
    """The time now, in UTC: read here and nowhere else."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that may


@dataclass(frozen=True)
class Arm:
    """Which parts of the agent a run has.

    ``shuffled`` and ``stale`` are controls on recall alone: outcomes permuted among memories, and a
    memory that stops growing once a quarter of the walk is done. ``matched`` is a holding scaled
    to the full arm's volatility.
    """

    name: str
    memory: bool = True
    skills: bool = True
    random: bool = False
    held: bool = False
    shuffled: bool = False
    stale: bool = False
    matched: bool = False

    @property
    def minded(self) -> bool:
        """Whether a language model has a say: never where luck, mere holding or the bare strategies are measured."""
        return not self.random and not self.held and (self.memory or self.skills)

    forecast: bool = True
    reference: bool = False


ARMS = {
    arm.name: arm
    for arm in (
        Arm("full"),
        Arm("no-memory", memory=False),
        Arm("no-skills", skills=False),
        Arm("shuffled-memory", shuffled=True),
        Arm("stale-memory", stale=True),
        Arm("no-forecast", forecast=False),
        Arm("reference-forecast", reference=True),
        Arm("base", memory=False, skills=False, forecast=False),
        Arm("random", memory=False, skills=False, forecast=False, random=True),
        Arm("buy-and-hold", memory=False, skills=False, forecast=False, held=True),
        Arm("vol-matched", memory=False, skills=False, forecast=False, held=True, matched=True),
    )
}
FORECAST_ARMS = ("no-forecast", "reference-forecast")


def arm_named(name: str, settings: Settings) -> Arm:
    """The arm of that name; ConfigError in one line when it is unknown or its part is absent."""
    if name in FORECAST_ARMS and not settings.forecast.enabled:
        others = ", ".join(other for other in ARMS if other not in FORECAST_ARMS)
        raise ConfigError(
            f"--arm {name}: there is no forecast in this run; set forecast.enabled = true or choose one of {others}"
        )
    if name not in ARMS:
        raise ConfigError(f"--arm {name!r} is unknown; choose one of {', '.join(ARMS)}")
    return ARMS[name]


@dataclass(frozen=True)
class Reading:
    """What the analysts are given to read beside the bars; ``digest`` tells two readings apart."""

    chain: Chain | None = None
    news: News | None = None
    digest: str = ""


NOTHING = Reading()


class RecordedFeed:
    """Prepared series of recorded bars, each seen only as far as it was known."""

    def __init__(self, series: dict[str, Series]) -> None:
        """Offer the series in symbol order."""
        self.series = {symbol: series[symbol] for symbol in sorted(series)}

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols on offer."""
        return tuple(self.series)

    def view(self, symbol: str, as_of: datetime) -> Series | None:
        """The series up to ``as_of``, without copying."""
        return self.series[symbol].until(as_of)


def prepared(bars: list[Bars], settings: Settings) -> dict[str, Series]:
    """Compute every feature of every series once."""
    out: dict[str, Series] = {}
    for one in bars:
        if one.symbol in out:
            raise ConfigError(f"--data gives {one.symbol} twice; give each symbol once")
        out[one.symbol] = prepare(one, instrument(one.symbol, one.interval), settings.market)
    return out


def signer_for(home: Path, principal: str = "agent") -> Signer:
    """The principal's key, made on first need."""
    return Signer.load_or_create(home, principal)


def run_folder(home: Path, run: str) -> Path:
    """Where a run keeps its journal; refuses names that would leave the home."""
    if not run or run != Path(run).name or run.startswith("."):
        raise ConfigError(f"--run {run!r} is not a run's name; `tradecraft doctor` lists the runs there are")
    return home / "runs" / run


def run_place(home: Path, run: str) -> Place:
    """Where a run's journal is: in its folder, or on the server that the setting ``memory.url`` names."""
    url = load(Path.cwd())[0].memory.url
    return Place(run_folder(home, run), url.get_secret_value() if url else None)


def discard_run(home: Path, run: str) -> None:
    """Delete a run with its journal; nothing where there is none."""
    place = run_place(home, run)
    if place.exists():
        place.discard()
    if place.folder.exists():
        shutil.rmtree(place.folder)


def run_names(home: Path) -> list[str]:
    """Every run of a home, the one written last first."""
    files = (home / "runs").glob(f"*/{run_place(home, 'any').file.name}")
    return [p.parent.name for p in sorted(files, key=lambda p: p.stat().st_mtime_ns, reverse=True)]


def open_journal(home: Path, run: str) -> Journal:
    """A run's journal; paper and live are made when they are not there, any other must exist (ConfigError)."""
    place = run_place(home, run)
    if run not in STANDING_RUNS and not place.exists():
        have = ", ".join(run_names(home)) or "none yet"
        raise ConfigError(f"run {run!r} has no journal in {home}; runs there: {have}")
    return place.open(signer_for(home), durable=True, vault=Vault(home))


@contextmanager
def open_catalogue(
    home: Path, run: str, settings: Settings, ask: Callable[[], str] | None = None
) -> Iterator[tuple[Journal, Catalogue]]:
    """A run's journal and skills, for reading and for orders by a person; ``ask`` gets the operator's passphrase."""
    keys = HomeKeys(home, ask)
    with open_journal(home, run) as journal:
        yield (
            journal,
            Catalogue.open(journal, settings.skills, started=wall_clock(), shipped=run in STANDING_RUNS, keys=keys),
        )


@contextmanager
def open_meaning(home: Path, run: str, journal: Journal, settings: Settings) -> Iterator[Meaning]:
    """The meaning of a run's skills, by the embedder that the settings name; its collection lies with the run's other indexes."""
    folder = run_folder(home, run) / "index" / "skills"
    meaning = Meaning(journal, text_embedder(settings), folder, settings.skills.exact_below)
    try:
        yield meaning
    finally:
        meaning.close()


def likeness(settings: Settings) -> Likeness:
    """The measure of likeness to known attacks, on the embedder that the settings name; with their classifier, if any."""
    own = ExemplarLikeness(text_embedder(settings))
    if settings.guard.classifier_url is None:
        return own
    asked = HttpClassifier(settings.guard.classifier_url, settings.guard.classifier_seconds, os.environ.get(TOKEN))
    return together(own, ClassifierLikeness(asked))


@contextmanager
def open_scratch(
    home: Path, run: str | None, source: str | None, settings: Settings, started: datetime | None
) -> Iterator[tuple[Journal, Catalogue]]:
    """A run for replays that begins with another run's skills (default: paper's), statistics from zero.

    Without a name it is made anew each time; a named one is kept and added to. Standing runs are refused.
    """
    if run in STANDING_RUNS:
        raise ConfigError(f"--run {run} keeps real books; give another name, or none for a scratch run")
    if run is None:
        discard_run(home, SCRATCH_RUN)
    at = started or wall_clock()
    with open_catalogue(home, source or "paper", settings) as (_, there):
        skills = [(skill, there.standings[skill.key]) for skill in there.versions()]
    with run_place(home, run or SCRATCH_RUN).open(signer_for(home), durable=False) as journal:
        catalogue = Catalogue.open(journal, settings.skills, started=at, shipped=False)
        if not catalogue.skills:
            with journal.write() as w:
                copy_skills(w, catalogue, skills, at)
        yield journal, catalogue


@contextmanager
def open_memory_of(home: Path, run: str, settings: Settings) -> Iterator[MemoryStore]:
    """A run's memory; any run but paper and live must exist (ConfigError)."""
    open_journal(home, run).close()
    store = open_memory(home, run, settings, durable=True)
    try:
        yield store
    finally:
        store.close()


def restore_journal(home: Path, run: str, source: Path) -> int:
    """Put a backup in a run's place and drop the run's indexes; return how many facts it holds."""
    place = run_place(home, run)
    place.refuse_server("memory restore", "restore there with the server's own tools (pg_restore)")
    count = restore(source, place.file, signer_for(home), Vault(home))
    shutil.rmtree(place.folder / "index", ignore_errors=True)
    return count


def encrypt_run(home: Path, run: str, progress: Callable[[str, int, int], None]) -> int:
    """Encrypt a run's memory; return how many facts it holds."""
    place = run_place(home, run)
    place.refuse_server("memory encrypt", "encrypt the server's disk, or keep the run in a file")
    open_journal(home, run).close()
    return sealing.encrypt(place.file, signer_for(home), Vault(home), wall_clock(), progress)


def rotate_memory_key(home: Path, progress: Callable[[str, int, int], None]) -> int:
    """Seal every encrypted run of a home with a newer key; return how many facts they hold."""
    run_place(home, "any").refuse_server("memory rotate-key", "no journal on it is encrypted")
    paths = [run_place(home, run).file for run in run_names(home)]
    return sealing.rotate(paths, signer_for(home), Vault(home), wall_clock(), progress)


def restored_voters(journal: Journal, settings: Settings) -> VoterTable:
    """The voter table as a run's journal has it."""
    table = VoterTable(VOTERS if settings.consult.analysts else tuple(BASE_VOTERS), settings.learning)
    table.restore(journal.state("voters"))
    return table


def text_embedder(settings: Settings) -> Embedder:
    """The text embedder the settings name; its export is kept once per user, for every home."""
    base = os.environ.get("XDG_CACHE_HOME")
    cache = (Path(base) if base else Path("~/.cache").expanduser()) / "tradecraft"
    return fastest(SentenceEmbedder(settings.embedding), settings.embedding, cache)


def open_memory(home: Path, run: str, settings: Settings, *, durable: bool) -> MemoryStore:
    """A run's memory, created when it is not there."""
    return MemoryStore.open(
        run_folder(home, run),
        signer=signer_for(home),
        embedder=text_embedder(settings),
        settings=settings,
        durable=durable,
        situation_version=str(VERSION),
        vault=Vault(home),
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
