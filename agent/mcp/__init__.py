"""The Model Context Protocol: the record of a run for any client, read-only."""
