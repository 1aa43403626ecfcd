from collections.abc import Sequence

import numpy as np

from agent.embedding import Vectors
from agent.market.feed import builtin
from agent.settings import Settings
from agent.wiring.recorded import prepared
from evals.closeness import measure, rows, together


class Blind:
    """To it all lines of words mean the same."""

    fingerprint, dimension = "blind:4", 4

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.full((len(texts), 4), 0.5, dtype=np.float32)


def test_what_followed_similar_situations_is_told_beside_what_followed_any() -> None:
    settings = Settings()
    series = prepared([builtin("SP500").head(2400)], settings)["SP500"]
    answers = measure(series, Blind(), settings)
    told = {(row["figure"], row["against"]): row for row in rows(answers)}
    assert told["volatility", "random"]["better by"] > 0.05
    assert told["volatility", "random"]["interval"][0] > 0
    assert 0 < told["regime", "documented"]["learnt"] < 1  # nothing is learnt before it was tried
    twice = {(row["figure"], row["against"]): row for row in together([answers, answers])}
    for figure, row in told.items():
        assert np.isclose(twice[figure]["better by"], row["better by"])
        assert twice[figure]["n"] == 2 * row["n"]
