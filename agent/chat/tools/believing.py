"""Whom the agent believes: voters with their records, and what each regime paid."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Any, Literal

from pydantic import Field

from agent.chat.found import Found, Table, cite, figure, nothing, per_cent
from agent.chat.tools.base import Scope, Tool
from agent.chat.tools.voting import record_of, weights_of
from agent.chat.view import View
from agent.domain import Frozen
from agent.learn.regimes import RegimeTable
from agent.learn.tables import regime_rows, voter_rows
from agent.statistics.proportion import wilson
from agent.wiring.homes import restored_voters

Json = dict[str, Any]


class Voters(Scope):
    """Which voters, in which regime; ``rank`` the measure by which they are ordered. Of days or a symbol only the votes count."""

    voter: str | None = None
    rank: Literal["weight", "hit_rate", "brier", "n"] = "weight"
    by_regime: bool = False
    least: bool = Field(False, description="name the lowest by rank, not the highest")


def voters(view: View, asked: Voters) -> Found:
    """Each voter's weight and record, overall or in one regime."""
    partial = asked.symbol or asked.start or asked.end
    rows = _of_part(view, asked) if partial else voter_rows(restored_voters(view.journal, view.settings))
    where = "all" if partial else asked.regime or "all"
    chosen = [row for row in rows if asked.voter in (None, row["voter"]) and (asked.by_regime or row["regime"] == where)]
    if not chosen:
        whom = asked.voter or "voter"
        return nothing(
            f"No vote of {whom} has been scored{'' if where == 'all' else f' in {where} markets'} yet.", f"run:{view.run}"
        )
    order = {"all": 0, "trending": 1, "ranging": 2, "volatile": 3}
    chosen.sort(key=lambda row: (order[row["regime"]], -_by(row, asked.rank)))
    weighed = [row for row in chosen if row["weight"] is not None]
    lead = ""
    rank = "hit_rate" if partial and asked.rank == "weight" else asked.rank
    ranked = weighed if rank == "weight" else [row for row in chosen if row["voter"] != "joint"]  # the decision is no voter
    if len(ranked) > 1 and asked.voter is None and not asked.by_regime:
        pick, what = (min, _LEAST) if asked.least else (max, _MOST)
        top = pick(ranked, key=lambda row: _by(row, rank))
        joint = next((row for row in chosen if row["voter"] == "joint"), None) if rank != "weight" else None
        beyond = joint is not None and pick((top, joint), key=lambda row: _by(row, rank)) is joint
        beside = "; the joint of them all, which is the decision, even more so" if beyond else ""
        lead = f"{top['voter']} is {what[rank]}{'' if where == 'all' else f' in {where} markets'}{beside}. "
    history = weights_of(view, asked.voter) if asked.voter and not partial and asked.regime is None else ""
    if asked.by_regime:
        lead = _best_by_regime(chosen, rank, least=asked.least)
    place = f"Over the votes{asked.words()}: " if partial else ""
    text = place + lead + "; ".join(_told(row) for row in chosen) + "." + history
    return Found(text=text, ids=tuple(f"voter:{row['voter']}" for row in chosen), data={"rows": chosen}, table=_table(chosen))


def _best_by_regime(rows: list[Json], rank: str, *, least: bool) -> str:
    """Who stands first (or last) in each regime."""
    out = []
    for regime in ("trending", "ranging", "volatile"):
        inside = [row for row in rows if row["regime"] == regime and row["voter"] != "joint"]
        inside = [row for row in inside if rank != "weight" or row["weight"] is not None]
        if inside:
            top = (min if least else max)(inside, key=lambda row: _by(row, rank))
            out.append(f"{regime} {top['voter']}")
    return f"{'Lowest' if least else 'Highest'} by {rank.replace('_', ' ')}: {', '.join(out)}. " if out else ""


def _of_part(view: View, asked: Voters) -> list[Json]:
    """The records of the votes given at some decisions; weights belong to the whole run."""
    rows, out = asked.rows(view), []
    for name in view.tables.voters:
        found = record_of(view, name, rows)
        if found is not None:
            n, hits, loss = found
            spread = wilson(hits, n)
            out.append(
                {"voter": name, "regime": "all", "weight": None, "hit_rate": hits / n, "interval": spread, "n": n, "brier": loss}
            )
    return out


_MOST = {"weight": "most believed", "hit_rate": "right most often", "brier": "best calibrated", "n": "heard most often"}
_LEAST = {"weight": "least believed", "hit_rate": "right least often", "brier": "worst calibrated", "n": "heard least often"}


def _by(row: Json, rank: str) -> float:
    value = row[rank]
    if value is None:
        return -9.0
    return -float(value) if rank == "brier" else float(value)


def _told(row: Json) -> str:
    spread = f" [{per_cent(row['interval'][0], 0)}, {per_cent(row['interval'][1], 0)}]" if row["interval"] else ""
    weight = f"weight {row['weight']:.2f}, " if row["weight"] is not None else "scored without weight, "
    where = "" if row["regime"] == "all" else f" in {row['regime']} markets"
    return (
        f"{row['voter']}{where} {cite('voter', row['voter'])} {weight}right {per_cent(row['hit_rate'])}{spread} of "
        f"{row['n']} votes, "
        f"Brier {row['brier']:.3f}"
    )


def _table(rows: list[Json]) -> Table:
    shown = tuple(
        (
            r["voter"],
            r["regime"],
            figure(r["weight"]).replace("not known", "-"),
            f"{100 * r['hit_rate']:.1f}",
            str(r["n"]),
            f"{r['brier']:.3f}",
        )
        for r in rows
    )
    return Table(
        title="voters", columns=("voter", "regime", "weight", "right %", "votes", "Brier"), rows=shown, right=(2, 3, 4, 5)
    )


