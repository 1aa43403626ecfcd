"""One model's voice: the question put to it, its reply checked against what it was shown, what came of it.

Promises: an opinion or a fault of a named kind; at most one repair turn; one deadline for both; the same context asks with
the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import structlog

from agent.domain import Opinion
from agent.llm import Call, ModelFault, Request, Turn
from agent.llm.faults import MENDABLE
from agent.llm.model import Model, text_of
from agent.reason.blend import Track, credited, share
from agent.reason.brief import Brief
from agent.reason.context import Context
from agent.reason.reply import ModelSignal, cited, parse, unseen_figures
from agent.settings import Settings
from prompts import Words, fenced, render, version

log = structlog.get_logger()
TASK = "decide"
_FLAGGED = 0.5  # what a stated confidence keeps when figures in the thesis were never shown


def voter_name(model: str) -> str:
    """What the records of voters call a model."""
    return f"model:{model}"


@dataclass(frozen=True)
class Question:
    """What every voice is shown: the true context, the one shown (they differ under a mask), words already chosen."""

    true: Context
    shown: Context
    decision: str
    brief: Callable[[str], Brief]
    lift: Callable[[ModelSignal], ModelSignal]
    masked: bool = False


@dataclass(frozen=True)
class Heard:
    """What came of asking one voice."""

    voter: str
    opinion: Opinion | None = None
    fault: str | None = None
    calls: list[Call] = field(default_factory=list)
    brief: Brief | None = None


@dataclass(frozen=True)
class Voice:
    """One model at one endpoint. ``first`` is its share before it has a record; ``endpoint`` is empty for the run's own."""

    name: str
    model_id: str
    model: Model
    settings: Settings
    secret: bytes
    glossary: tuple[tuple[str, str], ...]
    first: float
    cutoff: date | None = None
    endpoint: str = ""

    @property
    def voter(self) -> str:
        """What records call it."""
        return voter_name(self.name)

    def ask(self, question: Question, track: Track) -> Heard:
        """Ask; never raises ModelFault."""
        calls: list[Call] = []
        part = share(track, self.first, self.settings.model.max_share, self.settings.learning.rate)
        shown = question.brief(track.words(part))
        try:
            request = self.request(question.shown, shown)
            said, citations = self._said(question, shown, request, calls)
        except ModelFault as err:
            log.warning("no opinion", cycle=question.decision, voter=self.voter, fault=err.fault)
            return Heard(self.voter, None, str(err), calls, shown)
        strange = unseen_figures(said, f"{request.system}{shown.data} {question.shown.state.as_of.isoformat()}")
        opinion = self._opinion(question, question.lift(said), said.confidence, strange, track)
        return Heard(self.voter, opinion.model_copy(update={"share": part, "citations": citations}), None, calls, shown)

    def _opinion(self, question: Question, said: ModelSignal, stated: float, strange: list[str], track: Track) -> Opinion:
        bar = question.true.state.bar_time.date()
        return Opinion(
            model=self.name,
            action=said.action,
            stated=stated,
            confidence=credited(stated * (_FLAGGED if strange else 1.0), track),
            share=0.0,
            flags=[f"figure {figure} was never shown" for figure in strange[:8]],
            cutoff=self.cutoff,
            may_remember=None if self.cutoff is None else bar <= self.cutoff,
            masked=question.masked,
            **said.model_dump(include={"size", "stop", "target", "horizon", "thesis", "change_mind", "dissent"}),
        )

    def request(self, context: Context, shown: Brief) -> Request:
        """The first request of a decision."""
        fence = fenced(self.secret, shown.data)
        words: Words = render(
            TASK,
            glossary=self.glossary,
            as_of=context.state.as_of.isoformat(),
            symbol=context.state.symbol,
            interval=context.state.interval,
            fence=fence,
            data=shown.data,
        )
        return Request(
            task=TASK,
            model=self.model_id,
            system=words.system,
            turns=(Turn("user", words.user),),
            max_tokens=self.settings.model.max_tokens,
            shape=ModelSignal,
            effort=self.settings.model.effort,
            prompt=version(TASK),
            fence=fence,
            endpoint=self.endpoint,
        )

    def _said(self, question: Question, shown: Brief, request: Request, calls: list[Call]) -> tuple[ModelSignal, list[str]]:
        """A usable reply with its citations, after one repair turn at the most."""
        state = question.true.state
        deadline = self.model.clock() + self.settings.model.deadline

        def ask(asked: Request) -> Call:
            return self.model.ask(
                asked, calls, as_of=state.as_of, deadline=deadline, decision=question.decision, symbol=state.symbol
            )

        reply = ask(request)
        try:
            return _checked(reply, shown)
        except ModelFault as err:
            if err.fault not in MENDABLE:
                raise
            again = request.answered(reply.content).said(render("repair", problems=[str(err)]).user)
        return _checked(ask(again), shown)


def _checked(call: Call, shown: Brief) -> tuple[ModelSignal, list[str]]:
    said = parse(text_of(call))
    return said, cited(said, shown.ids)
