"""Detection: what a text looks like to the rules and to its likeness with known attacks.

Promises: bounded time (linear in the text, at most 24 readings, at most 8 embedded windows), a
finding with rule, place and excerpt for every doubt, and a verdict that only counts findings.
Detection is noise reduction: a text that passes is not thereby true, and nothing else may be
left out because of it. An attack that is quoted or warned against is doubtful, not refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from agent.domain import Frozen
from agent.guard.rules import Hit, RuleSet, rule_set
from agent.guard.views import View, meant, views

MAX_BYTES = 1_000_000
EXCERPT = 160

Verdict = Literal["accept", "quarantine", "reject"]


class Opinion(Frozen):
    """What a measure says of a text: how like an attack, and which words.

    ``doubt`` when it could not tell; ``calm`` is how sure it is of the opposite, in [0, 1], having seen all of the text.
    """

    score: float
    excerpt: str
    rule: str = "likeness"
    doubt: bool = False
    calm: float = 0.0


# scores texts by their likeness to attacks
Likeness = Callable[[str], list[Opinion]]


def together(*measures: Likeness) -> Likeness:
    """Return one measure that asks each of several."""
    return lambda text: [opinion for measure in measures for opinion in measure(text)]


class Finding(Frozen):
    """One doubt about a text: the rule, where in it, and the words."""

    rule: str
    where: str
    excerpt: str
    family: str
    verdict: Literal["reject", "quarantine", "weak"]


class Thresholds(Frozen):
    """From which likeness to known attacks a text is doubtful, doubtful with another sign, or refused.

    From ``calm`` on, a text that is so unlike any attack is not doubted for a single rule that only doubts.
    """

    supported: float = 0.63
    quarantine: float = 0.823
    reject: float = 0.968
    calm: float = 0.73


SKILL = Thresholds()

_NEGATED = re.compile(
    r"(?:\bnever|\bdo not|\bdon'?t|\bdoes not|\bmust not|\bshould not|\bshouldn'?t|\bcannot|\bcan'?t|\bavoid|"
    r"\brefuse to|\bnot to|\bnobody may|\bwon'?t)(?: \w+){0,3} $"
)
_MENTION = re.compile(
    r"\b(?:phrases?|such as|for example|e\.g|examples?|like|called|known as|detects?|detection|attacks?|injections?|jailbreaks?|"
    r"prevents?|protect|defen[sc]e|research|paper|blocks?|flags?|warn(?:s|ing)?|article|explain|"
    r"what (?:is|does|are)|how (?:do|does|can|to)|"
    r"says?|said|documentation|tutorial|means?|the term|vulnerabilit(?:y|ies)|security|audit|test(?:s|ing)?)\b"
)


def detect(
    text: str, *, where: str = "text", rules: RuleSet | None = None, likeness: Likeness | None = None, limits: Thresholds = SKILL
) -> list[Finding]:
    """Return every doubt about a text; empty when there is none."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return [_found("too-large", where, f"{len(text)} characters; {MAX_BYTES} bytes are read", "size", "reject")]
    found = _hidden(text, where)
    readings = views(text)
    for view in readings:
        hits = (rules or rule_set()).hits(view.text)
        # code whose digits were read as letters is no code
        found += [_of(hit, view, where) for hit in hits if "leetspeak" not in view.how or hit.rule.family != "payload"]
    if likeness is not None and not any(finding.verdict == "reject" for finding in found):
        said = meant(text, readings)
        opinions = likeness(said)
        found = [*(_doubted(found, opinions, limits) if said == text else found), *_alike(opinions, where, limits)]
    return _unique(found)


def judge(findings: Sequence[Finding]) -> Verdict:
    """Return the verdict of findings: the gravest; two weak ones of different families are a doubt."""
    grave = {finding.verdict for finding in findings}
    if "reject" in grave:
        return "reject"
    weak = {finding.family for finding in findings if finding.verdict == "weak"}
    return "quarantine" if "quarantine" in grave or len(weak) >= 2 else "accept"


def _of(hit: Hit, view: View, where: str) -> Finding:
    rule = f"{view.how.replace(' ', ':')}{hit.rule.id}"
    start = max(0, hit.start - 20)
    verdict = hit.rule.verdict
    reported = verdict == "reject" and not view.how and _reported(view.text, hit)
    hidden = verdict == "weak" and view.how not in ("", "markup ")
    if reported or hidden:
        verdict = "quarantine"
    elif hit.rule.family == "language" and view.text.endswith("?"):
        verdict = "weak"  # a plain question gives no order
    return _found(rule, f"{where}[{hit.start}]", view.text[start : hit.end + 40], hit.rule.family, verdict)


