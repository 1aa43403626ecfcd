"""The figures a user judges a run by, and how sure they are."""
