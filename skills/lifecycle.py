"""The life of a skill as one table of rules; pure, so what would happen can be shown before it does.

    quarantined -> candidate -> probation -> active -> retired
                                               |
                                 watch, stale, suspended

Active and watched skills are sized. Skills on probation, stale and retired ones are followed
in shadow, which is how they earn their way (back). A rule looks at the skill's standing, its
counts in the book and its counts in shadow, nothing else. A retired skill is never sized
again until a restore is on the record, and a restored one starts with fresh counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from agent.settings import SkillRules
from skills.counts import Counts
from skills.reliability import contract, net_r_lower, probability_at_least

Status = Literal[
    "quarantined", "candidate", "probation", "active", "watch", "stale", "suspended", "retired", "rejected", "superseded"
]
Mode = Literal["book", "shadow"]
STATUSES: tuple[Status, ...] = get_args(Status)
MODES: tuple[Mode, ...] = get_args(Mode)
SIZED: frozenset[Status] = frozenset({"active", "watch"})
FOLLOWED: frozenset[Status] = frozenset({"probation", "stale", "retired"})
# a composite needs of each component a version that stands in none of these
UNSOUND: frozenset[Status] = frozenset({"retired", "rejected", "superseded", "quarantined", "suspended"})


@dataclass(frozen=True, slots=True)
class View:
    """What a rule may know of a skill besides its counts.

    ``since`` is when it got its status and ``rule`` what gave it; ``fires`` is its firing
    rate over recent bars, None when not measured; ``sound`` says that every component has a version in
    use or was retired by its record alone, ``bereft`` that one was since the skill got its status,
    ``replaced`` that a newer version of it trades, ``pinned`` that a person holds it where it is:
    it does not go stale, but no pin stops a retirement.
    """

    status: Status
    since: datetime
    rule: str
    prior: float
    fires: float | None = None
    sound: bool = True
    bereft: bool = False
    replaced: bool = False
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of status with the rule and reason for it, and whose counts start anew."""

    to: Status
    rule: str
    reason: str
    resets: tuple[Mode, ...] = ()


