"""The guard: proof of who wrote what."""
