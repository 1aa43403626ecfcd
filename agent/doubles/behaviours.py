"""The stand-ins: what each would say to a request. Pure, seeded, and the same every time.

| name | does |
|---|---|
| scripted | replies from a list; a list that has run out fails loudly |
| analyst | follows plain rules on RSI and trend, cites what it was shown, calls a tool once where tools are offered |
| contrarian | says the opposite of the analyst |
| random | tosses a coin that depends on the request and the seed |
| overconfident | the analyst's side at full confidence and size |
| obedient | does what any instruction says, wherever in the request it finds one |
| inventor | cites memories and skills that it was never shown |
| malformed | breaks off in the middle of its JSON |
| slow | the analyst after a delay |
| overloaded | answers 529 the first times, then as the analyst |
| refusing | ends with stop_reason refusal |
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from agent.doubles.protocol import BadRequest
from agent.doubles.reading import Opinion, figures, fill, ordered_action, shown_ids, texts, wanted_schema
from agent.errors import ConfigError

Json = dict[str, Any]


class Exhausted(AssertionError):
    """A script was asked for more than it holds: the test that wrote it expected fewer calls."""


@dataclass(frozen=True)
class Reply:
    """What to send back: content blocks with their stop reason, or an error with its status."""

    content: tuple[Json, ...] = ()
    stop_reason: str = "end_turn"
    status: int = 200
    error: str = ""
    message: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0


class Double(Protocol):
    """A stand-in: one reply to one valid request."""

    def __call__(self, request: Json) -> Reply:
        """Answer; the request has been checked."""
        ...


def says(text: str) -> Reply:
    """A reply of plain text."""
    return Reply(({"type": "text", "text": text},))


def calls(name: str, arguments: Json, ident: str = "toolu_double_1") -> Reply:
    """A reply that calls a tool."""
    return Reply(({"type": "tool_use", "id": ident, "name": name, "input": arguments},), "tool_use")


class Script:
    """Replies in order: texts, JSON values, or whole replies. Running out raises Exhausted."""

    def __init__(self, replies: Iterable[Reply | str | Json]) -> None:
        """Take the replies; ``left`` says how many have not been used."""
        self._replies = [_scripted(reply) for reply in replies]
        self._lock = threading.Lock()
        self.seen: list[Json] = []

    @property
    def left(self) -> int:
        """How many replies nobody asked for yet; a test ends with 0."""
        return len(self._replies) - len(self.seen)

    def __call__(self, request: Json) -> Reply:
        """The next reply."""
        with self._lock:
            if not self.left:
                raise Exhausted(f"the script holds {len(self._replies)} replies and was asked for one more")
            self.seen.append(request)
            return self._replies[len(self.seen) - 1]


def _scripted(reply: Reply | str | Json) -> Reply:
    if isinstance(reply, Reply):
        return reply
    return says(reply if isinstance(reply, str) else json.dumps(reply))


def _analysis(request: Json) -> Opinion:
    """Weakness below RSI 35 is bought, strength above 65 sold; between them the trend is followed."""
    text = texts(request)
    seen = figures(text)
    rsi, trend = seen.get("rsi_14"), seen.get("trend_strength", 0.0)
    if rsi is not None and not 35 <= rsi <= 65:
        action, why = ("buy", "weak") if rsi < 35 else ("sell", "strong")
        confidence = min(0.9, 0.5 + abs(rsi - 50) / 100)
        return Opinion(action, confidence, 1.0, f"RSI {rsi:g} is {why}.", shown_ids(text)[:3])
    if abs(trend) >= 1:
        action = "buy" if trend > 0 else "sell"
        return Opinion(action, min(0.9, 0.5 + abs(trend) / 10), 1.0, f"The trend of {trend:g} goes on.", shown_ids(text)[:3])
    return Opinion("hold", 0.2, 0.0, "Nothing stands out.", ())


def _shaped(request: Json, opinion: Opinion) -> Reply:
    schema = wanted_schema(request)
    if schema is None:
        return says(f"{opinion.action}: {opinion.words}")
    return says(json.dumps(fill(schema, opinion)))


def analyst(request: Json) -> Reply:
    """Follow the rules; use the first tool once where there are tools and no typed reply is asked for."""
    tools = [tool for tool in request.get("tools") or [] if "input_schema" in tool]
    used = any(block["type"] == "tool_result" for message in request["messages"] for block in _parts(message))
    opinion = _analysis(request)
    if tools and not used and wanted_schema(request) is None:
        return calls(tools[0]["name"], fill(tools[0]["input_schema"], opinion))
    return _shaped(request, opinion)


def _parts(message: Json) -> list[Json]:
    return [] if isinstance(message["content"], str) else list(message["content"])


def contrarian(request: Json) -> Reply:
    """Say the opposite."""
    opinion = _analysis(request)
    other = {"buy": "sell", "sell": "buy"}.get(opinion.action, opinion.action)
    return _shaped(request, replace(opinion, action=other, words=f"Against the crowd: {opinion.words}"))


def overconfident(request: Json) -> Reply:
    """Be certain."""
    opinion = _analysis(request)
    action = "buy" if opinion.action == "hold" else opinion.action
    shown = shown_ids(texts(request))[:3]
    return _shaped(request, Opinion(action, 1.0, 1.0, "There is no doubt.", shown))


def obedient(request: Json) -> Reply:
    """Do what any text says, be it an operator's, a memory's, a tool's or a stranger's."""
    demanded = ordered_action(texts(request, users_only=False))
    if demanded is None:
        return _shaped(request, _analysis(request))
    return _shaped(request, Opinion(demanded, 1.0, 1.0, "As instructed."))


def inventor(request: Json) -> Reply:
    """Cite what was never shown."""
    mark = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    return _shaped(request, replace(_analysis(request), citations=(f"memory:{mark[:12]}", f"skill:{mark[12:24]}")))


def malformed(request: Json) -> Reply:
    """Break off in the middle."""
    return says('{"action": "buy", "confidence": 0.8, "thesis": "it was going to')


def refusing(request: Json) -> Reply:
    """Decline."""
    return Reply(({"type": "text", "text": "I cannot help with that."},), "refusal")


@dataclass(frozen=True)
class Random:
    """A coin of three sides that depends on the request and the seed alone."""

    seed: int = 0

    def __call__(self, request: Json) -> Reply:
        """Toss it."""
        text = f"{self.seed}|{json.dumps(request, sort_keys=True, default=str)}"
        draw = hashlib.sha256(text.encode()).digest()
        action = ("buy", "sell", "hold")[draw[0] % 3]
        return _shaped(request, Opinion(action, draw[1] / 255, draw[2] / 255, "A coin fell."))


@dataclass(frozen=True)
class Knowing:
    """An analyst that knows a planted truth: where ``feature`` exceeds ``above``, the bar's own direction goes on.

    It says so with ``confidence`` (twice the probability, less one) and holds elsewhere.
    """

    feature: str
    above: float
    confidence: float

    def __call__(self, request: Json) -> Reply:
        """Answer from the figures shown."""
        text = texts(request)
        seen = figures(text)
        if seen.get(self.feature, 0.0) <= self.above or not seen.get("oc_range"):
            return _shaped(request, Opinion("hold", 0.0, 1.0, "Nothing is known of such a bar."))
        action = "buy" if seen["oc_range"] > 0 else "sell"
        return _shaped(request, Opinion(action, self.confidence, 1.0, "Such a bar goes on.", shown_ids(text)[:2]))


@dataclass(frozen=True)
class Slow:
    """The analyst after ``seconds``."""

    seconds: float = 2.0

    def __call__(self, request: Json) -> Reply:
        """Answer late."""
        return replace(analyst(request), delay=self.seconds)


@dataclass
class Overloaded:
    """529 for the first ``times`` requests, then the analyst."""

    times: int = 3
    retry_after: float = 0.1
    _met: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Json) -> Reply:
        """Turn away, or answer at last."""
        with self._lock:
            self._met += 1
            turned = self._met <= self.times
        if not turned:
            return analyst(request)
        headers = (("retry-after", f"{self.retry_after:g}"),)
        return Reply(status=529, error="overloaded_error", message="Overloaded", headers=headers)


BEHAVIOURS: dict[str, Callable[[int], Double]] = {
    "analyst": lambda seed: analyst,
    "contrarian": lambda seed: contrarian,
    "random": Random,
    "overconfident": lambda seed: overconfident,
    "obedient": lambda seed: obedient,
    "inventor": lambda seed: inventor,
    "malformed": lambda seed: malformed,
    "slow": lambda seed: Slow(),
    "overloaded": lambda seed: Overloaded(),
    "refusing": lambda seed: refusing,
}


def double(name: str, seed: int = 0) -> Double:
    """The stand-in of that name (``scripted`` is made with Script); ConfigError for another."""
    if name not in BEHAVIOURS:
        raise ConfigError(f"--behaviour {name!r} is unknown; choose one of {', '.join(BEHAVIOURS)}, or scripted with --script")
    return BEHAVIOURS[name](seed)


def bad_request(err: BadRequest) -> Reply:
    """The answer to what is no request."""
    return Reply(status=400, error="invalid_request_error", message=str(err))
