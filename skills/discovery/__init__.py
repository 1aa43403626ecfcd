"""Discovery: which conditions went with winning trades, counted over everything that was tried.

Trades (or labelled bars) go in, hypotheses with their evidence come out. The search looks at
conjunctions of up to three conditions on the first two thirds of the trades; the best are looked at on
the last third, which the search never saw. Chance is what the same search finds, and
confirms, when blocks of outcomes are shuffled against the features. On a market without
signal it finds (almost) nothing.
"""

from skills.discovery.discover import Discovery, Hypothesis, discover
from skills.discovery.trades import Trade, labelled, without_overlap

__all__ = ["Discovery", "Hypothesis", "Trade", "discover", "labelled", "without_overlap"]
