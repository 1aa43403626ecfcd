"""The forecast: will the move of the last bars reverse? It speaks only after it has beaten the base rate."""
