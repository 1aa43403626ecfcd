"""Whom to believe: the planted best voter is found, changes are followed, and the theorem's bound holds."""

import json
import math
from collections.abc import Iterator

import numpy as np
import pytest

from agent.domain import Vote
from agent.errors import ConfigError
from agent.learn.replay import Line, read_lines, regret, replay
from agent.learn.voters import VoterTable
from agent.settings import Learning

REGIMES = ("trending", "ranging", "volatile")


def _planted(
    seed: int, n: int = 1000, voters: int = 8, strength: float = 0.6, turn: int | None = None
) -> Iterator[tuple[Line, str]]:
    """Voters that are right half of the time, but for one in each regime, right in 65 %; at ``turn`` others are the best."""
    draw = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(voters)]
    best = dict(zip(REGIMES, draw.permutation(names)[:3].tolist(), strict=True))
    for i in range(n):
        if i == turn:
            best = dict(zip(REGIMES, draw.permutation(names)[:3].tolist(), strict=True))
        regime, up = REGIMES[draw.integers(3)], bool(draw.random() < 0.5)
        votes: dict[str, float | None] = {}
        for name in names:
            right = draw.random() < (0.65 if name == best[regime] else 0.5)
            votes[name] = 0.5 + (0.5 if right == up else -0.5) * strength
        yield Line(str(i), regime, votes, up), best[regime]


def _captured(seeds: range, n: int = 1000, **market: float) -> float:
    """Mean share of the best voter's edge in the second half, by the side that the joint probability takes."""
    shares = []
    for seed in seeds:
        lines = [line for line, _ in _planted(seed, n, **market)]  # type: ignore[arg-type] # strength alone is handed on
        joint = [row["p"] for row in replay(lines, Learning())]
        right = [(p > 0.5) == line.outcome for p, line in zip(joint[n // 2 :], lines[n // 2 :], strict=True)]
        shares.append((float(np.mean(right)) - 0.5) / 0.15)
    return float(np.mean(shares))


@pytest.mark.slow
@pytest.mark.parametrize("strength", [0.1, 0.2, 0.6, 1.0])
def test_the_joint_decision_captures_four_fifths_of_the_planted_edge(strength: float) -> None:
    assert _captured(range(50), strength=strength) >= 0.80


def test_a_voter_that_states_little_is_believed_by_its_record() -> None:
    assert _captured(range(6), 600, strength=0.1) >= 0.60


def test_regret_stays_within_the_theorems_bound() -> None:
    plain = Learning(share=0.0, floor=0.0, backoff=0.0)
    for seed in range(4):
        lines = [Line(line.at, None, line.votes, line.outcome) for line, _ in _planted(seed, 600)]
        found = regret(lines, plain, "linear")
        assert found["regret"] <= found["bound"]
        assert found["bound"] == pytest.approx(math.log(8) / 0.1 + 0.1 * 600 / 8)


def test_sharing_follows_a_change_of_the_best_voter() -> None:
    def weight_of_the_new_best(share: float) -> float:
        settings = Learning(share=share, backoff=0.0, rate=0.5)
        found = []
        for seed in range(3):
            steps = list(_planted(seed, 1200, turn=700, strength=1.0))
            lines = [Line(line.at, line.regime, line.votes, line.outcome) for line, _ in steps]
            rows = list(replay(lines, settings))
            found += [row["weights"][best] for row, (_, best) in zip(rows[850:], steps[850:], strict=True)]
        return float(np.mean(found))

    assert weight_of_the_new_best(0.01) > weight_of_the_new_best(0.0)


def test_an_abstainer_neither_gains_nor_loses_against_the_mixture() -> None:
    table = VoterTable(("a", "b", "c"), Learning(share=0.0, floor=0.0))
    silent = Vote(voter="c", direction=0, confidence=0, abstained=True, reason=".")
    for _ in range(30):
        said = [Vote(voter=v, direction=d, confidence=0.5, reason=".") for v, d in (("a", 1), ("b", -1))]
        table.score([*said, silent], None, True)
    weights = table.weights(None)
    assert weights["a"] > weights["c"] > weights["b"]
    assert table.record("all", "c").n == 0


def test_a_voters_last_ten_are_kept_for_its_own_use() -> None:
    table = VoterTable(("a",), Learning())
    for i in range(14):
        table.score([Vote(voter="a", direction=1, confidence=0.5, reason=".")], None, i >= 6)
    assert table.pasts()["a"].recent == (False,) * 2 + (True,) * 8
    again = VoterTable(("a",), Learning())
    again.restore({"all": {"a": table.record("all", "a").model_dump(mode="json")}})
    assert again.pasts() == table.pasts()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "is not JSON"),
        ('{"at": "t", "votes": {}}', "lacks 'outcome'"),
        ('{"at": "t", "votes": {"a": 1.5}, "outcome": 1}', "a = 1.5 is not a probability"),
        ('{"at": "t", "votes": {"a": 0.5}, "outcome": 2}', "neither 0 nor 1"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(line: str, words: str) -> None:
    good = json.dumps({"at": "t", "regime": None, "votes": {"a": 0.6}, "outcome": 1})
    with pytest.raises(ConfigError, match=f"line 2.*{words}"):
        read_lines([good, line])


def test_each_joint_probability_is_from_before_its_outcome() -> None:
    lines = [line for line, _ in _planted(1, 50)]
    flipped = [*lines[:-1], Line(lines[-1].at, lines[-1].regime, lines[-1].votes, not lines[-1].outcome)]
    assert list(replay(lines, Learning())) == list(replay(flipped, Learning()))
