"""Arms: which parts of the agent a run has, so that what a part is worth can be measured by leaving it out."""

from __future__ import annotations

from dataclasses import dataclass

from agent.errors import ConfigError
from agent.settings import Settings


@dataclass(frozen=True)
class Arm:
    """Which parts of the agent a run has.

    ``shuffled`` and ``stale`` are controls on recall alone: outcomes permuted among memories, and a
    memory that stops growing once a quarter of the walk is done. ``matched`` is a holding scaled
    to the full arm's volatility.
    """

    name: str
    memory: bool = True
    skills: bool = True
    random: bool = False
    held: bool = False
    shuffled: bool = False
    stale: bool = False
    matched: bool = False

    @property
    def minded(self) -> bool:
        """Whether a language model has a say: never where luck, mere holding or the bare strategies are measured."""
        return not self.random and not self.held and (self.memory or self.skills)

    forecast: bool = True
    reference: bool = False


ARMS = {
    arm.name: arm
    for arm in (
        Arm("full"),
        Arm("no-memory", memory=False),
        Arm("no-skills", skills=False),
        Arm("shuffled-memory", shuffled=True),
        Arm("stale-memory", stale=True),
        Arm("no-forecast", forecast=False),
        Arm("reference-forecast", reference=True),
        Arm("base", memory=False, skills=False, forecast=False),
        Arm("random", memory=False, skills=False, forecast=False, random=True),
        Arm("buy-and-hold", memory=False, skills=False, forecast=False, held=True),
        Arm("vol-matched", memory=False, skills=False, forecast=False, held=True, matched=True),
    )
}


FORECAST_ARMS = ("no-forecast", "reference-forecast")


def arm_named(name: str, settings: Settings) -> Arm:
    """The arm of that name; ConfigError in one line when it is unknown or its part is absent."""
    if name in FORECAST_ARMS and not settings.forecast.enabled:
        others = ", ".join(other for other in ARMS if other not in FORECAST_ARMS)
        raise ConfigError(
            f"--arm {name}: there is no forecast in this run; set forecast.enabled = true or choose one of {others}"
        )
    if name not in ARMS:
        raise ConfigError(f"--arm {name!r} is unknown; choose one of {', '.join(ARMS)}")
    return ARMS[name]
