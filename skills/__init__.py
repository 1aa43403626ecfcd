"""Procedural memory: typed skills, what they have earned, and the one door they come in by."""
