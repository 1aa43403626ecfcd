"""A hosted or local classifier beside our own detection: asked over HTTP, believed only when it says no.

It is sent ``{"text": ...}`` by POST and answers ``{"score": s}`` with s in [0, 1], 1 being an attack. It can
add a doubt and never take one away. Whatever it fails at (no answer in time, a status other than
200, a reply of another shape, a text longer than it is sent) leaves the text in doubt, so it goes to a
person; after three failures in a row it is not asked again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import Field, ValidationError

from agent.domain import Frozen
from agent.guard.detect import Opinion

TOKEN = "GUARD_CLASSIFIER_TOKEN"  # noqa: S105 - the name of the variable that holds it
MAX_CHARS = 32_000
RULE = "classifier"
_PATIENCE = 3


class Classifier(Protocol):
    """Scores a text in [0, 1], 1 being an attack; raises ClassifierError when it cannot."""

    def score(self, text: str) -> float:
        """Return the score."""


class ClassifierError(Exception):
    """The classifier gave no score; the message says why, in one line."""


class Answer(Frozen, extra="ignore"):
    """What an HTTP classifier answers; what it says besides is left alone."""

    score: float = Field(ge=0, le=1)


@dataclass(frozen=True, slots=True)
class HttpClassifier:
    """Asks a URL; ``token`` goes into the Authorization header and nowhere else."""

    url: str
    seconds: float
    token: str | None = field(default=None, repr=False)

    def score(self, text: str) -> float:
        """Return what the URL answers; ClassifierError for anything but a score."""
        import httpx2

        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            reply = httpx2.post(self.url, json={"text": text}, headers=headers, timeout=self.seconds, follow_redirects=False)
            if reply.status_code != 200:
                raise ClassifierError(f"status {reply.status_code}")
            return Answer.model_validate_json(reply.content).score
        except httpx2.HTTPError as err:
            raise ClassifierError(type(err).__name__) from None
        except ValidationError:
            raise ClassifierError("the reply is not a score in [0, 1]") from None


class ClassifierLikeness:
    """A classifier as a measure that detection takes; it fails closed."""

    def __init__(self, classifier: Classifier) -> None:
        """Take the classifier."""
        self._classifier = classifier
        self._lock = threading.Lock()
        self._failures = 0

    def __call__(self, text: str) -> list[Opinion]:
        """Return its opinion, or a doubt with the reason."""
        if self._failures >= _PATIENCE:
            return [_doubt("it failed three times and is not asked again")]
        if len(text) > MAX_CHARS:
            return [_doubt(f"the text is longer than the {MAX_CHARS} characters it is sent")]
        try:
            score = self._classifier.score(text)
        except ClassifierError as err:
            with self._lock:
                self._failures += 1
            return [_doubt(str(err))]
        self._failures = 0
        return [Opinion(score=score, excerpt=text, rule=RULE)]


def _doubt(why: str) -> Opinion:
    return Opinion(score=0.0, excerpt=f"no answer of the classifier: {why}", rule=RULE, doubt=True)
