"""Voters that turn a market state into a published opinion with its reason and numbers."""
