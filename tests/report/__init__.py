"""The page and the table a user reads a run from."""
