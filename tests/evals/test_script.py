"""A measurement run as a script tells what it is and what was wrong; a user would else read a traceback."""

from types import ModuleType

import pytest

from evals import closeness, entries, promotion, regimes, script


@pytest.mark.parametrize("module", [closeness, entries, regimes, promotion])
def test_a_wrong_word_is_one_line_and_exit_2(module: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    code = script.outcome(module.main, module.__doc__, ["nothing.here"])
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "nothing.here" in err


def test_help_prints_the_promise(capsys: pytest.CaptureFixture[str]) -> None:
    assert script.outcome(entries.main, entries.__doc__, ["--help"]) == 0
    assert "python -m evals.entries [FILE..]" in capsys.readouterr().out


def test_an_interrupt_is_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(_: list[str]) -> None:
        raise KeyboardInterrupt

    assert script.outcome(stopped, "", []) == script.INTERRUPTED
    assert capsys.readouterr().err == "interrupted\n"
