"""Every prompt as it is rendered for made-up values; ``python -m tests.prompts.snapshots`` writes the files anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prompts import NAMES, fenced, render

SNAPSHOTS = Path(__file__).parent / "snapshots"
VALUES: dict[str, dict[str, Any]] = {
    "decide": {"glossary": [("rsi_14", "strength")], "symbol": "SP500", "interval": "1d"},
    "repair": {"problems": ["confidence: too large"]},
    "reflect": {"chunk": "2014Q1", "features": "rsi_14, adx_14"},
    "summarise-chunk": {"chunk": "2014Q1"},
    "name-skill": {},
    "chat": {"run": "paper", "question": "Why?", "before": "some data"},
    "chat-repair": {"problems": ["figure 12 is in no source"]},
}
COMMON: dict[str, Any] = {"as_of": "2014-04-01T00:00:00+00:00", "data": "some data", "fence": fenced(b"home", "some data")}


def snapshot(name: str) -> str:
    """Both parts of a prompt, as one text."""
    words = render(name, **COMMON, **VALUES[name])
    return f"--- system\n{words.system}--- user\n{words.user}"


if __name__ == "__main__":
    SNAPSHOTS.mkdir(exist_ok=True)
    for each in NAMES:
        (SNAPSHOTS / f"{each}.txt").write_text(snapshot(each), encoding="utf-8")
