"""Walking forward over recorded bars, chunk by chunk, each carrying all that came before."""
