"""Building what asks a language model: which mode, which key, which recordings; wiring's second half.

Promises: no key, no call; a mode that cannot work is refused in one line before anything is written; keys are read here,
handed to the SDK and shown nowhere.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cycle.calls import JournalCalls, Recordings, restored
from agent.cycle.desk import Feed
from agent.domain import SkillMatch
from agent.errors import ConfigError
from agent.guard.signing import Signer
from agent.llm import Budget, Prices
from agent.llm.client import Client
from agent.llm.cutoff import cutoff_of
from agent.llm.model import Model
from agent.llm.probe import probe
from agent.market.features import DOCS
from agent.reason.model import ModelReasoner
from agent.reason.reflect import TASK as REFLECT
from agent.reason.reflect import Reflector
from agent.reason.veil import Veil
from agent.reason.voice import TASK, Voice
from agent.settings import ModelVoter, Settings
from memory_db.journal import Journal
from memory_db.store import MemoryStore
from prompts import version
from skills.catalogue import Catalogue
from skills.priors import prior_of
from skills.render import render

if TYPE_CHECKING:
    import anthropic

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
ENDPOINT = "ANTHROPIC_BASE_URL"
_SHAPING = {"name", "tasks", "effort", "max_tokens", "share", "max_share", "context_tokens", "mask", "reflect", "voters"}


def model_mode(settings: Settings) -> str:
    """The mode in force: the one set, else live where a key is, else none."""
    return settings.llm or ("live" if os.environ.get(KEYS[0]) else "none")


def mind_identity(settings: Settings) -> dict[str, Any] | None:
    """What of the model shapes decisions; None where there is none. A replay is the run it replays."""
    mode = model_mode(settings)
    if mode == "none":
        return None
    shape = settings.model.model_dump(mode="json", include=_SHAPING)
    for voter in shape["voters"]:
        for name in ("base_url", "key_env", "price_input", "price_output", *(() if mode == "mock" else ("double",))):
            del voter[name]
    prompts = version(TASK) + (version(REFLECT) if settings.model.reflect else "")
    return {**shape, "prompt": prompts, "by": settings.model.double if mode == "mock" else "model"}


def recordings(home: Path, signer: Signer) -> Recordings:
    """The home's recorded replies."""
    return Recordings(lambda: Journal.open(home / "calls" / "journal.sqlite", signer, durable=True))


def open_mind(
    home: Path,
    signer: Signer,
    memory: MemoryStore,
    catalogue: Catalogue,
    settings: Settings,
    today: Callable[[], datetime],
    veil: Veil | None = None,
) -> ModelReasoner:
    """The model reasoner of a run, all its voices; ConfigError when its mode cannot work."""
    model, secret, glossary = open_model(home, signer, memory.journal, settings, today), fence_secret(signer), tuple(DOCS.items())

    def describe(match: SkillMatch) -> str:
        skill = catalogue.get(match.id, match.version)
        return render(skill, catalogue.counts(skill), prior=prior_of(catalogue, skill))

    first = ModelReasoner.of(model, settings, secret, describe, glossary)
    more = [_voice(voter, model, settings, secret, glossary, today) for voter in settings.model.voters]
    return replace(first, voices=(*first.voices, *more), veil=veil)


def reflector_of(mind: ModelReasoner, signer: Signer) -> Reflector | None:
    """What looks back for a run, with the model that decides first; None where the settings leave it out."""
    if not mind.settings.model.reflect:
        return None
    return Reflector(mind.voices[0].model, mind.settings, fence_secret(signer), mind.veil)


def veil_for(feed: Feed, journal: Journal, settings: Settings, clock: Callable[[], datetime]) -> Veil | None:
    """What hides names, dates and levels from a model; None where nothing is to be hidden."""
    if not settings.model.mask:
        return None
    views = {symbol: feed.view(symbol, clock()) for symbol in feed.symbols}
    first = {symbol: float(series.bars.close[0]) for symbol, series in views.items() if series is not None}
    return Veil.over({*feed.symbols, *journal.state("settled")}, first, settings.seed)


def check_mind(settings: Settings) -> None:
    """Refuse a mode, a key or voters that cannot work (ConfigError), before anything is written."""
    mode = model_mode(settings)
    opener(mode, settings)
    names = [settings.model.tasks.get(TASK, settings.model.name), *(voter.name for voter in settings.model.voters)]
    if len(set(names)) < len(names):
        raise ConfigError(f"model.voters name {max(names, key=names.count)!r} twice; give each voter a name of its own")
    for voter in settings.model.voters:
        opener(mode, for_voter(settings, voter), voter)


