"""A question of several parts, taken apart; and what a later part takes over from the one before it."""

from __future__ import annotations

import re
from datetime import date

from agent.chat.answer import Answer
from agent.chat.local.dates import read_dates
from agent.chat.local.periods import Period
from agent.chat.local.reading import Names, Question

_ASKS = (
    r"(?:how|what|which|why|who|whom|where|did|was|were|is|are|does|do|had|has|have|in which|on which|in what|on what|at what|"
    r"by how much|for which)"
)
_JOINT = re.compile(
    rf"\s*[?!.;]+\s+(?:and |but |also |then |if so,? )*(?={_ASKS}\b|when (?:did|was|were|is|has)\b|if so\b)|"
    rf"\s*(?:,|-)\s+(?:and |but |also |then |if so,? )*(?={_ASKS}\b)|"
    rf"\s+(?:and|but) (?:also |then |if so,? |so )*(?={_ASKS}\b|when (?:did|was|were|is|has)\b)",
    re.IGNORECASE,
)
_DEPENDENT = re.compile(
    r"(?:had (?:we|you|it|the|i)|suppos(?:e|ing)|imagine|assum(?:e|ing)|"
    r"when|if|after|before|once|whenever|on|in|for|at|given|during|since|of|between|from|over|across|throughout|within|under)\b"
    r"(?! (?:did|was|were|is|has|have|had|does|do|which|what)\b)",
    re.IGNORECASE,
)
_POINTS = re.compile(r"\b(?:it|its|that|this|they|them|their|those|these|he|she|the one|one|ones|the same)\b")
_SUBJECTS = frozenset(
    [
        "trade",
        "decision",
        "skill",
        "voter",
        "win",
        "lose",
        "regime",
        "month",
        "quarter",
        "year",
        "short",
        "drawdown",
        "lesson",
        "retired",
        "probation",
        "stale",
        "watch",
        "suspended",
        "candidate",
        "quarantined",
        "untried",
        "halt",
        "limit",
        "parameter",
        "benchmark",
        "streak",
        "stop",
        "target",
        "abstained",
        "refused",
        "clamp",
        "entries",
        "event",
        "cost",
        "exposure",
        "similar",
        "arms",
    ]
)
_LEAST = 3
_ONLY_WHY = re.compile(r"(?:why|how come|why is that|why was that|for what reason)(?: not| so)?", re.IGNORECASE)


def clauses(said: str) -> list[str]:
    """The parts of a question that each ask something; one of them where a part would be no question of its own."""
    parts = [
        part.strip(" ,") for part in _JOINT.split(said.replace("\u2014", " - ").replace("\u2013", " - ")) if part.strip(" ,?-")
    ]
    if len(parts) == 2 and _ONLY_WHY.fullmatch(parts[1]) and not re.match(rf"{_ASKS}\b", parts[0], re.IGNORECASE):
        return [f"Why: {parts[0]}"]  # "Nothing was traded. Why?"
    if not 2 <= len(parts) <= 3 or _DEPENDENT.match(parts[0]):
        return [said]
    if len(parts[0].split()) <= _LEAST and not re.match(rf"{_ASKS}\b", parts[0], re.IGNORECASE):
        return [said]  # "Year by year, which voter led?" is one question
    if any(len(part.split()) < _LEAST for part in parts):
        return [said]
    return parts


def _stretch_found(answered: Answer) -> Period | None:
    """The stretch that an answer begins with: "The worst quarter was 2018Q4"."""
    if answered.tools[:1] != ("result",):
        return None
    match = re.match(r"The (?:best|worst) (?:month|quarter|year)\b.{0,60}? was (\S+)", answered.text)
    found = read_dates(match.group(1).replace("Q", "-q").lower(), date.max).periods if match else ()
    return found[0] if found else None


_OF_ALL = frozenset(
    [
        "how_many",
        "best",
        "worst",
        "most",
        "least",
        "trade",
        "skill",
        "voter",
        "by",
        "benchmark",
        "drawdown",
        "win_rate",
        "return",
        "sharpe",
        "limit",
        "regime",
        "position_open",
        "help",
        "greeting",
        "seed",
        "streak",
        "cost",
    ]
)


def points_back(question: Question) -> bool:
    """Whether a question names nothing itself and points at something said before, or only asks why."""
    named = question.idents or question.skills or question.periods or question.symbols
    short = len(question.tokens) <= _LEAST + 1 and not question.concepts & _OF_ALL
    return not named and (_POINTS.search(question.text) is not None or short)


def following(question: Question, before: Question, answered: Answer, names: Names) -> Question:
    """A later part with what it leaves unsaid: the days, symbols and subject of the part before, or what that part found."""
    points = _POINTS.search(question.text) is not None
    own = question.idents or question.skills or question.day
    changed: dict[str, object] = {}
    if points and not own:
        skill = next((i for i in answered.citations if i in names.skills.values()), None)
        by_id = {ident: name for name, ident in names.skills.items()}
        decision = next((i for i in answered.citations if re.fullmatch(r"[0-9a-f-]{36}", i) and i not in by_id), None)
        if skill is not None and "skills" in answered.tools and len(answered.citations) > 0:
            return question.only(skills=(by_id[skill],))
        if decision is not None and answered.tools and answered.tools[0] in ("trades", "why", "decisions", "positions"):
            return question.only(idents=(decision,))
    if points and before.skills and not own:
        changed["skills"] = before.skills
    if not question.periods:
        found = _stretch_found(answered) if points else None
        changed["periods"] = (found,) if found else before.periods
    if not question.symbols:
        changed["symbols"] = before.symbols
    if not question.skills and not question.concepts & _SUBJECTS:
        changed["skills"] = before.skills
    if not question.concepts & _SUBJECTS:
        changed["concepts"] = question.concepts | (before.concepts & _SUBJECTS)
    if answered.tools[:1] in (("feature_history",), ("similar",), ("situations",)) and not own:
        changed["doubts"] = (*question.doubts, "I do not take over which day the first part found")
    return question.only(**changed)
