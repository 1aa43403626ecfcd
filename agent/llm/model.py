"""A model in one of its modes: asked for real, recorded, or replayed.

| mode | a request that this run has a reply for | any other |
|---|---|---|
| live | that reply | asked, kept in the run |
| record | that reply | asked, kept in the run and among the home's recordings |
| replay | that reply | the recording, free; a request that was not recorded is a fault that says what changed |
| mock | that reply | asked of a stand-in in this process |
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

import structlog

from agent.llm.calls import Call, CallLog, why_missing
from agent.llm.client import Client
from agent.llm.faults import ModelFault
from agent.llm.hearing import Hear, Piece
from agent.llm.money import Spent
from agent.llm.request import Request
from agent.llm.spans import span

Mode = Literal["live", "record", "replay", "mock"]
log = structlog.get_logger()
CONTINUATIONS = 2  # times a paused turn is taken up again


class Model:
    """Answers requests; every reply is kept before it is returned."""

    def __init__(
        self,
        mode: Mode,
        client: Client,
        kept: CallLog,
        recordings: CallLog | None,
        *,
        clock: Callable[[], float],
        today: Callable[[], datetime],
    ) -> None:
        """``kept`` is the run's own log; ``recordings`` the home's (record and replay); ``today`` the wall clock."""
        self.mode = mode
        self.clock = clock
        self._client, self._kept, self._recordings, self._today = client, kept, recordings, today

    def beside(self, client: Client) -> Model:
        """Another endpoint in the same mode, with the same log and recordings."""
        return Model(self.mode, client, self._kept, self._recordings, clock=self.clock, today=self._today)

    @property
    def spent(self) -> Spent:
        """What the run has spent."""
        return self._client.budget.spent

    def ask(
        self,
        request: Request,
        calls: list[Call],
        *,
        as_of: datetime,
        deadline: float,
        decision: str | None = None,
        symbol: str | None = None,
        hear: Hear | None = None,
    ) -> Call:
        """The reply; every call it took is added to ``calls`` (a paused turn is taken up again). ModelFault otherwise.

        ``hear`` hears the reply coming; one that was kept or recorded is heard in one piece.
        """
        for _ in range(CONTINUATIONS + 1):
            call = self.reply(request, as_of=as_of, deadline=deadline, decision=decision, symbol=symbol, hear=hear)
            calls.append(call)
            if call.stop_reason != "pause_turn":
                return call
            request = request.answered(call.content)
        raise ModelFault("pause", f"the turn was paused {CONTINUATIONS + 1} times and never ended")

    def reply(
        self,
        request: Request,
        *,
        as_of: datetime,
        deadline: float,
        decision: str | None = None,
        symbol: str | None = None,
        hear: Hear | None = None,
    ) -> Call:
        """One reply, paused or not: from the run, from the recordings, or asked for."""
        key = request.hash()
        found = self._kept.get(key)
        if found is not None:
            return _heard(found, hear)
        if self.mode == "replay":
            return _heard(self._replayed(request, key, as_of, decision, symbol), hear)
        with span("model", task=request.task, model=request.model) as told:
            answer = self._client.ask(request, deadline, hear)
            told |= {"input_tokens": answer.usage.input_tokens, "output_tokens": answer.usage.output_tokens}
            told |= {"cached_tokens": answer.usage.cached_tokens, "cost_usd": answer.cost_usd}
        call = Call(
            hash=key,
            task=request.task,
            model=request.model,
            prompt=request.prompt,
            decision=decision,
            symbol=symbol,
            as_of=as_of,
            content=answer.content,
            stop_reason=answer.stop_reason,
            answered_by=answer.model,
            usage=answer.usage,
            cost_usd=answer.cost_usd,
            paid=True,
            spent_at=self._today(),
            seconds=answer.seconds,
        )
        self._kept.put(call)
        if self.mode == "record" and self._recordings is not None:
            self._recordings.put(call)
        log.info("model replied", task=call.task, model=call.model, stop=call.stop_reason, usd=round(call.cost_usd, 6))
        return call

    def _replayed(self, request: Request, key: str, as_of: datetime, decision: str | None, symbol: str | None) -> Call:
        recordings = self._recordings
        found = recordings.get(key) if recordings is not None else None
        if found is None:
            near = recordings.near(symbol, as_of, request.task) if recordings is not None else []
            raise ModelFault("miss", why_missing(near, request.model, request.prompt).reason)
        call = found.model_copy(update={"decision": decision, "cost_usd": 0.0, "paid": False, "spent_at": self._today()})
        self._kept.put(call)
        return call


def _heard(call: Call, hear: Hear | None) -> Call:
    for block in call.content if hear is not None else ():
        if hear is not None and block.get("type") == "text" and block.get("text"):
            hear(Piece("text", str(block["text"])))
    return call


def text_of(call: Call) -> str:
    """The text of a finished reply; ModelFault when it ended otherwise or holds none.

    Blocks are picked by type: thinking, and kinds this version does not know, are passed over.
    """
    if call.stop_reason == "refusal":
        raise ModelFault("refusal", "the model declined to answer")
    if call.stop_reason in ("max_tokens", "model_context_window_exceeded"):
        raise ModelFault("max_tokens", f"the reply was cut at {call.usage.output_tokens} tokens; raise model.max_tokens")
    if call.stop_reason == "tool_use":
        raise ModelFault("tool_loop", "the model called a tool where none was offered")
    text = "".join(str(block.get("text", "")) for block in call.content if block.get("type") == "text")
    if not text.strip():
        raise ModelFault(
            "no_text", f"the reply holds no text, only {', '.join(sorted({str(b.get('type')) for b in call.content}))}"
        )
    return text