def _voice(
    voter: ModelVoter,
    first: Model,
    settings: Settings,
    secret: bytes,
    glossary: tuple[tuple[str, str], ...],
    today: Callable[[], datetime],
) -> Voice:
    """One more voice: its own endpoint, key, prices and breaker; the run's money, log and recordings."""
    own = for_voter(settings, voter)
    budget = Budget(own.model, Prices(own.model, today), today, first.spent)
    client = Client(own.model, opener(first.mode, own, voter), budget, clock=time.monotonic, sleep=time.sleep, seed=settings.seed)
    part, cutoff = voter.share or settings.model.share, cutoff_of(voter.model, settings.model)
    return Voice(voter.name, voter.model, first.beside(client), settings, secret, glossary, part, cutoff, voter.name)


def for_voter(settings: Settings, voter: ModelVoter) -> Settings:
    """The settings as a voter has them."""
    own = {"name": voter.model, "double": voter.double, "price_input": voter.price_input, "price_output": voter.price_output}
    return settings.model_copy(update={"model": settings.model.model_copy(update=own)})


def fence_secret(signer: Signer) -> bytes:
    """The home's secret for fences: known only to who holds the agent's key."""
    return hashlib.sha256(signer.sign(b"tradecraft fence")).digest()


def open_model(home: Path, signer: Signer, journal: Journal, settings: Settings, today: Callable[[], datetime]) -> Model:
    """The model in its mode, with the money a run has left."""
    mode = model_mode(settings)
    if mode not in ("live", "record", "replay", "mock"):
        raise ConfigError(f"--llm {mode}: there is no model to open; use live, record, replay or mock")
    spent = restored(journal, today)
    budget = Budget(settings.model, Prices(settings.model, today), today, spent)
    client = Client(settings.model, opener(mode, settings), budget, clock=time.monotonic, sleep=time.sleep, seed=settings.seed)
    recorded = recordings(home, signer) if mode in ("record", "replay") else None
    return Model(mode, client, JournalCalls(journal, spent), recorded, clock=time.monotonic, today=today)  # type: ignore[arg-type]


def probed(settings: Settings, today: Callable[[], datetime]) -> list[dict[str, Any]]:
    """What the models and endpoints named in the settings can do; one failed check where there is none to ask."""
    mode = model_mode(settings)
    if mode not in ("live", "record", "mock"):
        return [{"name": "model", "ok": False, "detail": f"--llm {mode} asks no model; set ANTHROPIC_API_KEY or use --llm live"}]
    checks: list[dict[str, Any]] = []
    for voter in (None, *settings.model.voters):
        own = settings if voter is None else for_voter(settings, voter)
        budget = Budget(own.model, Prices(own.model, today), today)
        client = Client(own.model, opener(mode, own, voter), budget, clock=time.monotonic, sleep=time.sleep, seed=settings.seed)
        names = dict.fromkeys((own.model.name, *(settings.model.tasks.values() if voter is None else ())))
        found = [check for name in names for check in probe(client, name, time.monotonic, settings.model.deadline)]
        checks += found if voter is None else [{**check, "name": f"{voter.name}: {check['name']}"} for check in found]
    return checks


def opener(mode: str, settings: Settings, voter: ModelVoter | None = None) -> Callable[[], anthropic.Anthropic]:
    """How the SDK's client is made when it is first needed; ConfigError at once when it could not work."""
    if mode == "mock":
        return _stand_in(settings)
    if mode == "replay":
        return _nobody
    url = voter.base_url if voter is not None else None
    variable = voter.key_env if voter is not None else None
    if variable is not None and not os.environ.get(variable):
        raise ConfigError(f"model.voters: {voter.name if voter else ''} needs {variable}; set it, or take the voter out")
    given = any(os.environ.get(name) for name in KEYS)
    if variable is None and url is None and not given and not os.environ.get(ENDPOINT):
        raise ConfigError(f"--llm {mode} needs ANTHROPIC_API_KEY (or {ENDPOINT} for a local server); set it, or use --llm none")

    def official() -> anthropic.Anthropic:
        from anthropic import Anthropic

        where: dict[str, Any] = {} if url is None else {"base_url": url}
        if variable is not None:
            where["api_key"] = os.environ[variable]
        elif url is not None or not given:
            where["api_key"] = "none"  # a key for one server is not sent to another, and the SDK sends nothing without one
        return Anthropic(max_retries=0, **where)

    return official


def _nobody() -> anthropic.Anthropic:
    raise ConfigError("--llm replay asks no model")


def _stand_in(settings: Settings) -> Callable[[], anthropic.Anthropic]:
    try:
        doubles = importlib.import_module("agent.doubles")
    except ModuleNotFoundError:
        raise ConfigError("--llm mock: this build has no stand-ins (agent.doubles); use --llm none") from None
    double = doubles.double(settings.model.double, settings.seed)

    def local() -> anthropic.Anthropic:
        import httpx2
        from anthropic import Anthropic

        client = httpx2.Client(transport=doubles.transport(double))
        return Anthropic(max_retries=0, api_key="none", base_url="http://stand-in.invalid", http_client=client)

    return local
