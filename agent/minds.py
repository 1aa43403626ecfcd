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
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cycle.calls import JournalCalls, Recordings, restored
from agent.cycle.desk import Mind
from agent.domain import SkillMatch
from agent.errors import ConfigError
from agent.guard.signing import Signer
from agent.llm import Budget, Prices
from agent.llm.client import Client
from agent.llm.model import Model
from agent.llm.probe import probe
from agent.market.features import DOCS
from agent.reason.model import TASK, ModelReasoner
from agent.settings import Settings
from memory_db.journal import Journal
from memory_db.store import MemoryStore
from prompts import version
from skills.catalogue import Catalogue
from skills.render import render

if TYPE_CHECKING:
    import anthropic

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
ENDPOINT = "ANTHROPIC_BASE_URL"
_SHAPING = {"name", "tasks", "effort", "max_tokens", "share", "max_share", "context_tokens"}


def model_mode(settings: Settings) -> str:
    """The mode in force: the one set, else live where a key is, else none."""
    return settings.llm or ("live" if os.environ.get(KEYS[0]) else "none")


def mind_identity(settings: Settings) -> dict[str, Any] | None:
    """What of the model shapes decisions; None where there is none. A replay is the run it replays."""
    mode = model_mode(settings)
    if mode == "none":
        return None
    shape = settings.model.model_dump(mode="json", include=_SHAPING)
    return {**shape, "prompt": version(TASK), "by": settings.model.double if mode == "mock" else "model"}


def recordings(home: Path, signer: Signer) -> Recordings:
    """The home's recorded replies."""
    return Recordings(lambda: Journal.open(home / "calls" / "journal.sqlite", signer, durable=True))


def open_mind(
    home: Path, signer: Signer, memory: MemoryStore, catalogue: Catalogue, settings: Settings, today: Callable[[], datetime]
) -> Mind:
    """The model reasoner of a run; ConfigError when its mode cannot work."""
    model = open_model(home, signer, memory.journal, settings, today)

    def describe(match: SkillMatch) -> str:
        skill = catalogue.get(match.id, match.version)
        return render(skill, catalogue.counts(skill))

    return ModelReasoner(model, settings, fence_secret(signer), describe, tuple(DOCS.items()))


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
    """What the models named in the settings can do; one failed check where there is none to ask."""
    mode = model_mode(settings)
    if mode not in ("live", "record", "mock"):
        return [{"name": "model", "ok": False, "detail": f"--llm {mode} asks no model; set ANTHROPIC_API_KEY or use --llm live"}]
    budget = Budget(settings.model, Prices(settings.model, today), today)
    client = Client(settings.model, opener(mode, settings), budget, clock=time.monotonic, sleep=time.sleep, seed=settings.seed)
    names = dict.fromkeys((settings.model.name, *settings.model.tasks.values()))
    return [check for name in names for check in probe(client, name, time.monotonic, settings.model.deadline)]


def opener(mode: str, settings: Settings) -> Callable[[], anthropic.Anthropic]:
    """How the SDK's client is made when it is first needed; ConfigError at once when it could not work."""
    if mode == "mock":
        return _stand_in(settings)
    given = any(os.environ.get(name) for name in KEYS)
    if mode in ("live", "record") and not given and not os.environ.get(ENDPOINT):
        raise ConfigError(f"--llm {mode} needs ANTHROPIC_API_KEY (or {ENDPOINT} for a local server); set it, or use --llm none")

    def official() -> anthropic.Anthropic:
        from anthropic import Anthropic

        # a local server asks for no key, and the SDK will not send a request without one
        return Anthropic(max_retries=0) if given else Anthropic(max_retries=0, api_key="none")

    return official


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
