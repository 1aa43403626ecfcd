"""Talking about a run: how long a plain question takes with ten thousand decisions on record, and what the conversation adds
before a model's first word is heard.

Fifty symbols of made-up 5-minute bars are decided on in one process; the run is opened and asked the same questions as a run
of a tenth of its size, which is the baseline. The first word is that of a stand-in that streams at once: through the
conversation (tools, prompt, tables), beside the same request sent by the client alone.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.backtest.plan import Plan, TimeRange
from agent.backtest.walk import Progress
from agent.chat.asking import Asking
from agent.chat.local.answering import answer
from agent.chat.view import View, open_view
from agent.cycle import run_bar
from agent.doubles import Script, transport
from agent.doubles.behaviours import says
from agent.llm import Budget, MemoryCalls, Piece, Prices
from agent.llm.client import Client
from agent.llm.model import Model
from agent.settings import Llm, Settings
from agent.wiring.arms import ARMS
from agent.wiring.desks import open_desk
from agent.wiring.recorded import RecordedFeed, prepared
from evals.bench_loop import SYMBOLS, made_up

if TYPE_CHECKING:
    import anthropic

Json = dict[str, Any]
Report = Callable[[Progress], None]
BARS, TIMES = 200, 5
QUESTIONS = (
    "How did we do overall?", "What is the win rate by regime?", "Why did you buy S07USDT last?", "Which skills are losing?",
    "Who is the most believed voter?", "How many trades were stopped out?", "What was the worst trade?",
    "What limits are in force?",
    "How often was RSI below 30 in a volatile regime?", "Average holding of winners versus losers?", "How deep was the drawdown?",
    "What changed since last quarter?",
)  # fmt: skip


def measure(report: Report, bars: int = BARS) -> list[Json]:
    """The slowest twentieth of local answers, opening included apart; and the time to a model's first word."""
    with tempfile.TemporaryDirectory(prefix="tradecraft-") as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        _decided(small, bars // 10, report)
        _decided(large, bars, report)
        few, opened_few = _asked(small)
        many, opened = _asked(large)
        talked, alone = _first_words(large)
    n = SYMBOLS * bars
    p95, base = (1e3 * float(np.percentile(times, 95)) for times in (many, few))
    return [
        _row("chat", p95, f"ms p95 of a local answer over {n:,} decisions (baseline: over a tenth of them)", base, len(many)),
        _row("chat-open", 1e3 * opened, f"ms to open a run of {n:,} decisions (baseline: a tenth of them)", 1e3 * opened_few, 1),
        _row("chat-first", talked, "ms to a model's first word (baseline: the client alone)", alone, TIMES),
    ]


def _row(name: str, value: float, unit: str, baseline: float, n: int) -> Json:
    return {"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": value / baseline, "n": n}


def _decided(home: Path, bars: int, report: Report) -> None:
    """A run of made-up bars, one commit a bar."""
    settings = Settings()
    warm = max(settings.market.warmup, settings.market.regime_window) + 10
    series = prepared([made_up(f"S{i:02d}USDT", i, warm + bars) for i in range(SYMBOLS)], settings)
    steps = Plan(ARMS["full"], series, TimeRange(), "none", settings).steps()[-bars:]
    desk = open_desk(home, "paper", RecordedFeed(series), settings, started=steps[0][0], durable=False)
    for done, (at, symbols) in enumerate(steps):
        run_bar(desk, tuple(symbols), at)
        report(Progress(done, len(steps), "chat", 0.0))
    desk.memory.close()


def _clock() -> datetime:
    return datetime(2024, 2, 1, tzinfo=UTC)


def _asked(home: Path) -> tuple[list[float], float]:
    """What each answer took, and what opening took; the first answer, which loads what is loaded once, is not counted."""
    begun = time.perf_counter()
    with open_view(home, "paper", Settings(), _clock) as view:
        opened = time.perf_counter() - begun
        view.warm()
        answer(view, QUESTIONS[0])
        return [_timed(view, said) for _ in range(TIMES) for said in QUESTIONS], opened


def _timed(view: View, said: str) -> float:
    begun = time.perf_counter()
    answer(view, said)
    return time.perf_counter() - begun


def _model(script: Script) -> Model:
    def opened() -> anthropic.Anthropic:
        import httpx2
        from anthropic import Anthropic

        http = httpx2.Client(transport=transport(script))
        return Anthropic(api_key="none", base_url="http://stand-in.invalid", max_retries=0, http_client=http)

    settings, now = Llm(stream=True, max_cost=None, max_cost_day=None), datetime(2026, 1, 1, tzinfo=UTC)
    budget = Budget(settings, Prices(settings, lambda: now), lambda: now)
    client = Client(settings, opened, budget, clock=time.monotonic, sleep=time.sleep)
    return Model("live", client, MemoryCalls(), None, clock=time.monotonic, today=lambda: now)


def _first_words(home: Path) -> tuple[float, float]:
    """Milliseconds to the first word heard: through the conversation, and of the very request it sent by the client alone."""
    talked, alone = [], []
    with open_view(home, "paper", Settings(), _clock) as view:
        for number in range(TIMES + 1):
            asking = Asking(_model(Script([says("It held.")])), Llm(stream=True), b"bench", _clock)
            talked.append(_heard(partial(asking.answer, view, f"How did we do, once more ({number})?")))
            sent = asking.conversation
            if sent is None:
                continue
            request = replace(sent, turns=sent.turns[:1])
            model = _model(Script([says("It held.")]))
            until = time.monotonic() + 60
            alone.append(_heard(partial(model.reply, request, as_of=_clock(), deadline=until)))
    # the first of each loads what is loaded once
    return 1e3 * statistics.median(talked[1:]), 1e3 * statistics.median(alone[1:])


def _heard(ask: Callable[..., Any]) -> float:
    """Seconds until the first piece of text."""
    first: list[float] = []
    begun = time.perf_counter()

    def hear(piece: Piece) -> None:
        if piece.kind == "text" and not first:
            first.append(time.perf_counter() - begun)

    ask(hear=hear)
    return first[0]
