"""How long the work around a model's call takes, with many memories: build, validate, record; the call itself is instant.

Real daily bars are walked with a model whose API answers at once from memory. The figure is the median of a cycle with the
model less the median of the same cycle without it, less what the answering itself took; the baseline is the cycle without.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.backtest.plan import Plan, TimeRange
from agent.backtest.walk import Progress, desk_for
from agent.cycle import Desk, run_bar
from agent.cycle.calls import JournalCalls
from agent.llm import Budget, Prices
from agent.llm.client import Client
from agent.llm.model import Model
from agent.market.features import DOCS
from agent.market.feed import builtin
from agent.reason.model import ModelReasoner
from agent.settings import Llm, Settings
from agent.wiring.arms import ARMS
from agent.wiring.recorded import RecordedFeed, prepared

if TYPE_CHECKING:
    import anthropic
    import httpx2

Json = dict[str, Any]
Report = Callable[[Progress], None]
MEMORIES, DECISIONS = 10_000, 60
OPINION = {
    "action": "hold", "confidence": 0.3, "size": 1.0, "stop": None, "target": None, "horizon": 5, "thesis": "Nothing stands out.",
    "change_mind": "A trend.", "citations": [], "dissent": "There may be one.",
}  # fmt: skip
MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5-5", "stop_reason": "end_turn",
    "stop_sequence": None, "content": [{"type": "text", "text": json.dumps(OPINION)}],
    "usage": {"input_tokens": 900, "output_tokens": 120},
}  # fmt: skip


def _fill(desk: Desk, symbol: str, before: datetime, count: int) -> None:
    """Settled situations of another symbol's past, drawn once."""
    series = desk.feed.view(symbol, before)
    width = series.situations.shape[1] if series is not None else 1
    made = np.random.default_rng(0).normal(size=(count, width)).astype(np.float32)
    with desk.memory.write() as w:
        for i, vector in enumerate(made):
            at = before - timedelta(hours=count - i)
            desk.memory.add_situation(w, id=f"made{i}", symbol="OTHER", bar_time=at, known_at=at, vector=vector, line="made up")
            desk.memory.add_shadow(w, id=f"made{i}", symbol="OTHER", known_at=at, buy=float(vector[0]), sell=-float(vector[0]))


def _model(desk: Desk, inside: list[float]) -> ModelReasoner:
    import httpx2

    body = json.dumps(MESSAGE).encode()

    def handle(request: httpx2.Request) -> httpx2.Response:
        begun = time.perf_counter()
        found = httpx2.Response(200, content=body, headers={"content-type": "application/json"})
        inside.append(time.perf_counter() - begun)
        return found

    def opened() -> anthropic.Anthropic:
        from anthropic import Anthropic

        http = httpx2.Client(transport=httpx2.MockTransport(handle))
        return Anthropic(api_key="none", base_url="http://stand-in.invalid", max_retries=0, http_client=http)

    settings, now = Llm(max_cost=None, max_cost_day=None), datetime(2026, 1, 1, tzinfo=UTC)
    budget = Budget(settings, Prices(settings, lambda: now), lambda: now)
    client = Client(settings, opened, budget, clock=time.monotonic, sleep=time.sleep)
    kept = JournalCalls(desk.memory.journal, budget.spent)
    model = Model("live", client, kept, None, clock=time.monotonic, today=lambda: now)
    return ModelReasoner.of(model, desk.settings, b"bench", lambda match: match.name, tuple(DOCS.items()))


def measure(report: Report) -> list[Json]:
    """The median of the work around a call."""
    series = prepared([builtin("SP500")], Settings())
    plan = Plan(ARMS["full"], series, TimeRange.parse("20140101-20181231"), "quarter", Settings())
    steps = plan.steps()[: DECISIONS + 5]
    medians: dict[bool, float] = {}
    inside: list[float] = []
    for asks in (False, True):
        with tempfile.TemporaryDirectory(prefix="tradecraft-") as folder:
            desk = desk_for(Path(folder), plan, RecordedFeed(series), steps[0][0])
            _fill(desk, "SP500", steps[0][0], MEMORIES)
            desk = replace(desk, mind=_model(desk, inside) if asks else None)
            taken = []
            for done, (as_of, symbols) in enumerate(steps):
                begun = time.perf_counter()
                run_bar(desk, tuple(symbols), as_of)
                taken.append(time.perf_counter() - begun)
                report(Progress(done, len(steps), "reason", 0.0))
            medians[asks] = statistics.median(taken[5:])
            desk.memory.close()
    around = 1e3 * (medians[True] - medians[False] - statistics.median(inside))
    return [
        {
            "name": "reason",
            "value": around,
            "unit": f"ms p50 around a model's call with {MEMORIES} memories (baseline: the cycle without it)",
            "baseline": 1e3 * medians[False],
            "ratio": around / (1e3 * medians[False]),
            "n": DECISIONS,
        }
    ]
