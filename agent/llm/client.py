"""The client: one request over the official SDK, within one deadline, with every failure named.

The SDK's own retries are off: tenacity owns them here, with jitter, the server's ``retry-after`` and the deadline. The reply
is read from the raw body, so that one the SDK would half understand is refused instead; a streamed one is the SDK's own sum
of its events. Whoever gives ``hear`` gets the reply streamed, piece by piece, and ``again`` where a retry begins anew. A call
that was given up, by its deadline or by an interrupt, counts at its worst case, since the server may charge for it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import BaseModel, ValidationError

from agent.domain import Usage
from agent.llm.breaker import Breaker
from agent.llm.faults import TRANSIENT, UNCERTAIN, FaultKind, ModelFault
from agent.llm.hearing import Gone, Hear, Piece, within
from agent.llm.money import Budget, usage_of
from agent.llm.request import Request
from agent.settings import Llm

if TYPE_CHECKING:
    import anthropic
    from tenacity import RetryCallState

log = structlog.get_logger()
Json = dict[str, Any]
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
_BY_STATUS: dict[int, FaultKind] = {
    400: "bad_request",
    401: "authentication",
    402: "permission",
    403: "permission",
    404: "unknown_model",
    408: "timeout",
    409: "server",
    413: "too_large",
    429: "rate_limit",
    529: "overloaded",
}
_BREAKING = TRANSIENT | {"authentication", "permission", "unknown_model"}


class Envelope(BaseModel):
    """What a reply must at least be; blocks are kept as they came, known or not."""

    content: list[Json]
    stop_reason: str | None
    model: str
    usage: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A reply as it came, what it used and cost, and how long it took."""

    content: list[Json]
    stop_reason: str | None
    model: str
    usage: Usage
    cost_usd: float
    seconds: float


class Client:
    """Asks over HTTP. ``open_api`` makes the SDK's client on first need; ``clock`` is monotonic seconds."""

    def __init__(
        self,
        settings: Llm,
        open_api: Callable[[], anthropic.Anthropic],
        budget: Budget,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        seed: int = 0,
    ) -> None:
        """Make nothing yet."""
        self.budget = budget
        self._settings = settings
        self._open = open_api
        self._api: anthropic.Anthropic | None = None
        self._clock, self._sleep = clock, sleep
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._breaker = Breaker(settings.breaker_failures, settings.breaker_seconds, clock)

    def ask(self, request: Request, deadline: float, hear: Hear | None = None) -> Answer:
        """The reply to a request before ``deadline`` (a reading of the clock), or ModelFault; ``hear`` hears it coming."""
        from tenacity import Retrying, retry_if_exception

        policy = Retrying(
            sleep=self._sleep,
            wait=self._wait,
            stop=lambda state: self._enough(state, deadline),
            retry=retry_if_exception(lambda err: isinstance(err, ModelFault) and err.transient),
            before_sleep=lambda state: self._note(request, state, hear),
            reraise=True,
        )
        answer: Answer = policy(self._attempt, request, deadline, hear)
        return answer

    def _wait(self, state: RetryCallState) -> float:
        """Exponential with full jitter above one half, or what the server asks for where that is longer."""
        own = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (state.attempt_number - 1)) * (0.5 + 0.5 * self._random.random())
        return max(own, _fault(state).retry_after or 0.0)

    def _enough(self, state: RetryCallState, deadline: float) -> bool:
        return state.attempt_number >= self._settings.attempts or self._clock() + state.upcoming_sleep >= deadline

    def _note(self, request: Request, state: RetryCallState, hear: Hear | None) -> None:
        if hear is not None:
            hear(Piece("again"))
        log.info("model call failed, trying again", task=request.task, fault=_fault(state).fault, attempt=state.attempt_number)

    def _attempt(self, request: Request, deadline: float, hear: Hear | None) -> Answer:
        self._breaker.check()
        with self.budget.reserved(request.model, request.body(), request.max_tokens) as worst:
            begun = self._clock()
            if begun >= deadline:
                raise ModelFault("deadline", f"the deadline of {self._settings.deadline:g} s has passed; raise --deadline")
            envelope = self._received(request, deadline - begun, hear, worst)
            self._breaker.succeeded()
            usage = usage_of(envelope.usage)
            cost = self.budget.prices.cost(request.model, usage) or 0.0
            self.budget.spent.add(cost, self.budget.clock().date())
        return Answer(envelope.content, envelope.stop_reason, envelope.model, usage, cost, self._clock() - begun)

    def _received(self, request: Request, left: float, hear: Hear | None, worst: float) -> Envelope:
        params = {**request.params(), "timeout": left}
        try:
            raw = within(left, self._clock, hear, lambda put, gone: self._send(params, put if hear else None, gone))
            return self._read(raw)
        except ModelFault as err:
            self._count(err, worst)
            raise
        except BaseException:  # whoever asked went away in the middle, an interrupt for example
            self.budget.spent.add(worst, self.budget.clock().date(), certain=False)
            raise

    def _count(self, fault: ModelFault, worst: float) -> None:
        if fault.fault in UNCERTAIN:
            self.budget.spent.add(worst, self.budget.clock().date(), certain=False)
        if fault.fault in _BREAKING:
            self._breaker.failed()

    def _send(self, params: Json, put: Hear | None, gone: Gone) -> bytes:
        """Send over the SDK and return the message as JSON; raises ModelFault alone."""
        import anthropic
        import httpx2

        try:
            self._api = self._api or self._open()
            if put is not None or self._settings.stream:
                return _streamed(self._api, params, put, gone)
            raw = self._api.messages.with_raw_response.create(**params)
            return raw.http_response.content
        except anthropic.APIStatusError as err:
            raise _refused(err) from None
        except (anthropic.APITimeoutError, httpx2.TimeoutException):
            raise ModelFault("timeout", f"no reply within {params['timeout']:.1f} s; raise --deadline") from None
        except anthropic.APIConnectionError as err:
            raise _unconnected(err) from None
        except (httpx2.HTTPError, anthropic.AnthropicError, json.JSONDecodeError, ValidationError, AssertionError) as err:
            raise ModelFault("broken", f"the reply broke off: {type(err).__name__} {err}") from None
        except TypeError as err:
            if "authentication" not in str(err):
                raise
            raise ModelFault("authentication", "no key: set ANTHROPIC_API_KEY, or use --llm none") from None

    def _read(self, raw: bytes) -> Envelope:
        try:
            envelope = Envelope.model_validate_json(raw)
        except ValidationError as err:
            first = err.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "body"
            raise ModelFault("broken", f"the reply is no message: {place}: {first['msg']}") from None
        if envelope.stop_reason is None:
            raise ModelFault("broken", "the reply ended without a stop reason")
        return envelope


