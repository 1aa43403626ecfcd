"""Who operates this can follow a decision through logs and traces, and finds no key and no prompt in them."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agent.doubles import double, serve
from agent.llm.spans import span
from agent.settings import Llm
from tests.cycle.build import READY, SETTINGS, desk_at, run
from tests.llm.kit import Api, error
from tests.llm.test_cycle import desk_with, thinking

KEY = "sk-sentinel-0123456789"


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Spans of this test alone."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return exporter


def test_cycle_call_and_recall_are_spans_inside_one_another(home: Path, exported: InMemorySpanExporter) -> None:
    with desk_with(home, Api(thinking)) as desk:
        (record,) = run(desk, READY, READY + 1)
    spans = {one.name: one for one in exported.get_finished_spans()}
    cycle = spans["tradecraft.cycle"]
    assert cycle.attributes is not None
    assert cycle.attributes["tradecraft.cycle"] == record.id
    assert cycle.context is not None
    for name in ("tradecraft.model", "tradecraft.recall"):
        parent = spans[name].parent
        assert parent is not None
        assert parent.span_id == cycle.context.span_id
    attributes = spans["tradecraft.model"].attributes
    assert attributes is not None
    assert attributes["tradecraft.cost_usd"] == record.cost_usd
    ours = [one for one in exported.get_finished_spans() if one.name.startswith("tradecraft.")]
    told = " ".join(str(dict(one.attributes or {})) for one in ours)
    assert "deciding mind" not in told
    assert "## votes" not in told


def test_without_a_provider_nothing_is_made(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    with span("nothing") as told:
        told["cost"] = 1.0
        assert not trace.get_current_span().is_recording()


def test_failed_call_marks_its_span(home: Path, exported: InMemorySpanExporter) -> None:
    with desk_with(home, Api(lambda r: error(401))) as desk:
        run(desk, READY, READY + 1)
    (model,) = [one for one in exported.get_finished_spans() if one.name == "tradecraft.model"]
    assert not model.status.is_ok
    assert model.status.description == "authentication"
    assert model.events == ()


def test_logs_carry_the_cycle_and_neither_key_nor_prompt(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    structlog.reset_defaults()
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    settings = SETTINGS.model_copy(update={"llm": "live", "model": Llm(max_cost=None, max_cost_day=None, attempts=1)})
    with serve(double("analyst")) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        with desk_at(home, settings=settings) as desk:
            (good,) = run(desk, READY, READY + 1)
    prompt = "sentinel prompt that the server repeats"
    with desk_with(home.with_name("bad"), Api(lambda r: _echo(r, prompt))) as desk:
        (bad,) = run(desk, READY, READY + 1)
    logged = capsys.readouterr()
    lines = [line for line in (logged.out + logged.err).splitlines() if "model" in line or "opinion" in line]
    assert good.opinion is not None
    assert bad.fallback_reason is not None
    assert [sum(record.id in line for line in lines) >= 1 for record in (good, bad)] == [True, True]
    assert all("cycle=" in line for line in lines)
    for secret in (KEY, prompt, "deciding mind", "## votes", good.opinion.thesis):
        assert secret not in logged.out + logged.err
    assert KEY not in good.model_dump_json()


def _echo(request: httpx2.Request, prompt: str) -> httpx2.Response:
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": f"{prompt}: {request.read()!r}"}}
    return httpx2.Response(400, json=body)
