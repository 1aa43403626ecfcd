"""Random entries: the yardstick must look at nothing and repeat itself."""

from datetime import timedelta

from agent.reason.chance import RandomReasoner
from agent.reason.context import Context
from tests.reason.build import LIMITS, WHEN, context, vote


def _on(day: int, **more: object) -> Context:
    made = context(**more)
    return made.model_copy(update={"state": made.state.model_copy(update={"bar_time": WHEN + timedelta(days=day)})})


def test_random_enters_at_about_its_rate_and_the_same_bars_every_time() -> None:
    tosses = [[RandomReasoner(LIMITS, 0.25, 7)(_on(d))[0].action for d in range(400)] for _ in range(2)]
    assert tosses[0] == tosses[1]
    assert 70 < tosses[0].count("buy") < 130
    assert set(tosses[0]) == {"buy", "hold"}


def test_random_with_another_seed_enters_elsewhere() -> None:
    one, two = ([RandomReasoner(LIMITS, 0.5, seed)(_on(d))[0].action for d in range(50)] for seed in (1, 2))
    assert one != two


def test_random_looks_at_no_vote() -> None:
    coin = RandomReasoner(LIMITS, 0.5, 3)
    plain = [coin(_on(d))[0].action for d in range(50)]
    assert plain == [coin(_on(d, votes=[vote(-0.9)]))[0].action for d in range(50)]


def test_random_at_the_edges_always_or_never_enters() -> None:
    assert RandomReasoner(LIMITS, 1.0, 0)(_on(0))[0].action == "buy"
    assert RandomReasoner(LIMITS, 0.0, 0)(_on(0))[0].action == "hold"
