"""Questions about whom the agent believes, what it changed in itself and what it remembers."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import combinations
from typing import Any

from agent.chat.local.periods import last_quarter
from agent.chat.local.reading import Question
from agent.chat.local.route import Make, Route, Step, clean, days_of, intent, one, scope
from agent.chat.view import View
from agent.wiring.homes import restored_voters


def _voters(rank: str) -> Make:
    def make(q: Question, view: View) -> Route | None:
        if q.day is not None:
            return None
        least = q.any("least", "worst", "lose")
        by_regime = q.has("regime") and not q.regime
        names = q.voters or (None,)
        shared = {"regime": q.regime, "rank": rank, "by_regime": by_regime, "symbol": q.symbol, **days_of(q)}
        steps = [Step("voters", clean({**shared, "voter": v, "least": least if v is None else None})) for v in names]
        return Route(tuple(steps)).telling("regime" if by_regime else "")

    return make


def _votes_now(q: Question, view: View) -> Route | None:
    """What the voters said at the newest bar."""
    if (
        q.day
        or q.period
        or not re.search(r"\b(?:say|says|saying|votes?|voting|think|thinks|want|wants|view|opinions?)\b", q.text)
    ):
        return None
    symbols = q.symbols or tuple(view.tables.symbols)
    return Route(tuple(Step("why", {"symbol": s, "at": view.today, "aspect": "votes"}) for s in symbols))


def _than_chance(q: Question, view: View) -> Route | None:
    """Whether voters are right more often than a coin."""
    return _voters("hit_rate")(q, view) if re.search(r"\b(?:chance|coin|random|guess\w*|luck)\b", q.text) else None


def _voter_over_time(q: Question, view: View) -> Route | None:
    by = next(
        (unit for concept, unit in (("quarter", "quarter"), ("month", "month"), ("year", "year")) if q.has(concept)), "year"
    )
    return Route(
        tuple(Step("votes", clean({"voter": v, "by": by, "symbol": q.symbol, **days_of(q)})) for v in (q.voters or (None,)))
    )


def _votes(q: Question, view: View) -> Route | None:
    if q.day and q.symbols:
        return None  # of one decision its own votes are told
    if len(q.voters) == 2:
        return one("votes", voter=q.voters[0], against=q.voters[1], **scope(q))
    return Route(tuple(Step("votes", clean({"voter": v, **scope(q)})) for v in (q.voters or (None,))))


def _agreement(q: Question, view: View) -> Route | None:
    base = tuple(restored_voters(view.journal, view.settings).voters)
    every = [v for v in view.tables.voters if v != "joint"] if q.any("most", "least") and not q.voters else base[:2]
    pairs = [q.voters] if len(q.voters) == 2 else list(combinations(every, 2))
    steps = [Step("votes", clean({"voter": a, "against": b, **scope(q)})) for a, b in pairs]
    return Route(tuple(steps)) if steps else None


def _calibrated(q: Question, view: View) -> Route | None:
    if q.voters:
        return _voters("brier")(q, view)
    found = [a if a <= 1 else a / 100 for a in (*q.amounts, *(b.value for b in q.bounds)) if 0 < a <= 100]
    return one("calibration", p=found[0] if found else None).telling("@amount @bound")


def _changes(q: Question, view: View) -> Route | None:
    if q.day and q.any("buy", "sell", "close") or len(q.periods) > 1:
        return None
    period = q.period
    if period is None:
        start = last_quarter(view.today).start
        return one("changes", "no day was given; this is since the last quarter began", since=_eve(start))
    start = period.start or view.tables.rows[0].day
    if period.kind == "day":
        return one("changes", since=start).telling("@period")
    open_end = period.kind == "since" or q.has("now") or period.end is None or period.end >= view.today
    # since a stretch: from its end on
    since = period.end if re.search(r"\bsince\b", q.said.lower()) and period.kind in ("quarter", "month", "year") else _eve(start)
    return one("changes", since=since, until=None if open_end else period.end).telling("@period")


def _eve(day: date | None) -> date | None:
    return day - timedelta(days=1) if day else None


def _parameters(q: Question, view: View) -> Route | None:
    now = () if q.period else (Step("standing", {"of": "parameters"}),)
    name = "size_multiplier" if re.search(r"\bsize[ _-]multiplier", q.text) else "min_confidence" if q.has("confidence") else None
    last = q.top if q.has("last") else None
    return Route((Step("parameters", clean({"name": name, "last": last, **days_of(q)})), *now))


def _fixed(q: Question, view: View) -> Route | None:
    """A setting is asked after as if it had been moved."""
    if q.day or q.idents or q.any("clamp", "trade", "buy", "sell", "stop_moved"):
        return None
    doubt = "stops, targets, limits and other settings stay fixed in a run; only these parameters change"
    return Route((Step("parameters", clean(days_of(q))),), doubt=doubt)


def _recall(kind: str | None) -> Make:
    def make(q: Question, view: View) -> Route | None:
        period = q.period
        if kind == "market_event" and period and re.match(r"how (?:did|have|were|was) (?:we|you|it|the agent)\b", q.text):
            return None  # how it went then, not what was noted
        # a lesson of a stretch is written when it is over
        late = 4 if kind == "lesson" else 0
        until = period.end + timedelta(days=late) if period and period.end else None
        days: dict[str, Any] = {"start": period.start, "end": until} if period else {}
        topic = " ".join(t.text for t in q.tokens if not t.bare and not t.concepts & _ASKING)
        if kind is not None and not topic:
            return one("recall", kind=kind, symbol=q.symbol, n=max(q.top, 5), **days).telling("@period")
        if kind is None and not topic and not q.symbols and not period:
            return None
        about = f"{topic} {' '.join(q.symbols)}".strip()
        return one("recall", query=about or None, kind=kind, symbol=q.symbol, n=max(q.top, 5), **days).telling(
            "@period @regime @feature"
        )

    return make


_ASKING = frozenset(
    {
        "lesson",
        "memories",
        "event",
        "list",
        "describe",
        "last",
        "first",
        "how_many",
        "when",
        "now",
        "happened",
        "overall",
        "learned",
        "memory_size",
        "most",
        "notes",
    }
)


INTENTS = (
    intent("whom it believes", "believe|voter", "voter most least best worst now why by change how_much reliability list compare return regime last overall agree", _voters("weight"), 0.1),
    intent("a voter", "@voter", "voter believe how_much reliability describe now trade return most least compare list", _voters("weight"), 0.0),
    intent("who is right", "win|lose|win_rate|reliability|best|worst voter|believe|@voter", "voter how_many most least by share how_much win lose trade compare average how_often reliability decision regime often", _voters("hit_rate"), 0.2),
    intent("whose Brier score", "calibrated voter", "voter most least by share how_much compare reliability best worst lose", _voters("brier"), 0.3),
    intent("whose votes", "how_many|abstain_vote|share|buy|sell|short|hold voter|@voter", "voter most least how_much by long close decision happened side list trade", _votes, 0.1),
    intent("votes now", "voter|@voter now", "list by side happened state market symbol @voter", _votes_now, 0.6),
    intent("better than chance", "voter|@voter arms|compare", "voter how_much reliability win best return by", _than_chance, 0.6),
    intent("a voter over time", "change|year|quarter|month voter|believe|@voter", "voter believe how_much by win lose compare reliability list win_rate average over first last now best worst most least", _voter_over_time, 0.2),
    intent("voters against each other", "disagree|agree", "voter how_many share most by side compare decision trade when buy sell negation same happened return long", _agreement, 0.1),
    intent("calibration", "calibrated", "how_many win lose confidence reliability share forecast average voter when how_much by return trade decision condition compare state", _calibrated, 0.25),
    intent("calibration", "confidence win|lose|win_rate @amount", "how_many share reliability forecast average when how_much by trade decision condition calibrated executions", _calibrated, 0.2),
    intent("what changed", "change", "why compare list parameter skill lesson equity return trade voter believe happened describe last now since learned quarter month year settings", _changes, 0.0),
    intent("a setting changed", "change stop|target|limit", "why when how_many last first settings parameter multiple", _fixed, 0.2),
    intent("parameters", "parameter", "change when why clamp size history list how_many now last how_much confidence outcome happened settings limit again decision trigger lose win streak compare return follow cost", _parameters, 0.15),
    intent("lessons", "lesson", "memories last first describe how_many when list happened overall now notes learned trade", _recall("lesson"), 0.1),
    intent("events", "event", "memories last first describe how_many when list happened overall regime state memory_size volatility most", _recall("market_event"), 0.0),
    intent("memories", "memories", "last first describe how_many when list happened overall event lesson", _recall(None), -0.2),
)  # fmt: skip
