"""Episodic memory: a journal that is the truth, indexes derived from it, and recall as of any time."""
