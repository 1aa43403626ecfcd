"""What a model is shown of a decision: sections of lines, the ids it may cite, the figures it may use.

Promises: only what the context holds; text that others wrote appears only as data inside the fence; the nearest losers and
winners are always shown; the same context gives the same words. What had no room is counted (``prompts.sections``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.domain import Analogue, Contribution, Estimate, Memory, Peers, PromptPart, Signal, SkillMatch
from agent.reason.context import Context
from prompts import Section, fit

Describe = Callable[[SkillMatch], str]
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_SHORT = 8  # characters of an id that are shown
_WIDE = 5  # features on a line


@dataclass(frozen=True)
class Brief:
    """The data of a request; ``ids`` leads from an id as shown to the record's own."""

    data: str
    ids: dict[str, str]
    shown: list[PromptPart]


def numbers(text: str) -> list[float]:
    """Every figure that stands by itself in a text (digits inside names are none)."""
    return [float(found.replace(",", "")) for found in _NUMBER.findall(text)]


def plain(value: float) -> str:
    """A figure in four significant digits, never in exponents."""
    return f"{value:.0f}" if abs(value) >= 10_000 else f"{value:.4g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.6f}"


class _Ids:
    """Short names for ids, each leading back to one id."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def show(self, kind: str, ident: str, *, short: bool = True) -> str:
        length = _SHORT if short else len(ident)
        while self.known.setdefault(f"{kind}:{ident[:length]}", f"{kind}:{ident}") != f"{kind}:{ident}":
            length += 1
        return f"{kind}:{ident[:length]}"


def brief(
    context: Context,
    arithmetic: Signal,
    parts: list[Contribution],
    describe: Describe,
    track: str,
    total: int,
    enter_from: float,
) -> Brief:
    """What to show, within ``total`` estimated tokens; ``enter_from`` is the confidence that an entry needs."""
    ids = _Ids()
    found = context.recollection
    sections = [
        Section("state", tuple(_state(context)), 600, keep=99),
        Section("votes", tuple(_votes(context, ids)), 600, keep=99),
        Section("memory", tuple(_estimates(found.estimate, found.other_side)), 200, keep=99),
        Section("arithmetic", tuple(_arithmetic(arithmetic, parts)), 250, keep=1),
        Section("book", tuple(_book(context, enter_from)), 150, keep=99),
        Section("record", (track,), 60),
        Section("losers and winners nearby", tuple(_analogues(found.counter_evidence, ids)), 300, drop=1, keep=4),
        Section("skills", tuple(_skill(skill, ids, describe) for skill in context.skills), 500, drop=2),
        Section("situations like this", tuple(_analogues(found.analogues, ids)), 300, drop=3, keep=2),
        Section("lessons", tuple(_memory(memory, ids) for memory in found.memories), 400, drop=4, keep=0),
    ]
    kept, shown = fit(sections, total)
    data = "\n".join(line for name, lines in kept.items() if lines for line in (f"## {name}", *lines))
    cited = {short: full for short, full in ids.known.items() if short in data}
    rows = [PromptPart(name=s.name, tokens=s.tokens, shown=s.shown, dropped=s.dropped) for s in shown]
    return Brief(data=data, ids=cited, shown=rows)


def _state(context: Context) -> list[str]:
    state = context.state
    odds = ", ".join(f"{label} {p:.2f}" for label, p in sorted(state.regime.probabilities.items()))
    heading = f", heading {state.regime.direction}" if state.regime.direction else ""
    kind = f"regime: {state.regime.label or 'unknown'}{heading} ({odds or 'not fitted'})"
    lines = [state.text, f"close: {plain(state.close)}", kind, *_peers(state.peers)]
    known = [f"{name}: {plain(value)}" for name, value in state.features.items() if value is not None]
    lines += [", ".join(known[i : i + _WIDE]) for i in range(0, len(known), _WIDE)]
    missing = [name for name, value in state.features.items() if value is None]
    return [*lines, "not known: " + ", ".join(missing)] if missing else lines


def _peers(peers: Peers | None) -> list[str]:
    """How it stands among the others, without their names: a masked reader must not learn which market this is."""
    if peers is None:
        return []
    figures = [(name, getattr(peers, name)) for name in ("correlation", "beta", "relative_strength", "lead", "breadth")]
    return [f"among {len(peers.symbols)} others: " + ", ".join(f"{n} {plain(v)}" for n, v in figures if v is not None)]


def _votes(context: Context, ids: _Ids) -> list[str]:
    lines = []
    for vote in context.votes:
        if vote.abstained:
            lines.append(f"{vote.voter} abstains: {vote.reason}")
            continue
        name = ids.show("vote", vote.voter, short=False)
        lines.append(f"{name} {vote.score:+.2f}, weight {context.weights.get(vote.voter, 1.0):.2f}: {vote.reason}")
    if context.forecast is not None:
        forecast = context.forecast
        name = ids.show("forecast", forecast.model, short=False)
        lines.append(f"{name} {forecast.direction * forecast.confidence:+.2f}: p = {forecast.p:.2f} of {forecast.label}")
    return lines or ["no voter speaks"]


def _estimates(best: Estimate | None, other: Estimate | None) -> list[str]:
    if best is None or other is None:
        return ["too few settled situations to say anything"]
    return [
        f"after the {e.n_eff:.0f} nearest situations a {e.side} made {e.mean_r:+.2f} R on average and won {e.p_win:.0%}; "
        f"of all situations {e.base_mean_r:+.2f} R and {e.base_rate:.0%}"
        for e in (best, other)
    ]


def _arithmetic(signal: Signal, parts: list[Contribution]) -> list[str]:
    lean = f"{signal.side} at {signal.confidence:.2f}" if signal.side else "no side"
    line = f"without you: {lean}, action {signal.action}"
    if signal.stop is not None and signal.target is not None:
        line += f", {abs(signal.size):.1%} of equity, stop {plain(signal.stop)}, target {plain(signal.target)}"
    return [
        f"{line}, at most {signal.horizon} bars",
        *(f"{part.source} {part.id[: _SHORT * 3]} {part.value:+.3f}" for part in parts),
    ]


def _book(context: Context, enter_from: float) -> list[str]:
    held = context.position
    line = "no position"
    if held is not None:
        line = f"{held.side} since {held.entry_bar.date()} at {plain(held.entry_price)}, {held.bars_held} bars"
        line += f", last {plain(held.last)}"
        line += f", stop {plain(held.stop)}" if held.stop is not None else ""
    rules = context.parameters
    return [line, f"entries from confidence {enter_from:.2f}, size multiplier {rules['size_multiplier']:.2f}"]


def _analogues(found: list[Analogue], ids: _Ids) -> list[str]:
    return [
        f"{ids.show('memory', a.id)} {a.symbol} {a.bar_time.date()}: {a.side} {a.r:+.2f} R "
        f"({'shadow' if a.shadow else 'trade'}, {a.similarity:.2f} similar)"
        for a in found
    ]


def _skill(skill: SkillMatch, ids: _Ids, describe: Describe) -> str:
    sized = "trades" if skill.status == "active" else f"{skill.status}, not sized"
    told = " ".join(describe(skill).split())
    return f"{ids.show('skill', skill.id)} ({skill.side}, {sized}): {told}"


def _memory(memory: Memory, ids: _Ids) -> str:
    return f"{ids.show('lesson', memory.id, short=False)} ({memory.known_at.date()}): {' '.join(memory.content.split())[:400]}"
