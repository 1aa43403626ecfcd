"""Orders that a conversation does not carry out, and what is said to them. Pure."""

from __future__ import annotations

_ORDERS = (
    (("buy", "sell", "short", "go long", "go short", "close", "liquidate", "exit", "open a position", "place an order", "enter"),
     ("I do not trade on request: orders come from decisions within the limits. `tradecraft decide` makes one; "
     "/halt stops trading.")),
    (("raise", "increase", "lift", "loosen", "remove", "disable", "ignore", "set", "change", "double"),
     ("I cannot raise or remove a limit: limits are settings that a person changes in tradecraft.toml. A "
     "preference can only tighten them.")),
    (("approve", "activate", "promote", "unquarantine"),
     "I cannot approve a skill: `tradecraft skills approve NAME --reason ...` does, with the operator's passphrase."),
    (("halt", "stop trading", "pause trading"), "Type /halt REASON to halt trading; it asks for a yes."),
    (("resume trading", "start trading", "unhalt"), "Type /resume REASON to let trading go on; it asks for a yes."),
)  # fmt: skip
_LIMITED = ("limit", "risk", "exposure", "position", "drawdown", "leverage", "size", "stop", "cap", "max_")


def order_of(said: str) -> str | None:
    """What is said to an order that a conversation does not carry out; None when it is none."""
    low = (
        said.lower().strip(" .!").removeprefix("please ").removeprefix("now ").removeprefix("can you ").removeprefix("could you ")
    )
    if low.endswith("?"):
        return None
    for verbs, reply in _ORDERS:
        if any(low == verb or low.startswith(verb + " ") for verb in verbs):
            if "limit" in reply[:40] and not any(word in low for word in _LIMITED):
                continue
            return reply
    return None
