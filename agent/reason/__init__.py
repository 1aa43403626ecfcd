"""From what is known to a signal: the arithmetic reasoner, whose parts add up."""
