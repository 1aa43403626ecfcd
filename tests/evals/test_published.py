"""What the documents show is what the program prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.published import ROOT, Transcript, documents, printed, same, transcripts

PUBLISHED = [t for path in documents() for t in transcripts(path)]
LONG = ("make run", "tradecraft eval", "tradecraft backtest", "tradecraft bench")

pytestmark = pytest.mark.skipif(not (ROOT / "README.md").is_file(), reason="the documents are not beside the code")


def _name(transcript: Transcript) -> str:
    return f"{transcript.document}:{transcript.line}"


def test_the_readme_opens_with_output_that_can_be_run_again() -> None:
    """A reader who is shown the main job's result must be able to get the same."""
    assert any(t.document == "README.md" and t.command == "make run" for t in PUBLISHED)


@pytest.mark.parametrize("transcript", [t for t in PUBLISHED if not t.needs_data and not t.command.startswith(LONG)], ids=_name)
def test_short_transcripts_are_true(transcript: Transcript, tmp_path: Path) -> None:
    assert same(transcript.output, printed(transcript, tmp_path, None)), transcript.command


@pytest.mark.slow
@pytest.mark.parametrize("transcript", [t for t in PUBLISHED if not t.needs_data and t.command.startswith(LONG)], ids=_name)
def test_long_transcripts_are_true(transcript: Transcript, tmp_path: Path) -> None:
    assert same(transcript.output, printed(transcript, tmp_path, None)), transcript.command


def test_only_console_blocks_with_a_command_are_transcripts(tmp_path: Path) -> None:
    """A listing of commands to try must not be taken for output that was measured."""
    (tmp_path / "a.md").write_text("```\n$ tradecraft x\n```\n```console\n$ tradecraft y\none\n```\n```console\nno\n```\n")
    assert list(transcripts(tmp_path / "a.md", tmp_path)) == [Transcript("a.md", 5, "tradecraft y", ("one",))]


def test_a_command_that_is_not_ours_is_never_run() -> None:
    with pytest.raises(ValueError, match="no command of ours"):
        Transcript("a.md", 1, "rm -rf x", ()).arguments(None)


LINES = st.lists(st.text(alphabet="ab.*[ ", max_size=4).filter(lambda text: text != "..."), max_size=6)


@given(LINES, LINES)
def test_lines_match_only_themselves(one: list[str], other: list[str]) -> None:
    assert same(one, other) == (one == other)


@given(LINES, LINES, LINES)
def test_dots_stand_for_any_lines(head: list[str], middle: list[str], tail: list[str]) -> None:
    assert same([*head, "...", *tail], [*head, *middle, *tail])
