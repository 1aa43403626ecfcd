"""The model reasoner: a language model's opinion, checked against what it was shown, with arithmetic as its conscience.

Promises: whatever happens to the call, a decision comes out: the model's, or the arithmetic one marked with the reason.
The opinion moves the confidence by its share; on its own side it may reduce the arithmetic size, tighten its stop and
shorten its holding, and nothing more. What it cost is on the record, and the same context asks with the same bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import structlog

from agent.domain import Clamp, Contribution, Opinion, PromptPart, Signal, Usage, Vote
from agent.llm import Call, ModelFault, Request, Turn
from agent.llm.faults import MENDABLE
from agent.llm.model import Model, text_of
from agent.reason.arithmetic import Reasoning, conclude
from agent.reason.blend import Track, credited, direction, joined, share
from agent.reason.brief import Brief, Describe, brief
from agent.reason.context import Context
from agent.reason.reply import ModelSignal, cited, parse, unseen_figures
from agent.risk.sizing import Exits
from agent.settings import Settings
from prompts import fenced, render, version

log = structlog.get_logger()
TASK = "decide"
_FLAGGED = 0.5  # what a stated confidence keeps when figures in the thesis were never shown
_WIDEST_TARGET = 2.0  # of the plan's own target distance


@dataclass(frozen=True)
class Asked:
    """What came of asking. ``reasoning`` is None when arithmetic decides; ``fault`` then says why, or ``skipped`` does."""

    model: str
    prompt: str | None = None
    reasoning: Reasoning | None = None
    fault: str | None = None
    skipped: str | None = None
    opinion: Opinion | None = None
    calls: list[Call] = field(default_factory=list)
    at_risk: float = 0.0
    shown: list[PromptPart] = field(default_factory=list)
    clamps: list[Clamp] = field(default_factory=list)

    @property
    def usage(self) -> Usage:
        """Tokens of all calls."""
        total = Usage()
        for call in self.calls:
            total = total.plus(call.usage)
        return total

    @property
    def cost(self) -> float:
        """What the calls cost, in USD."""
        return math.fsum(call.cost_usd for call in self.calls)

    def votes(self, arithmetic: Signal, speaks: bool) -> list[Vote]:
        """The model and arithmetic as voters, so that both are scored at the horizon like any other."""
        opinion, side = self.opinion, {"buy": 1.0, "sell": -1.0}.get(arithmetic.side or "", 0.0)
        score = 0.0 if opinion is None else opinion.confidence
        lean = 0.0 if opinion is None or self.reasoning is None else _lean(self.reasoning[1])
        reason = self.fault or self.skipped or (opinion.thesis if opinion else "no opinion")
        return [
            Vote(
                voter=voter_name(self.model), direction=lean, confidence=score if lean else 0.0, abstained=not lean, reason=reason
            ),
            Vote(
                voter="arithmetic",
                direction=side if speaks else 0.0,
                confidence=arithmetic.confidence if speaks else 0.0,
                abstained=not (side and speaks),
                reason="the decision without the model",
            ),
        ]


def voter_name(model: str) -> str:
    """What the records of voters call a model."""
    return f"model:{model}"


def _lean(parts: list[Contribution]) -> float:
    own = math.fsum(part.value for part in parts if part.source == "model")
    return 0.0 if own == 0 else math.copysign(1.0, own)


@dataclass(frozen=True)
class ModelReasoner:
    """Asks one model. ``secret`` keys the fence; ``describe`` tells a skill from its typed part; ``glossary`` the features."""

    model: Model
    settings: Settings
    secret: bytes
    describe: Describe
    glossary: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """The model that decides."""
        return self.settings.model.tasks.get(TASK, self.settings.model.name)

    def __call__(self, context: Context, arithmetic: Reasoning, track: Track, decision: str) -> Asked:
        """Ask; never raises ModelFault."""
        calls: list[Call] = []
        before = self.model.spent.at_risk
        part = share(track, self.settings.model.share, self.settings.model.max_share, self.settings.learning.rate)
        told = track.words(part)
        shown = brief(context, arithmetic[0], arithmetic[1], self.describe, told, self.settings.model.context_tokens)
        asked = Asked(self.name, version(TASK), calls=calls, shown=shown.shown)
        try:
            request = self.request(context, shown)
            said, citations = self._opinion(context, shown, request, decision, calls)
        except ModelFault as err:
            log.warning("arithmetic decides", cycle=decision, symbol=context.state.symbol, fault=err.fault)
            return replace(asked, fault=str(err), at_risk=self.model.spent.at_risk - before)
        strange = unseen_figures(said, f"{request.system}{shown.data} {context.state.as_of.isoformat()}")
        stated = said.confidence * (_FLAGGED if strange else 1.0)
        counted = credited(stated, track)
        opinion = Opinion(
            model=self.name,
            action=said.action,
            stated=said.confidence,
            confidence=counted,
            share=part,
            flags=[f"figure {figure} was never shown" for figure in strange[:8]],
            citations=citations,
            **said.model_dump(include={"size", "stop", "target", "horizon", "thesis", "change_mind", "dissent"}),
        )
        reasoning, clamps = self._decided(context, arithmetic, opinion)
        at_risk = self.model.spent.at_risk - before
        return replace(asked, reasoning=reasoning, opinion=opinion, clamps=clamps, at_risk=at_risk)

    def request(self, context: Context, shown: Brief) -> Request:
        """The first request of a decision."""
        fence = fenced(self.secret, shown.data)
        words = render(
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
            model=self.name,
            system=words.system,
            turns=(Turn("user", words.user),),
            max_tokens=self.settings.model.max_tokens,
            shape=ModelSignal,
            effort=self.settings.model.effort,
            prompt=version(TASK),
            fence=fence,
        )

    def _opinion(
        self, context: Context, shown: Brief, request: Request, decision: str, calls: list[Call]
    ) -> tuple[ModelSignal, list[str]]:
        """A usable reply with its citations, after one repair turn at the most."""
        state = context.state
        deadline = self.model.clock() + self.settings.model.deadline

        def ask(question: Request) -> Call:
            return self.model.ask(question, calls, as_of=state.as_of, deadline=deadline, decision=decision, symbol=state.symbol)

        reply = ask(request)
        try:
            return _checked(reply, shown)
        except ModelFault as err:
            if err.fault not in MENDABLE:
                raise
            again = request.answered(reply.content).said(render("repair", problems=[str(err)]).user)
        return _checked(ask(again), shown)

    def _decided(self, context: Context, arithmetic: Reasoning, opinion: Opinion) -> tuple[Reasoning, list[Clamp]]:
        score = direction(opinion.action, context.position) * opinion.confidence
        pull = opinion.share if score else opinion.share * opinion.confidence
        parts = joined(arithmetic[1], opinion.model, score, pull)
        rules = self.settings.reason
        signal, parts, exits = conclude(context, parts, self.settings.limits, rules.min_confidence, rules.full_confidence)
        if signal.action == arithmetic[0].action and abs(signal.size) > abs(arithmetic[0].size):
            signal = signal.model_copy(update={"size": arithmetic[0].size})  # agreement may not make a trade larger
        words = f"{signal.thesis} {opinion.model} says {opinion.action} at {opinion.stated:.2f}: {opinion.thesis}"
        signal = signal.model_copy(update={"thesis": words, "citations": opinion.citations})
        if signal.action != opinion.action or signal.action not in ("buy", "sell"):
            return (signal, parts, exits), []  # what it says of a trade counts for the trade it asks for
        tight = _tightened(context.state.close, signal, exits, opinion, self.settings.limits.min_stop_atr * _atr(context))
        direction_ = 1 if signal.action == "buy" else -1
        close = context.state.close
        shaped = signal.model_copy(
            update={
                "size": signal.size * opinion.size,
                "stop": close - direction_ * tight.stop_distance,
                "target": close + direction_ * tight.target_distance,
                "horizon": tight.max_bars,
            }
        )
        clamps = []
        if opinion.size < 1:
            reason = f"{opinion.model} takes {opinion.size:.2f} of the arithmetic size: {opinion.dissent or opinion.thesis}"[:300]
            clamps = [Clamp(limit="model_size", from_=abs(signal.size), to=abs(shaped.size), reason=reason)]
        return (shaped, parts, tight), clamps


def _atr(context: Context) -> float:
    return context.state.features["atr_14"] or context.state.close * 0.01


def _checked(call: Call, shown: Brief) -> tuple[ModelSignal, list[str]]:
    said = parse(text_of(call))
    return said, cited(said, shown.ids)


def _tightened(close: float, signal: Signal, exits: Exits, opinion: Opinion, nearest: float) -> Exits:
    """The arithmetic exits as far as the opinion draws them in; a stop or target on the wrong side counts for nothing."""
    sign = 1 if signal.action == "buy" else -1
    stop, target = exits.stop_distance, exits.target_distance
    if opinion.stop is not None and sign * (close - opinion.stop) > 0:
        stop = min(stop, max(sign * (close - opinion.stop), nearest))
    if opinion.target is not None and sign * (opinion.target - close) > 0:
        target = min(sign * (opinion.target - close), _WIDEST_TARGET * exits.target_distance)
    return exits.model_copy(
        update={"stop_distance": stop, "target_distance": target, "max_bars": min(exits.max_bars, opinion.horizon)}
    )
