"""The model reasoner: opinions of one or several language models, with arithmetic as their conscience.

Promises: whatever happens to the calls, a decision comes out: the models', or the arithmetic one marked with the reason.
Each opinion moves the confidence by its share, all of them together by no more than ``model.max_share``. The first voice that
has an opinion leads: on its own side it may reduce the arithmetic size, tighten its stop and shorten its holding, and nothing
more. What it all cost is on the record, and the same context asks with the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace

from agent.domain import Clamp, Opinion, PromptPart, Signal, Usage, Voiced, Vote
from agent.llm import Call
from agent.llm.cutoff import cutoff_of
from agent.llm.model import Model
from agent.reason.arithmetic import Reasoning, conclude, needed
from agent.reason.blend import Pull, Track, bounded, direction, joined
from agent.reason.brief import Brief, Describe, brief
from agent.reason.context import Context
from agent.reason.veil import Veil
from agent.reason.voice import TASK, Heard, Question, Voice, voter_name
from agent.risk.sizing import Exits
from agent.settings import Settings
from prompts import version

Tracks = Callable[[str], Track]
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
    heard: list[Heard] = field(default_factory=list)
    at_risk: float = 0.0
    clamps: list[Clamp] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    @property
    def calls(self) -> list[Call]:
        """Every call that was made, voice after voice."""
        return [call for one in self.heard for call in one.calls]

    @property
    def shown(self) -> list[PromptPart]:
        """The sections of what was shown (the same to all but for each one's own record)."""
        first = next((one.brief for one in self.heard if one.brief is not None), None)
        return first.shown if first is not None else []

    @property
    def voices(self) -> list[Voiced]:
        """Each voice's opinion or fault; empty where only one was asked."""
        return [Voiced(voter=h.voter, opinion=h.opinion, fault=h.fault) for h in self.heard] if len(self.heard) > 1 else []

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
        """The models and arithmetic as voters, so that all are scored at the horizon like any other."""
        side = {"buy": 1.0, "sell": -1.0}.get(arithmetic.side or "", 0.0)
        parts = {part.id: part.value for part in (self.reasoning[1] if self.reasoning else []) if part.source == "model"}
        heard = self.heard or [Heard(voter_name(self.model), fault=self.fault or self.skipped)]
        return [
            *(_vote(one, parts) for one in heard),
            Vote(
                voter="arithmetic",
                direction=side if speaks else 0.0,
                confidence=arithmetic.confidence if speaks else 0.0,
                abstained=not (side and speaks),
                reason="the decision without the model",
            ),
        ]


def _vote(heard: Heard, parts: dict[str, float]) -> Vote:
    opinion = heard.opinion
    own = parts.get(opinion.model, 0.0) if opinion is not None else 0.0
    if opinion is None or own == 0:
        said = heard.fault or (opinion.thesis if opinion else "no opinion")
        return Vote(voter=heard.voter, direction=0.0, confidence=0.0, abstained=True, reason=said)
    return Vote(voter=heard.voter, direction=math.copysign(1.0, own), confidence=opinion.confidence, reason=opinion.thesis)


@dataclass(frozen=True)
class ModelReasoner:
    """Asks its voices side by side.

    ``describe`` tells a skill from its typed part; ``veil`` hides what could be known by heart.
    """

    voices: tuple[Voice, ...]
    settings: Settings
    describe: Describe
    veil: Veil | None = None

    @classmethod
    def of(
        cls, model: Model, settings: Settings, secret: bytes, describe: Describe, glossary: tuple[tuple[str, str], ...]
    ) -> ModelReasoner:
        """One voice: the model that the settings name for deciding."""
        name = settings.model.tasks.get(TASK, settings.model.name)
        cutoff = cutoff_of(name, settings.model)
        return cls((Voice(name, name, model, settings, secret, glossary, settings.model.share, cutoff),), settings, describe)

    @property
    def name(self) -> str:
        """The model that is asked first."""
        return self.voices[0].name

    def __call__(self, context: Context, arithmetic: Reasoning, tracks: Tracks, decision: str) -> Asked:
        """Ask; never raises ModelFault."""
        spent = self.voices[0].model.spent
        before = spent.at_risk
        question = self.question(context, arithmetic, decision)
        heard = self._heard(question, tracks)
        lead = next((one for one in heard if one.opinion is not None), None)
        asked = Asked(self.name, version(TASK), heard=heard, at_risk=spent.at_risk - before)
        if lead is None or lead.opinion is None:
            return replace(asked, fault=heard[0].fault)
        reasoning, clamps = self._decided(context, arithmetic, lead.opinion, [o for h in heard if (o := h.opinion)])
        return replace(asked, model=lead.opinion.model, reasoning=reasoning, opinion=lead.opinion, clamps=clamps)

    def question(self, context: Context, arithmetic: Reasoning, decision: str) -> Question:
        """What is put to every voice."""
        symbol, veil, (signal, parts, _) = context.state.symbol, self.veil, arithmetic
        shown = context if veil is None else veil.context(context)
        beside = signal if veil is None else veil.signal(symbol, signal)
        enter_from = needed(context.learned, context.parameters["min_confidence"], self.settings.reason)
        describe: Describe = self.describe if veil is None else lambda match: veil.words(self.describe(match))

        enter_from = needed(context.learned, context.parameters["min_confidence"], self.settings.reason)

        def written(track: str) -> Brief:
            return brief(shown, beside, parts, describe, track, self.settings.model.context_tokens, enter_from)

        lift = (lambda said: said) if veil is None else (lambda said: veil.lifted(symbol, said))
        return Question(context, shown, decision, written, lift, veil is not None)

    def _heard(self, question: Question, tracks: Tracks) -> list[Heard]:
        """Every voice's answer, in the order of the voices."""
        if len(self.voices) == 1:
            return [self.voices[0].ask(question, tracks(self.voices[0].name))]
        with ThreadPoolExecutor(len(self.voices), "voice") as pool:
            told = [tracks(voice.name) for voice in self.voices]
            waiting = [
                pool.submit(copy_context().run, voice.ask, question, track)
                for voice, track in zip(self.voices, told, strict=True)
            ]
            return [one.result() for one in waiting]

    def _decided(
        self, context: Context, arithmetic: Reasoning, lead: Opinion, opinions: list[Opinion]
    ) -> tuple[Reasoning, list[Clamp]]:
        pulls = bounded([_pull(opinion, context) for opinion in opinions], self.settings.model.max_share)
        parts = joined(arithmetic[1], pulls)
        signal, parts, exits = conclude(context, parts, self.settings.limits, self.settings.reason)
        if signal.action == arithmetic[0].action and abs(signal.size) > abs(arithmetic[0].size):
            signal = signal.model_copy(update={"size": arithmetic[0].size})  # agreement may not make a trade larger
        words = f"{signal.thesis} {lead.model} says {lead.action} at {lead.stated:.2f}: {lead.thesis}"
        signal = signal.model_copy(update={"thesis": words, "citations": lead.citations})
        if signal.action != lead.action or signal.action not in ("buy", "sell"):
            return (signal, parts, exits), []  # what it says of a trade counts for the trade it asks for
        return self._shaped(context, (signal, parts, exits), lead)

    def _shaped(self, context: Context, reasoning: Reasoning, lead: Opinion) -> tuple[Reasoning, list[Clamp]]:
        signal, parts, exits = reasoning
        tight = _tightened(context.state.close, signal, exits, lead, self.settings.limits.min_stop_atr * _atr(context))
        side = 1 if signal.action == "buy" else -1
        close = context.state.close
        shaped = signal.model_copy(
            update={
                "size": signal.size * lead.size,
                "stop": close - side * tight.stop_distance,
                "target": close + side * tight.target_distance,
                "horizon": tight.max_bars,
            }
        )
        clamps = []
        if lead.size < 1:
            reason = f"{lead.model} takes {lead.size:.2f} of the arithmetic size: {lead.dissent or lead.thesis}"[:300]
            clamps = [Clamp(limit="model_size", from_=abs(signal.size), to=abs(shaped.size), reason=reason)]
        return (shaped, parts, tight), clamps


def _pull(opinion: Opinion, context: Context) -> Pull:
    score = direction(opinion.action, context.position) * opinion.confidence
    return Pull(opinion.model, score, opinion.share if score else opinion.share * opinion.confidence)


def _atr(context: Context) -> float:
    return context.state.features["atr_14"] or context.state.close * 0.01


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
