"""What a model or endpoint can do: a few tiny calls, each with what it found. Local servers may lack typed output or caching."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError

from agent.llm.client import Client
from agent.llm.faults import ModelFault
from agent.llm.request import Request, Turn

Check = dict[str, Any]
_LONG = "This line stands here so that the text is long enough to be cached. " * 400


class Colour(BaseModel):
    """A reply with a shape."""

    colour: str


def probe(client: Client, model: str, clock: Callable[[], float], seconds: float) -> list[Check]:
    """Whether the model replies, keeps to a shape, and reads its cache; a check that fails says how."""

    def ask(system: str, shape: type[BaseModel] | None = None) -> tuple[str, int]:
        request = Request("probe", model, system, (Turn("user", "Name the colour of a clear sky."),), 512, shape)
        answer = client.ask(request, clock() + seconds)
        text = "".join(block.get("text", "") for block in answer.content if block.get("type") == "text")
        return text, answer.usage.cached_tokens

    def reply() -> tuple[bool, str]:
        return bool(ask("Answer in one word.")[0].strip()), f"{model} replies"

    def typed() -> tuple[bool, str]:
        text = ask("Answer in one word.", Colour)[0]
        try:
            Colour.model_validate_json(text)
        except ValidationError:
            return True, "no typed output: replies are read out of their text and checked here"
        return True, "typed output"

    def cached() -> tuple[bool, str]:
        ask(_LONG)
        read = ask(_LONG)[1]
        return (
            True,
            f"{read} tokens read from the prompt cache" if read else "no prompt cache: every call pays for the whole prompt",
        )

    return [
        _checked(name, test) for name, test in (("model reply", reply), ("model typed output", typed), ("model cache", cached))
    ]


def _checked(name: str, test: Callable[[], tuple[bool, str]]) -> Check:
    try:
        ok, detail = test()
    except ModelFault as err:
        ok, detail = False, str(err)
    return {"name": name, "ok": ok, "detail": detail}
