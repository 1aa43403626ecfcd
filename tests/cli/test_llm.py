"""A model from the command line: asked over HTTP, recorded, replayed without it, and accounted for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from agent.cli.globals import hoist
from tests.cli.kit import Call
from tests.llm.kit import check, message, said

WORDS = ("backtest", "--timerange", "20140401-20140415", "--json")
OPINION = said(action="hold", citations=[], thesis="Nothing stands out.")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A server that speaks the Messages API; the models it was asked for."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            check(body)
            seen.append(body["model"])
            data = json.dumps(message(OPINION, output_tokens=200)).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "test-key-that-is-never-shown")
    yield seen
    server.shutdown()
    thread.join()
    server.server_close()


# the SDK's client keeps its connection for the life of the process; its end at collection is no fault of the command
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_recorded_backtest_replays_exactly_and_free_without_the_model(
    call: Call, bars: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = call(*WORDS, "--data", bars, "--llm", "record")
    assert recorded.code == 0
    paid = call("cost", "--json").document
    assert paid["calls"] == len(asked) == len(recorded.document["decisions"])
    assert paid["cost_usd"] > 0
    assert paid["decisions"]["by_model"] == len(asked)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    replayed = call(*WORDS, "--data", bars, "--llm", "replay")
    assert replayed.document == recorded.document
    free = call("cost", "--json").document
    assert (free["calls"], free["cost_usd"]) == (paid["calls"], 0.0)
    assert free["decisions"] == paid["decisions"]
    shown = call("why", recorded.document["decisions"][-1]["id"], "--json").document
    assert shown["opinion"]["action"] == "hold"
    assert {part["name"] for part in shown["context"]["shown"]} >= {"state", "votes"}
    assert "test-key" not in recorded.err + replayed.err + json.dumps(shown)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_key_in_the_environment_means_live_and_max_cost_stops_it(call: Call, bars: Path, asked: list[str]) -> None:
    said = call("decide", "--data", bars, "--max-cost", "0.0001", "--json")
    assert said.code == 0
    assert said.document["reasoner"] == "arithmetic"
    assert said.document["fallback_reason"].startswith("budget: --max-cost 0.0001 USD")
    assert asked == []


def test_replay_without_a_recording_says_so_on_every_record(call: Call, bars: Path) -> None:
    said = call("decide", "--data", bars, "--llm", "replay", "--json")
    assert said.document["reasoner"] == "arithmetic"
    assert said.document["fallback_reason"] == "miss: nothing is recorded for this decision; record it with --llm record"


def test_doctor_with_a_bare_llm_asks_the_model() -> None:
    assert hoist(["doctor", "--llm", "--json"]) == ["--json", "doctor", "--probe"]
    assert hoist(["doctor", "--llm", "mock"]) == ["--llm", "mock", "doctor"]


def test_cost_of_a_run_without_a_model_is_nothing(call: Call, bars: Path) -> None:
    assert call("decide", "--data", bars).code == 0
    document = call("cost", "--json").document
    assert (document["calls"], document["cost_usd"], document["decisions"]["by_model"]) == (0, 0, 0)
    assert "0 calls" in call("cost").out


def test_mask_keeps_results_in_true_names_and_dates(call: Call, bars: Path) -> None:
    shown = call("decide", "--data", bars, "--llm", "mock", "--mask", "--json")
    assert shown.code == 0
    record = shown.document
    assert record["symbol"] == record["state"]["symbol"] == "SP500"
    assert record["opinion"]["masked"] is True
    assert record["opinion"]["cutoff"] == "2026-06-30"
    told = call("why", record["id"])
    assert "it may remember this bar; symbol, dates and level were hidden" in " ".join(told.out.split())
    plain = call(*WORDS, "--data", bars, "--llm", "none")
    assert call(*WORDS, "--data", bars, "--llm", "none", "--mask").document == plain.document
