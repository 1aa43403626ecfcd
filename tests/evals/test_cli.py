"""The commands as a user types them."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path


def tradecraft(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent", "--home", str(home), *words], capture_output=True, text=True, timeout=120, check=False
    )


def test_eval_unknown_suite_is_one_line_and_exit_two(tmp_path: Path) -> None:
    found = tradecraft(tmp_path, "eval", "luck")
    assert found.returncode == 2
    assert found.stderr.count("\n") == 1
    assert "'luck'" in found.stderr


def test_eval_compare_without_two_runs_is_exit_two(tmp_path: Path) -> None:
    found = tradecraft(tmp_path, "eval", "compare", "one")
    assert found.returncode == 2
    assert "eval compare A B" in found.stderr


def test_mock_llm_answers_on_the_port_it_prints(tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "agent",
        "--home",
        str(tmp_path),
        "--json",
        "mock-llm",
        "--port",
        "0",
        "--behaviour",
        "refusing",
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ.copy()) as server:
        assert server.stdout is not None
        try:
            url = json.loads(server.stdout.readline())["url"]
            body = {"model": "claude-haiku-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
            with urllib.request.urlopen(urllib.request.Request(f"{url}/v1/messages", json.dumps(body).encode())) as answer:
                assert json.load(answer)["stop_reason"] == "refusal"
        finally:
            server.kill()
