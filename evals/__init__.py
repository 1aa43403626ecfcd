"""The offline harness: what the agent is worth, measured on this machine without a key."""