class Regimes(Scope):
    """What the regimes were and what they paid; ``measure`` share of time, at a day, or the record."""

    measure: Literal["share", "now", "record", "changes", "duration"] = "share"


def regimes(view: View, asked: Regimes) -> Found:
    """The regime at a day, each regime's share of decisions, or what trades in each came to."""
    rows = asked.model_copy(update={"regime": None}).rows(view)
    if not rows:
        return nothing(f"No decision is recorded{asked.words()}.", f"run:{view.run}")
    if asked.measure == "record":
        return _record(view)
    if asked.measure == "now" or asked.start == asked.end is not None:
        newest = {row.symbol: row for row in rows}
        told = [f"{s} {row.regime or 'unknown'} on {row.day} {cite('decision', row.id)}" for s, row in sorted(newest.items())]
        return Found(text=f"The regime: {'; '.join(told)}.", ids=tuple(row.id for row in newest.values()))
    if asked.measure == "changes":
        return _changes(view, asked, rows)
    if asked.measure == "duration":
        return _durations(view, asked, rows)
    counts = Counter(row.regime or "unknown" for row in rows)
    parts = [f"{name} {per_cent(n / len(rows))} ({n} decisions)" for name, n in counts.most_common()]
    where = asked.model_copy(update={"regime": None}).words()
    first = f"{asked.regime} markets were {per_cent(counts[asked.regime] / len(rows))} of it. " if asked.regime else ""
    text = f"{first}Share of time by regime{where}: {', '.join(parts)} {cite('run', view.run)}."
    return Found(text=text, ids=(f"run:{view.run}",), data=dict(counts))


def _changes(view: View, asked: Regimes, rows: list[Any]) -> Found:
    turned = [
        (a, b)
        for s in sorted({r.symbol for r in rows})
        for a, b in _pairs([r for r in rows if r.symbol == s])
        if a.regime != b.regime
    ]
    turned.sort(key=lambda pair: pair[1].as_of, reverse=True)
    told = [f"{b.symbol} {b.day} {a.regime} to {b.regime} {cite('decision', b.id)}" for a, b in turned[:5]]
    text = f"The regime changed {len(turned)} times{asked.words()}; the last: {'; '.join(told) or 'never'}."
    return Found(text=text, ids=tuple(b.id for _, b in turned[:5]), data={"count": len(turned)})


def _durations(view: View, asked: Regimes, rows: list[Any]) -> Found:
    """How many bars a regime lasts before it turns into another."""
    spells: dict[str, list[int]] = {}
    for symbol in sorted({r.symbol for r in rows}):
        mine = [r for r in rows if r.symbol == symbol]
        for label, inside in groupby(mine, key=lambda r: r.regime or "unknown"):
            spells.setdefault(label, []).append(len(list(inside)))
    told = [
        f"{name} {sum(n) / len(n):.1f} bars on average, longest {max(n)}, {len(n)} spells" for name, n in sorted(spells.items())
    ]
    where = asked.model_copy(update={"regime": None}).words()
    text = f"How long regimes lasted{where} {cite('run', view.run)}: {'; '.join(told)}."
    return Found(text=text, ids=(f"run:{view.run}",), data={name: len(n) for name, n in spells.items()})


def _pairs(rows: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(rows, rows[1:], strict=False))


def _record(view: View) -> Found:
    table = RegimeTable()
    table.restore(view.journal.state("regimes"))
    rows = regime_rows(table)
    if not rows:
        return nothing("No trade has settled in any regime yet.", f"run:{view.run}")
    best = max(rows, key=lambda row: row["mean_r"])
    parts = [
        f"{r['regime']} {r['trades']} trades, {per_cent(r['win_rate'])} won, mean net {r['mean_r']:+.2f} R "
        f"[{r['interval'][0]:+.2f}, {r['interval'][1]:+.2f}], {r['pnl']:+,.2f}"
        for r in rows
    ]
    shown = tuple((r["regime"], str(r["trades"]), f"{100 * r['win_rate']:.1f}", f"{r['mean_r']:+.2f}") for r in rows)
    text = f"By regime {cite('run', view.run)}: {'; '.join(parts)}. The best by mean R is {best['regime']}."
    table_ = Table(title="trades by regime", columns=("regime", "trades", "won %", "mean R"), rows=shown, right=(1, 2, 3))
    return Found(text=text, ids=(f"run:{view.run}",), data={"rows": rows}, table=table_)


class Model(Frozen):
    """Nothing to say: what the language model cost and did."""


def model(view: View, asked: Model) -> Found:
    """What the run's language model cost, and how often it decided."""
    from agent.cycle.accounts import accounts

    spoken = [row for row in view.tables.rows if row.reasoner != "arithmetic"]
    if not spoken and not any(row.cost for row in view.tables.rows):
        text = f"No language model was asked in this run: arithmetic decided everything, at no cost {cite('run', view.run)}."
        return Found(text=text, ids=(f"run:{view.run}",), data={"cost_usd": 0.0})
    told = accounts(view.journal, view.settings.model)
    text = (
        f"The model was called {told['calls']} times and cost {told['cost_usd']:.4f} USD; it decided "
        f"{told['decisions']['by_model']} "
        f"of {told['decisions']['total']} times, {told['decisions']['fallback']} fell back {cite('run', view.run)}."
    )
    return Found(text=text, ids=(f"run:{view.run}",), data=told)


TOOLS = (
    Tool("voters", "Who is believed: weight, hit rate and Brier score by voter and regime.", Voters, voters),
    Tool("regimes", "The regime at a day, each regime's share of time, and what trades in it came to.", Regimes, regimes),
    Tool("model_cost", "What the language model cost and how often it decided.", Model, model),
)
