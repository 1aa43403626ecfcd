"""The guard: who wrote what. Signing lives here; the checks at the write doors will stand beside it."""
