"""``tradecraft chat`` as it is called: once, piped, reopened, and where there is nothing to talk about."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tests.chat.questions import Facts
from tests.cli.kit import Call, Json, caller

Finished = tuple[Path, Json]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], copied: Path) -> Call:
    return caller(capsys, copied)


def test_one_answer_in_words_and_as_one_document(call: Call, finished: Finished) -> None:
    rate = Facts(finished[1]).rate()
    said = call("chat", "-p", "what is the win rate?")
    assert said.code == 0
    assert rate in said.out
    assert "no model: answered from the record" in said.err
    document = call("chat", "-p", "what is the win rate?", "--json").document
    assert {"text", "tools", "citations", "usage", "cost_usd", "model"} <= document.keys()
    assert rate in document["text"]
    assert document["citations"][0] == f"run:{finished[1]['run']}"
    assert document["model"] is None


def test_a_pipe_is_a_script_in_which_nothing_can_be_confirmed(
    call: Call, finished: Finished, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("what is the win rate?\n/halt now\nyes\n/quit\nnot reached\n"))
    said = call("chat")
    assert said.code == 1
    assert Facts(finished[1]).rate() in said.out
    assert "nothing can be changed here" in said.err
    assert not (copied / "runs" / "paper").exists()


def test_the_last_conversation_goes_on(call: Call) -> None:
    call("chat", "-p", "Why did you buy NASDAQ on 2014-01-13?")
    cost = call("chat", "-c", "-p", "/cost")
    assert "over 1 turns" in cost.out
    wrong = call("chat", "-r", "zzzz", "-p", "/cost")
    assert wrong.code == 2
    assert "'zzzz'" in wrong.error


def test_nothing_to_talk_about_is_one_line_with_the_fix(call: Call, tmp_path: Path) -> None:
    empty = call("chat", "-p", "why?", at=tmp_path / "empty")
    assert empty.code == 2
    assert "tradecraft demo" in empty.error
    assert not (tmp_path / "empty" / "runs").exists()
    unknown = call("chat", "-p", "why?", "--run", "nope")
    assert unknown.code == 2
    assert "'nope'" in unknown.error


def test_a_preference_said_once_is_not_kept(call: Call, copied: Path) -> None:
    said = call("chat", "-p", "never short on Fridays")
    assert said.code == 0
    assert not (copied / "runs" / "paper").exists()
