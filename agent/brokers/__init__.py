"""Venues: where orders go. The paper broker simulates fills; adapters to real venues stand beside it."""
