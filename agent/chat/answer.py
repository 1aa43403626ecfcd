"""An answer: its words, the ids they rest on, how sure it is, and what it took."""

from __future__ import annotations

from typing import Any, Literal

from agent.chat.found import Chart, Table
from agent.domain import Frozen, Usage


class Answer(Frozen):
    """What is said to a person. ``label`` says who answered; ``warnings`` what in it could not be grounded."""

    text: str
    label: str = ""
    certainty: Literal["sure", "unsure", "unknown"] = "sure"
    tools: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    table: Table | None = None
    chart: Chart | None = None
    usage: Usage = Usage()
    cost_usd: float = 0.0
    model: str | None = None
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The document of ``chat -p --json``."""
        return {
            "text": self.text,
            "tools": list(self.tools),
            "citations": list(self.citations),
            "usage": self.usage.model_dump(),
            "cost_usd": self.cost_usd,
            "model": self.model,
            "label": self.label,
            "certainty": self.certainty,
            "warnings": list(self.warnings),
            "seconds": self.seconds,
        }
