"""Who and when a question names, as rows of what is remembered: the named person's turns, their conversations, the days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memory_db.asked import capitalised, spans, speakers, without
from memory_db.lexical import Postings

Bools = NDArray[np.bool_]

# a word written large is a name where so many turns, and this share of them, hold it: people address each other
_TURNS, _SHARE = 5, 0.02


@dataclass(frozen=True, slots=True)
class Named:
    """What is left of a question without its names, and the rows it names; None where it names nothing of the sort."""

    left: str
    spoken: Bools | None = None
    present: Bools | None = None
    timely: Bools | None = None


def named(question: str, postings: Postings, known: Bools, allowed: Bools) -> Named:
    """Return what a question names among what is known; nobody who speaks only later is a name."""
    listing = postings.listing
    said = allowed & (listing.session != 0)
    timely = _timely(question, postings, allowed)
    if not said.any():
        return Named(question, timely=timely)
    who = speakers(question, lambda code: code in postings.speakers and bool((known & (listing.speaker == code)).any()))
    names = {*who, *_addressed(question, postings, said)}
    if not who:
        return Named(without(question, names), timely=timely)
    spoken = np.logical_or.reduce([listing.speaker == code for code in who.values()])
    there = np.zeros(postings.sessions.max() + 1, dtype=bool)
    there[postings.sessions[spoken & known]] = True
    return Named(without(question, names), spoken, there[postings.sessions], timely)


def _addressed(question: str, postings: Postings, said: Bools) -> list[str]:
    least = max(_TURNS, _SHARE * np.count_nonzero(said))
    return [
        word for word in capitalised(question) if all(_holding(postings, term, said) >= least for term in postings.terms(word))
    ]


def _holding(postings: Postings, term: str, said: Bools) -> int:
    return int(np.count_nonzero(said[postings.rows(term)[0]]))


def _timely(question: str, postings: Postings, allowed: Bools) -> Bools | None:
    asked = spans(question)
    if not asked:
        return None
    happened, said = postings.listing.happened, postings.listing.session != 0
    out = np.zeros(len(happened), dtype=bool)
    for rows, told in ((np.flatnonzero(allowed & said), True), (np.flatnonzero(allowed & ~said), False)):
        for span in asked:
            out[rows] |= span.told(happened[rows]) if told else span.holds(happened[rows])
    return out
