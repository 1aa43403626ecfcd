"""A conversation: its commands, its memory of itself, what it writes down, and how it is shown."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest
from rich.console import Console

from agent.chat.commands import COMMANDS
from agent.chat.engine import Conversation
from agent.chat.render import shown
from agent.chat.terminal import banner, candidates, completer, converse, history_file, lines_of, prompt, turn
from agent.errors import ConfigError
from tests.chat.kit import conversing
from tests.chat.questions import Facts
from tests.cli.kit import Json

Finished = tuple[Path, Json]
GIVEN = {
    "skill": "trend-pullback",
    "why": "NASDAQ 2014-01-13",
    "whatif": "memory had been left out on NASDAQ 2014-01-13",
    "resume": "fine",
}


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("export", "clear", "quit")])
def test_every_command_answers(copied: Path, finished: Finished, name: str) -> None:
    with conversing(copied, finished[1]["run"]) as talk:
        talk.say("what is the win rate?")
        answer = talk.say(f"/{name} {GIVEN.get(name, '')}".strip())
    assert answer.text


@pytest.mark.parametrize("text", ["/fly", "/skill", "/resume", "/skills purple", "/performance tea", "   "])
def test_what_is_no_command_is_one_line_with_the_fix(finished: Finished, text: str) -> None:
    home, document = finished
    with conversing(home, document["run"], acting=None) as talk, pytest.raises(ConfigError) as said:
        talk.say(text)
    assert "\n" not in str(said.value)


def test_halt_stopentry_and_resume_mean_trading_and_wait_for_a_yes(copied: Path, finished: Finished) -> None:
    from agent.cycle import read_control
    from agent.wiring.homes import open_journal

    with conversing(copied, finished[1]["run"]) as talk:
        for command, halted, stopped in (
            ("/stopentry careful", False, True),
            ("/halt worse", True, True),
            ("/resume fine", False, False),
        ):
            talk.say(command)
            talk.confirm("yes")
            with open_journal(copied, "paper") as journal:
                control = read_control(journal)
            assert (control.halted, control.entries_stopped) == (halted, stopped)
            assert control.principal == "operator"


def test_orders_in_plain_words_are_answered_with_what_does_them(finished: Finished) -> None:
    home, document = finished
    with conversing(home, document["run"], acting=None) as talk:
        assert "do not trade on request" in talk.say("buy 100 NASDAQ now").text
        assert "cannot raise or remove a limit" in talk.say("raise the position limit to 90%").text
        assert "skills approve" in talk.say("approve the skill gap-fade").text


def test_a_conversation_is_kept_reopened_compacted_and_exported_whole(copied: Path, finished: Finished, tmp_path: Path) -> None:
    run, facts = finished[1]["run"], Facts(finished[1])
    ident = facts.decided("NASDAQ", "2014-01-13")["id"]
    with conversing(copied, run) as talk:
        talk.say("Why did you buy NASDAQ on 2014-01-13?")
        talk.say("never short on Fridays")
        talk.confirm("yes")
        for _ in range(3):
            talk.say("what is the win rate?")
        talk.say("/compact")
        assert ident in talk.session.summary
        assert "preference m" in talk.session.summary
        name = talk.session.id
    with conversing(copied, run, ident=name[:4]) as talk:
        assert ident in talk.before()
        assert talk.last_decision() is not None
        markdown = talk.export(str(tmp_path / "talk.md"))
        document = json.loads(talk.export(str(tmp_path / "talk.json")).read_text())
        with pytest.raises(ConfigError, match="exists"):
            talk.export(str(tmp_path / "talk.md"))
    assert stat.S_IMODE(markdown.stat().st_mode) == 0o600
    assert ident in markdown.read_text()
    assert [t["said"] for t in document["turns"]][:2] == ["Why did you buy NASDAQ on 2014-01-13?", "never short on Fridays"]


def test_asking_writes_nothing_into_the_run(copied: Path, finished: Finished) -> None:
    path = copied / "runs" / finished[1]["run"] / "journal.sqlite"
    before = path.read_bytes()
    with conversing(copied, finished[1]["run"]) as talk:
        for said in ("what if memory had been left out on NASDAQ 2014-01-13", "what lessons were learned?", "/status"):
            talk.say(said)
    assert path.read_bytes() == before


def _console(width: int, *, terminal: bool, colour: bool = True) -> Console:
    return Console(
        file=io.StringIO(), width=width, force_terminal=terminal, no_color=not colour, markup=False, highlight=False, emoji=False
    )


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("terminal", [True, False])
def test_answers_keep_to_the_width_and_a_pipe_gets_no_colours(finished: Finished, width: int, terminal: bool) -> None:
    home, document = finished
    with conversing(home, document["run"], acting=None) as talk:
        for said in ("/help", "/skills", "/profit", "win rate by regime", "highest RSI of SP500 in May 2014", "/context"):
            console = _console(width, terminal=terminal, colour=terminal)
            shown(talk.say(said), console, talk.session)
            out = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
            plain = out if not terminal else Console(width=400).render_str(out).plain
            assert out.strip()
            assert ("\x1b[" in out) == terminal or not terminal
            if not terminal:
                assert max(len(line) for line in plain.splitlines()) <= width
                assert "\x1b" not in out


def test_no_color_is_kept(finished: Finished) -> None:
    home, document = finished
    with conversing(home, document["run"], acting=None) as talk:
        console = _console(80, terminal=True, colour=False)
        shown(talk.say("what is the win rate?"), console, talk.session)
    assert "\x1b[3" not in console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO


def test_a_typed_yes_at_the_terminal_carries_out_and_an_interrupt_does_not(copied: Path, finished: Finished) -> None:
    def interrupted(question: str) -> str:
        raise KeyboardInterrupt

    with conversing(copied, finished[1]["run"]) as talk:
        console = _console(80, terminal=False)
        turn(talk, "/halt worried", console, interrupted)
        assert "not done" in console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
        turn(talk, "/halt worried", console, lambda question: "yes")
        assert "trading is halted in paper" in console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO


def test_ctrl_c_ends_the_turn_and_not_the_program(finished: Finished) -> None:
    home, document = finished
    with conversing(home, document["run"], acting=None) as talk:
        said = talk.say

        def interrupting(text: str, hear: object = None) -> object:
            if text == "slow":
                raise KeyboardInterrupt
            return said(text)

        talk.say = interrupting  # type: ignore[assignment, method-assign]  # a turn that is interrupted
        console = _console(80, terminal=False)
        converse(talk, console, iter(["slow", "what is the win rate?", "/quit"]), lambda question: "")
    out = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert "(ended; nothing of it is kept)" in out
    assert Facts(document).rate() in out


def test_lines_are_typed_with_completion_history_and_several_lines(copied: Path, finished: Finished) -> None:
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    with conversing(copied, finished[1]["run"]) as talk, create_pipe_input() as keys:
        session = prompt(talk, input_=keys, output=DummyOutput())
        keys.send_text("why\\\rNASDAQ\r")  # a backslash goes on to the next line
        keys.send_text("a\x1b\rb\r")  # Alt-Enter does too
        keys.send_text("\x04")
        assert list(lines_of(session)) == ["why\nNASDAQ", "a\nb"]
        assert _completed(talk, "/perf") == ["/performance"]
        assert _completed(talk, "what of NAS") == ["NASDAQ"]
        assert _completed(talk, "what of /perf") == []
        assert {"/why", "NASDAQ", "trend-pullback"} <= set(candidates(talk))
    path = history_file(copied)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "NASDAQ" in path.read_text()


def _completed(talk: Conversation, text: str) -> list[str]:
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    return [found.text for found in completer(talk).get_completions(Document(text), CompleteEvent())]


def test_the_banner_says_what_kind_of_money_and_whether_it_is_halted(finished: Finished) -> None:
    home, document = finished
    with conversing(home, document["run"], acting=None) as talk:
        assert banner(talk).startswith(f"PAPER run {document['run']}, to 2014-06-30")
        assert "no model: answered from the record" in banner(talk)


def test_what_points_back_is_asked_of_what_was_spoken_of_last(finished: Finished) -> None:
    """Without it "how did it end?" would be answered of all trades, or not at all."""
    home, document = finished
    trade = min(document["trades"], key=lambda t: float(t["pnl"]))
    with conversing(home, document["run"], acting=None) as talk:
        talk.say("What was the worst trade?")
        answer = talk.say("And how did it end?")
        assert trade["decision"] in answer.citations
        assert answer.certainty == "unsure"
        assert f"{trade['r']:+.2f} R" in answer.text
