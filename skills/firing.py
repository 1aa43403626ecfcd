"""Which skills apply at a bar, with the evidence for each and the exits it would use."""

from __future__ import annotations

from collections.abc import Sequence

from agent.domain import RegimeLabel, SkillMatch, Vote
from agent.errors import ConfigError
from agent.market.features import FeatureFrame
from agent.risk.sizing import Exits
from skills.conditions import TRUE, compiled
from skills.counts import NONE
from skills.lifecycle import FOLLOWED, SIZED
from skills.matcher import Matcher
from skills.priors import prior_of
from skills.records import EMPTY, UNKNOWN_REGIME
from skills.reliability import contract, in_regime, posterior
from skills.schema import Plan, Skill
from skills.staged import Shelves
from skills.tree import Condition

MANY = 64  # from here on asking all conditions at once is faster


class Checks:
    """Strategies with their compiled conditions: a few are asked one by one, many all at once."""

    def __init__(self, skills: list[tuple[Skill, Condition]]) -> None:
        """Compile the conditions."""
        self._skills = [skill for skill, _ in skills]
        few = len(skills) < MANY
        self._single = [compiled(condition) for _, condition in skills] if few else []
        self._matcher = None if few else Matcher([condition for _, condition in skills])

    def fired(self, frame: FeatureFrame, at: int, votes: Sequence[Vote]) -> list[Skill]:
        """Return the strategies whose condition holds at a bar."""
        if self._matcher is None:
            pairs = zip(self._skills, self._single, strict=True)
            return [skill for skill, check in pairs if check(frame, at, votes) == TRUE]
        return [self._skills[k] for k in self._matcher.holding(frame, at, votes).nonzero()[0].tolist()]


def checks_of(there: Shelves) -> Checks:
    """Return the strategies that trade or are followed, compiled, in an order that is always the same."""
    watched = [there.skills[key] for key in sorted(there.skills) if there.standings[key].status in SIZED | FOLLOWED]
    return Checks([(skill, skill.condition) for skill in watched if skill.condition is not None])


def evidence(there: Shelves, skill: Skill, regime: RegimeLabel | None, backoff: float) -> SkillMatch:
    """Return a strategy with its contractual reliability and its 95 % interval in the regime."""
    book = there.records.get((skill.key, "book"), EMPTY)
    here = book.regimes.get(regime or UNKNOWN_REGIME, NONE)
    prior = prior_of(there, skill)
    bounds = in_regime(here, book.total, backoff, prior=prior) if regime else posterior(book.total, prior=prior)
    status = there.standings[skill.key].status
    return SkillMatch(
        id=skill.id,
        name=skill.name,
        version=skill.version,
        status="active" if status in SIZED else status,
        side=_plan(skill).side,
        reliability=contract(book.total, skill.prior),
        interval=(bounds.low, bounds.high),
        executions=book.total.total,
        regime_executions=here.total,
        mean_r=book.total.mean_r,
    )


def _plan(skill: Skill) -> Plan:
    if skill.plan is None:
        raise ConfigError(f"{skill.name} is a procedure and has no plan; only strategies trade")
    return skill.plan


def exits_of_plan(skill: Skill, atr: float) -> Exits:
    """Return a strategy's exits in price units."""
    plan = _plan(skill)
    return Exits(
        stop_distance=plan.stop_atr * atr,
        target_distance=plan.target_atr * atr,
        max_bars=plan.max_bars,
        fraction=plan.size,
        plan=f"{skill.name} v{skill.version}",
    )