Test = Callable[[View, Counts, Counts, SkillRules, datetime], str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: from these statuses to that one when the test gives a reason."""

    name: str
    sources: tuple[Status, ...]
    to: Status
    test: Test
    resets: tuple[Mode, ...] = ()


def _unreliable(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    rate = contract(book, view.prior)
    if book.total < rules.retire_executions or rate >= rules.retire_reliability:
        return None
    return f"reliability {rate:.2f} after {book.total} executions is below {rules.retire_reliability:.2f}"


def _losing(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    rate, payoff = book.win_rate, book.payoff
    if rate is None or book.total <= rules.retire_trades:
        return None
    # where wins are larger than losses, fewer than half of them are enough
    needed = 1 / (1 + payoff) if payoff is not None and payoff > 1 else rules.retire_win_rate
    if rate >= needed:
        return None
    paid = f"break-even at a payoff of {payoff:.2f}" if payoff is not None and payoff > 1 else "the required rate"
    return f"win rate {rate:.2f} after {book.total} trades is below {needed:.2f}, {paid}"


def _hopeless(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    mean = book.mean_r
    if book.total < rules.retire_executions or mean is None or mean > 0:
        return None  # rare but large wins may be worth trading whatever their rate
    p = probability_at_least(book, rules.restore_rate)
    if p >= rules.retire_probability:
        return None
    chance = f"the rate is at least {rules.restore_rate} with probability {p:.3f}"
    return f"after {book.total} executions {chance}, and mean R is {mean:+.2f}"


def _component_gone(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    return None if view.sound else "a component is retired by a person, suspended or gone"


def _component_retired(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    return "a component was retired by its record" if view.bereft else None


def _component_back(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    if not view.sound or view.bereft or view.rule not in ("component-retired", "component-gone"):
        return None
    return "no component speaks against it; it has to earn its way by its own record"


def _replaced(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    return "a newer version trades" if view.replaced else None


def _earned_back(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    if not view.rule.startswith("retire-") or shadow.total < rules.restore_runs:
        return None
    p = probability_at_least(shadow, rules.restore_rate)
    if p <= rules.restore_probability:
        return None
    return f"{shadow.total} shadow runs: the rate is at least {rules.restore_rate} with probability {p:.2f}"


def _proven(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    if shadow.total < rules.probation_trades:
        return None
    low = net_r_lower(shadow, rules.promote_confidence)
    if low is None or low <= 0:
        return None
    return f"net R over {shadow.total} shadow trades is above {low:.3f} with {rules.promote_confidence:.0%} confidence"


def _fires(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    if view.fires is None or not rules.fire_min <= view.fires <= rules.fire_max:
        return None
    return f"fires on {view.fires:.1%} of the last {rules.fire_bars} bars"


def _barren(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    last = max(view.since, book.last_success or view.since)
    if view.pinned or at - last < timedelta(days=rules.stale_days):
        return None
    return f"no success since {last.date()}, {rules.stale_days} days or more"


def _fresh_success(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    rate, line = contract(shadow, 0.0), rules.retire_reliability + rules.trust_margin
    if view.rule != "stale" or shadow.success < rules.fresh_successes or rate < line:
        return None
    return f"{shadow.success} successes in shadow since, reliability {rate:.2f}"


def _slipping(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    rate, line = contract(book, view.prior), rules.retire_reliability + rules.watch_margin
    return f"reliability {rate:.2f} is below {line:.2f}" if book.total >= rules.retire_executions and rate < line else None


def _steady(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> str | None:
    rate, line = contract(book, view.prior), rules.retire_reliability + rules.trust_margin
    return f"reliability {rate:.2f} is {line:.2f} or more again" if rate >= line else None


_TRADED: tuple[Status, ...] = ("active", "watch", "stale")
_IN_USE: tuple[Status, ...] = (*_TRADED, "candidate", "probation", "suspended", "retired")

# the first row whose test gives a reason applies: retirement before anything kinder
TABLE: tuple[Rule, ...] = (
    Rule("replaced", _IN_USE, "superseded", _replaced),
    Rule("retire-reliability", _TRADED, "retired", _unreliable, resets=("shadow",)),
    Rule("retire-win-rate", _TRADED, "retired", _losing, resets=("shadow",)),
    Rule("retire-sequential", _TRADED, "retired", _hopeless, resets=("shadow",)),
    Rule("component-gone", ("active", "watch", "probation"), "suspended", _component_gone),
    Rule("component-retired", ("active", "watch"), "suspended", _component_retired),
    Rule("component-back", ("suspended",), "probation", _component_back, resets=("shadow",)),
    Rule("restore", ("retired",), "active", _earned_back, resets=("book", "shadow")),
    Rule("promote", ("probation",), "active", _proven),
    Rule("fires", ("candidate",), "probation", _fires),
    Rule("stale", ("active", "watch"), "stale", _barren, resets=("shadow",)),
    Rule("fresh-success", ("stale",), "active", _fresh_success),
    Rule("watch", ("active",), "watch", _slipping),
    Rule("steady", ("watch",), "active", _steady),
)


def next_status(view: View, book: Counts, shadow: Counts, rules: SkillRules, at: datetime) -> Transition | None:
    """Return the transition that the table asks for at ``at``, or None."""
    for rule in _BY_STATUS[view.status]:
        reason = rule.test(view, book, shadow, rules, at)
        if reason is not None:
            return Transition(rule.to, rule.name, reason, rule.resets)
    return None


_BY_STATUS: Mapping[Status, tuple[Rule, ...]] = {
    status: tuple(rule for rule in TABLE if status in rule.sources) for status in STATUSES
}

Order = Literal["approve", "reject", "quarantine", "retire", "restore", "stale"]

# what a person may order: from where, to where, and whose counts start anew
ORDERS: Mapping[Order, tuple[tuple[Status, ...], Status, tuple[Mode, ...]]] = {
    "approve": (("quarantined",), "candidate", ()),
    "reject": (("quarantined", "candidate"), "rejected", ()),
    "quarantine": (("candidate", "probation", "active", "watch", "stale", "suspended"), "quarantined", ()),
    "retire": (("candidate", "probation", "active", "watch", "stale", "suspended"), "retired", ("shadow",)),
    "restore": (("retired", "stale"), "active", ("book", "shadow")),
    "stale": (("active", "watch"), "stale", ()),
}


def ordered(order: Order, status: Status, reason: str) -> Transition | None:
    """Return the transition a person's order leads to, or None when it does not apply to the status.

    What was stale keeps its counts when it is restored: nothing was held against it but time.
    """
    sources, to, resets = ORDERS[order]
    return Transition(to, f"person-{order}", reason, () if status == "stale" else resets) if status in sources else None
