"""Wiring: the only place that builds a Desk, opens a home, and reads the wall clock."""