def _reported(text: str, hit: Hit) -> bool:
    """Say whether the words are quoted, warned against or talked about rather than said."""
    before, after = text[max(0, hit.start - 120) : hit.start], text[hit.end : hit.end + 120]
    if _NEGATED.search(before) and hit.rule.family != "secrecy":
        return True
    quoted = any(before.count(mark) % 2 == 1 and mark in after for mark in ('"', "`")) or (" '" in before and "'" in after)
    talked = _MENTION.search(before) is not None
    return quoted and talked or (talked and text.rstrip().endswith("?") and hit.rule.family in ("override", "role", "leak"))


def _hidden(text: str, where: str) -> list[Finding]:
    """Find characters that a person does not see; a few joiners and selectors are part of emoji and of many scripts."""
    if text.isascii():
        place = text.find("\0")
        return [] if place < 0 else [_found("nul", f"{where}[{place}]", "U+0000", "hidden", "reject")]
    found = []
    for rule, verdict, most, pattern in _HIDDEN:
        places = [match.start() for match in pattern.finditer(text)]
        if len(places) > most:
            shown = " ".join(f"U+{ord(text[place]):04X}" for place in places[:8])
            found.append(_found(rule, f"{where}[{places[0]}]", shown, "hidden", verdict))
    return found


_HIDDEN: tuple[tuple[str, Literal["reject", "quarantine"], int, re.Pattern[str]], ...] = (
    ("nul", "reject", 0, re.compile("\x00")),
    ("tag-characters", "reject", 0, re.compile("[\U000e0000-\U000e007f]")),
    ("direction-marks", "reject", 0, re.compile("[\u202a-\u202e\u2066-\u2069]")),
    ("variation-selectors", "reject", 0, re.compile("[\U000e0100-\U000e01ef]")),
    ("variation-run", "quarantine", 12, re.compile("[\ufe00-\ufe0e\u180b-\u180f]")),
    ("zero-width", "reject", 3, re.compile("[\u200b\u2060-\u2064\u180e]")),
    ("zero-width-mark", "quarantine", 0, re.compile("[\u2060-\u2064\u180e]")),
    ("private-use", "quarantine", 0, re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")),
    ("surrogate", "reject", 0, re.compile("[\ud800-\udfff]")),
)


# what likeness cannot see
_UNSEEN = frozenset({"hidden", "language", "encoding"})


def _doubted(found: list[Finding], opinions: Sequence[Opinion], limits: Thresholds) -> list[Finding]:
    """Return what rules found, or nothing where one rule alone only doubts words that every measure finds harmless."""
    rules = {finding.rule for finding in found if finding.verdict == "quarantine"}
    plain = not any(":" in rule for rule in rules) and not any(finding.family in _UNSEEN for finding in found)
    calm = bool(opinions) and all(opinion.calm >= limits.calm for opinion in opinions)
    return [] if calm and plain and len(rules) <= 1 else found


def _alike(opinions: Sequence[Opinion], where: str, limits: Thresholds) -> list[Finding]:
    found = []
    for opinion in opinions:
        verdict: Literal["reject", "quarantine", "weak"] = "weak"
        if opinion.doubt or opinion.score >= limits.quarantine:
            verdict = "reject" if opinion.score >= limits.reject else "quarantine"
        if opinion.doubt or opinion.score >= limits.supported:
            found.append(_found(opinion.rule, where, f"{opinion.score:.2f}: {opinion.excerpt}", "likeness", verdict))
    return found


def _found(rule: str, where: str, excerpt: str, family: str, verdict: Literal["reject", "quarantine", "weak"]) -> Finding:
    return Finding(rule=rule, where=where, excerpt=excerpt[:EXCERPT], family=family, verdict=verdict)


def _unique(found: list[Finding]) -> list[Finding]:
    """Keep one finding a rule, the plainest reading first."""
    seen: set[str] = set()
    kept = []
    for finding in found:
        name = finding.rule.rpartition(":")[2]
        if name not in seen:
            seen.add(name)
            kept.append(finding)
    return kept