def _streamed(api: anthropic.Anthropic, params: Json, put: Hear | None, gone: Gone) -> bytes:
    """The sum of a stream's events, each piece handed on as it comes; ends early when nobody listens any more."""
    with api.messages.stream(**params) as events:
        for event in events:
            if gone():
                raise ModelFault("deadline", "nobody waits for this reply any more")
            piece = _piece(event)
            if piece is not None and put is not None:
                put(piece)
        return events.get_final_message().to_json().encode()


def _piece(event: Any) -> Piece | None:
    if event.type == "text":
        return Piece("text", event.text)
    if event.type == "thinking":
        return Piece("thinking", event.thinking)
    if event.type == "content_block_start" and event.content_block.type == "tool_use":
        return Piece("tool", event.content_block.name)
    return None


def _fault(state: RetryCallState) -> ModelFault:
    found = state.outcome.exception() if state.outcome is not None else None
    return found if isinstance(found, ModelFault) else ModelFault("broken", "unknown")


def _refused(err: anthropic.APIStatusError) -> ModelFault:
    status = err.status_code
    kind = _BY_STATUS.get(status, "server" if status >= 500 else "bad_request")
    if status == 200:  # an error that came as an event of a stream that had begun well
        kind = "overloaded" if err.type == "overloaded_error" else "broken"
    return ModelFault(kind, f"HTTP {status}: {err.api_message or err.message}", retry_after=_retry_after(err.response.headers))


def _unconnected(err: anthropic.APIConnectionError) -> ModelFault:
    import httpx2

    cause = err.__cause__
    if isinstance(cause, (httpx2.ConnectError, type(None))):
        return ModelFault("connection", f"no connection to {err.request.url.host}: {cause or err}")
    return ModelFault("broken", f"the connection broke: {type(cause).__name__} {cause}")


def _retry_after(headers: Any) -> float | None:
    """Seconds the server asks to wait; dates and nonsense are left to our own waiting."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            value = float(headers.get(name, "")) / scale
        except ValueError:
            continue
        if 0 <= value < float("inf"):
            return value
    return None
