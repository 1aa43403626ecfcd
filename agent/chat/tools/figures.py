"""The figures of a trade and of a decision that can be asked, bounded and ordered by: what each is called and shown as."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Generic, Literal, TypeVar

from agent.chat.found import gain, money, per_cent
from agent.chat.tables import Row, Trade
from agent.domain import Frozen
from agent.market.features import FEATURES

T = TypeVar("T")
Op = Literal["<", "<=", ">", ">="]
Than = Literal["mean", "median", "upper quarter", "lower quarter"]


class Bound(Frozen):
    """One condition: a feature or a figure above or below a value, or with ``than`` above or below what is usual of it."""

    feature: str
    op: Op
    value: float = 0.0
    than: Than | None = None


@dataclass(frozen=True)
class Figure(Generic[T]):
    """A figure: its name in a sentence, how it is read, how it is shown."""

    label: str
    of: Callable[[T], float | None]
    shown: Callable[[float], str] = "{:,.2f}".format


def _stop_distance(row: Row) -> float | None:
    return abs(row.close - row.stop) / row.close if row.close and row.stop is not None else None


def _to_mean(name: str) -> Callable[[Row], float | None]:
    """The close over a mean of closes, less one: above it is positive."""

    def read(row: Row) -> float | None:
        mean = row.feature(name)
        return row.close / mean - 1 if row.close and mean else None

    return read


MEANS = {f"close_to_{name}": _to_mean(name) for name in ("sma_5", "sma_20", "sma_50")}


def _row_of(trade: Trade, read: Callable[[Row], float | None]) -> float | None:
    return read(trade.decision) if trade.decision is not None else None


def _of_entry(name: str) -> Figure[Trade]:
    return Figure(f"{name} at the decision", lambda t: _row_of(t, lambda row: row.feature(name)), "{:,.4g}".format)


def _of_mean(name: str) -> Figure[Trade]:
    return Figure(f"{name} at the decision", lambda t: _row_of(t, MEANS[name]), "{:+.2%}".format)


TRADE_FIGURES: dict[str, Figure[Trade]] = {
    "pnl": Figure("net P&L", lambda t: t.outcome.pnl, gain),
    "r": Figure("net R", lambda t: t.outcome.r, "{:+.2f} R".format),
    "bars_held": Figure("holding", lambda t: float(t.outcome.bars_held), "{:.4g} bars".format),
    "days_held": Figure(
        "holding", lambda t: float((t.outcome.exit_bar - t.outcome.entry_bar).days), "{:.4g} calendar days".format
    ),
    "fees": Figure("fees", lambda t: t.outcome.fees, money),
    "confidence": Figure("confidence", lambda t: _row_of(t, lambda row: row.confidence)),
    "size": Figure("size", lambda t: _row_of(t, lambda row: abs(row.size)), lambda v: f"{per_cent(v)} of equity"),
    "value": Figure("value at entry", lambda t: float(t.outcome.quantity) * t.outcome.entry_price, money),
    "entry_price": Figure("entry price", lambda t: t.outcome.entry_price),
    "exit_price": Figure("exit price", lambda t: t.outcome.exit_price),
    "return_pct": Figure(
        "return on the position",
        lambda t: 100 * t.outcome.pnl / (float(t.outcome.quantity) * t.outcome.entry_price),
        "{:+.2f} %".format,
    ),
    "stop_distance": Figure("distance of the stop", lambda t: _row_of(t, _stop_distance), "{:.2%}".format),
    "given_back": Figure("R given back from the best point", lambda t: t.outcome.mfe - t.outcome.r, "{:.2f} R".format),
    **{name: _of_mean(name) for name in MEANS},
    "adverse": Figure("worst excursion", lambda t: t.outcome.mae, "{:+.2f} R".format),
    "favourable": Figure("best excursion", lambda t: t.outcome.mfe, "{:+.2f} R".format),
    **{name: _of_entry(name) for name in FEATURES},
}


def _feature(name: str) -> Figure[Row]:
    return Figure(name, lambda row: row.feature(name), "{:,.4g}".format)


DECISION_FIGURES: dict[str, Figure[Row]] = {
    "confidence": Figure("confidence", lambda row: row.confidence),
    "size": Figure("size", lambda row: abs(row.size) or None, lambda v: f"{per_cent(v)} of equity"),
    "exposure": Figure("exposure", lambda row: row.exposure, per_cent),
    "close": Figure("close", lambda row: row.close),
    "stop_distance": Figure("distance of the stop", _stop_distance, "{:.2%}".format),
    **{name: Figure(name, read, "{:+.2%}".format) for name, read in MEANS.items()},
    **{name: _feature(name) for name in FEATURES},
}


def meets(value: float | None, bound: Bound) -> bool:
    """Whether a value is known and satisfies a bound."""
    if value is None:
        return False
    return {
        "<": value < bound.value,
        "<=": value <= bound.value,
        ">": value > bound.value,
        ">=": value >= bound.value,
    }[bound.op]


def settled(bounds: Sequence[Bound], figures: dict[str, Figure[T]], every: Sequence[T]) -> tuple[Bound, ...]:
    """The bounds with the values that "than" stands for among ``every``; where nothing is known of one, nothing meets it."""
    return tuple(_settled(bound, figures[bound.feature], every) if bound.than else bound for bound in bounds)


def _settled(bound: Bound, figure: Figure[T], every: Sequence[T]) -> Bound:
    values = [value for one in every if (value := figure.of(one)) is not None]
    if len(values) < 2:
        return bound.model_copy(update={"value": values[0] if values else 0.0})
    low, middle, high = quantiles(values, n=4)
    found = {"mean": sum(values) / len(values), "median": middle, "upper quarter": high, "lower quarter": low}
    return bound.model_copy(update={"value": found[bound.than or "mean"]})


def spread(figure: Figure[T], inside: Sequence[T]) -> str:
    """Mean, median, lowest, highest and sum of a figure over trades or decisions, in words; empty where it is not known."""
    values = [value for one in inside if (value := figure.of(one)) is not None]
    if not values:
        return ""
    shown = figure.shown
    return (
        f"mean {figure.label} {shown(sum(values) / len(values))}, median {shown(median(values))}, "
        f"lowest {shown(min(values))}, {_quartiles(values, shown)}highest {shown(max(values))}, over {len(values)}"
    )


def _quartiles(values: list[float], shown: Callable[[float], str]) -> str:
    if len(values) < 8:
        return ""
    low, _, high = quantiles(values, n=4)
    return f"quarter below {shown(low)}, quarter above {shown(high)}, "


def bounded(bounds: Sequence[Bound], figures: dict[str, Figure[T]]) -> str:
    """Bounds in words, with a leading space; empty for none."""
    return "".join(f" with {figures[b.feature].label} {b.op} {figures[b.feature].shown(b.value)}{_usual(b)}" for b in bounds)


def _usual(bound: Bound) -> str:
    """What a bound's value is of all the others."""
    if bound.than is None:
        return ""
    return f" (the {bound.than} of all)" if bound.than in ("mean", "median") else f" (where the {bound.than} begins)"
